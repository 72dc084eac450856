"""The papers of a client manager: which are owed next, and what stands in them (onboarding 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from pydantic import JsonValue
from temporalio import activity

from activities import errors
from activities.calendars import calendar_of
from activities.keyed import database_errors
from regulations.company import Person
from regulations.effects import KeptFile
from regulations.onboarding import paper_lines as lines
from regulations.onboarding import paper_words as words
from regulations.onboarding.effects import DrawnPaper, DrawnPapers, PapersAnswer, PapersQuestion, PapersToDraw
from regulations.onboarding.papers import next_papers
from regulations.onboarding.rows import PlannedVisitRow, ServiceClientRow, ServiceRecordRow
from regulations.sheets import Sheet
from regulations.time.calendar_spec import CalendarError, CalendarSpec
from regulations.time.terms import TermError
from regulations.time.working_time import WorkingTime
from runtime.files import FileStore
from runtime.service_reader import ServiceReader, ServiceRows
from runtime.spreadsheets import CONTENT_TYPE, workbook

_DAY = timedelta(days=1)


def kept_by(manager: str, rows: ServiceRows) -> lines.Kept:
    """What the rows come to."""
    return lines.Kept(
        manager=manager,
        clients=tuple(ServiceClientRow.model_validate(row) for row in rows.clients),
        names=dict(rows.names),
        done=tuple(lines.Done(row=ServiceRecordRow.model_validate(one.columns), learnt_at=one.learnt_at) for one in rows.done),
        visits=tuple(PlannedVisitRow.model_validate(row) for row in rows.visits),
    )


class ServicePapers:
    """Reads the calendars and the registers of service, and keeps the workbooks of papers."""

    def __init__(
        self, reader: ServiceReader, keeper: FileStore, calendars: Mapping[str, CalendarSpec], people: Mapping[str, Person]
    ) -> None:
        """
        Args:
            reader: The registers.
            keeper: Where workbooks are kept until their letters have gone.
            calendars: Of the company, by name.
            people: Of the company, by id.
        """
        self._reader = reader
        self._keeper = keeper
        self._calendars = calendars
        self._people = people

    @activity.defn
    async def next_papers(self, question: PapersQuestion) -> PapersAnswer:
        """4.4: the papers of the next working day. Depends on nothing but the question and the calendar.

        Raises:
            ApplicationError: ``Misconfigured`` (repeated by Temporal): there is no such calendar, it ends too soon, or a term is none.
        """
        try:
            return next_papers(question, calendar_of(question.calendar, self._calendars))
        except (CalendarError, TermError) as e:
            raise errors.transient(str(e), type=errors.MISCONFIGURED) from e

    @activity.defn
    async def draw_papers(self, question: PapersToDraw) -> DrawnPapers:
        """4.4: draw papers up from the registers as they stand, all from the same rows, and keep each workbook under its SHA-256.

        Raises:
            ApplicationError: ``Unavailable`` and ``Misconfigured``, both repeated by Temporal; ``Invalid`` for good.
        """
        calendar = calendar_of(question.calendar, self._calendars)
        since = min([calendar.local(question.now).date(), *(paper.since for paper in question.papers)])
        until = max(paper.last for paper in question.papers) + _DAY
        bounds = [calendar.local(datetime.combine(day, time())) for day in (since, until)]
        with database_errors():
            rows = await self._reader.of(question.manager, bounds[0], bounds[1], question.reported_at)
        kept = kept_by(question.manager, rows)
        person = self._people.get(question.manager)
        name = person.name if person is not None else question.manager
        drawn = [
            await self._draw(question, kept, self._heading(question, number, name, calendar)) for number in range(len(question.papers))
        ]
        return DrawnPapers(manager=name, papers=tuple(drawn))

    def _heading(self, question: PapersToDraw, number: int, name: str, calendar: WorkingTime) -> words.Heading:
        return words.Heading(name, question.papers[number], question.now, question.language, calendar.local)

    async def _draw(self, question: PapersToDraw, kept: lines.Kept, heading: words.Heading) -> DrawnPaper:
        sheets, values, number = _content(question, kept, heading)
        content = workbook(sheets, title=heading.title, made_at=heading.made_at)
        with database_errors():
            sha256 = await self._keeper.keep(content, question.now)
        file = KeptFile(name=words.file_name(heading), content_type=CONTENT_TYPE, sha256=sha256)
        return DrawnPaper(file=file, values=values, lines=number)


def _content(question: PapersToDraw, kept: lines.Kept, heading: words.Heading) -> tuple[tuple[Sheet, ...], dict[str, JsonValue], int]:
    """The sheets of a paper, what its letter says, how many lines it has."""
    if heading.paper.paper == "day_report":
        report = lines.report(heading.paper, kept, question.reported_at, question.now, heading.local)
        return words.report_sheets(report, kept, heading), words.report_values(report, kept, heading), len(report.done)
    plan = lines.plan(heading.paper, kept, question.now, heading.local)
    return words.plan_sheets(plan, kept, heading), words.plan_values(plan, kept, heading), len(plan.visits)
