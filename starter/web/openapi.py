"""The description of the webhook for its senders: every type of event with its fields and an example, every answer."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import BaseModel, Field

from starter.doors.door import Door, example_event
from starter.doors.table import DOORS
from starter.web.problems import MEDIA_TYPE, Problem, Wrong

_COMPONENTS = "#/components/schemas/"
_HEADERS = {
    "webhook-id": "The id of this message, the same in every repeat of it; the event's own id where the body has none",
    "webhook-timestamp": "When it was sent: seconds since 1970, at most five minutes from now",
    "webhook-signature": "`v1,` and base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`; several are separated by spaces",
}
_WRONG = {
    400: [Wrong.MALFORMED],
    401: [Wrong.SIGNATURE],
    408: [Wrong.TIMEOUT],
    409: [Wrong.CONFLICT],
    413: [Wrong.TOO_LARGE],
    415: [Wrong.MEDIA_TYPE],
    422: [Wrong.INVALID_EVENT, Wrong.UNKNOWN_TYPE, Wrong.REFUSED],
    503: [Wrong.UNAVAILABLE, Wrong.BUSY],
}


class Refused(BaseModel):
    """Why the case does not take the event. Sending it again would not help."""

    type: str
    text: str


class TakenEvent(BaseModel):
    """The event is kept: it will not be lost, and it will count once."""

    case: str = Field(examples=["handoff/D-1041"])
    duplicate: bool
    """Whether it was known already."""
    state: str = Field(json_schema_extra={"enum": ["received", "waiting", "delivered", "refused", "dropped"]})
    """``received``: its delivery goes on; ``waiting``: for a case that is not there yet; ``dropped``: a person gave it up."""
    stage: str | None = None
    """Of the case, once it has the event."""
    revision: int | None = None
    next_due: str | None = None
    """When the next obligation of the case is due."""
    answer: str | None = Field(None, json_schema_extra={"enum": ["created", "updated", "exists", "stands", "kept"]})
    """What came of an enquiry (lead.created): a lead began; the one there is was updated; there is one, of another service centre. Of an
    event of onboarding or service: what it says ``stands`` already; it is ``kept``, and moves nothing."""
    refusal: Refused | None = None


class Readiness(BaseModel):
    """Whether events are taken, and what they depend on."""

    ready: bool
    database: str = Field(json_schema_extra={"enum": ["current", "behind", "away"]})
    temporal: str = Field(json_schema_extra={"enum": ["answers", "away"]})
    """Its absence does not matter here: the inbox takes the events, and delivers them later."""


class Alive(BaseModel):
    """The process runs."""

    alive: bool


def responses() -> dict[int | str, dict[str, Any]]:
    """Every answer but 202, for FastAPI."""
    found: dict[int | str, dict[str, Any]] = {}
    for status, kinds in _WRONG.items():
        content = {MEDIA_TYPE: {"schema": {"$ref": f"{_COMPONENTS}{Problem.__name__}"}}}
        found[status] = {"description": "; ".join(kind.title for kind in kinds), "content": content}
    found[503]["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    return found


def request() -> dict[str, Any]:
    """The signature's headers and the body, for FastAPI's ``openapi_extra``."""
    examples = {door.event: {"summary": door.description, "value": example_event(door)} for door in DOORS.values()}
    return {
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": words, "schema": {"type": "string"}}
            for name, words in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"{_COMPONENTS}Event"}, "examples": examples}},
        },
    }


def complete(described: dict[str, Any]) -> dict[str, Any]:
    """Adds the schemas of all events and of problems to what FastAPI found."""
    described.setdefault("components", {}).setdefault("schemas", {}).update(_schemas())
    return described


@cache
def _schemas() -> dict[str, Any]:
    """They are the same for every app of a process, and take a while to make."""
    schemas = _components(Problem.model_json_schema(), Problem.__name__)
    names = {door.event: _name(door) for door in DOORS.values()}
    for door in DOORS.values():
        schemas |= _components(_event(door), names[door.event])
    schemas["Event"] = {
        "oneOf": [{"$ref": f"{_COMPONENTS}{name}"} for name in names.values()],
        "discriminator": {"propertyName": "type", "mapping": {type: f"{_COMPONENTS}{name}" for type, name in names.items()}},
    }
    return schemas


def _name(door: Door) -> str:
    """``handoff.first_contact`` → ``HandoffFirstContactEvent``."""
    return "".join(word.capitalize() for word in door.event.replace(".", "_").split("_")) + "Event"


def _event(door: Door) -> dict[str, Any]:
    data = door.schema()
    definitions = data.pop("$defs", {})
    return {
        "title": _name(door),
        "description": door.description,
        "type": "object",
        "additionalProperties": False,
        "required": ["type", "occurred_at", "data"],
        "properties": {
            "id": {
                "type": "string",
                "pattern": r"^[\x21-\x7e]{1,200}$",
                "description": "Makes the event count once. Left out: the header webhook-id.",
            },
            "type": {"const": door.event},
            "occurred_at": {"type": "string", "format": "date-time", "description": "When it happened, with its offset from UTC"},
            "data": data,
        },
        "$defs": definitions,
    }


def _components(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """A schema and its definitions as components."""
    text = json.dumps(schema).replace('"#/$defs/', f'"{_COMPONENTS}')
    moved: dict[str, Any] = json.loads(text)
    return {**moved.pop("$defs", {}), name: moved}
