"""What happens to a service plan: messages from outside.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy. What its own
activities answer stands with what they are asked for (`plan_payments`, `plan_sales`, `plan_diary`).
"""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations.case import Refusal, Standing
from regulations.catalogue import text
from regulations.clocks import calendar_changed
from regulations.messages import CalendarChanged, CaseMessage, Message
from regulations.obligations import admit, apply_to_docket, check_instant, not_before, only, taken
from regulations.onboarding.case import CLIENT_MANAGER, GROUP_HEAD
from regulations.onboarding.plan_competitors import competitor_acted
from regulations.onboarding.plan_messages import (
    CertificateIssued,
    CompetitorActed,
    ContactNoted,
    DocumentPassed,
    FiguresNoted,
    NeedFound,
    OfPlan,
    PlanBegun,
    PlanEnded,
    PlanPaymentPosted,
    VisitMade,
)
from regulations.onboarding.plan_payments import payment_posted, payment_term
from regulations.onboarding.plan_rhythm import retime
from regulations.onboarding.plan_rows import in_hryvnias, record
from regulations.onboarding.plan_sales import need_found
from regulations.onboarding.plan_state import KIND, PAYMENT, SERVES, UPDATE, Figures, PlanStage, PlanState
from regulations.onboarding.plan_training import certificate_issued
from regulations.onboarding.plan_updates import visit_made
from regulations.plans import role_of

WHO_AND_WHEN = {"key", "happened_at", "source", "by"}
"""Fields of a message that are not what it says."""


def plan_address(message: OfPlan) -> str:
    """The workflow id that a message goes to."""
    return f"{KIND}/{message.client}"


