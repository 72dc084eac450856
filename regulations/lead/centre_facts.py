"""What happens to a service centre: every message applied, and what the register of measures and the leads answered.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from regulations.case import Refusal, Wait
from regulations.effects import CaseMessageToTell, Told
from regulations.lead.centre import OBJECTORS, CentreState, InForce, quarter_wait
from regulations.lead.centre_tellings import tell_people, tell_support
from regulations.lead.effects import ProposalAnswer, ProposalQuestion
from regulations.lead.messages import CentreDefined, Deleted, MeasureDecided, MeasureLifted, Moved, Objected, ObjectionDecided, OfCentre
from regulations.lead.state import SALES_SUPPORT
from regulations.messages import Actor, Message
from regulations.obligations import admit, check_instant, taken

LARGEST = 100_000
"""Bytes of a definition: it stands in the state, which must stay small."""
MOVES = frozenset({"move", "move_client"})
OUTCOMES = {"object": "objected", "uphold": "withdrawn", "reject": "restored", "lift": "lifted", "lapse": "lapsed"}
"""What has become of a proposal, by what was settled; of a decision it is ``decided`` or ``declined``."""


# --- messages -------------------------------------------------------------------------------------------------------


def check_centre(message: CentreDefined, now: datetime) -> None:
    """The checks of a definition that door and workflow make alike; whether there is such a zone only the door can say.

    Raises:
        Refusal: ``FromTheFuture``, ``ImpossibleDate``, ``TooLarge``.
    """
    check_instant(message.happened_at, now, "happened_at")
    if len(message.model_dump_json().encode()) > LARGEST:
        raise Refusal("TooLarge", f"the definition has more than {LARGEST} bytes; name fewer managers, or shorten their names")


def apply(state: CentreState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.definition is None and not isinstance(message, CentreDefined):
        raise Refusal("NotBegun", "this service centre has not been defined; deliver centre.defined first")
    admit(state, message, now)
    if not isinstance(message, OfCentre):
        raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a service centre")
    if message.code != state.code:
        raise Refusal("OtherCentre", "the code of the message is not that of this service centre")
    check_instant(message.happened_at, now, "happened_at")
    taken(state, message, type(message).__name__, now, _take(state, message, now))


def _take(state: CentreState, message: OfCentre, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case CentreDefined():
            return _define(state, message, now)
        case MeasureDecided():
            _only_support(message.by)
            if message.to == message.code:
                raise Refusal("SameCentre", "'to' names the centre that has the lead; name the one that is to get it")
            _ask(
                state,
                message,
                message.proposal,
                "decide",
                message.reason,
                measures=message.measures,
                to=message.to,
                fine=message.fine,
            )
        case Objected():
            if message.by.role not in OBJECTORS:
                raise Refusal("NotYours", f"only the roles {', '.join(sorted(OBJECTORS))} object for a service centre (10.1)")
            _ask(state, message, message.proposal, "object", message.text)
        case ObjectionDecided():
            _only_support(message.by)
            _ask(state, message, message.proposal, "uphold" if message.upheld else "reject", message.reason)
        case MeasureLifted():
            _only_support(message.by)
            _ask(state, message, message.proposal, "lift", message.reason)
        case _:
            raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a service centre")
    return message.proposal


def _define(state: CentreState, message: CentreDefined, now: datetime) -> str:
    """What is in force against the centre stays. In another zone its quarters end at other instants."""
    check_centre(message, now)
    before = state.definition
    if before is not None and message.happened_at < before.happened_at:
        raise Refusal(
            "Outdated", "a later definition of this centre is known; send this one with the time at which it was made, or not at all"
        )
    state.definition = message
    if before is not None and before.zone != message.zone:
        state.opening_stale = state.opening is not None
        for wait in state.waits.values():
            wait.plan, wait.verified = None, False
    return message.zone


def _only_support(by: Actor) -> None:
    if by.role != SALES_SUPPORT:
        raise Refusal("NotYours", f"only the role {SALES_SUPPORT} decides on measures (9.4)")


def _ask(state: CentreState, message: Message, proposal: str, what: str, reason: str, **more: object) -> None:
    """Queues what the register of measures is to settle; it answers one question at a time, in this order."""
    by = f"{message.by.role}:{message.by.id}" if message.by else ""
    fields = {"key": message.key, "centre": state.code, "proposal": proposal, "what": what, "reason": reason, "by": by}
    state.questions.append(ProposalQuestion.model_validate({**fields, "now": message.happened_at, **more}))


# --- what the register answered -------------------------------------------------------------------------------------


def learn_settled(state: CentreState, question: ProposalQuestion, answer: ProposalAnswer | None, now: datetime) -> None:
    """9.4, 10.1: what became of a decision, an objection, a lifting; None: the register could not take it at all."""
    state.questions = [q for q in state.questions if q.key != question.key]
    state.asking = None
    if answer is None or answer.result != "settled":
        _not_settled(state, question, "failed" if answer is None else answer.result, now)
        return
    outcome = OUTCOMES.get(question.what) or ("decided" if question.measures or question.fine else "declined")
    state.count(outcome)
    state.note(
        outcome, question.now, now, key=f"{question.key}#settled", note=f"{question.proposal} {', '.join(question.measures)}".strip()
    )
    _into_force(state, question, answer)
    _for_the_lead(state, question, answer, now)
    tell_people(state, outcome, question, answer, now)
    if outcome == "objected":
        tell_support(state, f"{question.key}#objected", "objection", now, proposal=question.proposal, code=state.code, why=question.reason)


def _into_force(state: CentreState, question: ProposalQuestion, answer: ProposalAnswer) -> None:
    """Keeps in the state what holds now. A quarter that runs out while an objection is open is over all the same."""
    proposal, name = question.proposal, quarter_wait(question.proposal)
    before = state.measures.get(proposal)
    if question.what == "object":
        if before is not None:
            state.measures[proposal] = before.model_copy(update={"suspended": True})
        return
    if not answer.in_force:
        state.measures.pop(proposal, None)
        state.waits.pop(name, None)
        return
    state.measures[proposal] = InForce(
        clause=answer.clause,
        product=answer.product,
        lead=answer.lead,
        measures=answer.in_force,
        since=before.since if before is not None else question.now,
    )
    if "left_out_for_quarter" not in answer.in_force:
        state.waits.pop(name, None)
    elif name not in state.waits:
        state.waits[name] = Wait(term="end of quarter", start=question.now)


def _quarter_over(state: CentreState, proposal: str) -> None:
    state.waits.pop(quarter_wait(proposal), None)
    taken = state.measures.pop(proposal)
    left = tuple(kind for kind in taken.measures if kind != "left_out_for_quarter")
    if left:
        state.measures[proposal] = taken.model_copy(update={"measures": left})


def _for_the_lead(state: CentreState, question: ProposalQuestion, answer: ProposalAnswer, now: datetime) -> None:
    """9.1.1, 9.1.4, 9.2: what a decision does to the lead, which is told to the very case and only while this centre holds it."""
    if question.what != "decide":
        return
    update = "deleted" if "delete" in question.measures else "moved" if MOVES & set(question.measures) else None
    if update is None:
        return
    role, _, person = question.by.partition(":")
    _, client, product = answer.lead.split("/")
    fields = {
        # The decision's key may be used by another message of the lead; this one is the same however often it is told.
        "key": f"measure-{hashlib.sha256(f'{state.uid}#{question.key}'.encode()).hexdigest()[:32]}",
        "happened_at": now,
        "by": {"id": person, "role": role},
        "client": client,
        "product": product,
        "uid": answer.lead_uid,
        "centre": state.code,
        "reason": question.reason,
        "measure": question.proposal,
    }
    message = Deleted.model_validate(fields) if update == "deleted" else Moved.model_validate({**fields, "to": question.to})
    state.to_tell.append(CaseMessageToTell(address=answer.lead, update=update, message=message.model_dump(mode="json", exclude_unset=True)))


def _not_settled(state: CentreState, question: ProposalQuestion, result: str, now: datetime) -> None:
    """Refused by the register: the decision of a person came to nothing, and a person has to know why."""
    state.count("refused")
    key = f"{question.key}#refused"
    tell_support(state, key, f"measure_{result}", now, proposal=question.proposal, code=state.code)
    if question.what == "object":
        tell_people(state, "refused", question, ProposalAnswer(result="unknown"), now)
    if question.what == "lapse":  # the quarter is over all the same; asked again, the register would say the same
        _quarter_over(state, question.proposal)


# --- what a lead answered -------------------------------------------------------------------------------------------


def learn_told(state: CentreState, told: CaseMessageToTell, answer: Told | None, now: datetime) -> None:
    """What the lead said to its measure; None: it could not be reached for a day."""
    key, proposal = str(told.message["key"]), str(told.message["measure"])
    if answer is not None and answer.result in ("done", "repeated"):
        state.count(told.update)
        state.note(f"told.{told.update}", now, now, key=key, note=told.address)
        return
    why = "no_answer" if answer is None else answer.result if answer.result == "no_case" else f"{answer.type}: {answer.text}"
    tell_support(state, key, "lead_refused", now, proposal=proposal, code=state.code, lead=told.address, why=why[:500])
