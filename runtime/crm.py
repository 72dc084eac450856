"""The CRM as we need it: a port that every adapter fills, its settings, and the ways in which a CRM says no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, JsonValue, SecretStr, model_validator

RecordKind = Literal["client", "deal"]
"""Each has a module and a mapping of its own in the CRM."""
DEAL_FIELDS = ("title", "direction", "status", "contact", "partner", "sum", "services", "manager", "invoice")
"""Our words for what a deal has."""
_NAME = r"^[A-Za-z0-9_]+$"


class RefreshToken(BaseModel):
    """How access tokens are got where they expire."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    accounts: HttpUrl
    """The host that issues tokens, e.g. ``https://accounts.zoho.eu``."""
    client_id: str
    client_secret: SecretStr
    token: SecretStr


class ModuleSettings(BaseModel):
    """What a kind of record is called in the CRM."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    module: str = Field(pattern=_NAME)
    external_id_field: str = Field(default="External_Id", pattern=_NAME)
    """A field with the property 'unique' in the CRM: it makes an upsert count once."""
    fields: dict[str, Annotated[str, Field(pattern=_NAME)]]
    """Our field → the CRM's field. A field that is not named here is not sent."""

    duplicate_of_field: str | None = None
    """Where a duplicate names the record that is kept; duplicates are left unmarked in the CRM when empty."""
    native_upsert: bool = True
    """False for a CRM whose external id field cannot be made unique: then search, add, search again."""


class DealSettings(ModuleSettings):
    """The deals of additional services and renewals (partner 5.4, 6.2, 6.3)."""

    module: str = Field(default="Deals", pattern=_NAME)
    lookups: frozenset[str] = frozenset({"contact"})
    """Those of our fields that name another record of the CRM by its id."""

    @model_validator(mode="after")
    def _knows_its_words(self) -> Self:
        unknown = sorted((self.fields.keys() | self.lookups) - set(DEAL_FIELDS))
        if unknown:
            raise ValueError(f"a deal has no {', '.join(unknown)}; it has {', '.join(DEAL_FIELDS)}")
        return self


class CrmSettings(ModuleSettings):
    """How the CRM is reached and what our fields are called there: of clients, and of deals where it has them."""

    api: HttpUrl
    """The API's host, e.g. ``https://www.zohoapis.eu``."""
    module: str = Field(default="Contacts", pattern=_NAME)
    deals: DealSettings | None = None

    token: SecretStr | None = None
    """A token that does not expire; or ``refresh``."""
    refresh: RefreshToken | None = None

    connect_timeout: timedelta = timedelta(seconds=5)
    read_timeout: timedelta = timedelta(seconds=20)
    """For each of sending, receiving and waiting for a free connection."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.token is None) == (self.refresh is None):
            raise ValueError("the CRM needs either a token or a refresh token, and not both")
        return self


class CrmUnavailableError(Exception):
    """The CRM is away, busy, or answered something that is no answer: whether it acted is unknown; repeat the same call."""

    def __init__(self, text: str, after: timedelta | None = None) -> None:
        super().__init__(text)
        self.after = after
        """How long the CRM asks us to wait."""


class CrmMisconfiguredError(Exception):
    """Credentials, rights, module or address are wrong on our side."""


class CrmRefusedError(Exception):
    """The CRM does not take this record. ``code`` is its own word for the reason."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class SoughtDeals:
    """Which deals are looked for (partner 6.3). All that is given must be so."""

    contact: str | None
    """The CRM's id; None, or a CRM whose deals name no contact: by the partner."""
    partner: str
    direction: str
    status: str
    since: datetime
    """They were created at this instant or later."""


class CrmPort(Protocol):
    """What every CRM adapter can do. Fields are in our words; ids are the CRM's.

    All methods raise CrmUnavailableError, CrmMisconfiguredError or CrmRefusedError.
    """

    def upserts_natively(self, what: RecordKind) -> bool:
        """Whether ``upsert`` is one step of the CRM by a unique key. Where it is not, find, add and update are used."""
        ...

    async def upsert(
        self, what: RecordKind, external_id: str, fields: Mapping[str, JsonValue]
    ) -> tuple[str, Literal["inserted", "updated"]]:
        """Enter the record or bring the one with this external id up to date, in one step."""
        ...

    async def find(self, what: RecordKind, external_id: str) -> tuple[str, ...]:
        """The ids of all records with this external id, oldest first."""
        ...

    async def add(self, what: RecordKind, external_id: str, fields: Mapping[str, JsonValue]) -> str:
        """Add a record whatever is there already; its id."""
        ...

    async def update(self, what: RecordKind, record_id: str, fields: Mapping[str, JsonValue]) -> None:
        """Change these fields of the record."""
        ...

    async def mark_duplicate(self, what: RecordKind, record_id: str, kept: str) -> None:
        """Mark the record so that people see it is a duplicate of ``kept``; doing it again changes nothing."""
        ...

    async def deals(self, sought: SoughtDeals) -> tuple[str, ...]:
        """The ids of the deals that are looked for, oldest first; those of the last seconds may not be among them yet."""
        ...

    async def check(self) -> None:
        """Read something harmless of each kind of record with the real credentials."""
        ...
