"""The rounds of notices and the daily digests: which letters are to go out, and what became of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from temporalio import activity

from activities.absences import AbsenceReader, absences_since
from activities.directory import Centres, Watches, answered_for, with_registers
from activities.keyed import database_errors
from regulations.absences import StandIns
from regulations.company import Company
from regulations.effects import Letter
from regulations.notices import (
    LISTED,
    Overdue,
    Pending,
    digest_day,
    digest_key,
    digest_letter,
    is_open,
    left_out,
    ripe,
    round_key,
    round_letter,
)
from regulations.rounds import Gather, Gathered, LettersRefused, LettersSent
from regulations.time.working_time import WorkingTime, working_time
from runtime.notices import NoticeBook, OpenBook, PendingRow, StoredLetter, Whose

LARGEST = 800_000
"""Bytes of the letters of one answer: far below the 2 MB that Temporal takes for one value."""


@dataclass(frozen=True)
class _Inside:
    """Everybody inside, and who reads for whom at an instant."""

    company: Company
    stand_ins: StandIns

    def calendar(self, recipient: str) -> WorkingTime:
        return working_time(self.company.calendar_of(recipient))

    def instead_of(self, recipient: str, reader: str) -> str:
        return "" if reader == recipient else self.stand_ins.names(recipient)


class Notices:
    """Gathers what people inside are to be told, one letter a recipient, and notes what became of the letters.

    Inside are the roles of the company's file and the people of the service centres; as those, the managers of the clients whose leads are
    watched. What is meant for somebody who is absent goes to whoever stands in, in that one's working time and letter, and says for whom. A
    letter that was made keeps its recipient, whoever comes back or leaves meanwhile; what it carries no other letter does.
    """

    def __init__(
        self,
        book: NoticeBook,
        company: Company,
        centres: Centres | None = None,
        watches: Watches | None = None,
        absences: AbsenceReader | None = None,
    ) -> None:
        """The engine of book and registers is closed by whoever made it; without registers the company's file knows everybody, and nobody
        is absent."""
        self._book = book
        self._company = company
        self._centres = centres
        self._watches = watches
        self._absences = absences

    @activity.defn(name="gather_notices")
    async def gather_notices(self, question: Gather) -> Gathered:
        """The letters of a round: every ripe notice that no letter carries yet, one letter for each recipient of the zone.

        A recipient whose last letter is on its way, or may have arrived, gets nothing new until that one is settled; what never left us
        is put together with what is new. Asked again by the same round the answer holds the same letters. What would be untrue by now is
        left out for good.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal) or ``Invalid`` (for good).
        """
        with database_errors():
            inside = await self._inside(question.at)
            async with self._book.open() as book:
                return await self._round(book, inside, question)

    @activity.defn(name="gather_digest")
    async def gather_digest(self, question: Gather) -> Gathered:
        """The digests of a day: for each recipient of the zone who works today what is overdue and owed by, or escalates to, its roles.

        A second run of the same day gives only what the first one could not send. The digest of somebody who is absent is a letter of its
        own to whoever stands in, held with that one's zone; where that was over when the absence was entered, with the zone of who is
        absent, as long as the other one works then.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal) or ``Invalid`` (for good).
        """
        with database_errors():
            inside = await self._inside(question.at)
            async with self._book.open() as book:
                return await self._digest(book, inside, question)

    @activity.defn(name="notices_sent")
    async def notices_sent(self, sent: LettersSent) -> None:
        """Note that these letters, and with them their notices, were sent at an instant."""
        with database_errors():
            async with self._book.open() as book:
                await book.settle(sent.keys, sent.at)

    @activity.defn(name="notices_refused")
    async def notices_refused(self, refused: LettersRefused) -> None:
        """Note that these letters were refused for good: their notices stay unsent, and each letter is an incident for a person."""
        with database_errors():
            async with self._book.open() as book:
                await book.refuse(refused.keys, refused.at, refused.address)

    async def preview(self, at: datetime) -> list[Letter]:
        """The letters that the rounds of all zones would send at an instant. Nothing is sent and nothing changed.

        Raises DatabaseUnavailableError, DatabaseRefusedError.
        """
        letters: list[Letter] = []
        inside = await self._inside(at)
        for zone in inside.company.zones:
            more, tried = True, list[str]()
            async with self._book.open(keep=False) as book:
                while more:
                    gathered = await self._round(book, inside, Gather(zone=zone, at=at, round="preview", tried=tuple(tried)))
                    letters += gathered.letters
                    tried += [letter.key for letter in gathered.letters]
                    more = gathered.more
        return letters

    async def _inside(self, at: datetime) -> _Inside:
        company = await with_registers(self._company, self._centres, self._watches)
        absences = await absences_since(self._absences, (at - timedelta(days=1)).date())  # it may be yesterday where they work
        return _Inside(company, StandIns(company, absences))

    async def _round(self, book: OpenBook, inside: _Inside, question: Gather) -> Gathered:
        letters: list[Letter] = []
        busy: set[str] = set()
        for stored in await book.unsettled("round"):
            if inside.company.calendar_of(stored.recipient).tz != question.zone:
                continue
            if stored.key in question.tried:
                busy.add(stored.recipient)
            elif stored.round == question.round:
                busy.add(stored.recipient)
                letters.append(_letter(stored))
            else:
                await self._earlier(book, inside, stored, question, busy, letters)
        ripe_rows = await self._ripe(book, inside, question, busy)
        size = sum(map(_size, letters))
        for recipient, told in sorted(ripe_rows.items()):
            key, rows = round_key(question.round, recipient), [row for row, _ in told]
            letter = round_letter(inside.company, key, [notice for _, notice in told], question.at)
            size += _size(letter)
            if letters and size > LARGEST:
                return Gathered(letters=tuple(letters), more=True)
            await book.make(key, "round", recipient, question.round, letter.model_dump(mode="json"), question.at, rows)
            letters.append(letter)
        return Gathered(letters=tuple(letters))

    async def _earlier(
        self, book: OpenBook, inside: _Inside, stored: StoredLetter, question: Gather, busy: set[str], letters: list[Letter]
    ) -> None:
        """A letter that an earlier round made and did not settle: the mail server was away, or the round did not live to its end."""
        match await book.take_back(stored.key):
            case "sent":
                await book.settle([stored.key], question.at)
            case "begun":
                busy.add(stored.recipient)
                if is_open(inside.calendar(stored.recipient), question.at):
                    letters.append(_letter(stored))

    async def _ripe(self, book: OpenBook, inside: _Inside, question: Gather, busy: set[str]) -> dict[str, list[tuple[PendingRow, Pending]]]:
        """The notices that go out now, by who is to read them; those that would be untrue are left out for good."""
        at = question.at
        readers = {r: inside.stand_ins.reader(r, at) for r in await book.recipients(at)}
        mine = {r: calendar for r, to in readers.items() if (calendar := inside.calendar(to)).spec.tz == question.zone}
        working = {r for r, calendar in mine.items() if is_open(calendar, at)}
        whose = Whose(open=[r for r in mine if r in working], closed=[r for r in mine if r not in working])
        found: dict[str, list[tuple[PendingRow, Pending]]] = {}
        untrue: list[tuple[PendingRow, str]] = []
        for row in await book.pending(at, whose) if mine else ():
            reader = readers[row.recipient]
            if reader in busy:
                continue
            notice = _pending(row, reader, inside.instead_of(row.recipient, reader))
            if (reason := left_out(notice, at)) is not None:
                untrue.append((row, reason.value))
            elif ripe(notice, mine[row.recipient], at):
                found.setdefault(reader, []).append((row, notice))
        await book.leave_out(untrue)
        return found

    async def _digest(self, book: OpenBook, inside: _Inside, question: Gather) -> Gathered:
        letters: list[Letter] = []
        size = 0
        late = await book.overdue_roles()
        waiting = {stored.key: stored for stored in await book.unsettled("digest")}
        for recipient, roles in sorted(answered_for(inside.company).items()):
            reader = inside.stand_ins.reader(recipient, question.at)
            calendar = inside.calendar(reader)
            day = digest_day(calendar, question.at) if self._held(inside, recipient, calendar, question) else None
            if day is None or (key := digest_key(day, recipient)) in question.tried:
                continue
            if (stored := waiting.get(key)) is not None:
                letter = _letter(stored)
            elif late.isdisjoint(roles) or await book.is_made(key):
                continue
            else:
                rows, total = await book.overdue(roles, LISTED)
                overdue, name = [Overdue(**asdict(row)) for row in rows], inside.instead_of(recipient, reader)
                letter = digest_letter(inside.company, key, reader, overdue, total, question.at, name)
            size += _size(letter)
            if letters and size > LARGEST:
                return Gathered(letters=tuple(letters), more=True)
            if stored is None:
                await book.make(key, "digest", reader, question.round, letter.model_dump(mode="json"), question.at)
            letters.append(letter)
        return Gathered(letters=tuple(letters))

    @staticmethod
    def _held(inside: _Inside, recipient: str, calendar: WorkingTime, question: Gather) -> bool:
        """Whether a recipient's digest is held with a zone: with its reader's; with its own for a reader elsewhere who works just then."""
        if calendar.spec.tz == question.zone:
            return True
        return inside.company.calendar_of(recipient).tz == question.zone and is_open(calendar, question.at)


def _pending(row: PendingRow, reader: str, instead_of: str) -> Pending:
    own = {name: value for name, value in asdict(row).items() if name not in ("due_key", "recipient")}
    return Pending(**own, recipient=reader, instead_of=instead_of)


def _letter(stored: StoredLetter) -> Letter:
    return Letter.model_validate(stored.letter)


def _size(letter: Letter) -> int:
    return len(letter.model_dump_json().encode())
