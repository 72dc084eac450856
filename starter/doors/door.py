"""What a door is: one type of event, the message that it says, and the kind of case that takes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic import AwareDatetime, JsonValue, create_model
from temporalio.common import SearchAttributePair

from regulations import messages as m
from regulations.lead.distribution import CentrePolicy
from runtime.secrets import LONGEST

EXAMPLE_TIME = "2026-11-20T15:00:00+03:00"
_LATER = "2026-12-04T18:00:00+03:00"
OF_THE_EVENT = frozenset({"key", "happened_at", "source"})
"""Fields of a message that come from the event itself, never from its data."""
FILES = "files"
"""The field of a message in which files come."""
_UPDATES = {"waived": "waive", "extended": "extend", "paused": "pause", "resumed": "resume", "withdrawn": "withdraw"}
"""The Update of an event, where it has another name than the event."""


class Event(m.Model):
    """What comes in at any door: an id that counts once, a type, when it happened, and the data of that type."""

    id: m.Key
    type: str
    occurred_at: AwareDatetime
    data: dict[str, JsonValue]


class Proposed(Protocol):
    """A proposal of measures in the register."""

    @property
    def centre(self) -> str: ...
    @property
    def product(self) -> str: ...


class LookUps(Protocol):
    """The registers and the company's terms, as a door asks for them before it keeps an event. Raises DatabaseUnavailableError,
    DatabaseRefusedError."""

    async def centre(self, code: str) -> CentrePolicy | None: ...
    async def announced(self, address: str) -> bool: ...
    async def open_lead(self, address: str) -> bool: ...
    async def proposal(self, key: str) -> Proposed | None: ...
    async def replacement_numbers(self, account: str, period: str) -> Mapping[int, str]: ...
    async def tariff_credited(self, account: str, period: str) -> bool: ...
    async def due(self, address: str, regulation: str, clause: str, start: datetime) -> datetime | None: ...
    async def serves(self, zone: str) -> bool: ...


@dataclass(frozen=True)
class SecretField:
    """A secret in the data of an event. The door takes it out before anything is kept, and leaves a reference in its place."""

    place: tuple[str, ...]
    """The object that holds it, as names from the data on; where that is missing, so is the secret."""
    given: str
    """Its name in what a sender gives. The object must have it."""
    kept: str
    """The message's field for the reference, which no sender gives."""
    description: str

    def path(self, name: str) -> str:
        """A field beside it, as errors name it."""
        return ".".join(("data", *self.place, name))


@dataclass(frozen=True)
class CaseKind:
    """What all events of one kind of case share."""

    kind: str
    """First part of its types of event, and its search attribute ``CaseKind``."""
    workflow: type[Any]
    escalation: str
    """The company's role that is told of an event which no case took."""
    name: str
    """The field of the data that tells one case from another."""
    address: Callable[[Any, str], str]
    """The workflow id that a message goes to, given the hash key. Raises `regulations.case.Refusal`, which names no value."""
    attributes: Callable[[Any, str], list[SearchAttributePair[Any]]]
    """The first search attributes besides the kind, of the message that begins a case, given the hash key."""
    summary: Callable[[Any], str]
    """The static summary of a case that begins: encrypted, so that a name may stand in it."""
    again: Callable[[str | None], bool]
    """Whether an address may be used again after an end with this outcome."""
    after_end: str
    """What is said of a message after the end, where it does not count any more."""
    corrects: bool = False
    """Whether a fact that is learnt after the end corrects the registers; else it is refused."""
    confidential: bool = False
    """Several parties write to one case, and not each may know where it stands: a repeat is told only that it is one."""
    example: Mapping[str, JsonValue] = field(default_factory=dict)
    """What the example of each event has, as far as its message has such fields: whose case it is."""

    def door(self, name: str, message: type[m.Message], description: str, example: Mapping[str, JsonValue], **more: Any) -> Door:
        """One of its doors.

        Args:
            name: Second part of the type of event; the Update has the same name, or the one that every case has for this.
            message: What the event says. Where it lacks the field that tells one case from another, the event has it besides.
            description: What the event says, in words.
            example: The rest of a valid event's data.
            more: Further fields of `Door`.
        """
        wire = message
        if self.name not in message.model_fields:
            more_fields: dict[str, Any] = {self.name: (m.Ident, ...)}
            wire = create_model(f"{message.__name__}Of{self.name.capitalize()}", __base__=message, **more_fields)
        shown = {place: value for place, value in self.example.items() if place in wire.model_fields}
        return Door(f"{self.kind}.{name}", self, _UPDATES.get(name, name), message, wire, description, {**shown, **example}, **more)

    def decisions(
        self,
        clause: str,
        by: JsonValue,
        messages: tuple[type[m.Waive], type[m.Extend], type[m.Pause], type[m.Resume]],
        who: str = "The escalation role",
    ) -> tuple[Door, ...]:
        """The four doors through which the escalation role decides about an obligation.

        Args:
            clause: The obligation of the examples.
            by: Who decides in them.
            messages: What the four events say.
            who: The role in words, as the descriptions begin.
        """
        waive, extend, pause, resume = messages
        about: dict[str, JsonValue] = {"clause": clause, "reason": "the client asked for a week", "by": by}
        return (
            self.door("waived", waive, f"{who} lets an obligation go", about),
            self.door("extended", extend, f"{who} sets a later due instant", {**about, "new_due": _LATER}),
            self.door("paused", pause, f"{who} stops the clock of an obligation", about),
            self.door("resumed", resume, "The clock of a paused obligation goes on", {"clause": clause, "by": by}),
        )


