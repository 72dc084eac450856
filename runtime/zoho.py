"""The adapter for a CRM that speaks the Zoho CRM API, version 8: upsert by a unique field of ours; clients and deals."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx2
import orjson
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from runtime import tls
from runtime.crm import (
    CrmMisconfiguredError,
    CrmRefusedError,
    CrmSettings,
    CrmUnavailableError,
    DealSettings,
    ModuleSettings,
    RecordKind,
    SoughtDeals,
)
from runtime.retry_after import retry_after

# The words of the API for what another attempt may cure, and for what only a person on our side can. Any other word is a
# refusal of this very record.
_TRANSIENT = frozenset({"RECORD_LOCKED", "LIMIT_EXCEEDED", "TOO_MANY_REQUESTS", "INTERNAL_ERROR"})
_OUR_FAULT = frozenset(
    {
        "API_NOT_SUPPORTED",
        "AUTHENTICATION_FAILURE",
        "AUTHORIZATION_FAILED",
        "INVALID_MODULE",
        "INVALID_REQUEST_METHOD",
        "INVALID_TOKEN",
        "INVALID_URL_PATTERN",
        "NO_PERMISSION",
        "OAUTH_SCOPE_MISMATCH",
    }
)
# Ten tokens in ten minutes is what the token host gives out; after a refusal this is soon enough.
_WAIT_FOR_TOKENS = timedelta(minutes=2)
_RENEW_BEFORE_END = 60.0
_PER_PAGE, _PAGES = 200, 10
"""What a search gives at most."""


class _Details(BaseModel):
    id: str | None = None
    api_name: str | None = None
    created: str = Field(default="", alias="Created_Time")


class _RecordAnswer(BaseModel):
    """What the API says about one record of a call; it may refuse it inside a 200."""

    status: str
    code: str
    action: Literal["insert", "update"] | None = None
    details: _Details = _Details()


class _Found(BaseModel):
    """A record of a search, with the fields that were asked for."""

    model_config = ConfigDict(extra="allow")

    id: str
    created: datetime | None = Field(default=None, alias="Created_Time")

    def has(self, wanted: Mapping[str, str]) -> bool:
        """Whether each of these fields has just this value; of a field that names another record, whether it names this one."""
        own = self.model_extra or {}
        values = {name: (value.get("id") if isinstance(value := own.get(name), dict) else value) for name in wanted}
        return values == wanted


class _Page(BaseModel):
    more_records: bool = False


class _Token(BaseModel):
    access_token: str = Field(repr=False)
    expires_in: float = 3600.0


class ZohoCrm:
    """A Zoho-shaped CRM. Fulfils ``runtime.crm.CrmPort``; share one per process and close it at the end."""

    def __init__(self, settings: CrmSettings) -> None:
        """Connects only when used."""
        self._settings = settings
        self._http = httpx2.AsyncClient(
            verify=tls.for_http(),
            timeout=httpx2.Timeout(settings.read_timeout.total_seconds(), connect=settings.connect_timeout.total_seconds()),
            headers={"User-Agent": "reglament", "Accept": "application/json"},
        )
        self._api = f"{str(settings.api).rstrip('/')}/crm/v8"
        self._token = settings.token.get_secret_value() if settings.token is not None else ""
        self._token_ends = float("inf") if settings.token is not None else 0.0  # of the monotonic clock
        self._renewing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def upserts_natively(self, what: RecordKind) -> bool:
        """True unless the settings say that the external id field is not unique."""
        return self._module(what).native_upsert

    async def upsert(
        self, what: RecordKind, external_id: str, fields: Mapping[str, JsonValue]
    ) -> tuple[str, Literal["inserted", "updated"]]:
        """One call; its repeat updates the same record."""
        module = self._module(what)
        body = self._body(module, fields, external_id) | {"duplicate_check_fields": [module.external_id_field]}
        answer = self._answer(await self._call("POST", f"{self._records(module)}/upsert", body=body))
        if answer.details.id is None or answer.action is None:
            raise CrmUnavailableError("the answer names no record")
        return answer.details.id, "inserted" if answer.action == "insert" else "updated"

    async def find(self, what: RecordKind, external_id: str) -> tuple[str, ...]:
        """By the API's search, whose index may lag behind by some seconds."""
        module = self._module(what)
        field = module.external_id_field
        return _oldest_first(await self._search(module, {field: external_id}, {field: external_id}))

    async def add(self, what: RecordKind, external_id: str, fields: Mapping[str, JsonValue]) -> str:
        """A new record in any case."""
        module = self._module(what)
        answer = self._answer(await self._call("POST", self._records(module), body=self._body(module, fields, external_id)))
        if answer.details.id is None:
            raise CrmUnavailableError("the answer names no record")
        return answer.details.id

    async def update(self, what: RecordKind, record_id: str, fields: Mapping[str, JsonValue]) -> None:
        """Change the mapped fields."""
        module = self._module(what)
        self._answer(await self._call("PUT", f"{self._records(module)}/{quote(record_id, safe='')}", body=self._body(module, fields)))

    async def mark_duplicate(self, what: RecordKind, record_id: str, kept: str) -> None:
        """Name the kept record in the configured field, if there is one."""
        module = self._module(what)
        if module.duplicate_of_field is not None:
            body = {"data": [{module.duplicate_of_field: kept}], "trigger": []}
            self._answer(await self._call("PUT", f"{self._records(module)}/{quote(record_id, safe='')}", body=body))

    async def deals(self, sought: SoughtDeals) -> tuple[str, ...]:
        """By the API's search, whose index may lag behind by some seconds. The API's instants have no fraction of a second."""
        module = self._deal_module()
        whose = ("contact", sought.contact) if sought.contact is not None and "contact" in module.fields else ("partner", sought.partner)
        criteria: dict[str, str] = {}
        wanted: dict[str, str] = {}
        for ours, value in (whose, ("direction", sought.direction), ("status", sought.status)):
            theirs = module.fields.get(ours)
            if theirs is None:
                raise CrmMisconfiguredError(f"REGLAMENT_CRM__DEALS__FIELDS does not name the field {ours!r}")
            criteria[f"{theirs}.id" if ours in module.lookups else theirs] = value
            wanted[theirs] = value
        found = await self._search(module, criteria, wanted)
        since = sought.since.replace(microsecond=0)
        return _oldest_first([one for one in found if one.created is not None and one.created >= since])

    async def check(self) -> None:
        """Read at most one id of each module."""
        for module in (self._settings, self._settings.deals):
            if module is not None:
                await self._call("GET", self._records(module), query={"fields": "id", "per_page": "1"})

    def _module(self, what: RecordKind) -> ModuleSettings:
        return self._settings if what == "client" else self._deal_module()

    def _deal_module(self) -> DealSettings:
        if self._settings.deals is None:
            raise CrmMisconfiguredError("deals have no module: REGLAMENT_CRM__DEALS__FIELDS is not set")
        return self._settings.deals

    def _records(self, module: ModuleSettings) -> str:
        return f"{self._api}/{module.module}"

    def _body(self, module: ModuleSettings, fields: Mapping[str, JsonValue], external_id: str | None = None) -> dict[str, Any]:
        record = {theirs: _value(module, ours, fields[ours]) for ours, theirs in module.fields.items() if ours in fields}
        if external_id is not None:
            record[module.external_id_field] = external_id
        # An empty list keeps the CRM's own automation quiet: our writes do not come back as webhooks. A deal is its business: what a paid
        # renewal sets off there (partner 6.3) is wanted.
        return {"data": [record], "trigger": ["workflow"] if isinstance(module, DealSettings) else []}

    async def _search(self, module: ModuleSettings, criteria: Mapping[str, str], wanted: Mapping[str, str]) -> list[_Found]:
        """All records with these values. What the API calls equal may only contain the value: what it finds is looked at again."""
        terms = [f"({name}:equals:{_escaped(value)})" for name, value in criteria.items()]
        query = {
            "criteria": terms[0] if len(terms) == 1 else f"({'and'.join(terms)})",
            "fields": ",".join(["id", "Created_Time", *wanted]),
            "per_page": str(_PER_PAGE),
        }
        found: list[_Found] = []
        for page in range(1, _PAGES + 1):
            body = await self._call("GET", f"{self._records(module)}/search", query=query | {"page": str(page)})
            if body is None:
                break
            try:
                found += [_Found.model_validate(one) for one in body["data"]]
                more = _Page.model_validate(body.get("info", {})).more_records
            except (KeyError, TypeError, ValidationError):
                raise CrmUnavailableError("the answer has an unknown form") from None
            if not more:
                break
        return [one for one in found if one.has(wanted)]

    def _answer(self, body: Mapping[str, Any] | None) -> _RecordAnswer:
        try:
            answer = _RecordAnswer.model_validate((body or {})["data"][0])
        except (KeyError, IndexError, TypeError, ValidationError):
            raise CrmUnavailableError("the answer has an unknown form") from None
        if answer.status != "success":
            raise _refusal(answer.code, answer.details.api_name)
        return answer

    async def _call(
        self, method: str, url: str, *, body: Mapping[str, Any] | None = None, query: Mapping[str, str] | None = None
    ) -> Mapping[str, Any] | None:
        """The body of an answer below 400 (None: nothing found); with a fresh token once, if the first is not taken."""
        token = await self._current_token()
        response = await self._request(method, url, token, body, query)
        if response.status_code == 401 and self._settings.refresh is not None:
            response = await self._request(method, url, await self._renewed_token(token), body, query)
        return _content(response)

    async def _request(
        self, method: str, url: str, token: str, body: Mapping[str, Any] | None, query: Mapping[str, str] | None
    ) -> httpx2.Response:
        headers = {"Authorization": f"Zoho-oauthtoken {token}"} | ({"Content-Type": "application/json"} if body is not None else {})
        content = orjson.dumps(body) if body is not None else None
        try:
            return await self._http.request(method, url, content=content, params=query, headers=headers)
        except httpx2.TransportError as error:
            raise CrmUnavailableError(type(error).__name__) from None

    async def _current_token(self) -> str:
        if time.monotonic() < self._token_ends - _RENEW_BEFORE_END:
            return self._token
        return await self._renewed_token(self._token)

    async def _renewed_token(self, used: str) -> str:
        """A token other than the one that was used; only one caller fetches it, the others wait and take his."""
        refresh = self._settings.refresh
        if refresh is None:
            return used  # the only one there is
        async with self._renewing:
            if self._token != used:
                return self._token
            form = {
                "grant_type": "refresh_token",
                "client_id": refresh.client_id,
                "client_secret": refresh.client_secret.get_secret_value(),
                "refresh_token": refresh.token.get_secret_value(),
            }
            try:
                response = await self._http.post(f"{str(refresh.accounts).rstrip('/')}/oauth/v2/token", data=form)
            except httpx2.TransportError as error:
                raise CrmUnavailableError(f"token: {type(error).__name__}") from None
            answer = _json(response)
            if response.status_code >= 500 or answer.get("error") == "Access Denied":
                raise CrmUnavailableError(f"token: {response.status_code}", _WAIT_FOR_TOKENS)
            try:
                token = _Token.model_validate(answer)
            except ValidationError:
                raise CrmMisconfiguredError(f"token: refused with {response.status_code}") from None
            self._token, self._token_ends = token.access_token, time.monotonic() + token.expires_in
            return self._token


