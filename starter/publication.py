"""Publishing a changed calendar: the cases whose terms depend on a changed day are told, until none counts with an older version.

Only after that is the version the published one. Interrupted, the same command goes on where it was: a case that was told answers that it
knows, and a term that was counted anew is no longer found.
"""

from __future__ import annotations

import asyncio
import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from regulations.messages import CalendarChanged
from regulations.obligations import SHORT_TERM
from regulations.plans import CONTROL
from regulations.time.calendar_change import CalendarDifference, day_table, difference
from regulations.time.term_spans import due_day
from regulations.time.working_time import WorkingTime
from runtime.published_calendars import CountedTerm, PublishedCalendar, PublishedCalendars
from starter.telling import AT_A_TIME, Answer, Pace, Tell, tell_all, tell_case

UPDATE = "calendar_changed"
SETTLED = timedelta(minutes=6)
"""How long the registers may show nothing new before the publication stops: longer than a case waits to write again (`options.RECORD`)."""
SUSPICION = timedelta(seconds=5)
"""How long a term that was counted anew may stand in an old version: a row that was being written while its case was told."""
OFTEN = 0.5


class NeverPublished(LookupError):
    """There is nothing to compare the calendar with."""


class VersionKept(ValueError):
    """The days of a calendar are others, its version is the same: no term can be told from another by it."""


class WorkersBehind(RuntimeError):
    """The workers count with other data than the ones to be published."""


class NothingMoves(RuntimeError):
    """The cases do not answer, or their registers show nothing new."""


@dataclass(frozen=True)
class Comparison:
    """A calendar as it is loaded now, against the one published last."""

    name: str
    calendar: WorkingTime
    days: dict[str, str]
    before: PublishedCalendar
    difference: CalendarDifference

    @property
    def version(self) -> str:
        return self.calendar.version


@dataclass
class Progress:
    """How far a publication has come."""

    told: int = 0
    """Cases that took the change."""
    known: int = 0
    """Cases that had taken it before an interruption."""
    not_touched: int = 0
    """Cases none of whose terms depends on a changed day any more."""
    silent: int = 0
    """Cases that did not answer, and of which the register knows no term that must be counted anew."""
    ended: dict[str, str] = field(default_factory=dict)
    """Case uid → address of the cases that have ended: their terms cannot move."""
    waiting: int = 0
    """Terms of told cases that the register does not show in the new version yet."""
    counted: int = 0
    """Terms that were counted anew."""
    moved: int = 0
    withdrawn: int = 0
    seconds: float = 0.0


async def compare(store: PublishedCalendars, name: str, calendar: WorkingTime) -> Comparison:
    """Compares a calendar with its version published last, and with those whose publication was begun and never finished.

    Raises:
        NeverPublished: it was never published.
        VersionKept: its data were changed under the old version.
        DatabaseUnavailableError.
    """
    before = await store.newest(name)
    if before is None:
        raise NeverPublished(f"calendar {name!r} was never published; reglament doctor --fix stores it as it is now")
    days = day_table(calendar)
    begun = [other.days for other in await store.unfinished(name)]
    found = Comparison(name, calendar, days, before, difference([before.days, *begun], days))
    if found.version == before.version and difference([before.days], days).changed:
        raise VersionKept(
            f"the days of calendar {name!r} are others than those published under this version: raise the version of its data"
        )
    return found


async def touched_terms(store: PublishedCalendars, found: Comparison) -> AsyncIterator[CountedTerm]:
    """The terms that must be counted anew: open, and depending on a changed day; or overdue or met late by a day that is off now.

    A term of calendar days has an empty span: only another offset of its last day touches it.
    """
    changed, closed, shifted = found.difference.changed, set(found.difference.closed), set(found.difference.shifted)
    async for term in store.older_terms(found.name, found.version, changed[0], changed[-1]):
        if term.span_from > term.span_to:
            if term.state == "open" and term.span_to in shifted:
                yield term
        elif term.state == "open":
            if bisect_left(changed, term.span_from) < bisect_right(changed, term.span_to):
                yield term
        elif term.due is not None and due_day(found.calendar, term.due) in closed:
            yield term


async def watches_of(store: PublishedCalendars, found: Comparison) -> list[str]:
    """The addresses of the lead watches that count in a calendar: each looks at every lead of its own anew (replacement 3.3, 3.4)."""
    return await store.watches(found.name.removeprefix(CONTROL)) if found.name.startswith(CONTROL) else []


