"""5.4, 6.2, 6.3: what the CRM gets of a sale, one thing at a time.

Of an order its deal; of a renewal that it is to be paid, that it is closed, and, where the CRM's automation does not open the next deal by
itself, that deal.

What the CRM refuses is tried again each working day, under the same key, until it takes it or the head of support lets the duty go.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations.case import Wait
from regulations.catalogue import text
from regulations.clause_case import prove
from regulations.effects import CrmOutcome, CrmRecord
from regulations.obligations import incident
from regulations.partner.renewal_next_deal import await_next_deal, found
from regulations.partner.sale_duties import owed, services_in_words
from regulations.partner.sale_state import ENDS, SaleState, Step

AGAIN, DAILY = "crm", "10:00 next working day"
"""The wait until what the CRM refuses is tried again, and its term."""
CLAUSES: dict[Step, str] = {"sold": "5.4", "must_pay": "6.2", "closed": "6.3", "next": "6.3"}


def next_record(state: SaleState, now: datetime) -> CrmRecord | None:
    """What is to be entered now."""
    wait = state.waits.get(AGAIN)
    if state.entering is not None or (wait is not None and (wait.plan is None or now < wait.plan.due)):
        return None
    state.waits.pop(AGAIN, None)
    step = _wanted(state)
    if step is None:
        return None
    state.entering = step
    return _record(state, step, now)


def _wanted(state: SaleState) -> Step | None:
    if state.at in ENDS or state.invoice is None:
        return None
    if not state.renewal:
        return "sold" if owed(state, "5.4") is not None and "sold" not in state.entered else None
    if not state.paid_in_full:
        return "must_pay" if owed(state, "6.2") is not None and "must_pay" not in state.entered else None
    if "closed" not in state.entered:
        return "closed" if owed(state, "6.3") is not None or owed(state, "6.2") is not None else None
    opens = owed(state, "6.3") is not None and not state.settings.crm_opens_next
    return "next" if opens else None


def _record(state: SaleState, step: Step, now: datetime) -> CrmRecord:
    """The key names the invoice: what a step says of it never changes."""
    invoice = state.invoice
    assert invoice is not None  # noqa: S101 - nothing is entered before there is one
    return CrmRecord(
        key=f"{state.uid}#{CLAUSES[step]}#{step}#{invoice.number}",
        external_id=f"{state.address}#next" if step == "next" else state.address,
        fields=_fields(state, step, invoice.number, str(invoice.total)),
        what="deal",
        now=now,
    )


def _fields(state: SaleState, step: Step, invoice: str, total: str) -> dict[str, JsonValue]:
    begun, settings = state.begun, state.settings
    services = services_in_words(state)
    fields: dict[str, JsonValue] = {
        "title": text(state.language, state.kind, "case", "deal", services=services),
        "direction": settings.renewal_direction if state.renewal else settings.order_direction,
        "partner": begun.partner.id,
        "services": services,
        "manager": begun.manager,
    }
    if begun.partner.contact is not None:
        fields["contact"] = begun.partner.contact
    statuses: dict[Step, str] = {"must_pay": settings.must_pay_status, "closed": settings.closed_status, "next": settings.next_status}
    if step in statuses:
        fields["status"] = statuses[step]
    if step != "next":
        fields |= {"sum": total, "invoice": invoice}
    return fields


def learn_crm(state: SaleState, record: CrmRecord, outcome: CrmOutcome | None, now: datetime) -> None:
    """Takes what the CRM said; None: it refuses the record. What it has, meets its duty."""
    step, state.entering = state.entering, None
    if step is None:
        return
    if outcome is None:
        _refused(state, step, record.key, now)
        return
    state.crm_refuses = False
    state.entered[step] = outcome.record_id
    state.note("crm", now, now, key=record.key, source="crm", note=f"{CLAUSES[step]}: {outcome.record_id}")
    if outcome.duplicates:
        said = f"{outcome.record_id}: {', '.join(outcome.duplicates)}"
        incident(state, f"{record.key}#duplicates", "crm_duplicates", now, said)
    if state.at in ENDS:
        return
    match step:
        case "sold":
            prove(state, state.newest("5.4"), now, record.key, now)
        case "must_pay":
            prove(state, state.newest("6.2"), now, record.key, now)
        case "closed":
            prove(state, state.newest("6.2"), now, record.key, now)  # paid before the CRM knew that it was to be paid
            await_next_deal(state, now)
        case "next":
            found(state, outcome.record_id, now, record.key, now)


def _refused(state: SaleState, step: Step, key: str, now: datetime) -> None:
    if state.at in ENDS:
        return
    state.waits[AGAIN] = Wait(term=DAILY, start=now)
    if not state.crm_refuses:
        state.crm_refuses = True
        incident(state, f"{key}#{now.isoformat()}", "crm_refused", now, f"partner {CLAUSES[step]}")
        state.tell(state.manager_role, "deal_refused", f"{key}#{now.isoformat()}", now, {"clause": CLAUSES[step], "kind": state.kind})
