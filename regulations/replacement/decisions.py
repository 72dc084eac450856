"""What a replacement does now: the pure decision over its state and the time, clause by clause."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations.breaches import (
    earliest_wake,
    hold_terms,
    newly_breached,
    remind,
    reminder_due,
    tell_breach,
    tell_undone,
    tell_withdrawn,
    uncounted,
)
from regulations.effects import Letter
from regulations.replacement.answers import links_of
from regulations.replacement.checks import LIMIT, grounds
from regulations.replacement.crediting import amount_of, hear_before_credit, next_order, wants_look_up
from regulations.replacement.duties import HELD, RETRY, end, open_duty, refuse, register, tell_franchisee
from regulations.replacement.effects import (
    AccountQuestion,
    AuditQuestion,
    CreditOrder,
    DecisionQuestion,
    LinksQuestion,
    SecretToDestroy,
)
from regulations.replacement.state import ENDS, TECHNICAL, Ground, ReplacementState, Stage, audit_settings
from regulations.replacement.tellings import EXPORT_WANTED, remind_of_export, say


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: ReplacementState
    letters: list[Letter] = field(default_factory=list)
    look_up: AccountQuestion | None = None
    check_links: LinksQuestion | None = None
    audit: AuditQuestion | None = None
    take: DecisionQuestion | None = None
    credit: CreditOrder | None = None
    destroy: SecretToDestroy | None = None
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        asked = (self.look_up, self.check_links, self.audit, self.take, self.credit, self.destroy)
        return bool(self.letters) or any(one is not None for one in asked)


def decide(before: ReplacementState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is.

    All terms must have been counted (`regulations.clocks.terms_to_plan` gives none).
    """
    state = before.model_copy(deep=True)
    decision = Decision(state)
    withdrawn = hold_terms(state, now)
    _judge(state, now)
    state.account_wanted = state.account_wanted or wants_look_up(state, now)
    decision.credit = next_order(state, now)
    tell_withdrawn(state, withdrawn, now)
    tell_undone(state, now)
    _remind(state, now)
    for o in newly_breached(state):
        tell_breach(state, o)
    _ask_billing(state, decision, now)
    _audit_next(state, decision)
    _read_decision(state, decision)
    decision.letters = say(state, now)
    state.letters_out += [letter.key for letter in decision.letters]
    register(state)
    if state.at in ENDS:
        _destroy_secret(state, decision, now)
        state.ended, state.outcome = not _unfinished(state), state.stage
    if (wake := earliest_wake(state, now, (RETRY, HELD))) is not None:
        decision.wake_at, decision.wake_for = wake
    return decision


# --- 1 to 6.3: the checks -------------------------------------------------------------------------------------------


def _judge(state: ReplacementState, now: datetime) -> None:
    """Billing and the links have answered: the request is refused on every ground there is, or begins; a top-up is credited."""
    if state.at is not Stage.CHECKING or state.account is None or state.asking_account or state.account_wanted:
        return
    if state.topped_up is not None:
        _judge_top_up(state, now)
        return
    wait = state.waits.get(LIMIT)
    if state.links is None or wait is None or wait.plan is None:
        return
    found = grounds(state)
    del state.waits[LIMIT]
    if found:
        refuse(state, found, now, "checks", now, at_once=True)
        return
    state.stage = Stage.AWAITING_EXPORT
    state.note("in_order", now, now, key="in_order")
    open_duty(state, "5.2", state.begun.happened_at, now)
    tell_franchisee(state, "replacement/taken", "taken", now, at_once=True)
    state.tell(TECHNICAL, EXPORT_WANTED, EXPORT_WANTED, now)


def _judge_top_up(state: ReplacementState, now: datetime) -> None:
    """6.1: an account in mode ``outside`` gets 30 % of the tariff more; a debt holds them (2). Others get replacements instead."""
    account = state.account
    assert account is not None  # noqa: S101 - it has been looked up
    if not account.known:
        refuse(state, [Ground(clause="6.1", code="account_unknown")], now, "checks", now)
        state.tell(TECHNICAL, "top_up_unknown", "top_up_unknown", now, {"clause": "6.1"})
    elif account.mode != "outside" or amount_of(state, "top_up") == 0:
        end(state, Stage.NOT_DUE, now, "nothing_to_credit")
    else:
        state.stage = Stage.CREDITING
        hear_before_credit(state, account, now)


# --- 5.2, 5.3: the terms --------------------------------------------------------------------------------------------


def _remind(state: ReplacementState, now: datetime) -> None:
    """One reminder to the owner before the term; of an export that is missing, to the technical specialists too."""
    for o in state.unmet():
        if (at := reminder_due(state, o, now)) is not None:
            remind(state, o, at, now)
            remind_of_export(state, o, at)


# --- what is asked of the world -------------------------------------------------------------------------------------


def _ask_billing(state: ReplacementState, decision: Decision, now: datetime) -> None:
    """1, 2, 3.5, 6.1, 6.3: one question at a time, and none beside a credit; what has ended asks nothing."""
    if state.at in ENDS:
        state.account_wanted = False
        return
    request = state.requested
    if request is not None and state.at is Stage.CHECKING and state.links is None and not state.asking_links:
        state.asking_links = True
        decision.check_links = LinksQuestion(links=links_of(state))
    if not state.account_wanted or state.asking_account or state.order_out is not None:
        return
    state.account_wanted, state.asking_account = False, True
    state.waits.pop(RETRY, None)
    decision.look_up = AccountQuestion(
        account=state.begun.account,
        period=state.begun.period,
        login=request.login if request is not None else None,
        admin_login=request.admin_login if request is not None else None,
        script=request.script if request is not None else None,
        prolongation=request.prolongation if request is not None else None,
        now=now,
    )


def _audit_next(state: ReplacementState, decision: Decision) -> None:
    """3.1 to 4.2: one audit at a time, of the newest export."""
    export, account = state.export, state.account
    if state.at is not Stage.AUDITING or state.auditing is not None or export is None or export.sha256 is None or account is None:
        return
    assert state.exported_at is not None  # noqa: S101 - it came with the export
    state.auditing = export.sha256
    decision.audit = AuditQuestion(
        case_uid=state.uid,
        export=export.sha256,
        export_name=export.name,
        asked=state.request.asked,
        identifications=account.identifications,
        settings=audit_settings(state.settings, account.zone),
        language=state.language,
        now=state.exported_at,
    )


def _read_decision(state: ReplacementState, decision: Decision) -> None:
    """5.2, 6.2: the decision of quality control is checked against the audit, once."""
    if state.at is Stage.DECIDING and state.deciding is not None and not state.taking:
        state.taking, decision.take = True, state.deciding


def _destroy_secret(state: ReplacementState, decision: Decision, now: datetime) -> None:
    """5.1: at the end of the case, whatever the end, the client's password is destroyed."""
    if state.secret is not None and not state.secret_destroyed and not state.destroying:
        state.destroying = True
        decision.destroy = SecretToDestroy(secret=state.secret, case=state.address, now=now)


# --- the end --------------------------------------------------------------------------------------------------------


def _unfinished(state: ReplacementState) -> bool:
    """Whether an ending case has yet to say something, to learn what became of what it said, or to see the password destroyed."""
    kept = state.secret is not None and not state.secret_destroyed
    return bool(state.tells or state.letters_out or kept or uncounted(state))
