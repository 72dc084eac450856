"""What a diary does now: the pure decision over its state and the time (onboarding 4.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import JsonValue

from regulations.breaches import earliest_wake, hold_terms, tell_inside, tell_of_terms, uncounted
from regulations.case import UNMET, Standing
from regulations.catalogue import text
from regulations.effects import KeptFile, Letter
from regulations.obligations import incident
from regulations.onboarding.case import CLIENT_MANAGER, GROUP_HEAD
from regulations.onboarding.diary_state import (
    DRAFTS,
    KIND,
    PAPERS,
    DiaryStage,
    DiaryState,
    Draw,
    Drawn,
    OwedPaper,
    Part,
    Reading,
)
from regulations.onboarding.effects import DrawnPaper, PapersQuestion, PapersToDraw, PaperToDraw
from regulations.onboarding.rows import PlannedVisitRow

MOST_ROWS = 20
"""Rows that ride along are written once there are so many: no register is further behind than some days."""
PASSED = timedelta(days=7)
"""So long after its hour a visit can still be moved or cancelled."""
_MOMENT = timedelta(seconds=1)


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: DiaryState
    seek: PapersQuestion | None = None
    draw: Draw | None = None
    letters: list[Letter] = field(default_factory=list)
    """4.4: drafts to the manager, papers to the group head."""
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return self.seek is not None or self.draw is not None or bool(self.letters)


def decide(before: DiaryState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is.

    All terms must have been counted (`regulations.clocks.terms_to_plan` gives none).
    """
    state = before.model_copy(deep=True)
    decision = Decision(state)
    if state.started is None:
        return decision
    _heed_calendar(state)
    tell_of_terms(state, hold_terms(state, now), now)
    if (drawn := state.drawn) is not None:
        state.drawn = None
        decision.letters = _letters(state, drawn, now)
    _forget(state, now)
    if state.stage != DiaryStage.ENDED:
        _seek(state, decision, now)
        _draw(state, decision, now)
    for tell in list(state.tells):
        tell_inside(state, tell, now)
        state.tells.remove(tell)
    state.letters_out += [letter.key for letter in decision.letters]
    state.pressing = state.pressing or len(state.rows) >= MOST_ROWS
    if state.stage == DiaryStage.ENDED and not (state.drawing or state.letters_out or uncounted(state)):
        state.ended, state.outcome = True, state.stage
    if (wake := earliest_wake(state, now, more=_instants(state))) is not None:
        decision.wake_at, decision.wake_for = wake
    return decision


# --- what is owed ---------------------------------------------------------------------------------------------------


def _heed_calendar(state: DiaryState) -> None:
    """A term that the calendar has moved since it was last heeded: its day may be no working day any more."""
    for paper in state.papers:
        if (moved_at := state.duty_of(paper).moved_at) != paper.moved_at:
            paper.moved_at, state.anew = moved_at, True


def _seek(state: DiaryState, decision: Decision, now: datetime) -> None:
    """There are always papers that are owed: once nobody owes those of a day, or it is over, those of the next one.

    Days that went by while nobody asked have none: what was done on them stands in the next report.
    """
    if state.opening is None or state.after is None or state.seek_at is None or state.seeking or not state.terms:
        return
    newest = [paper.due.start for paper in state.open_papers() if paper.day == state.day]
    if state.anew and newest and state.asked_after is not None:
        state.after = max(state.asked_after, min(now, min(newest) - _MOMENT))
    elif state.anew or now >= state.seek_at or not newest:
        state.after = max(state.after, now)
    else:
        return
    state.anew, state.seeking, decision.seek = False, True, state.question()


def _forget(state: DiaryState, now: datetime) -> None:
    """A paper is over once the group head has it confirmed, or its duty was let go; a visit, days after its hour."""
    state.forget()  # lets the oldest go where too many are overdue: their papers are over
    state.papers = [paper for paper in state.papers if not _over(state, paper)]
    state.forget()
    state.visits = {id: visit for id, visit in state.visits.items() if visit.at > now - PASSED}


def _over(state: DiaryState, paper: OwedPaper) -> bool:
    if paper.confirmed_at is None:
        return state.duty_of(paper).standing not in UNMET
    return paper.handed and state.duty_of(paper).standing not in UNMET


# --- what is drawn up -----------------------------------------------------------------------------------------------


def _reading(state: DiaryState, paper: OwedPaper, now: datetime) -> Reading | None:
    """For what a paper has to be drawn up now; None: it has not."""
    if paper.confirmed_at is not None:
        return None if paper.handed else "confirmed"
    duty = state.duty_of(paper)
    if duty.standing is Standing.OVERDUE:
        return None if paper.shown else "unconfirmed"
    due = duty.standing is Standing.OPEN and not duty.paused and now >= paper.due.draft_at
    return "draft" if due and not paper.drafted else None


