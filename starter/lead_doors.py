"""The doors of leads. Deleted they are by a centre's workflow alone, when a measure has been decided (9.4): there is no door for that."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue
from temporalio.common import SearchAttributePair

from regulations import messages as m
from regulations.catalogue import text
from regulations.lead import messages as lm
from regulations.lead.address import client_reference, lead_address
from regulations.lead.facts import check_start
from regulations.lead.state import KIND, SALES_SUPPORT, Status
from starter import lead_checks
from starter.door import CaseKind, Door
from workflows import attributes
from workflows.potential_sale import PotentialSale


def _attributes(created: lm.Created, hash_key: str) -> list[SearchAttributePair[Any]]:
    return [
        SearchAttributePair(attributes.STAGE, Status.NEW),
        SearchAttributePair(attributes.SERVICE_CENTRE, created.centre),
        SearchAttributePair(attributes.CLIENT, client_reference(created.client, created.inn, hash_key)),
    ]


LEAD = CaseKind(
    kind=KIND,
    workflow=PotentialSale,
    escalation=SALES_SUPPORT,
    name="client",
    address=lead_address,
    attributes=_attributes,
    summary=lambda created: text("ru", "door", "summary", KIND, client=created.client_name, product=created.product),
    again=lambda _: True,  # after a final status a further enquiry begins another lead
    after_end="what is told of it now does not count; a further enquiry (lead.created) begins another lead",
    confidential=True,
)

_PAIR: dict[str, JsonValue] = {"client": "c-311", "product": "bureau"}
_CONTACT: dict[str, JsonValue] = {"channel": "call", "with_whom": "Анна, бухгалтер", "outcome": "просит счёт до пятницы"}
_PEOPLE: JsonValue = [{"name": "Анна", "phone": "+7 423 222-10-35"}]
_SUPPORT: dict[str, JsonValue] = {"id": "u30", "role": SALES_SUPPORT}
_ABOUT: dict[str, JsonValue] = {"clause": "7.2.1", "reason": "the client asked to be called next week", "by": _SUPPORT}


def _lead(name: str, message: type[m.Message], update: str, description: str, example: dict[str, JsonValue], **more: Any) -> Door:
    whose: dict[str, JsonValue] = {"centre": "vlad-1"} if issubclass(message, lm.ToLead) else {}
    return Door(f"{KIND}.{name}", LEAD, update, message, message, description, {**_PAIR, **whose, **example}, **more)


LEAD_DOORS = (
    _lead(
        "created",
        lm.Created,
        "created",
        "An enquiry of a client about a product: begins a lead, or updates the one there is (3.1, 3.2, 5.3)",
        {
            "creator": "principal",
            "centre": "vlad-1",
            "type": "connection",
            "origin": "connection_request",
            "client_name": "ООО Ромашка",
            "contacts": _PEOPLE,
            "link": "https://crm.example.org/leads/311",
        },
        starts=True,
        check=check_start,
        look_up=lead_checks.creation,
    ),
    _lead("contact_made", lm.ContactMade, "contact_made", "The client was called, met or written to (8.2.3)", {"contact": _CONTACT}),
    _lead(
        "taken_into_work",
        lm.TakenIntoWork,
        "taken_into_work",
        "В работе: the centre works on it (3.5.2); needs a contact, here or before (8.2.3)",
        {"contact": _CONTACT},
    ),
    _lead(
        "postponed",
        lm.Postponed,
        "postponed",
        "Put off to a future instant (6.3)",
        {"until": "2026-12-04T10:00:00+10:00", "contact": _CONTACT},
    ),
    _lead("stage_noted", lm.StageNoted, "stage_noted", "A stage of the work (8.1.2)", {"stage": "предложение отправлено"}),
    _lead(
        "invoice_linked",
        lm.InvoiceLinked,
        "invoice_linked",
        "An invoice is linked; once billing says that it is paid, the lead is completed (4.1.1 to 4.1.3)",
        {"invoice": "INV-2026-311"},
    ),
    _lead(
        "completed",
        lm.Completed,
        "completed",
        "Завершена: service and activation are completed with a comment (4.1.4, 4.1.5)",
        {"comment": "настроен обмен с банком"},
    ),
    _lead("declined", lm.Declined, "declined", "Отказ: the client declined (3.5.4)", {"reason": "выбрали другую программу"}),
    _lead("type_changed", lm.TypeChanged, "type_changed", "The type is set right (8.1.3, 4.1)", {"type": "renewal"}),
    _lead("contacts_changed", lm.ContactsChanged, "contacts_changed", "The contacts are set right (8.2.4)", {"contacts": _PEOPLE}),
    _lead("manager_assigned", lm.ManagerAssigned, "manager_assigned", "A manager of the centre gets it (6.1)", {"manager": "m4"}),
    _lead("day_planned", lm.DayPlanned, "day_planned", "The day on which it is to be worked on (6.2)", {"day": "2026-11-25"}),
    _lead(
        "moved",
        lm.Moved,
        "moved",
        "The principal moves it to another centre (5.2.1, 5.2.2)",
        {"to": "kgd-2", "by": {"id": "u7", "role": "principal"}, "reason": "the client has moved"},
        look_up=lead_checks.move,
        withheld=frozenset({"measure"}),
    ),
    _lead(
        "violation_reported",
        lm.ViolationReported,
        "violation_reported",
        "Somebody reports what is forbidden (8.2); measures are proposed (9.2, 9.3)",
        {"clause": "8.2.1", "evidence": "the client knows of no offer", "by": _SUPPORT},
    ),
    _lead("waived", lm.WaiveOfLead, "waive", "The sales support service lets an obligation go", _ABOUT),
    _lead(
        "extended",
        lm.ExtendOfLead,
        "extend",
        "The sales support service sets a later due instant",
        {**_ABOUT, "new_due": "2026-12-04T18:00:00+10:00"},
    ),
    _lead("paused", lm.PauseOfLead, "pause", "The sales support service stops the clock of an obligation", _ABOUT),
    _lead("resumed", lm.ResumeOfLead, "resume", "The clock of a paused obligation goes on", {"clause": "7.2.1", "by": _SUPPORT}),
    _lead("withdrawn", lm.WithdrawOfLead, "withdraw", "Ends the lead in an orderly way", {"reason": "entered twice", "by": _SUPPORT}),
)