@dataclass(frozen=True)
class Door:
    """One event type: which case takes it, as which Update, in which model."""

    event: str
    kind: CaseKind
    update: str
    message: type[m.Message]
    wire: type[m.Message]
    """The message with the field that gives the address, where the message itself has none."""
    description: str
    example: dict[str, JsonValue]
    starts: bool = False
    """Whether it begins a case: update-with-start, one running case per address."""
    check: Callable[[Any, datetime], None] | None = None
    """The starting checks, made before anything is started: a rejected update-with-start would still start the workflow."""
    look_up: Callable[[Any, str, LookUps, datetime], Awaitable[None]] | None = None
    """Checks against the registers, made before the event is kept; given the message and its address. Raises DeliveryError ``refused``."""
    withheld: frozenset[str] = frozenset()
    """Fields of the message that only our own workflows set."""
    secrets: tuple[SecretField, ...] = ()
    whole_files: bool = False
    """Every file must come with its content; else a sender may also only name it."""

    @property
    def workflow(self) -> type[Any]:
        return self.kind.workflow

    @property
    def not_in_data(self) -> frozenset[str]:
        """Fields of the message that no sender gives."""
        return OF_THE_EVENT | self.withheld

    @property
    def brings_files(self) -> bool:
        """Whether its events may have ``data.files``."""
        return FILES in self.message.model_fields

    @property
    def found_of_files(self) -> frozenset[str]:
        """Fields of a file that no sender gives: the door finds them."""
        return frozenset({"sha256", "problem"}) if self.whole_files else frozenset({"sha256"})

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the event's ``data`` as a sender gives it: ``key``, ``happened_at`` and ``source`` come from the event itself,
        a file has its content, a secret its value."""
        schema = self.wire.model_json_schema()
        for name in self.not_in_data:
            schema["properties"].pop(name, None)
        schema["required"] = [n for n in schema.get("required", []) if n not in self.not_in_data]
        if self.brings_files:
            file = _object_at(schema, schema["properties"][FILES]["items"])
            for name in self.found_of_files:
                file["properties"].pop(name)
            file["properties"]["content"] = _WHOLE_CONTENT if self.whole_files else _CONTENT
            file["required"] += ["content"] if self.whole_files else []
        for secret in self.secrets:
            holder = schema
            for name in secret.place:
                holder = _object_at(schema, holder["properties"][name])
            del holder["properties"][secret.kept]
            value = {"type": "string", "minLength": 1, "maxLength": LONGEST, "writeOnly": True, "description": secret.description}
            holder["properties"][secret.given] = value
            holder["required"] += [secret.given]
        return schema

    def event_of(self, message: m.Message, address: str) -> dict[str, JsonValue]:
        """The event that says this message, in its one canonical form: two events that say the same give the same."""
        data = message.model_dump(mode="json", exclude_unset=True, exclude=set(OF_THE_EVENT))
        if self.kind.name not in self.message.model_fields:
            data[self.kind.name] = address.partition("/")[2]
        return {"id": message.key, "type": self.event, "occurred_at": message.happened_at.isoformat(), "data": data}


def _object_at(schema: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    """The definition of the object that a field holds, ``null`` aside."""
    given = next(one for one in field.get("anyOf", [field]) if "$ref" in one)
    definition: dict[str, Any] = schema["$defs"][given["$ref"].rpartition("/")[2]]
    return definition


_CONTENT = {
    "type": "string",
    "contentEncoding": "base64",
    "description": "The file itself, at most 5 MiB; at most 10 of an event. A larger one is not kept, and the event goes on.",
}
_WHOLE_CONTENT = {**_CONTENT, "description": "The file itself, at most 5 MiB. A larger one comes by the command line."}


def example_event(door: Door) -> dict[str, JsonValue]:
    """A valid event of the type, as `reglament events TYPE` shows it."""
    return {"id": f"example-{door.event}", "type": door.event, "occurred_at": EXAMPLE_TIME, "data": door.example}


def recent_example(door: Door) -> dict[str, JsonValue]:
    """The example as of now, with a name of its own: a case can really begin with it."""
    now = datetime.now(UTC).replace(microsecond=0)
    data = door.example
    if door.starts:
        data = {name: _renamed(value, data[door.kind.name], f"try-{now:%m%d-%H%M%S}") for name, value in data.items()}
    return {**example_event(door), "occurred_at": now.isoformat(), "data": data}


def _renamed(value: JsonValue, old: JsonValue, new: str) -> JsonValue:
    """A value with another name of the case, wherever it stands in it."""
    if isinstance(value, dict):
        return {name: _renamed(inner, old, new) for name, inner in value.items()}
    return new if value == old else value
