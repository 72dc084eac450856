"""What an onboarding does now: the pure decision over its state and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from regulations import breaches
from regulations.breaches import earliest_wake, hold_terms, tell_inside, tell_of_terms, uncounted
from regulations.case import UNMET, Refusal, Standing, Wait
from regulations.catalogue import text
from regulations.effects import Beginning, BillingQuestion, CaseMessageToTell, CrmRecord
from regulations.messages import Actor
from regulations.obligations import incident, notice
from regulations.onboarding.case import ACCOUNTANT, HEAD_OF_CLIENT_DEPARTMENT, HEAD_OF_SALES
from regulations.onboarding.plan_facts import plan_address
from regulations.onboarding.plan_messages import PlanBegun
from regulations.onboarding.plan_state import KIND as PLAN
from regulations.onboarding.plan_state import PlanStage
from regulations.onboarding.slip_service import owe_service, payment_question
from regulations.onboarding.slip_state import ENDS, ENTRY, KIND, PAID_ITEM, PAYMENT, SERVICE_CLAUSES, SlipStage, SlipState
from regulations.onboarding.slip_visas import MEND, follow
from regulations.rows import NoticeKind

KINDS: dict[str, NoticeKind] = breaches.KINDS | {
    "visa_refused": "warning",
    "payment_found": "warning",
    "payment_unknown": "warning",
    "plan_goes_on": "ended",
}
"""What is told → kind of notice; everything else is an incident."""
AGAIN = "5 working days"
"""How often somebody is told that 2.3 stands and yet no payment is known."""


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: SlipState
    await_payment: BillingQuestion | None = None
    enter: CrmRecord | None = None
    """2.5: its visa enters the client into the CRM, and its withdrawal is shown there."""
    begin_plan: CaseMessageToTell | None = None
    """The client has passed to service, and its installation is done: its service plan begins."""
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return any(todo is not None for todo in (self.await_payment, self.enter, self.begin_plan))


def decide(before: SlipState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is."""
    state = before.model_copy(deep=True)
    decision = Decision(state)
    if state.at not in ENDS:
        _vet(state, now)
        follow(state, now, now)
        owe_service(state, now)
    tell_of_terms(state, hold_terms(state, now), now)
    _ask(state, now)
    _remind_of_payment(state, now)
    if state.at not in ENDS:
        _act(decision, state)
    if state.to_enter and not state.entering:
        decision.enter, state.to_enter, state.entering, state.entered = _record(state, now), "", True, True
    for tell in state.tells:
        tell_inside(state, tell, now, KINDS)
    state.tells = []
    if state.at is SlipStage.IN_SERVICE and state.plan in ("begun", "failed") and not _owed(state):
        state.stage = SlipStage.DONE
    if state.at in ENDS:
        under_way = state.plan == "beginning" or state.entering
        state.ended, state.outcome = not (under_way or uncounted(state)), state.stage
    if (wake := earliest_wake(state, now, [PAYMENT])) is not None:
        decision.wake_at, decision.wake_for = wake
    return decision


def _act(decision: Decision, state: SlipState) -> None:
    """3.1 waits for the payment, and the plan begins once the client is in service and the system installed."""
    if state.paid is None and not state.polling:
        state.polling, decision.await_payment = "under_way", payment_question(state)
    if state.at is SlipStage.IN_SERVICE and state.installed is not None and not state.plan:
        state.plan, decision.begin_plan = "beginning", _beginning(state)


def _owed(state: SlipState) -> bool:
    """Whether anything is owed, or will be: the payment is waited for without end."""
    later = any(state.newest(clause) is None for clause in SERVICE_CLAUSES)
    return later or state.entering or any(o.standing in UNMET for o in state.obligations)


# --- people are told ------------------------------------------------------------------------------------------------


