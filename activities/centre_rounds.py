"""What service centres are sent of their leads: the digest of 9:00 and the hourly watch of hot ones, one letter a centre."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from temporalio import activity

from activities.keyed import database_errors
from activities.notices import LARGEST
from regulations.control_time import calendar_named, control_name
from regulations.effects import Letter
from regulations.lead import watch
from regulations.rounds import Gather, Gathered
from regulations.time.working_time import WorkingTime, working_time
from runtime.centres import Centre
from runtime.leads import CentreLetters, LeadLine, LeadReader, OpenLeads, Waiting
from runtime.notices import StoredLetter

DIGEST, WATCH = "centre_digest", "hot_watch"
"""The kinds of these letters."""
_DIGESTED = ("warm", "cold")


class Centres(Protocol):
    """The register of service centres."""

    async def in_zone(self, zone: str) -> list[Centre]: ...


class CentreRounds:
    """Gathers the letters to the service centres of a zone. What became of them the activities of `Notices` note, as of other rounds."""

    def __init__(self, leads: LeadReader, letters: CentreLetters, centres: Centres, *, company: str, ui: str = "") -> None:
        """
        Args:
            leads: The register of leads; its engine, as those of the others, is closed by whoever made it.
            letters: The letters to centres.
            centres: The register of service centres.
            company: Name of the company, for the letters.
            ui: Address of the Temporal UI with the namespace, for links to leads; empty: letters have none.
        """
        self._leads, self._letters, self._centres = leads, letters, centres
        self._company, self._ui = company, ui

    @activity.defn(name="gather_centre_digest")
    async def gather_centre_digest(self, question: Gather) -> Gathered:
        """3.3, 5.2.2, 5.2.3: the digests of a day, from 9:00 local on: one letter a centre of the zone, none where nothing is to be told.

        A lead is told of in one digest. A second run of the day gives only what the first one could not send; the leads of a letter that
        never left us on its day stand in the next one.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal) or ``Invalid`` (for good).
        """
        calendar = _calendar(question.zone)
        day = watch.digest_day(calendar, question.at)
        if day is None:
            return Gathered()
        with database_errors():
            centres, waiting, unsettled = await self._look(question.zone, DIGEST)
            breaches = await self._leads.breaches(list(centres), *watch.quarter(calendar, question.at))

            async def of_centre(centre: Centre, key: str) -> list[Letter]:
                async with self._letters.open() as leads:
                    again, told = await self._earlier(leads, centre, key, unsettled.get(centre.code, ()), question)
                    if told:
                        return again
                    new = waiting.get(centre.code, Waiting()).new
                    frame = self._frame(centre, key, question.at)
                    made = await self._digest(leads, frame, centre.code, new, breaches.get(centre.code, 0))
                    return [*again, *await self._keep(leads, made, DIGEST, question)]

            due = [
                (centre, watch.digest_key(day, code))
                for code, centre in centres.items()
                if code in unsettled or _for_digest(waiting.get(code))
            ]
            return await _page(due, of_centre, question)

    @activity.defn(name="gather_hot_watch")
    async def gather_hot_watch(self, question: Gather) -> Gathered:
        """5.2.1: the hot leads that nobody has taken into work, one letter a centre of the zone, every hour from 9 to 18 of a working day.

        A letter that its hour could not send is not sent later: the next hour tells how things stand then.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal) or ``Invalid`` (for good).
        """
        hour = watch.watch_hour(_calendar(question.zone), question.at)
        if hour is None:
            return Gathered()
        with database_errors():
            centres, waiting, unsettled = await self._look(question.zone, WATCH)

            async def of_centre(centre: Centre, key: str) -> list[Letter]:
                async with self._letters.open() as leads:
                    for stored in unsettled.get(centre.code, ()):
                        if stored.key == key:
                            return [_letter(stored)]
                        await self._outdated(leads, stored.key, question.at)
                    total = waiting.get(centre.code, Waiting()).new.get("hot", 0)
                    if not total or await leads.book.is_made(key):
                        return []
                    hot = await leads.new(centre.code, "hot", watch.HOT_LISTED)
                    made = watch.watch_letter(self._frame(centre, key, question.at), hot, max(total, len(hot))) if hot else None
                    return await self._keep(leads, made, WATCH, question)

            due = [
                (centre, watch.watch_key(hour, code))
                for code, centre in centres.items()
                if code in unsettled or waiting.get(code, Waiting()).new.get("hot")
            ]
            return await _page(due, of_centre, question)

    async def _look(self, zone: str, kind: str) -> tuple[dict[str, Centre], dict[str, Waiting], dict[str, list[StoredLetter]]]:
        """The centres of the zone, what waits at each, and the letters of each that nobody has settled, the earliest first."""
        centres = {centre.code: centre for centre in await self._centres.in_zone(zone)}
        waiting = await self._leads.waiting(list(centres))
        unsettled: dict[str, list[StoredLetter]] = {}
        async with self._letters.open() as leads:
            for stored in await leads.book.unsettled(kind):
                if (code := watch.centre_of(stored.key)) in centres:
                    unsettled.setdefault(code, []).append(stored)
        return centres, waiting, unsettled

    def _frame(self, centre: Centre, key: str, at: datetime) -> watch.Frame:
        return watch.Frame(company=self._company, centre=centre.name, email=centre.email, key=key, at=at, ui=self._ui)

    async def _earlier(
        self, leads: OpenLeads, centre: Centre, key: str, unsettled: Iterable[StoredLetter], question: Gather
    ) -> tuple[list[Letter], bool]:
        """The letters of the centre that are to be sent again, and whether today's has been made."""
        again: list[Letter] = []
        for stored in unsettled:
            if stored.key == key:
                again.append(_letter(stored))
                continue
            match await leads.book.take_back(stored.key):
                case "sent":
                    await leads.book.settle([stored.key], question.at)
                case "free":
                    await leads.untell(centre.code, stored.key)
                case "begun":  # it may have gone out: only the same letter may be sent again
                    again.append(_letter(stored))
        return [letter for letter in again if letter.key not in question.tried], await leads.book.is_made(key)

    async def _outdated(self, leads: OpenLeads, key: str, at: datetime) -> None:
        match await leads.book.take_back(key):
            case "sent":
                await leads.book.settle([key], at)
            case "begun":
                await leads.book.give_up([key], at)

    async def _digest(self, leads: OpenLeads, frame: watch.Frame, code: str, new: Mapping[str, int], breaches: int) -> Letter | None:
        arrived = await leads.tell(code, frame.key)
        arrivals = await leads.told(code, frame.key, watch.ARRIVALS_LISTED) if arrived else []
        urgent: list[LeadLine] = []
        for temperature in (t for t in _DIGESTED if new.get(t)):
            urgent += await leads.new(code, temperature, watch.URGENT_LISTED)
        if not arrived and not urgent:
            return None
        return watch.digest_letter(frame, arrived=arrived, arrivals=arrivals, new=new, urgent=watch.most_urgent(urgent), breaches=breaches)

    async def _keep(self, leads: OpenLeads, made: Letter | None, kind: str, question: Gather) -> list[Letter]:
        if made is None:
            return []
        await leads.book.make(made.key, kind, made.to[0], question.round, made.model_dump(mode="json"), question.at)
        return [made]


def _calendar(zone: str) -> WorkingTime:
    return working_time(calendar_named(control_name(zone), {}))


def _for_digest(waiting: Waiting | None) -> bool:
    return waiting is not None and bool(waiting.untold or any(waiting.new.get(temperature) for temperature in _DIGESTED))


def _letter(stored: StoredLetter) -> Letter:
    return Letter.model_validate(stored.letter)


async def _page(
    due: Iterable[tuple[Centre, str]], of_centre: Callable[[Centre, str], Awaitable[list[Letter]]], question: Gather
) -> Gathered:
    """The letters of the centres, as many as fit into one answer; the one that did not fit is kept, and stands in the next answer."""
    letters: list[Letter] = []
    size = 0
    for centre, key in due:
        if key in question.tried:
            continue
        for letter in await of_centre(centre, key):
            size += len(letter.model_dump_json().encode())
            if letters and size > LARGEST:
                return Gathered(letters=tuple(letters), more=True)
            letters.append(letter)
    return Gathered(letters=tuple(letters))
