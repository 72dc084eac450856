"""The monthly report of accepted clients (handoff 4.4): how it stands, building it once, sending it."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client

from activities import errors
from activities.email import Correspondence
from activities.keyed import database_errors
from regulations.dates import month_words
from regulations.effects import Letter, OnUnknown
from regulations.handoff import report as rules
from regulations.handoff.report import ENTRIES, ContactDuty, Month, Registered, Report, Section
from regulations.handoff.report_case import CLAUSE, RECIPIENTS
from regulations.handoff.report_effects import (
    BuiltReport,
    ReportMark,
    ReportQuestion,
    ReportStanding,
    ReportToBuild,
    ReportToSend,
    SentReport,
)
from regulations.handoff.report_words import file_name, sheets, summary
from regulations.handoff.rows import AcceptedClientRow
from regulations.handoff.state import KIND
from regulations.plans import Address
from regulations.read_out import ReadOut
from regulations.time.calendar_spec import CalendarError, CalendarSpec
from regulations.time.working_time import WorkingTime, working_time
from runtime.reports import RegisteredClient, ReportHead, ReportLine, ReportsCrossedError, ReportStore, StoredReport
from runtime.spreadsheets import CONTENT_TYPE, workbook

CONTACT = "2.2.4"
ASKED_AT_ONCE = 8
"""Running cases that are asked at the same time: each query may cost a worker the replay of a whole case."""
PATIENCE = timedelta(minutes=2)
"""For asking all of them: a report goes out with what is known by then."""


class CaseReader:
    """Asks running cases."""

    def __init__(self, client: Client) -> None:
        """The client stays the caller's."""
        self._client = client

    async def contact(self, entry: Registered) -> ContactDuty | None:
        """2.2.4 of the round, as its case knows it now; None: the case cannot be asked, or its address has passed to another one."""
        handle = self._client.get_workflow_handle(entry.address)
        try:
            read: ReadOut = await handle.query("case", result_type=ReadOut, rpc_timeout=timedelta(seconds=10))
        except Exception:  # no failure of one case may stop the report of all: its contact is not known yet
            return None
        if read.uid != entry.case_uid:
            return None
        key = f"{CONTACT}/{entry.row.round}"
        found = next((o for o in read.obligations if o.key == key), None)
        return None if found is None else ContactDuty(state=found.state, due=found.due, met_at=found.met_at)


