"""What a partner's intake does now: the pure decision over its state and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from regulations import breaches
from regulations.breaches import earliest_wake, hold_terms, tell_inside, tell_of_terms, uncounted
from regulations.case import UNMET, Standing
from regulations.catalogue import text
from regulations.clause_case import owe
from regulations.effects import Beginning, CaseMessageToTell
from regulations.obligations import notice
from regulations.partner.account_facts import account_address
from regulations.partner.account_messages import AccountBegun
from regulations.partner.account_state import KIND as ACCOUNT
from regulations.partner.account_state import AccountStage
from regulations.partner.intake_state import CLAUSES, ENDS, IntakeStage, IntakeState
from regulations.rows import NoticeKind

KINDS: dict[str, NoticeKind] = breaches.KINDS | {"partner_question": "warning", "partner_answer": "warning"}
"""What is told → kind of notice; everything else is an incident."""


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: IntakeState
    begin_account: CaseMessageToTell | None = None
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return self.begin_account is not None


def decide(before: IntakeState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is."""
    state = before.model_copy(deep=True)
    decision = Decision(state)
    _owe(state, now)
    tell_of_terms(state, hold_terms(state, now), now)
    _ask_for_parts(state, now)
    if state.at is IntakeStage.ACCEPTED and not state.account:
        state.account, decision.begin_account = "beginning", _beginning(state)
    for tell in state.tells:
        tell_inside(state, tell, now, KINDS)
    state.tells = []
    if state.at is IntakeStage.ACCEPTED and state.account in ("begun", "failed") and not _owed(state):
        state.stage = IntakeStage.DONE
    if state.at in ENDS:
        state.ended, state.outcome = state.account != "beginning" and not uncounted(state), state.stage
    if (wake := earliest_wake(state, now)) is not None:
        decision.wake_at, decision.wake_for = wake
    return decision


def _owe(state: IntakeState, now: datetime) -> None:
    """1.2 and 1.3 are owed from the move on, 3.1 from the payment on; without a payment 3.1 is not owed."""
    if state.at in ENDS:
        return
    for clause in ("1.2", "1.3"):
        owe(state, clause, state.begun.happened_at, now, mark="1")
    if state.paid is not None:
        owe(state, "3.1", state.paid.happened_at, now, mark="1")


def _owed(state: IntakeState) -> bool:
    """Whether anything is owed, or will be: an accepted partner's payment is waited for."""
    duties = [state.newest(clause) for clause in CLAUSES]
    return any(o is None or o.standing in UNMET for o in duties)


def _ask_for_parts(state: IntakeState, now: datetime) -> None:
    """1.3: the sales manager hears at the start, by name, what the main comment lacks. By the obligation's key: what has come by the time
    of the letter is not asked for any more."""
    o = state.newest("1.3")
    if state.asked_for or o is None or o.standing is not Standing.OPEN or o.plan is None:
        return
    state.asked_for = True
    said = text(state.language, "notice", "agreements_missing", clause=o.clause, parts=state.missing_words(), due=o.due_text)
    notice(state, o.owner, "warning", said, key=o.key, clause=o.clause, earliest=now)


def _beginning(state: IntakeState) -> CaseMessageToTell:
    """3.1: the message with which the partner's account begins, once for this intake."""
    begun, acceptance = state.begun, state.acceptance
    assert acceptance is not None  # noqa: S101 - it is accepted
    partner = begun.partner
    message = AccountBegun(
        key=f"{state.uid}#account",
        happened_at=acceptance.happened_at,
        partner=partner.id,
        person=partner,
        manager=begun.support_manager,
    )
    return CaseMessageToTell(
        address=account_address(message),
        update="begun",
        message=message.model_dump(mode="json"),
        begins=Beginning(
            workflow="PartnerAccount",
            kind=ACCOUNT,
            stage=AccountStage.ACTIVE,
            partner=partner.id,
            summary=text(state.language, "door", "summary", ACCOUNT, partner=partner.name),
        ),
    )
