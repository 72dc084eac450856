"""The table of messages: every event type once, and what it means to Temporal. All doors serve from it alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, JsonValue, create_model

from regulations import messages as m
from regulations.handoff.checks import check_start
from regulations.handoff.state import CC_HEAD, KIND
from workflows.client_handoff import ClientHandoff

EXAMPLE_TIME = "2026-11-20T15:00:00+03:00"


OF_THE_EVENT = frozenset({"key", "happened_at", "source"})
"""Fields of a message that come from the event itself, never from its data."""


class Event(m.Model):
    """What comes in at any door: an id that counts once, a type, when it happened, and the data of that type."""

    id: m.Key
    type: str
    occurred_at: AwareDatetime
    data: dict[str, JsonValue]


@dataclass(frozen=True)
class Door:
    """One event type: which workflow takes it, as which Update, in which model."""

    event: str
    workflow: type[Any]
    update: str
    message: type[m.Message]
    wire: type[m.Message]
    """The message with the field that gives the address, where the message itself has none."""
    description: str
    example: dict[str, JsonValue]
    starts: bool = False
    """Whether it begins a case: update-with-start, one running case per address; a finished one is not begun again unless it ended
    without a result."""
    check: Callable[[Any, datetime], None] | None = None
    """The starting checks, made before anything is started: a rejected update-with-start would still start the workflow."""

    def address(self, message: m.Message) -> str:
        """The workflow id that the message goes to."""
        return f"{self.event.split('.')[0]}/{getattr(message, 'deal', '')}"

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the event's ``data``: ``key``, ``happened_at`` and ``source`` come from the event itself."""
        schema = self.wire.model_json_schema()
        for name in OF_THE_EVENT:
            schema["properties"].pop(name, None)
        schema["required"] = [n for n in schema.get("required", []) if n not in OF_THE_EVENT]
        return schema

    def event_of(self, message: m.Message, address: str) -> dict[str, JsonValue]:
        """The event that says this message, in its one canonical form: two events that say the same give the same."""
        data = message.model_dump(mode="json", exclude_unset=True, exclude=set(OF_THE_EVENT))
        if "deal" not in self.message.model_fields:
            data["deal"] = address.partition("/")[2]
        return {"id": message.key, "type": self.event, "occurred_at": message.happened_at.isoformat(), "data": data}


def _handoff(
    name: str,
    message: type[m.Message],
    update: str,
    description: str,
    example: dict[str, JsonValue],
    *,
    starts: bool = False,
    check: Callable[[Any, datetime], None] | None = None,
) -> Door:
    wire = message
    if "deal" not in message.model_fields:
        wire = create_model(f"{message.__name__}OfDeal", __base__=message, deal=(m.Ident, ...))
    return Door(f"handoff.{name}", ClientHandoff, update, message, wire, description, {"deal": "D-1041", **example}, starts, check)


_BY: dict[str, JsonValue] = {"id": "u17", "role": "cc"}
_HEAD: dict[str, JsonValue] = {"id": "u1", "role": "cc_head"}
_ABOUT: dict[str, JsonValue] = {"clause": "2.2.4", "reason": "the client asked to be called next week", "by": _HEAD}

DOORS: dict[str, Door] = {
    door.event: door
    for door in (
        _handoff(
            "sold",
            m.Sold,
            "sold",
            "A partner sold a deal: begins the handoff (1.2, 2.1.1)",
            {
                "partner": {"id": "p7", "name": "ИП Петров", "email": "partner@example.org", "collects_payments": False},
                "client": {"login": "client@example.org", "name": "ООО Ромашка", "inn": "7707083893", "number": "c-311"},
                "tariff_line": "bureau",
                "contract": "written",
                "told_client": True,
            },
            starts=True,
            check=check_start,
        ),
        _handoff("payment_received", m.PaymentReceived, "payment_received", "Money came: it is looked up in billing (3.2)", {}),
        _handoff(
            "access_granted",
            m.AccessGranted,
            "access_granted",
            "The client's paid tariff was opened in billing (2.1.2)",
            {"reference": "acc-77", "tariff": "bureau-12", "starts_on": "2026-12-01"},
        ),
        _handoff(
            "request_received",
            m.RequestReceived,
            "request_received",
            "The partner's training request with its attachments (2.1.3, 2.1.4)",
            {
                "subject": "Обучение клиента от ИП Петров",
                "message_id": "<req-1@partner.example.org>",
                "files": [
                    {"name": "Анкета клиента client@example.org.docx", "kind": "questionnaire"},
                    {"name": "Договор.docx", "kind": "contract"},
                ],
                "questionnaire": {"name": "ООО Ромашка", "inn": "7707083893"},
                "told_client": True,
            },
        ),
        _handoff("accepted", m.Accepted, "accepted", "Принят: the contact centre accepts the client (2.2.3)", {"by": _BY}),
        _handoff(
            "returned",
            m.Returned,
            "returned",
            "Не принят: returned for rework (2.2.3), or the client declines the terms at the first contact (3.1, 3.4)",
            {"by": _BY, "reasons": [{"clause": "3.3", "text": ""}], "comment": "please fill in the questionnaire"},
        ),
        _handoff("first_contact", m.FirstContact, "first_contact", "The first contact with the client was made (2.2.4)", {"by": _BY}),
        _handoff("contract_signed", m.ContractSigned, "contract_signed", "The written contract is signed (2.2.1)", {"by": _BY}),
        _handoff(
            "entered_into_crm",
            m.EnteredIntoCrm,
            "entered_into_crm",
            "A person entered the client into the CRM by hand (2.2.5)",
            {"by": _BY, "record": "4876876000000624001"},
        ),
        _handoff("training_done", m.TrainingDone, "training_done", "The client has been trained (5.3)", {"by": _BY}),
        _handoff(
            "closing_documents_signed",
            m.ClosingDocumentsSigned,
            "closing_documents_signed",
            "The closing documents are signed (2.2.7)",
            {"by": _BY},
        ),
        _handoff("waived", m.Waive, "waive", "The escalation role lets an obligation go", _ABOUT),
        _handoff(
            "extended",
            m.Extend,
            "extend",
            "The escalation role sets a later due instant",
            {**_ABOUT, "new_due": "2026-12-04T18:00:00+03:00"},
        ),
        _handoff("paused", m.Pause, "pause", "The escalation role stops the clock of an obligation", _ABOUT),
        _handoff("resumed", m.Resume, "resume", "The clock of a paused obligation goes on", {"clause": "2.2.4", "by": _HEAD}),
        _handoff("withdrawn", m.Withdraw, "withdraw", "Ends the handoff in an orderly way", {"reason": "entered twice", "by": _HEAD}),
    )
}


STARTS = frozenset(door.event for door in DOORS.values() if door.starts)
"""The types of event that begin a case."""
ESCALATION = {KIND: CC_HEAD}
"""Who is told, by kind of case, of an event that no case took."""


def example_event(door: Door) -> dict[str, JsonValue]:
    """A valid event of the type, as `reglament events TYPE` shows it."""
    return {"id": f"example-{door.event}", "type": door.event, "occurred_at": EXAMPLE_TIME, "data": door.example}


def recent_example(door: Door) -> dict[str, JsonValue]:
    """The example as of now, with a deal of its own: a case can really begin with it."""
    now = datetime.now(UTC).replace(microsecond=0)
    data = {**door.example, "deal": f"try-{now:%m%d-%H%M%S}"} if door.starts else door.example
    return {**example_event(door), "occurred_at": now.isoformat(), "data": data}