def _draw(state: DiaryState, decision: Decision, now: datetime) -> None:
    """All that is to be drawn up now, at once, from registers that hold every visit that is planned."""
    parts = tuple(Part(duty=paper.duty, reading=reading) for paper in state.papers if (reading := _reading(state, paper, now)))
    opening = state.opening
    if not parts or state.drawing or opening is None:
        return
    if any(isinstance(row, PlannedVisitRow) for row in state.rows):
        state.pressing = True
        return
    papers = [paper.due for part in parts if (paper := state.paper(part.duty)) is not None]
    question = PapersToDraw(
        manager=state.manager,
        papers=tuple(PaperToDraw(paper=due.paper, since=due.since, first=due.first, last=due.last) for due in papers),
        reported_at=state.reported_at,
        calendar=opening.calendar,
        language=state.language,
        now=now,
    )
    state.drawing, decision.draw = True, Draw(parts=parts, question=question)


# --- what is said ---------------------------------------------------------------------------------------------------


def _letters(state: DiaryState, drawn: Drawn, now: datetime) -> list[Letter]:
    """One letter to the manager with its drafts, one to the group head with the rest. What has changed meanwhile is drawn up again."""
    drafts: list[tuple[OwedPaper, DrawnPaper]] = []
    papers: list[tuple[OwedPaper, DrawnPaper]] = []
    for part, made in zip(drawn.draw.parts, drawn.answer.papers, strict=True):
        paper = state.paper(part.duty)
        if paper is None or _reading(state, paper, now) != part.reading:
            continue
        if part.reading != "confirmed" and not paper.drafted:
            paper.drafted = True
            drafts.append((paper, made))
        if part.reading != "draft":
            papers.append((paper, made))
        paper.handed, paper.shown = part.reading == "confirmed", paper.shown or part.reading == "unconfirmed"
        if part.reading == "confirmed" and paper.due.paper == "day_report":
            state.reported_at = drawn.draw.question.now
    return [*_letter(state, DRAFTS, CLIENT_MANAGER, drafts, drawn, now), *_letter(state, PAPERS, GROUP_HEAD, papers, drawn, now)]


def _letter(
    state: DiaryState, template: str, role: str, papers: list[tuple[OwedPaper, DrawnPaper]], drawn: Drawn, now: datetime
) -> list[Letter]:
    """One letter with all the papers; a role without an address is an incident."""
    if not papers:
        return []
    person = state.role(role)
    address = state.opening.address_of(person) if state.opening is not None else None
    if address is None:
        incident(state, f"no-address#{person}", "role_without_address", now, f"{person}: {template}")
        return []
    values: dict[str, JsonValue] = {
        "company": state.company,
        "manager": drawn.answer.manager,
        "titles": "; ".join(str(made.values["title"]) for _, made in papers),
        "confirmed": all(paper.confirmed_at is not None for paper, _ in papers),
        "due": next((due for paper, _ in papers if (due := state.duty_of(paper).due_text)), ""),
        "papers": [_paper(state, paper, made) for paper, made in papers],
    }
    return [
        Letter(
            key=f"{state.uid}#{template}#{'+'.join(_mark(paper) for paper, _ in papers)}",
            template=template,
            language=state.language,
            to=(address.email,),
            values=values,
            files=tuple(_files(made for _, made in papers)),
            now=now,
        )
    ]


def _paper(state: DiaryState, paper: OwedPaper, made: DrawnPaper) -> dict[str, JsonValue]:
    confirmed = state.local(paper.confirmed_at) if paper.confirmed_at is not None else ""
    return {**made.values, "confirmed": confirmed, "remark": paper.remark}


def _mark(paper: OwedPaper) -> str:
    return f"{paper.duty}@{'confirmed' if paper.confirmed_at is not None else 'unconfirmed'}"


def _files(papers: Iterable[DrawnPaper]) -> list[KeptFile]:
    return [made.file for made in papers]


# --- the next instant -----------------------------------------------------------------------------------------------


def _instants(state: DiaryState) -> list[tuple[datetime, str]]:
    """Besides the terms: when drafts are drawn up, when the next papers are sought at the latest."""
    if state.stage == DiaryStage.ENDED:
        return []
    instants = [
        (paper.due.draft_at, text(state.language, KIND, "timer", "draft"))
        for paper in state.open_papers()
        if not paper.drafted and not state.duty_of(paper).paused
    ]
    if state.seek_at is not None:
        instants.append((state.seek_at, text(state.language, KIND, "timer", "seek")))
    return instants