def _vet(state: SlipState, now: datetime) -> None:
    """1.1: the register of people is known only now: a hand-over by somebody who is not head of sales there, or that names somebody who
    has not the role, goes on, and a person is told."""
    if state.vetted or state.opening is None or state.opening_stale:
        return
    state.vetted = True
    begun = state.begun
    for role, person in {HEAD_OF_SALES: begun.by.id, **state.people}.items():
        try:
            state.right(role, Actor(id=person, role=role), begun.happened_at)
        except Refusal:
            key, values = f"not-in-role#{role}", {"clause": "1.1", "person": person, "role": text(state.language, "role", role)}
            incident(state, key, "not_in_role", now, f"onboarding 1.1: {role} {person}")
            state.tell(HEAD_OF_CLIENT_DEPARTMENT, "not_in_role", key, now, {**values})


def _ask(state: SlipState, now: datetime) -> None:
    """Whoever owes something hears of it once it is counted. By the duty's key: what is done by the time of the letter is not asked for."""
    for o in state.obligations:
        if o.key in state.asked or o.standing is not Standing.OPEN or o.due is None or f"/{MEND}/" in o.key:
            continue
        state.asked.append(o.key)
        duty = text(state.language, KIND, "duty", o.clause)
        said = text(state.language, "notice", "slip_asked", clause=o.clause, duty=duty, due=o.due_text)
        notice(state, o.owner, "warning", "; ".join([said, *state.remarks(o)]), key=o.key, clause=o.clause, earliest=now)


def _remind_of_payment(state: SlipState, now: datetime) -> None:
    """2.3 stands and no payment is known, so that neither 3.1 nor 3.2 runs: the accountant and the head of sales hear of it again and
    again. While 2.3 is missing its own reminder and the digest do that."""
    visa = state.visas.get(PAID_ITEM)
    if visa is None or visa.state != "given" or visa.at is None or state.paid is not None or state.at in ENDS:
        state.waits.pop(PAYMENT, None)
        return
    wait = state.waits.setdefault(PAYMENT, Wait(term=AGAIN, start=visa.at))
    if wait.plan is None or now < wait.plan.due:
        return
    for role in (ACCOUNTANT, HEAD_OF_SALES):
        state.tell(role, "payment_unknown", f"{PAYMENT}@{wait.plan.due.isoformat()}", now, {"clause": "3.1"})
    state.waits[PAYMENT] = Wait(term=AGAIN, start=now)


# --- what is begun --------------------------------------------------------------------------------------------------


def _record(state: SlipState, now: datetime) -> CrmRecord:
    """2.5: the client as the CRM gets it, under the address of this case."""
    begun, client = state.begun, state.begun.client
    handed_over = state.stands(ENTRY) and (state.at is not SlipStage.WITHDRAWN or state.served)
    fields: dict[str, JsonValue] = {
        "deal": begun.contract,
        "client_id": client.id,
        "client_name": client.name,
        "contact_person": client.contact,
        "email": client.email,
        "phone": client.phone,
        "programs": "; ".join(begun.programs),
        "price_agreement": begun.price_agreement,
        "update_set": begun.update_set,
        "group_head": begun.group_head,
        "manager": state.client_manager,
        "status": state.settings.client_status if handed_over else state.settings.withdrawn_status,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return CrmRecord(key=f"{state.uid}#{ENTRY}#{state.to_enter}", external_id=state.address, fields=given, now=now)


def _beginning(state: SlipState) -> CaseMessageToTell:
    """The message with which the client's service plan begins, once for this onboarding."""
    begun, installed, closed_at = state.begun, state.installed, state.closed_at
    assert installed is not None and closed_at is not None  # noqa: S101, PT018 - it is in service and installed
    message = PlanBegun(
        key=f"{state.uid}#plan",
        happened_at=max(closed_at, installed.happened_at),
        client=begun.client.id,
        contract=begun.contract,
        person=begun.client,
        manager=state.client_manager,
        group_head=begun.group_head,
        installed_at=installed.happened_at,
        update_every=begun.update_every,
        update_set=begun.update_set,
        payment_day=begun.payment_day,
        training_term=begun.training_term,
        users=begun.users,
        zone=begun.zone,
    )
    return CaseMessageToTell(
        address=plan_address(message),
        update="begun",
        message=message.model_dump(mode="json"),
        begins=Beginning(
            workflow="ServicePlan",
            kind=PLAN,
            stage=PlanStage.ACTIVE,
            client=begun.client.id,
            summary=text(state.language, "door", "summary", PLAN, client=begun.client.name),
        ),
    )
