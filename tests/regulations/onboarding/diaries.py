"""A manager's diary that runs its course in memory, with the real calendar of papers; what is drawn up says no more than its title."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from regulations.effects import KeptFile, Letter
from regulations.messages import Actor
from regulations.onboarding import diary_facts as facts
from regulations.onboarding import diary_messages as m
from regulations.onboarding.diary_decisions import Decision, decide
from regulations.onboarding.diary_state import KIND, DiaryStage, DiaryState, Draw
from regulations.onboarding.effects import DrawnPaper, DrawnPapers
from regulations.onboarding.paper_titles import title
from regulations.onboarding.papers import next_papers
from regulations.time.calendar_spec import CalendarSpec
from tests.regulations.course import KYIV, KYIV_OFFICE, Course, local

MANAGER, HEAD = Actor(id="u41", role="client_manager"), Actor(id="u21", role="group_head")
ROLES = ("client_manager", "client_manager:u41", "group_head", "group_head:u21", "group_head:u22", "head_of_client_department")
MONDAY = "2026-11-16 10:00"
"""Tuesday's plan is owed with Monday's report: both at 18:00, drafts at 17:00."""


class Diary(Course[DiaryState, Decision]):
    """The diary of the manager u41, with a clock of its own. Silent may be: calendar, draw, post, registers."""

    company = "Моя компанія"
    company_calendar = KYIV_OFFICE
    waits_for_registers = True

    def __init__(self, start: str = MONDAY, calendar: CalendarSpec = KYIV_OFFICE) -> None:
        state = DiaryState(kind=KIND, address=f"{KIND}/u41", uid="uid-1", stage=DiaryStage.KEPT)
        super().__init__(start, state, facts.apply, decide, ROLES, {"manager": "u41", "by": MANAGER}, calendar)
        self.draws_up = True
        """Whether papers can be drawn up."""
        self.draws: list[tuple[str, Draw]] = []
        """When each was asked for."""
        self.handed: list[tuple[str, Letter]] = []
        """When each letter was handed to the post."""

    def act(self, decision: Decision) -> None:
        for letter in decision.letters:
            self.handed.append((local(self.now, KYIV), letter))
            self.send(letter, facts.learn_letter)
        if (draw := decision.draw) is not None:
            self._draw(draw)
        if (question := decision.seek) is not None:
            self.when("calendar", lambda: facts.learn_papers(self.state, question, next_papers(question, self.calendar), self.now))

    def _draw(self, draw: Draw) -> None:
        self.draws.append((local(self.now, KYIV), draw))
        answer = self.drawn(draw) if self.draws_up else None
        self.when("draw", lambda: facts.learn_drawn(self.state, draw, answer, self.now))

    def drawn(self, draw: Draw) -> DrawnPapers:
        """What the registers come to."""
        file = KeptFile(name="План.xlsx", content_type="application/xlsx", sha256="a" * 64)
        papers = tuple(DrawnPaper(file=file, values={"title": title("uk", paper)}, lines=0) for paper in draw.question.papers)
        return DrawnPapers(manager="Олена Коваль", papers=papers)

    def begin(self, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(m.DiaryBegun, happened, **{"group_head": "u21", **fields})

    def visit(self, id: str, at: str, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(m.VisitPlanned, happened, visit=id, at=self.at(at), **{"client": "c-1", **fields})

    def cancel(self, id: str, **fields: Any) -> Self:
        return self.say(m.VisitCancelled, visit=id, reason="клієнт попросив", **fields)

    def confirm(self, first: str, paper: m.Paper | None = None, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(m.PaperConfirmed, happened, paper=paper, first=date.fromisoformat(first), **fields)

    def refused_confirm(self, first: str, paper: m.Paper | None = None, happened: datetime | None = None, **fields: Any) -> str:
        return self.refused(m.PaperConfirmed, happened, paper=paper, first=date.fromisoformat(first), **fields)

    # --- what is asked in tests

    def owed(self) -> dict[str, str]:
        """Each paper that is owed → when its draft is drawn up."""
        return {f"{paper.due.paper} {paper.due.first}": self.local(paper.due.draft_at) for paper in self.state.papers}

    def sent(self) -> list[tuple[str, str, str]]:
        """When each letter was handed to the post, which, and its titles."""
        return [(when, letter.template.removeprefix("service/"), str(letter.values["titles"])) for when, letter in self.handed]


def diary(start: str = MONDAY, calendar: CalendarSpec = KYIV_OFFICE, **fields: Any) -> Diary:
    """A diary that has begun."""
    return Diary(start, calendar).begin(**fields)
