"""What our own activities answer a replacement: billing, the network, the audit, the reading of a decision, the post, the secret store.

What a replacement learns after its end changes nothing: the question was on its way.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations import correspondence
from regulations.case import Wait
from regulations.effects import Letter, LetterOutcome
from regulations.obligations import incident
from regulations.replacement.checks import LIMIT
from regulations.replacement.crediting import finish, hear_before_credit, next_entry, want_credit
from regulations.replacement.duties import open_duty, prove, refuse, tell_control, tell_franchisee
from regulations.replacement.effects import (
    AccountAnswer,
    AuditAnswer,
    AuditQuestion,
    DecisionAnswer,
    DecisionQuestion,
    LinksAnswer,
    SecretToDestroy,
)
from regulations.replacement.state import ENDS, HEAD_OFFICE, QUALITY_CONTROL, TECHNICAL, Ground, ReplacementState, Stage


def learn_account(state: ReplacementState, answer: AccountAnswer, now: datetime) -> None:
    """Takes what billing says of the account: for the checks of the request, or before a credit (2)."""
    state.asking_account = False
    if state.at in ENDS:
        return
    state.account = answer
    if state.at is Stage.CHECKING and state.requested is not None:
        # Of a tariff that still runs the answer is not asked for; its count brings the offset in which letters write instants.
        state.waits[LIMIT] = Wait(term=state.settings.request_limit, start=answer.ran_out_at or state.request.happened_at)
    hear_before_credit(state, answer, now)


def learn_links(state: ReplacementState, answer: LinksAnswer | None, now: datetime) -> None:
    """Takes what was found of the links; None: nobody could say, which is a note for quality control like a link that is silent."""
    state.asking_links = False
    if state.at not in ENDS:
        state.links = answer or LinksAnswer(silent=tuple(sorted(links_of(state))))


def links_of(state: ReplacementState) -> dict[str, str]:
    """The links of the request, by what they are."""
    request = state.request
    own = {"crm": request.crm.link, "instructions": request.crm.instructions} if request.crm is not None else {}
    return {"script": request.script, **own}


# --- 5.2: the audit, and the decision on it -------------------------------------------------------------------------


def learn_audit(state: ReplacementState, question: AuditQuestion, answer: AuditAnswer | None, now: datetime) -> None:
    """Takes the audit; None: it could not be made.

    Of an export that another one has replaced meanwhile it says nothing. One that cannot be judged leaves an earlier audit as it was.
    """
    state.auditing = None
    if state.at is not Stage.AUDITING or state.export is None or state.export.sha256 != question.export:
        return
    if answer is None or answer.problem:
        _unusable(state, question, answer, now)
        return
    state.audited, state.audited_at, state.audit = question.export, now, answer
    state.note("audit", now, now, key=f"audit#{question.export}#{question.now.isoformat()}", note=question.export[:12])
    if answer.barred:
        grounds = [Ground(clause=clause, code="barred") for clause in answer.barred]
        refuse(state, grounds, now, f"audit#{question.export[:12]}", now)
        state.tell(QUALITY_CONTROL, "request_barred", f"audit#{question.export[:12]}", now, {"clause": answer.barred[0]})
        return
    state.stage = Stage.AWAITING_DECISION
    tell_control(state, "replacement/audit", question.export, now)
    if state.request.asked > answer.cards:
        tell_franchisee(state, "replacement/fewer_cards", str(answer.cards), now, {"cards": answer.cards})


def _unusable(state: ReplacementState, question: AuditQuestion, answer: AuditAnswer | None, now: datetime) -> None:
    """The technical specialists are told what is wrong with the export: another one is waited for."""
    key = f"export#{question.export[:12]}#{now.isoformat()}"
    state.export = None
    state.stage = Stage.AWAITING_EXPORT if state.audit is None else Stage.AWAITING_DECISION
    if answer is None:
        incident(state, key, "export_unread", now, f"replacement 5.2: {question.export[:12]}")
        state.tell(TECHNICAL, "export_unread", key, now, {"clause": "5.2"})
    else:
        state.note("export_unusable", now, now, key=key, note=answer.problem)
        state.tell(TECHNICAL, "export_unusable", key, now, {"clause": "5.2", "problem": answer.problem})


def learn_decision(state: ReplacementState, question: DecisionQuestion, answer: DecisionAnswer | None, now: datetime) -> None:
    """Takes what came of a decision of quality control; None: it could not be read.

    One that counts meets 5.2 at its own time and opens 5.3; one with problems counts for nothing, and another is waited for.
    """
    key, state.deciding, state.deciding_key, state.taking = state.deciding_key, None, "", False
    if state.at is not Stage.DECIDING:
        return
    if answer is None or answer.problems:
        state.stage = Stage.AWAITING_DECISION
        if answer is None:
            incident(state, f"decision#{key}", "decision_unread", now, "replacement 5.2")
            for role in (QUALITY_CONTROL, TECHNICAL):
                state.tell(role, "decision_unread", f"decision#{key}", now, {"clause": "5.2"})
        else:
            state.note("decision_problems", now, now, key=f"decision#{key}", note=str(len(answer.problems)))
            problems: list[JsonValue] = list(answer.problems)
            tell_control(state, "replacement/decision_problems", key, now, {"problems": problems})
        return
    state.decision, state.decided_at, state.decided_by = answer, question.at, question.by
    state.note("decision", question.at, now, key=f"decision#{key}", note=f"{answer.accepted} / {answer.rejected} → {answer.amount}")
    prove(state, "5.2", question.at, key, now)
    if next_entry(state) is None:
        finish(state, now)
    else:
        open_duty(state, "5.3", question.at, now)
        want_credit(state)


# --- the post, the secret store -------------------------------------------------------------------------------------


def learn_letter(state: ReplacementState, letter: Letter, outcome: LetterOutcome | None, now: datetime) -> None:
    """Takes what became of a letter; None: the post refused it for good."""
    correspondence.learn_letter(state, letter, outcome, HEAD_OFFICE, now)


def learn_destroyed(state: ReplacementState, secret: SecretToDestroy, now: datetime) -> None:
    """The client's password is gone; told again it changes nothing."""
    state.destroying = False
    if not state.secret_destroyed:
        state.secret_destroyed = True
        state.note("secret_destroyed", now, now, key="secret_destroyed")
