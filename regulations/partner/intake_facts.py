"""What happens to a partner's intake: messages from outside, and what its own activities answered.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy. Nothing here
decides what is due: that is `intake_decisions`.
"""

from __future__ import annotations

from datetime import datetime

from regulations.case import Evidence, Refusal
from regulations.clocks import calendar_changed
from regulations.effects import Told
from regulations.messages import CalendarChanged, CaseMessage, Message
from regulations.moved_terms import start_earlier
from regulations.obligations import (
    admit,
    apply_to_docket,
    check_instant,
    incident,
    not_before,
    only,
    taken,
    waive_all,
)
from regulations.partner.case import HEAD_OF_SALES, HEAD_OF_SUPPORT, SALES_MANAGER, SUPPORT_MANAGER
from regulations.partner.intake_messages import (
    Agreements,
    AgreementsNamed,
    HandedToMarketing,
    IntakePaid,
    MovedToWork,
    OfIntake,
    PartnerAccepted,
    QuestionAnswered,
    QuestionAsked,
    WithdrawOfIntake,
)
from regulations.partner.intake_state import ENDS, IntakeStage, IntakeState, NamedPart, Question
from regulations.spelling import folded


def intake_address(message: OfIntake) -> str:
    """The workflow id that a message goes to."""
    return f"partner/{message.deal}/intake"


