"""What a manager's diary knows: the papers that are owed now, the visits that lie ahead. What was done are rows in registers."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from regulations.case import Obligation, Standing
from regulations.long_clause_case import LongClauseCase
from regulations.onboarding.case import CLIENT_MANAGER, GROUP_HEAD, OnboardingCase
from regulations.onboarding.diary_messages import CLAUSES, DiaryBegun, Paper
from regulations.onboarding.effects import DrawnPapers, DuePaper, PapersQuestion, PapersToDraw

KIND = "service-diary"
DRAFTS, PAPERS = "service/drafts", "service/papers"
"""The letters: the drafts to the manager; the papers to the group head."""
MOST_VISITS = 500
"""Planned visits of a manager that lie ahead."""
Reading = Literal["draft", "confirmed", "unconfirmed"]
"""For what a paper is drawn up: for its manager to confirm; for the group head, as the manager confirmed it, or without."""


class DiaryStage(StrEnum):
    """Where it stands."""

    KEPT = "kept"
    ENDED = "ended"


class OwedPaper(BaseModel):
    """A paper that is owed, or has yet to be handed over."""

    model_config = ConfigDict(extra="forbid")

    due: DuePaper
    day: date
    """The working day on which it is owed."""
    duty: str
    """Key of its obligation."""
    drafted: bool = False
    """The manager has its draft."""
    confirmed_at: datetime | None = None
    remark: str = ""
    handed: bool = False
    """The group head has it as confirmed."""
    shown: bool = False
    """The group head has it unconfirmed, since its term ran out."""
    moved_at: datetime | None = None
    """The calendar's last move of its term that has been heeded."""

    @property
    def name(self) -> tuple[Paper, date]:
        return self.due.paper, self.due.first


class Part(BaseModel):
    """One paper of a draw, and for what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    duty: str
    reading: Reading


class Draw(BaseModel):
    """Papers to be drawn up on one occasion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parts: tuple[Part, ...]
    question: PapersToDraw


class Drawn(BaseModel):
    """A draw that was answered, until its letters go out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    draw: Draw
    answer: DrawnPapers


class AheadVisit(BaseModel):
    """A planned visit that lies ahead, or has hardly passed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client: str
    at: datetime
    minutes: int | None
    purpose: str
    planned_at: datetime
    """When it was planned, or moved."""


class DiaryState(LongClauseCase, OnboardingCase):
    """The whole durable state of a `ServiceDiary`; far under 256 KB when handed over, however many days there were."""

    started: DiaryBegun | None = None
    """The newest data."""
    papers: list[OwedPaper] = []
    """In the order in which they came to be owed."""
    day: date | None = None
    """The newest working day whose papers are owed."""
    after: datetime | None = None
    """The next papers are sought later than this."""
    asked_after: datetime | None = None
    """Later than this the newest ones were sought."""
    seek_at: datetime | None = None
    """When the next ones are sought at the latest; earlier where nothing is owed any more."""
    anew: bool = False
    """The calendar has changed: are those that are known still owed?"""
    seeking: bool = False
    drawing: bool = False
    drawn: Drawn | None = None
    reported_at: datetime | None = None
    """When the last report that the manager confirmed was drawn up."""
    visits: dict[str, AheadVisit] = {}

    @property
    def begun(self) -> DiaryBegun:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started

    @property
    def manager(self) -> str:
        return self.address.partition("/")[2]

    @property
    def people(self) -> dict[str, str]:
        head = self.started.group_head if self.started is not None else None
        return {CLIENT_MANAGER: self.manager, **({GROUP_HEAD: head} if head is not None else {})}

    @property
    def zone(self) -> str | None:
        return self.started.zone if self.started is not None else None

    @property
    def terms(self) -> dict[str, str]:
        """The terms of 4.4; what the edition leaves without one is not owed."""
        return {clause: term for clause in sorted(set(CLAUSES.values())) if (term := self.term(clause)) is not None}

    def paper(self, duty: str) -> OwedPaper | None:
        """The paper of an obligation."""
        return next((paper for paper in self.papers if paper.duty == duty), None)

    def duty_of(self, paper: OwedPaper) -> Obligation:
        duty = self.obligation(paper.duty)
        if duty is None:
            raise LookupError("a paper that is owed has its duty")
        return duty

    def open_papers(self) -> list[OwedPaper]:
        """Those that nobody has confirmed and whose term has not run out."""
        return [paper for paper in self.papers if paper.confirmed_at is None and self.duty_of(paper).standing is Standing.OPEN]

    def question(self) -> PapersQuestion:
        """What is asked for the next papers."""
        if self.opening is None or self.after is None:
            raise LookupError("nothing is asked before the opening")
        known = tuple(sorted({paper.day for paper in self.open_papers()}))
        return PapersQuestion(calendar=self.opening.calendar, after=self.after, terms=self.terms, known=known)

    def kept(self, o: Obligation) -> bool:
        return any(paper.duty == o.key for paper in self.papers)

    def heard_by(self, o: Obligation) -> list[str]:
        return sorted({o.owner, self.role(o.escalation)})

    def sure(self, o: Obligation) -> bool:
        """A term that the calendar has moved is no breach before it is known whether its paper is owed at all."""
        return o.moved_at is None or not (self.anew or self.seeking)
