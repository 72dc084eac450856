"""A manager's partners: the next meeting, its pack (partner 8.1), the report (8.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from activities import errors
from activities.calendars import calendar_of
from activities.keyed import database_errors
from regulations.company import Person
from regulations.effects import KeptFile
from regulations.partner import pack as packs
from regulations.partner import report as reports
from regulations.partner.effects import MeetingAnswer, MeetingQuestion, Pack, PackQuestion
from regulations.partner.meetings import next_meeting
from regulations.partner.pack import MeetingPack
from regulations.partner.pack_words import Heading, file_name, letter_values, pack_sheets
from regulations.partner.report import Deal, ManagerReport, Receipt
from regulations.partner.rows import DealRow, PartnerRow
from regulations.time.calendar_spec import CalendarError, CalendarSpec
from runtime.files import FileStore
from runtime.portfolio import ManagerRows, PortfolioReader
from runtime.spreadsheets import CONTENT_TYPE, workbook


@dataclass(frozen=True)
class Made:
    """The pack and the report of a manager, from the rows of the registers."""

    pack: MeetingPack
    report: ManagerReport
    heading: Heading

    def workbook(self) -> bytes:
        """The pack as a file: the same rows at the same time give the same bytes."""
        title = self.heading.word("pack", "title")
        return workbook(pack_sheets(self.pack, self.report, self.heading), title=title, made_at=self.heading.made_at)


def make(rows: ManagerRows, heading: Heading, since: datetime | None) -> Made:
    """What the rows come to, as of the heading's instant; ``since`` is the meeting before."""
    partners = [PartnerRow.model_validate(row) for row in rows.partners]
    deals = [Deal(uid=deal.uid, row=DealRow.model_validate(deal.columns)) for deal in rows.deals]
    receipts = [Receipt(**vars(one)) for one in rows.allocated]
    return Made(
        packs.build(partners, rows.overdue, since, heading.made_at),
        reports.build(partners, deals, receipts, heading.local),
        heading,
    )


def heading_of(
    manager: str,
    people: Mapping[str, Person],
    language: str,
    local: Callable[[datetime], datetime],
    made_at: datetime,
    meeting: datetime | None = None,
) -> Heading:
    """What the pages of a manager tell: its name where the company's file knows it, else its id."""
    person = people.get(manager)
    return Heading(person.name if person is not None else manager, meeting, made_at, language, local)


class Portfolio:
    """Reads the calendars and the registers of partner support, and keeps the workbooks of packs."""

    def __init__(
        self, reader: PortfolioReader, keeper: FileStore, calendars: Mapping[str, CalendarSpec], people: Mapping[str, Person]
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
    async def next_meeting(self, question: MeetingQuestion) -> MeetingAnswer | None:
        """8.1: the next meeting by a schedule; None: within a year there is none. Depends on nothing but the question and the calendar.

        Raises:
            ApplicationError: ``Misconfigured`` (repeated by Temporal): there is no such calendar, or it ends too soon.
        """
        try:
            return next_meeting(question, calendar_of(question.calendar, self._calendars))
        except CalendarError as e:
            raise errors.transient(str(e), type=errors.MISCONFIGURED) from e

    @activity.defn
    async def build_pack(self, question: PackQuestion) -> Pack:
        """8.1, 8.2: build the pack of a meeting from the registers as they stand, and keep its workbook under its SHA-256.

        Raises:
            ApplicationError: ``Unavailable`` and ``Misconfigured``, both repeated by Temporal; ``Invalid`` for good.
        """
        with database_errors():
            rows = await self._reader.of(question.manager)
        local = calendar_of(question.calendar, self._calendars).local
        heading = heading_of(question.manager, self._people, question.language, local, question.now, question.meeting)
        made = make(rows, heading, question.since)
        with database_errors():
            sha256 = await self._keeper.keep(made.workbook(), question.now)
        return Pack(
            file=KeptFile(name=file_name(heading, "pack"), content_type=CONTENT_TYPE, sha256=sha256),
            values=letter_values(made.pack, made.report, heading),
            partners=len(made.pack.partners),
            gaps=len(made.pack.unprepared),
        )