def check_intake(message: MovedToWork, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: ``FromTheFuture`` or ``ImpossibleDate``, of the move or of the payment.
    """
    check_instant(message.happened_at, now, "happened_at")
    if message.paid_at is not None:
        check_instant(message.paid_at, now, "paid_at")


def apply(state: IntakeState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.started is None and not isinstance(message, MovedToWork):
        raise Refusal("NotBegun", "this intake has not begun; deliver partner-intake.moved_to_work first")
    admit(state, message, now)
    if state.at in ENDS:
        raise Refusal("Ended", f"the intake has ended as {state.stage}")
    if isinstance(message, OfIntake) and state.address != intake_address(message):
        raise Refusal("OtherIntake", "the deal of the message is not that of this intake")
    note = _take(state, message, now)
    taken(state, message, type(message).__name__, now, note)


def _take(state: IntakeState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case MovedToWork():
            return _begin(state, message, now)
        case HandedToMarketing():
            return _hand_over(state, message, now)
        case AgreementsNamed():
            return _name(state, message)
        case IntakePaid():
            check_instant(message.happened_at, now, "happened_at")
            _learn_payment(state, message.happened_at, message, now)
        case QuestionAsked():
            return _ask(state, message, now)
        case QuestionAnswered():
            return _answer(state, message, now)
        case PartnerAccepted():
            only((SUPPORT_MANAGER,), message.by, "accept a partner into work")
            not_before(message.happened_at, state.begun.happened_at, "the move to work")
            state.acceptance = _earliest(state.acceptance, message)
            if state.at is IntakeStage.AWAITING_ACCEPTANCE:
                state.stage = IntakeStage.ACCEPTED
        case WithdrawOfIntake():
            return _withdraw(state, message, now)
        case CalendarChanged():
            return calendar_changed(state, message, now)
        case CaseMessage():
            return apply_to_docket(state, message, now)
        case _:
            raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of an intake")
    return ""


def _earliest(known: Evidence | None, message: Message) -> Evidence:
    found = Evidence(happened_at=message.happened_at, key=message.key)
    return found if known is None or found.happened_at < known.happened_at else known


# --- 1.1 to 1.3 -----------------------------------------------------------------------------------------------------


def _begin(state: IntakeState, message: MovedToWork, now: datetime) -> str:
    if state.started is not None:
        raise Refusal("Open", "partner 1.1: the intake of this deal runs already; what is new comes with messages of its own")
    check_intake(message, now)
    state.started = message
    _put_parts(state, message.agreements, message)
    if message.paid_at is not None:
        _learn_payment(state, message.paid_at, message, now)
    return message.partner.id


def _hand_over(state: IntakeState, message: HandedToMarketing, now: datetime) -> str:
    """1.2: the entry counts with the status that the edition names; the table may also tell of the payment."""
    if state.opening is None:
        raise Refusal("NotCounted", "partner 1.2: the intake is just beginning; deliver this again in a minute")
    wanted = state.settings.handover_status
    if folded(message.status) != folded(wanted):
        raise Refusal("WrongStatus", f"partner 1.2: the entry counts with the status «{wanted}»; set it in the table and deliver it again")
    if message.paid_at is not None:
        check_instant(message.paid_at, now, "paid_at")
        _learn_payment(state, message.paid_at, message, now)
    state.handed = _earliest(state.handed, message)
    return message.status


def _name(state: IntakeState, message: AgreementsNamed) -> str:
    """1.3: a part may come alone; one that is left out stays as it was."""
    named = _put_parts(state, message.agreements, message)
    if not named:
        raise Refusal("NothingNamed", "partner 1.3: no part of the comment says anything; write the agreement, or «нет» for none")
    return ", ".join(named)


def _put_parts(state: IntakeState, agreements: Agreements, message: Message) -> list[str]:
    """Takes the parts that say something; gives their names. The newest text of each stands, whichever came last, and its first time."""
    named: dict[str, str] = {part: said for part, said in agreements.model_dump().items() if any(c.isalnum() for c in said)}
    for part, said in named.items():
        known = state.parts.get(part)
        newer = known is None or message.happened_at >= known.said_at
        state.parts[part] = NamedPart(
            text=said if known is None or newer else known.text,
            said_at=message.happened_at if known is None or newer else known.said_at,
            since=_earliest(known.since if known is not None else None, message),
        )
    return list(named)


# --- 1.4 ------------------------------------------------------------------------------------------------------------


def _ask(state: IntakeState, message: QuestionAsked, now: datetime) -> str:
    """1.4: the question is kept, and sales is told; the term of 3.1 keeps running."""
    only((SUPPORT_MANAGER, HEAD_OF_SUPPORT), message.by, "ask sales about a partner")
    if message.question in state.questions:
        raise Refusal("QuestionTaken", "partner 1.4: a question with this id was asked before; give every question an id of its own")
    state.questions[message.question] = Question(text=message.text)
    values = {"clause": "1.4", "question": message.question, "text": message.text}
    state.tell(state.role(SALES_MANAGER), "partner_question", message.key, now, {**values})
    return f"{message.question}: {message.text}"


def _answer(state: IntakeState, message: QuestionAnswered, now: datetime) -> str:
    """1.4: the answer is kept, and the support manager told; a second answer adds to the first."""
    only((SALES_MANAGER, HEAD_OF_SALES), message.by, "answer a question to sales")
    asked = state.questions.get(message.question)
    if asked is None:
        raise Refusal("UnknownQuestion", "partner 1.4: no question with this id was asked; name the id of the question")
    state.questions[message.question] = asked.model_copy(update={"answered": True})
    values = {"clause": "1.4", "question": message.question, "text": message.text}
    state.tell(state.role(SUPPORT_MANAGER), "partner_answer", message.key, now, {**values})
    return f"{message.question}: {message.text}"


# --- 3.1 ------------------------------------------------------------------------------------------------------------


def _learn_payment(state: IntakeState, at: datetime, message: Message, now: datetime) -> None:
    """3.1: the payment was posted at ``at``; of several tellings (the start, the hand-over table, the bank) the earliest counts, and moves
    the start of the term that runs."""
    known = state.paid
    if known is not None and at >= known.happened_at:
        return
    state.paid = Evidence(happened_at=at, key=message.key)
    if known is not None:
        moved = f"{state.local(known.happened_at)} → {state.local(at)}"
        state.note("payment_earlier", at, now, key=f"payment#{message.key}", source=message.source, note=moved)
    elif not isinstance(message, IntakePaid):
        state.note("payment", at, now, key=f"payment#{message.key}", source=message.source)
    if (o := state.newest("3.1")) is not None:
        start_earlier(state, o, at, now)


def learn_account(state: IntakeState, told: Told | None, now: datetime) -> None:
    """Takes what the partner's account answered; None: nobody was reached for a day. Where it did not begin, a person begins it."""
    if told is not None and told.result in ("done", "repeated"):
        state.account = "begun"
        state.note("account", now, now, key="account", note=state.begun.partner.id)
        return
    state.account = "failed"
    reason = f"{told.result} {told.type}: {told.text}" if told is not None else "Unavailable"
    incident(state, "account", "account_not_begun", now, reason[:300])
    state.tell(HEAD_OF_SUPPORT, "account_not_begun", "account", now, {"clause": "3.1", "partner": state.begun.partner.id})


# --- the end --------------------------------------------------------------------------------------------------------


def _withdraw(state: IntakeState, message: WithdrawOfIntake, now: datetime) -> str:
    """At any stage. An account that an acceptance has begun goes on: the head of support ends it, where it is to end."""
    only((HEAD_OF_SUPPORT, HEAD_OF_SALES), message.by, "withdraw an intake")
    not_before(message.happened_at, state.begun.happened_at, "the move to work")
    waive_all(state, message.happened_at, "withdrawn")
    state.stage = IntakeStage.WITHDRAWN
    for role in (SALES_MANAGER, SUPPORT_MANAGER):
        state.tell(state.role(role), "ended", message.key, now, {"reason": message.reason})
    return message.reason