def check_plan(message: PlanBegun, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: ``FromTheFuture``, ``ImpossibleDate``, of the beginning or of the installation; ``OtherClient``.
    """
    check_instant(message.happened_at, now, "happened_at")
    check_instant(message.installed_at, now, "installed_at")
    if message.person.id != message.client:
        raise Refusal("OtherClient", "'client' and 'person.id' name two clients; send the data of the client whose plan it is")


def apply(state: PlanState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.started is None and not isinstance(message, PlanBegun):
        raise Refusal("NotBegun", "this client is not served yet: its plan begins when it passes to service (onboarding 3.2)")
    admit(state, message, now)
    if state.at is PlanStage.ENDED:
        raise Refusal("Ended", "this client is not served any more; what happens now is of another service")
    if isinstance(message, OfPlan) and plan_address(message) != state.address:
        raise Refusal("OtherClient", "the client of the message is not that of this plan")
    check_instant(message.happened_at, now, "happened_at")
    taken(state, message, type(message).__name__, now, _take(state, message, now))


def _take(state: PlanState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case PlanBegun():
            return _begin(state, message, now)
        case VisitMade():
            return visit_made(state, message)
        case CertificateIssued():
            return certificate_issued(state, message)
        case PlanPaymentPosted():
            return payment_posted(state, message)
        case CompetitorActed():
            return competitor_acted(state, message, now)
        case NeedFound():
            return need_found(state, message)
        case ContactNoted():
            return _contact(state, message)
        case DocumentPassed():
            return _document(state, message)
        case FiguresNoted():
            return _figures(state, message)
        case PlanEnded():
            return _end(state, message, now)
        case CalendarChanged():
            return calendar_changed(state, message, now)
        case CaseMessage():
            _must_be_counted(state, message)
            return apply_to_docket(state, message, now)
    raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a service plan")


def _must_be_counted(state: PlanState, message: CaseMessage) -> None:
    """Nobody decides about a period whose end is not known: the next one follows it."""
    clause = getattr(message, "clause", "")
    if any(o.clause == clause and o.plan is None for o in state.unmet()):
        raise Refusal("NotCounted", f"onboarding {clause}: its term is being counted; deliver this again in a minute")


# --- the beginning and the end --------------------------------------------------------------------------------------


def _begin(state: PlanState, message: PlanBegun, now: datetime) -> str:
    """Begins the plan; told again, the newest data stand. Another manager gets what is owed, and both are told."""
    check_plan(message, now)
    before = state.started
    if before is None:
        state.started, state.begun_at, state.paid_before = message, message.happened_at, message.installed_at
        if message.manager is None:
            _tell(state, GROUP_HEAD, "plan_without_manager", message.key, now, {})
        else:
            _tell(state, CLIENT_MANAGER, "plan_begun", message.key, now, {"set": message.update_set})
        return message.manager or ""
    if message.model_dump(exclude=WHO_AND_WHEN) == before.model_dump(exclude=WHO_AND_WHEN):
        return message.manager or ""
    if message.happened_at < before.happened_at:
        raise Refusal("Outdated", "later data of this client are known; send these with the time at which they were made, or not at all")
    state.started = message
    retime(state, UPDATE, message.update_every, now)
    retime(state, PAYMENT, payment_term(message.payment_day), now)
    whom, whose = (message.manager, message.group_head, message.zone), (before.manager, before.group_head, before.zone)
    state.opening_stale = state.opening_stale or (whom != whose and state.opening is not None)
    if before.zone != message.zone:
        _count_anew(state)
    if before.manager != message.manager:
        for manager in (before.manager, message.manager):
            role = role_of(CLIENT_MANAGER, manager) if manager is not None else state.role(GROUP_HEAD)
            values = {"old": before.manager or "—", "new": message.manager or "—"}
            state.tell(role, "plan_passed", f"{message.key}#{role}", now, {"name": message.person.name, **values})
    return message.manager or ""


def _count_anew(state: PlanState) -> None:
    """The client is served in another zone: what is open is due by its calendar."""
    for o in state.obligations:
        if o.standing is Standing.OPEN and o.plan is not None:
            o.recount = text(state.language, KIND, "zone", zone=state.begun.zone)


def _end(state: PlanState, message: PlanEnded, now: datetime) -> str:
    """By the group head: nothing is owed any more once what was done has been counted."""
    only((GROUP_HEAD,), message.by, "end the service of a client")
    not_before(message.happened_at, state.begun_at, "the beginning of the service")
    state.stage, state.ended_at = PlanStage.ENDED, message.happened_at
    _tell(state, CLIENT_MANAGER, "plan_ended", message.key, now, {"reason": message.reason})
    return message.reason


def _tell(state: PlanState, role: str, what: str, key: str, now: datetime, values: dict[str, JsonValue]) -> None:
    state.tell(state.role(role), what, f"{what}#{key}", now, {"name": state.begun.person.name, **values})


# --- 4.8 to 4.13: what is recorded ----------------------------------------------------------------------------------


def _contact(state: PlanState, message: ContactNoted) -> str:
    """4.9"""
    only(SERVES, message.by, "report a contact")
    topics = ", ".join(text(state.language, KIND, "topic", topic) for topic in dict.fromkeys(message.topics))
    record(state, "contact", message.contact, message, [text(state.language, KIND, "record", "contact", topics=topics), message.remark])
    return topics


def _document(state: PlanState, message: DocumentPassed) -> str:
    """4.8"""
    only(SERVES, message.by, "report a document")
    kind = text(state.language, KIND, "document", message.kind)
    words = text(state.language, KIND, "record", message.direction, document=kind, number=message.document)
    record(state, "document", message.document, message, [words, message.remark])
    return f"{kind} {message.document}"


def _figures(state: PlanState, message: FiguresNoted) -> str:
    """4.10 to 4.13: what is left out stays as it was."""
    only(SERVES, message.by, "note the figures of a client")
    before = state.figures
    if before is not None and message.happened_at < before.noted_at:
        raise Refusal("Outdated", "onboarding 4.10: later figures of this client are known; send these with the time of their noting")
    said = {name: value for name in ("users", "monthly_sum", "loyalty") if (value := getattr(message, name)) is not None}
    known = before or Figures(noted_at=message.happened_at)
    state.figures = known.model_copy(update={**said, "noted_at": message.happened_at})
    words = {name: in_hryvnias(value) if name == "monthly_sum" else value for name, value in said.items()}
    return ", ".join(f"{text(state.language, KIND, 'figure', name)} {value}" for name, value in words.items())