class Reports:
    """Builds the report of a month once, keeps it, and sends what is kept."""

    def __init__(
        self,
        store: ReportStore,
        correspondence: Correspondence,
        cases: CaseReader,
        *,
        company: str,
        calendar: CalendarSpec,
        roles: Mapping[str, Address],
    ) -> None:
        """
        Args:
            store: Where reports are kept, and the registers that they are made from.
            correspondence: Sends the letter, under its key.
            cases: Who is asked for what the registers do not know yet.
            company: Name of the company.
            calendar: The company's: its zone says where a month begins (4.1).
            roles: Where each role is reached.
        """
        self._store = store
        self._correspondence = correspondence
        self._cases = cases
        self._company = company
        self._calendar = calendar
        self._roles = dict(roles)

    @activity.defn(name="report_standing")
    async def standing(self, question: ReportQuestion) -> ReportStanding:
        """Which month a run is for, and how its report stands.

        Raises:
            ApplicationError: ``Invalid`` (for good): no month of the calendar, or one that is not over; ``Unavailable``.
        """
        calendar = self._working_time()
        text = question.month or rules.month_before(question.begun, calendar)
        month = self._month(text, calendar)
        if question.now < month.ends:
            raise errors.permanent(f"the month {text} is not over: ask for its report once it is", type=errors.INVALID)
        with database_errors():
            head = await self._store.head(KIND, text)
            recorded = await self._store.obligation(f"report-{KIND}-{text}", CLAUSE)
        state, seq = recorded or (None, 0)
        return ReportStanding(month=month, built=_built(head) if head is not None else None, recorded=state, seq=seq)

    @activity.defn(name="build_report")
    async def build(self, asked: ReportToBuild) -> BuiltReport:
        """Build the report of a month and keep it, or give the one that is kept: its file is the same for ever.

        Args:
            asked: The month, which must be over. Its ``now`` becomes the time at which the report was built.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal) or ``Invalid`` (for good).
        """
        with database_errors():
            head = await self._store.head(KIND, asked.month)
            if head is not None:
                return _built(head)
            calendar = self._working_time()
            month = self._month(asked.month, calendar)
            found = await self._store.register(KIND, CONTACT)
            report = await self._report(month, found, calendar)
            content = workbook(
                sheets(
                    report,
                    company=self._company,
                    zone=self._calendar.tz,
                    built_at=asked.now,
                    calendar=calendar,
                    language=asked.language,
                ),
                title=f"{self._company}: {month_words(asked.language, asked.month)}",
                made_at=asked.now,
            )
            made = StoredReport(
                kind=KIND,
                month=asked.month,
                built_at=asked.now,
                name=file_name(asked.language, asked.month),
                digest=hashlib.sha256(content).hexdigest(),
                summary=summary(report, calendar, asked.language),
                sent_at=None,
                content=content,
            )
            try:
                return _built(await self._store.freeze(made, _lines(report)))
            except ReportsCrossedError as error:
                raise errors.transient(str(error), expected=True) from None

    @activity.defn(name="send_report")
    async def send(self, asked: ReportToSend) -> SentReport:
        """Send the report that is kept, with its file; the same key to the same people is sent once.

        The file is read here and handed to the same machinery as every letter: it may be larger than what Temporal lets pass between
        a workflow and an activity. Where the server may have taken an earlier attempt the same bytes go out again: a report that comes
        twice harms nobody, one that waits for a person breaks 4.4.

        Raises:
            ApplicationError: as ``send_letter``; ``Misconfigured`` also when none of the roles has an address.
        """
        with database_errors():
            stored = await self._store.find(KIND, asked.month)
        if stored is None:
            raise errors.transient(f"the report of {asked.month} has not been built yet")
        to = sorted({self._roles[role].email for role in RECIPIENTS if role in self._roles})
        if not to:
            words = f"none of the roles {', '.join(RECIPIENTS)} has an address: add them to [roles] of the company's file"
            raise errors.permanent(words, type=errors.MISCONFIGURED)
        recipients = hashlib.sha256("\n".join(to).encode()).hexdigest()[:16]  # other people: another letter
        attachment = {"name": stored.name, "content_type": CONTENT_TYPE, "content": b64encode(stored.content)}
        letter = Letter.model_validate(
            {
                "key": f"{asked.key}#{recipients}",
                "template": "report/handoff",
                "language": asked.language,
                "to": to,
                "values": {**stored.summary, "company": self._company, "file": stored.name},
                "attachments": [attachment],
                "on_unknown": OnUnknown.REPEAT,
                "now": asked.now,
            }
        )
        outcome = await self._correspondence.send_letter(letter)
        return SentReport(letter=outcome, missing=tuple(role for role in RECIPIENTS if role not in self._roles))

    @activity.defn(name="mark_report_sent")
    async def mark_sent(self, mark: ReportMark) -> None:
        """Note when a report went out first; twice is the same as once. Raises ApplicationError: ``Unavailable``."""
        with database_errors():
            await self._store.mark_sent(KIND, mark.month, mark.at)

    def _working_time(self) -> WorkingTime:
        try:
            return working_time(self._calendar)
        except CalendarError as e:
            raise errors.transient(str(e), type=errors.MISCONFIGURED) from e

    def _month(self, text: str, calendar: WorkingTime) -> Month:
        try:
            month = rules.month(text, calendar)
            calendar.due("first working day of month", month.ends)
        except (ValueError, CalendarError) as e:
            raise errors.permanent(f"there is no report of {text}: {e}", type=errors.INVALID) from None
        return month

    async def _report(self, month: Month, found: Sequence[RegisteredClient], calendar: WorkingTime) -> Report:
        """Builds the report twice: first to see whom it tells of, then with what their running cases know."""
        register = [_registered(client) for client in found]
        contacts = {
            (entry.case_uid, entry.row.round): ContactDuty.model_validate(client.duty)
            for entry, client in zip(register, found, strict=True)
            if client.duty is not None
        }
        reported = {(c.case_uid, int(c.columns["round"]), "accepted"): c.accepted_in for c in found if c.accepted_in is not None}
        first = rules.build(month, register, contacts, reported, calendar)
        unsure = rules.to_be_asked(first, register, contacts)
        for entry, answer in zip(unsure, await self._ask(unsure), strict=True):
            place = (entry.case_uid, entry.row.round)
            contacts.pop(place, None)
            if answer is not None:
                contacts[place] = answer
        return rules.build(month, register, contacts, reported, calendar)

    async def _ask(self, entries: Sequence[Registered]) -> list[ContactDuty | None]:
        """What the running cases answer, in the order of the entries; None where one cannot be asked in time."""
        turn = asyncio.Semaphore(ASKED_AT_ONCE)
        answers: list[ContactDuty | None] = [None] * len(entries)

        async def ask(number: int, entry: Registered) -> None:
            async with turn:
                answers[number] = await self._cases.contact(entry)

        tasks = [asyncio.create_task(ask(number, entry)) for number, entry in enumerate(entries)]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=PATIENCE.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        return answers


def _registered(client: RegisteredClient) -> Registered:
    return Registered(case_uid=client.case_uid, address=client.address, row=AcceptedClientRow.model_validate(dict(client.columns)))


def _lines(report: Report) -> list[ReportLine]:
    return [ReportLine(line.case_uid, line.round, ENTRIES[line.section], line.section) for line in report.counted()]


def _built(head: ReportHead) -> BuiltReport:
    counts = head.summary["counts"]
    assert isinstance(counts, dict)  # noqa: S101 - written by `summary`
    clients = [n for section in (Section.ACCEPTED, Section.LATER) if isinstance(n := counts[section.value], int)]
    return BuiltReport(name=head.name, digest=head.digest, clients=sum(clients), sent_at=head.sent_at)
