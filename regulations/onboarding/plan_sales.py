"""4.6: a need of the client begins a sale: one deal in the CRM for each need, brought up to date when the need is told again."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations.case import Refusal
from regulations.catalogue import text
from regulations.effects import CrmOutcome, CrmRecord
from regulations.obligations import incident, only
from regulations.onboarding.case import CLIENT_MANAGER
from regulations.onboarding.plan_messages import NeedFound
from regulations.onboarding.plan_rows import in_hryvnias, record
from regulations.onboarding.plan_state import KIND, MOST_NEEDS, NEED, SERVES, Need, PlanState


def need_found(state: PlanState, message: NeedFound) -> str:
    """A need, for the CRM; told again before the CRM has it, the newest stands."""
    only(SERVES, message.by, "report a need of the client")
    under_way = state.needs[:1] if state.entering else []
    waiting = [need for need in state.needs[len(under_way) :] if need.need != message.need]
    if len(waiting) >= MOST_NEEDS:
        raise Refusal("Busy", "onboarding 4.6: the CRM has yet to take many needs of this client; deliver this again later")
    state.needs = [*under_way, *waiting, Need(need=message.need, message=message.key, what=message.what, sum=message.sum)]
    sum_words = in_hryvnias(message.sum) if message.sum is not None else ""
    record(state, "need", message.need, message, [text(state.language, KIND, "record", "need"), message.what, sum_words])
    return f"{message.need}: {message.what}"


def next_deal(state: PlanState, now: datetime) -> CrmRecord | None:
    """What the CRM is to take now: one need at a time, in their order."""
    if state.entering or not state.needs:
        return None
    state.entering = True
    need, begun, settings = state.needs[0], state.begun, state.settings
    fields: dict[str, JsonValue] = {
        "title": text(state.language, KIND, "case", "deal", name=begun.person.name, what=need.what),
        "direction": settings.sale_direction,
        "status": settings.sale_status,
        "client": begun.client,
        "contract": begun.contract,
        "services": need.what,
        "manager": begun.manager,
        "contact": begun.person.crm_contact,
        "sum": str(need.sum) if need.sum is not None else None,
    }
    return CrmRecord(
        key=f"{state.uid}#{NEED}#{need.message}",
        external_id=f"{state.address}#{need.need}",
        fields={name: value for name, value in fields.items() if value is not None},
        what="deal",
        now=now,
    )


def learn_deal(state: PlanState, record: CrmRecord, outcome: CrmOutcome | None, now: datetime) -> None:
    """Takes what the CRM said; None: it refuses the record, and the manager is told to enter the sale by hand."""
    need, state.needs, state.entering = state.needs[0], state.needs[1:], False
    if outcome is None:
        incident(state, record.key, "crm_refused", now, f"onboarding {NEED}: {need.need}")
        values: dict[str, JsonValue] = {"clause": NEED, "name": state.begun.person.name, "need": need.need, "what": need.what}
        state.tell(state.role(CLIENT_MANAGER), "need_refused", record.key, now, values)
        return
    state.note("crm", now, now, key=record.key, source="crm", note=f"{need.need}: {outcome.record_id}")
    if outcome.duplicates:
        said = f"{outcome.record_id}: {', '.join(outcome.duplicates)}"
        incident(state, f"{record.key}#duplicates", "crm_duplicates", now, said)