def _oldest_first(found: list[_Found]) -> tuple[str, ...]:
    latest = datetime.max.replace(tzinfo=UTC)
    return tuple(one.id for one in sorted(found, key=lambda one: (one.created or latest, len(one.id), one.id)))


def _escaped(value: str) -> str:
    return "".join(f"\\{char}" if char in "\\()," else char for char in value)


def _value(module: ModuleSettings, ours: str, value: JsonValue) -> Any:
    if isinstance(module, DealSettings):
        if ours in module.lookups:
            return {"id": value}
        if ours == "sum":
            return _number(value)
    return value


def _number(value: JsonValue) -> orjson.Fragment:
    """A sum as a number of JSON, to the kopeck: it never becomes a floating one on our side."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise CrmRefusedError("INVALID_DATA (sum)", "INVALID_DATA")
    return orjson.Fragment(format(number, "f"))


def _content(response: httpx2.Response) -> Mapping[str, Any] | None:
    status = response.status_code
    if status == 204:
        return None
    if status == 429 or status == 408 or status >= 500:
        raise CrmUnavailableError(f"answered {status}", retry_after(response))
    if 300 <= status < 400:
        raise CrmMisconfiguredError(f"answered {status}: the address of the API is another one")
    body = _json(response)
    if status >= 400 and "data" not in body:
        code = body.get("code")
        if status in {401, 403}:
            raise CrmMisconfiguredError(f"answered {status}")
        if not isinstance(code, str):
            raise CrmMisconfiguredError(f"answered {status}") if status == 404 else CrmUnavailableError(f"answered {status}")
        details = body.get("details")
        raise _refusal(code, details.get("api_name") if isinstance(details, dict) else None)
    return body


def _json(response: httpx2.Response) -> dict[str, Any]:
    """The body, an object; a page of a proxy or a cut answer tells nothing about what was done."""
    try:
        body = json.loads(response.content)
    except ValueError:
        raise CrmUnavailableError(f"answered {response.status_code} without JSON") from None
    if not isinstance(body, dict):
        raise CrmUnavailableError("the answer has an unknown form")
    return body


def _refusal(code: str, field: str | None) -> Exception:
    """The error for one of the API's words. Names the field, never its value."""
    word = code.upper()
    if word in _TRANSIENT:
        return CrmUnavailableError(word)
    if word in _OUR_FAULT:
        return CrmMisconfiguredError(word)
    return CrmRefusedError(word + (f" ({field})" if field else ""), word)
