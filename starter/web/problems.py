"""What a sender is told when an event is not taken: problem details after RFC 9457, in our words, without a value from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import orjson
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from starter.inbox.outcome import FieldError

MEDIA_TYPE = "application/problem+json"


class WrongField(BaseModel):
    """One field that is wrong."""

    field: str
    message: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(examples=["urn:reglament:problem:invalid-event"])
    """Stable; what a program may tell problems apart by."""
    title: str
    status: int
    detail: str
    errors: list[WrongField] = Field(default=[])


@dataclass(frozen=True)
class _Kind:
    status: int
    title: str
    headers: Mapping[str, str]


class Wrong(Enum):
    """Every kind of problem; the value is the last part of its type."""

    MALFORMED = "malformed"
    SIGNATURE = "signature"
    NOT_FOUND = "not-found"
    METHOD = "method"
    TIMEOUT = "timeout"
    CONFLICT = "conflict"
    TOO_LARGE = "too-large"
    MEDIA_TYPE = "media-type"
    INVALID_EVENT = "invalid-event"
    UNKNOWN_TYPE = "unknown-type"
    REFUSED = "refused"
    INTERNAL = "internal"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"

    @property
    def status(self) -> int:
        return _KINDS[self].status

    @property
    def title(self) -> str:
        return _KINDS[self].title


_KINDS = {
    Wrong.MALFORMED: _Kind(400, "The body is no JSON that is taken here", {}),
    Wrong.SIGNATURE: _Kind(401, "The signature is missing or not good", {"www-authenticate": "StandardWebhooks"}),
    Wrong.NOT_FOUND: _Kind(404, "There is nothing here", {}),
    Wrong.METHOD: _Kind(405, "This method is not for this place", {}),
    Wrong.TIMEOUT: _Kind(408, "The body took too long", {"connection": "close"}),
    Wrong.CONFLICT: _Kind(409, "The id is known with another content", {}),
    Wrong.TOO_LARGE: _Kind(413, "The body is too large", {"connection": "close"}),
    Wrong.MEDIA_TYPE: _Kind(415, "Only application/json in UTF-8 is taken here", {}),
    Wrong.INVALID_EVENT: _Kind(422, "The event is not valid", {}),
    Wrong.UNKNOWN_TYPE: _Kind(422, "There is no such type of event", {}),
    Wrong.REFUSED: _Kind(422, "No case takes this event", {}),
    Wrong.INTERNAL: _Kind(500, "Something failed here", {}),
    Wrong.BUSY: _Kind(503, "Too much is being taken at this moment", {"retry-after": "1", "connection": "close"}),
    Wrong.UNAVAILABLE: _Kind(503, "The event could not be kept", {"retry-after": "5"}),
}


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(self, wrong: Wrong, detail: str, errors: Sequence[FieldError] = (), name: str | None = None) -> None:
        """``name`` replaces the last part of the type where there is a narrower one."""
        super().__init__(detail)
        self.wrong, self.detail, self.errors, self.name = wrong, detail, errors, name


def problem(error: ProblemError, headers: Mapping[str, str] | None = None) -> Response:
    """The response."""
    kind = _KINDS[error.wrong]
    said = Problem(
        type=f"urn:reglament:problem:{error.name or error.wrong.value}",
        title=kind.title,
        status=kind.status,
        detail=error.detail,
        errors=[WrongField(field=e.field, message=e.message) for e in error.errors],
    )
    body = said.model_dump(exclude=set() if said.errors else {"errors"})
    return Response(orjson.dumps(body), kind.status, {**kind.headers, **(headers or {})}, MEDIA_TYPE)


async def on_problem(_: Request, error: Exception) -> Response:
    """The handler of `ProblemError`."""
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for nothing else
    return problem(error)
