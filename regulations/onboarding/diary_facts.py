"""What happens to a diary: messages from outside, and what its own activities answered.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy.
"""

from __future__ import annotations

from datetime import date, datetime

from regulations import correspondence
from regulations.case import UNMET, Obligation, Refusal, Standing
from regulations.clause_case import owe, prove
from regulations.clocks import calendar_changed
from regulations.effects import Letter, LetterOutcome
from regulations.messages import CalendarChanged, CaseMessage, Message
from regulations.obligations import (
    AHEAD,
    LONGEST,
    admit,
    apply_to_docket,
    check_instant,
    incident,
    not_before,
    only,
    taken,
    waive,
    waive_all,
)
from regulations.onboarding.case import CLIENT_MANAGER, GROUP_HEAD
from regulations.onboarding.diary_messages import (
    CLAUSES,
    DiaryBegun,
    DiaryEnded,
    OfDiary,
    OfPaper,
    Paper,
    PaperConfirmed,
    VisitCancelled,
    VisitPlanned,
)
from regulations.onboarding.diary_state import KIND, MOST_VISITS, AheadVisit, DiaryStage, DiaryState, Draw, Drawn, OwedPaper
from regulations.onboarding.effects import DrawnPapers, DuePaper, PapersAnswer, PapersQuestion
from regulations.onboarding.paper_titles import title
from regulations.onboarding.rows import PlannedVisitRow

PLANNERS = (CLIENT_MANAGER, GROUP_HEAD)
"""Who plans visits, and cancels them."""
STANDS = "stands"
"""The answer to a message that changes nothing, since what it says holds already."""
OFF = "paper_not_by_calendar"
"""Note of a duty that is let go since the calendar has no such paper."""


# --- messages -------------------------------------------------------------------------------------------------------


def diary_address(message: OfDiary) -> str:
    """The workflow id that a message goes to."""
    return f"{KIND}/{message.manager}"