class Publication:
    """One run of `reglament calendar publish`."""

    def __init__(
        self,
        client: Client,
        store: PublishedCalendars,
        found: Comparison,
        *,
        pace: Pace,
        settled: timedelta = SETTLED,
        suspicion: timedelta = SUSPICION,
        watch: Callable[[Progress], object] = lambda _: None,
    ) -> None:
        """``watch`` is called after every case, and while the registers are waited for."""
        self.progress = Progress()
        self._client, self._store, self._found, self._pace = client, store, found, pace
        self._settled, self._suspicion = settled.total_seconds(), suspicion.total_seconds()
        self._answered: set[str] = set()
        """Uids of the cases that took the change, or knew it."""
        self._told: set[str] = set()
        """Addresses, the same."""
        self._untouched: set[str] = set()
        """Uids of the cases that have nothing to count anew, whatever the register says: a duty done in time rides along to it."""
        self._silent = ""
        self._before: dict[tuple[str, str], CountedTerm] = {}
        self._suspects: dict[tuple[str, str], tuple[int, float]] = {}
        self._message: CalendarChanged
        self._watch = watch

    async def run(self) -> Progress:
        """Tells every case that the change concerns, and waits until all have counted anew.

        Raises:
            WorkersBehind, NothingMoves: stopped; the next run tells anew whoever is left.
            DatabaseUnavailableError, RPCError: stopped; the next run goes on.
        """
        found = self._found
        begun = asyncio.get_running_loop().time()
        at = await self._store.begin(found.name, found.version, found.days, datetime.now(UTC))
        one = hashlib.sha256(f"{found.name}#{found.version}".encode()).hexdigest()[:16]
        self._message = CalendarChanged(
            key=f"calendar#{one}#{at.isoformat()}",
            happened_at=at,
            source="cli",
            calendar=found.name,
            version=found.version,
            changed=found.difference.changed,
            closed=found.difference.closed,
            shifted=found.difference.shifted,
        )
        try:
            for _ in range(AT_A_TIME):  # the first case that takes it shows whether the workers have the new data
                first = await self._tell_touched(most=1)
                if not first[Answer.ENDED] and not first[Answer.NOT_TOUCHED]:
                    break
            await self._settle()
            while (answers := await self._tell_touched()).total():
                if answers[Answer.AWAY] == answers.total():
                    raise NothingMoves(
                        f"{answers.total()} cases did not answer, one of them {self._silent}: is a worker running? Publish again once it is"
                    )
                await self._settle()
            await self._tell_unrecorded()
            await self._tell_watches()
        except (WorkersBehind, NothingMoves):
            await self._store.forget(found.name, found.version)
            raise
        finally:
            self.progress.seconds = asyncio.get_running_loop().time() - begun
        await self._count()
        await self._store.finish(found.name, found.version, datetime.now(UTC))
        self.progress.seconds = asyncio.get_running_loop().time() - begun
        return self.progress

    # --- telling ------------------------------------------------------------------------------------------------

    async def _tell_touched(self, most: int | None = None) -> Counter[Answer]:
        """One pass through the register: tells the cases that have not been told yet; gives their answers."""

        async def tell(terms: list[CountedTerm]) -> Answer:
            uid, address = terms[0].case_uid, terms[0].address
            answer = await self._tell(address)
            if answer is Answer.ENDED:
                self.progress.ended[uid] = address
            elif answer is Answer.NOT_TOUCHED:
                self._untouched.add(uid)
            elif answer is not Answer.AWAY:
                self._answered.add(uid)
                self._told.add(address)
                self._before.update((term.id, term) for term in terms)
            return answer

        async def untold() -> AsyncIterator[Tell]:
            async for terms in self._cases():
                uid = terms[0].case_uid
                if not (uid in self._answered or uid in self._untouched or uid in self.progress.ended):
                    yield partial(tell, terms)

        return await self._tell_all(untold(), most)

    async def _tell_all(self, cases: AsyncIterator[Tell], most: int | None = None) -> Counter[Answer]:
        return await tell_all(cases, self._pace, self._note, most)

    def _note(self, answer: Answer) -> None:
        self.progress.told += answer is Answer.TAKEN
        self.progress.known += answer is Answer.KNOWN
        self.progress.not_touched += answer is Answer.NOT_TOUCHED
        self._watch(self.progress)

    async def _cases(self) -> AsyncIterator[list[CountedTerm]]:
        """The touched terms, case by case."""
        terms: list[CountedTerm] = []
        async for term in touched_terms(self._store, self._found):
            if terms and terms[0].case_uid != term.case_uid:
                yield terms
                terms = []
            terms.append(term)
        if terms:
            yield terms

    async def _tell(self, address: str) -> Answer:
        answer = await tell_case(self._client, address, UPDATE, self._message)
        if answer is Answer.AWAY:
            self._silent = address
        return answer

    async def _tell_unrecorded(self) -> None:
        """Short terms ride along to the register with the next record of their case: those that are not there yet are found by their due
        instants. A case that visibility does not show yet is no loss: a term is counted once more when it runs out."""
        zone = self._found.calendar.zone
        today = datetime.now(UTC) - timedelta(days=1)
        first = max(today, datetime.combine(self._found.difference.changed[0], time(), zone))
        last = datetime.combine(self._found.difference.changed[-1], time(), zone) + SHORT_TERM + timedelta(days=1)
        if last <= first:
            return
        near = f"NextDue >= '{_instant(first)}' AND NextDue < '{_instant(last)}'"

        async def untold() -> AsyncIterator[Tell]:
            async for case in self._client.list_workflows(f"ExecutionStatus = 'Running' AND CaseKind IS NOT NULL AND {near}"):
                if case.id not in self._told:  # an answer that nothing is touched leaves no event
                    yield partial(self._tell, case.id)

        self.progress.silent = (await self._tell_all(untold()))[Answer.AWAY]

    async def _tell_watches(self) -> None:
        async def running() -> AsyncIterator[Tell]:
            for address in await watches_of(self._store, self._found):
                yield partial(self._tell, address)

        if (away := (await self._tell_all(running()))[Answer.AWAY]) > 0:
            raise NothingMoves(f"{away} lead watches did not answer, one of them {self._silent}: publish again once a worker is running")

    # --- until all have counted anew ----------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Waits until the register shows every told case in the new version."""
        loop = asyncio.get_running_loop()
        since, least = loop.time(), None
        while left := [term async for term in touched_terms(self._store, self._found) if term.case_uid in self._answered]:
            now = loop.time()
            self.progress.waiting = len(left)
            self._watch(self.progress)
            self._suspect(left, now)
            if least is None or len(left) < least:
                since, least = now, len(left)
            elif now - since > self._settled:
                await self._explain(left)
                since = now
            await asyncio.sleep(OFTEN)
        self.progress.waiting = 0

    def _suspect(self, left: list[CountedTerm], now: float) -> None:
        """A term that was written anew and still has another version was counted by a worker with other data."""
        for term in left:
            before = self._before.get(term.id)
            if before is None or term.seq == before.seq:
                continue
            seq, since = self._suspects.setdefault(term.id, (term.seq, now))
            if seq != term.seq:
                self._suspects[term.id] = term.seq, now
            elif now - since >= self._suspicion:
                raise WorkersBehind(
                    f"workers still count with version {term.calendar_version!r}, not {self._found.version!r}:"
                    " restart them with the new data, then publish again"
                )

    async def _explain(self, left: list[CountedTerm]) -> None:
        """Why the register stands still: rows of a case that ended before its address was used again cannot move; else somebody is away."""
        for uid, address in {term.case_uid: term.address for term in left}.items():
            if await self._uid_at(address) == uid:
                raise NothingMoves(
                    f"{len(left)} terms of told cases, one of {address}, do not come to the register in the new version:"
                    " are the workers running, and is their database up? Publish again once they are"
                )
            self._answered.discard(uid)
            self.progress.ended[uid] = address

    async def _uid_at(self, address: str) -> str | None:
        try:
            read: dict[str, Any] = await self._client.get_workflow_handle(address).query("case")
        except RPCError as e:
            if e.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        return str(read["uid"])

    async def _count(self) -> None:
        """What became of the terms of the told cases, by the registers."""
        uids = sorted(self._answered)
        now, withdrawn = await self._store.terms_of(uids), await self._store.withdrawn(uids)
        for id, before in self._before.items():
            after = now.get(id)
            if before.case_uid not in self._answered or after is None:
                continue
            self.progress.counted += after.calendar_version == self._found.version
            self.progress.moved += after.due != before.due
            self.progress.withdrawn += before.due is not None and before.state != "open" and (*id, before.due) in withdrawn


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
