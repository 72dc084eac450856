"""The doors of leads. Deleted they are by a centre's workflow alone, when a measure has been decided (9.4): there is no door for that."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue
from temporalio.common import SearchAttributePair

from regulations.catalogue import text
from regulations.lead import messages as lm
from regulations.lead.address import client_reference, lead_address
from regulations.lead.facts import check_start
from regulations.lead.state import KIND, SALES_SUPPORT, Status
from starter.doors import lead_checks
from starter.doors.door import CaseKind
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
    example={"client": "c-311", "product": "bureau", "centre": "vlad-1"},
)

_CONTACT: dict[str, JsonValue] = {"channel": "call", "with_whom": "Анна, бухгалтер", "outcome": "просит счёт до пятницы"}
_PEOPLE: JsonValue = [{"name": "Анна", "phone": "+7 423 222-10-35"}]
_SUPPORT: dict[str, JsonValue] = {"id": "u30", "role": SALES_SUPPORT}


LEAD_DOORS = (
    LEAD.door(
        "created",
        lm.Created,
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
    LEAD.door("contact_made", lm.ContactMade, "The client was called, met or written to (8.2.3)", {"contact": _CONTACT}),
    LEAD.door(
        "taken_into_work",
        lm.TakenIntoWork,
        "В работе: the centre works on it (3.5.2); needs a contact, here or before (8.2.3)",
        {"contact": _CONTACT},
    ),
    LEAD.door(
        "postponed",
        lm.Postponed,
        "Put off to a future instant (6.3)",
        {"until": "2026-12-04T10:00:00+10:00", "contact": _CONTACT},
    ),
    LEAD.door("stage_noted", lm.StageNoted, "A stage of the work (8.1.2)", {"stage": "предложение отправлено"}),
    LEAD.door(
        "invoice_linked",
        lm.InvoiceLinked,
        "An invoice is linked; once billing says that it is paid, the lead is completed (4.1.1 to 4.1.3)",
        {"invoice": "INV-2026-311"},
    ),
    LEAD.door(
        "completed",
        lm.Completed,
        "Завершена: service and activation are completed with a comment (4.1.4, 4.1.5)",
        {"comment": "настроен обмен с банком"},
    ),
    LEAD.door("declined", lm.Declined, "Отказ: the client declined (3.5.4)", {"reason": "выбрали другую программу"}),
    LEAD.door("type_changed", lm.TypeChanged, "The type is set right (8.1.3, 4.1)", {"type": "renewal"}),
    LEAD.door("contacts_changed", lm.ContactsChanged, "The contacts are set right (8.2.4)", {"contacts": _PEOPLE}),
    LEAD.door("manager_assigned", lm.ManagerAssigned, "A manager of the centre gets it (6.1)", {"manager": "m4"}),
    LEAD.door("day_planned", lm.DayPlanned, "The day on which it is to be worked on (6.2)", {"day": "2026-11-25"}),
    LEAD.door(
        "moved",
        lm.Moved,
        "The principal moves it to another centre (5.2.1, 5.2.2)",
        {"to": "kgd-2", "by": {"id": "u7", "role": "principal"}, "reason": "the client has moved"},
        look_up=lead_checks.move,
        withheld=frozenset({"measure"}),
    ),
    LEAD.door(
        "violation_reported",
        lm.ViolationReported,
        "Somebody reports what is forbidden (8.2); measures are proposed (9.2, 9.3)",
        {"clause": "8.2.1", "evidence": "the client knows of no offer", "by": _SUPPORT},
    ),
    *LEAD.decisions("7.2.1", _SUPPORT, (lm.WaiveOfLead, lm.ExtendOfLead, lm.PauseOfLead, lm.ResumeOfLead), "The sales support service"),
    LEAD.door("withdrawn", lm.WithdrawOfLead, "Ends the lead in an orderly way", {"reason": "entered twice", "by": _SUPPORT}),
)