def check_diary(message: DiaryBegun, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: with the type and the words for the sender.
    """
    check_instant(message.happened_at, now, "happened_at")


def apply(state: DiaryState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.started is None and not isinstance(message, DiaryBegun):
        raise Refusal("NotBegun", "this manager serves nobody yet; deliver service-diary.begun first")
    admit(state, message, now)
    if state.stage == DiaryStage.ENDED:
        raise Refusal("Ended", "this manager serves no clients any more")
    if isinstance(message, OfDiary) and diary_address(message) != state.address:
        raise Refusal("OtherManager", "the manager of the message is not the one of this diary")
    check_instant(message.happened_at, now, "happened_at")
    taken(state, message, type(message).__name__, now, _take(state, message, now))


def _take(state: DiaryState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case DiaryBegun():
            return _begin(state, message, now)
        case VisitPlanned():
            return _plan_visit(state, message, now)
        case VisitCancelled():
            return _cancel_visit(state, message)
        case PaperConfirmed():
            return _confirm(state, message, now)
        case DiaryEnded():
            return _end(state, message)
        case CalendarChanged():
            return _calendar(state, message, now)
        case OfPaper() if isinstance(message, CaseMessage):
            clause = message.clause
            return apply_to_docket(state, message, now, lambda: _meant(state, clause, message))
    raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a manager's diary")


def _begin(state: DiaryState, message: DiaryBegun, now: datetime) -> str:
    """Begins the diary. Told again, as each service plan of the manager does, the newest group head stands."""
    check_diary(message, now)
    before = state.started
    if before is None:
        state.started, state.after, state.seek_at = message, now, now
    elif message.happened_at < before.happened_at:
        state.answer = STANDS
    else:
        head = message.group_head or before.group_head
        state.started = message.model_copy(update={"group_head": head, "zone": before.zone})
        state.opening_stale = state.opening_stale or (state.opening is not None and head != before.group_head)
    return state.begun.group_head or ""


def _end(state: DiaryState, message: DiaryEnded) -> str:
    only((GROUP_HEAD,), message.by, "end a manager's diary")
    waive_all(state, message.happened_at, "diary_ended")
    state.stage, state.papers, state.visits, state.drawn, state.seek_at, state.anew = DiaryStage.ENDED, [], {}, None, None, False
    return message.reason


def _calendar(state: DiaryState, message: CalendarChanged, now: datetime) -> str:
    """A working day may have become a day off, or the other way round: what is owed is sought anew."""
    ours = state.opening is not None and state.opening.calendar == message.calendar
    try:
        words = calendar_changed(state, message, now)
    except Refusal:
        if not ours:
            raise
        words = f"{message.calendar} {message.version}"
    state.anew = state.anew or ours
    return words


# --- 4.4.2: visits ---------------------------------------------------------------------------------------------------


def _plan_visit(state: DiaryState, message: VisitPlanned, now: datetime) -> str:
    """4.4.2: the newest plan of a visit stands."""
    only(PLANNERS, message.by, "plan a visit")
    if message.at < message.happened_at - AHEAD:
        raise Refusal(
            "PastVisit", "onboarding 4.4.2: a visit is planned before it takes place; one that was made is told to its service plan"
        )
    if message.at > now + LONGEST:
        raise Refusal("TooFar", f"onboarding 4.4.2: a visit can be planned at most {LONGEST.days} days ahead")
    known = state.visits.get(message.visit)
    if known is not None and message.happened_at < known.planned_at:
        raise Refusal("Outdated", "onboarding 4.4.2: a later plan of this visit is known; send this one with the time at which it was made")
    if known is None and len(state.visits) >= MOST_VISITS:
        raise Refusal("TooManyVisits", f"onboarding 4.4.2: {MOST_VISITS} visits lie ahead; plan nearer ones, or cancel some")
    visit = AheadVisit(
        client=message.client, at=message.at, minutes=message.minutes, purpose=message.purpose or "", planned_at=message.happened_at
    )
    state.visits[message.visit] = visit
    _put_visit(state, message.visit, visit)
    return f"{message.visit}: {state.local(message.at)}"


def _cancel_visit(state: DiaryState, message: VisitCancelled) -> str:
    """4.4.2: it stands in no plan any more."""
    only(PLANNERS, message.by, "cancel a visit")
    known = state.visits.pop(message.visit, None)
    if known is None:
        raise Refusal("NoSuchVisit", "onboarding 4.4.2: no such visit is planned, or it is long past; see its id in the plan")
    _put_visit(state, message.visit, known, cancelled=True)
    return f"{message.visit}: {message.reason}"


def _put_visit(state: DiaryState, id: str, visit: AheadVisit, *, cancelled: bool = False) -> None:
    """Its row rides along: it is written before the next paper is drawn up, together with all others."""
    row = PlannedVisitRow(
        seq=state.next_seq(),
        visit=id,
        manager=state.manager,
        client=visit.client,
        at=visit.at,
        minutes=visit.minutes,
        purpose=visit.purpose,
        state="cancelled" if cancelled else "planned",
    )
    state.rows = [other for other in state.rows if not (isinstance(other, PlannedVisitRow) and other.visit == id)]
    state.put(row, pressing=False)


# --- 4.4: papers -----------------------------------------------------------------------------------------------------


def _confirm(state: DiaryState, message: PaperConfirmed, now: datetime) -> str:
    """4.4: what the manager confirms was given in time if it was confirmed in time; the earliest confirmation stands."""
    only((CLIENT_MANAGER,), message.by, "confirm a report or a plan of its own")
    named = [paper for paper in state.papers if _names(paper, message.paper, message.first)]
    if not named:
        raise Refusal("NoSuchPaper", f"onboarding 4.4: no such paper is owed, or the group head has it already; owed are: {_owed(state)}")
    if all(paper.confirmed_at is not None for paper in named):
        state.answer = STANDS
    for paper in named:
        duty = state.duty_of(paper)
        not_before(message.happened_at, duty.started_at, "the day of the paper")
        if paper.confirmed_at is None:
            paper.remark = message.remark
        paper.confirmed_at = min(message.happened_at, paper.confirmed_at or message.happened_at)
        # Its reminder was the draft: no notice of it lies in a register, so that the row of the duty may ride along.
        duty.warned = duty.warned and (duty.extensions > 0 or duty.moved_at is not None)
        prove(state, duty, message.happened_at, message.key, now)
    return "; ".join(title(state.language, paper.due) for paper in named)


def _names(paper: OwedPaper, kind: Paper | None, first: date | None) -> bool:
    """Whether a message names a paper: by its kind, by the day that the message calls its first, or by both."""
    if kind is None:
        return first in (None, paper.day)
    return paper.due.paper == kind and first in (None, paper.due.first)


def _expect(state: DiaryState, due: DuePaper, answer: PapersAnswer, now: datetime) -> None:
    """4.4: a paper is owed from now on, once. The manager is reminded by its draft."""
    clause = CLAUSES[due.paper]
    mark = f"{due.paper}/{due.first}"
    past = [o for o in state.obligations if o.key == f"{clause}/{mark}" or o.key.startswith(f"{clause}/{mark}/")]
    if any(o.note != OFF for o in past):
        return
    duty = owe(state, clause, due.start, now, f"{mark}/{len(past) + 1}" if past else mark)
    duty.warned = True
    state.papers.append(OwedPaper(due=due, day=answer.day, duty=duty.key))


def _meant(state: DiaryState, clause: str, message: OfPaper) -> Obligation:
    """Of the papers of a clause that the message names: the one whose clock stands; else the one that is open; else an overdue one."""
    named = [state.duty_of(paper) for paper in state.papers if _names(paper, message.paper, message.first)]
    unmet = [duty for duty in named if duty.clause == clause and duty.standing in UNMET]
    if not unmet:
        raise Refusal("NoSuchPaper", f"onboarding {clause}: no such paper is owed; owed are: {_owed(state)}")
    return min(unmet, key=lambda o: (not o.paused, o.standing is Standing.OVERDUE, o.started_at))


def _owed(state: DiaryState) -> str:
    return ", ".join(f"{paper.due.paper} {paper.due.first}" for paper in state.papers) or "none"


# --- what was answered ----------------------------------------------------------------------------------------------


def learn_papers(state: DiaryState, question: PapersQuestion, answer: PapersAnswer, now: datetime) -> None:
    """4.4: takes the papers of the next working day. What is known and, the calendar having changed, not owed after all is let go."""
    if state.stage == DiaryStage.ENDED:
        return
    owed = {(due.paper, due.first): due for due in answer.papers}
    for paper in state.open_papers():
        if paper.day in answer.off or (paper.day == answer.day and paper.name not in owed):
            waive(state, state.duty_of(paper), now, OFF)
            state.papers.remove(paper)
        elif (newer := owed.get(paper.name)) is not None:
            paper.due = newer
    known = {paper.name for paper in state.papers}
    for name, due in owed.items():
        if name not in known and due.draft_at > now:
            _expect(state, due, answer, now)
    state.seeking, state.day = False, answer.day
    state.asked_after, state.after, state.seek_at = question.after, answer.after, answer.after


def learn_drawn(state: DiaryState, draw: Draw, answer: DrawnPapers | None, now: datetime) -> None:
    """4.4: takes the papers that were drawn up; None: they cannot be drawn up at all, which only people can mend."""
    state.drawing = False
    if state.stage == DiaryStage.ENDED:
        return
    if answer is not None:
        state.drawn = Drawn(draw=draw, answer=answer)
        return
    for part in draw.parts:
        if (paper := state.paper(part.duty)) is not None:
            paper.drafted = True
            paper.handed = paper.handed or part.reading == "confirmed"
            paper.shown = paper.shown or part.reading == "unconfirmed"
    key = "+".join(f"{part.duty}@{part.reading}" for part in draw.parts)
    incident(state, f"papers#{key}", "papers_failed", now, f"onboarding 4.4: {key}")
    for role in (state.role(CLIENT_MANAGER), state.role(GROUP_HEAD)):
        state.tell(role, "papers_failed", f"papers#{key}#{role}", now, {"clause": "4.4.1"})


def learn_letter(state: DiaryState, letter: Letter, outcome: LetterOutcome | None, now: datetime) -> None:
    """Takes what became of a letter. What did not go out the manager is told of."""
    correspondence.learn_letter(state, letter, outcome, state.role(CLIENT_MANAGER), now)
