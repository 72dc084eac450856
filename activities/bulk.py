"""Bulk actions (6.1 to 6.3, 3.2): the selection is frozen as rows once, then worked page by page, each lead at most once."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import errors
from activities.bulk_selection import Selecting
from activities.keyed import database_errors
from regulations.case import Refusal
from regulations.catalogue import text
from regulations.lead.bulk import CLAUSES, LANGUAGE, event
from regulations.lead.distribution import CentrePolicy, check_centre_takes
from regulations.lead.effects import BulkPage, BulkPageDone, FreezeBulk, Selection
from regulations.lead.messages import BulkStarted
from runtime.bulks import BulkConflictError, BulkStore, Item, SettledItem
from runtime.centres import CentreReader
from runtime.database import DatabaseRefusedError, DatabaseUnavailableError

IN_FLIGHT = 10
"""Leads that are told at the same time: more only makes a Temporal server slower."""
TOGETHER = 25
"""Results that are written at a time. What a crash finds unwritten is told again, and each lead knows a repeat."""
BEAT = 5.0
"""Seconds between heartbeats."""
GIVES_UP_AFTER = 8
"""Attempts at a page, after which a lead that alone does not answer no longer holds up all others."""
_CLAUSE = re.compile(r"(?:lead |\()(\d+(?:\.\d+)+)")


@dataclass(frozen=True)
class LeadAnswer:
    """What a lead, or the door to it, answered."""

    done: bool
    """It took the message, now or before."""
    address: str
    answer: str = ""
    """Of a creation: created, updated, exists."""
    type: str = ""
    reason: str = ""


class LeadAway(Exception):
    """Nobody could take the message now: it is safe to come again."""


class LeadDoor(Protocol):
    """Delivers an event to its lead as every door does: begins it where the event does that, counts a repeat as taken."""

    async def deliver(self, event: dict[str, JsonValue]) -> LeadAnswer:
        """Raises LeadAway."""


class Bulks:
    """Freezes selections and works them."""

    def __init__(self, store: BulkStore, selecting: Selecting, centres: CentreReader, door: LeadDoor) -> None:
        """
        Args:
            store: The tables of bulk actions.
            selecting: Finds what a request selects.
            centres: The register of service centres.
            door: How a lead is told.
        """
        self._store = store
        self._selecting = selecting
        self._centres = centres
        self._door = door

    @activity.defn
    async def freeze_bulk(self, asked: FreezeBulk) -> Selection:
        """Write the items of a bulk action as rows, once; asked again it gives the same answer.

        Raises:
            ApplicationError: ``Refused`` (for good): there is no such selection, with words for whoever asked; ``Conflict``: the id
                is known with another request; ``Unavailable``.
        """
        started = BulkStarted.model_validate(asked.request)
        with database_errors():
            try:
                head = await self._store.begin(asked.bulk, started.action, started.centre, asked.request)
            except BulkConflictError as e:
                raise errors.permanent(str(e), type=errors.CONFLICT) from None
            if head.frozen_at is None:
                async with _heartbeats():
                    items = await self._selecting.items(started, asked.now)
                    head = await self._store.freeze(asked.bulk, items, asked.now)
        return Selection(total=head.total, frozen_at=head.frozen_at or asked.now)

    @activity.defn
    async def bulk_page(self, asked: BulkPage) -> BulkPageDone:
        """Tell the leads of the next items what they are to be told, and note what each answered.

        An item that is settled is left alone, so the page may be repeated at any moment. Rows for the same lead are told in their order.

        Raises:
            ApplicationError: ``Unavailable``: some leads could not be told; those that could are settled.
        """
        with database_errors():
            head = await self._store.head(asked.bulk)
            items = await self._store.page(asked.bulk, asked.after, asked.size)
        if head is None or head.frozen_at is None:
            raise errors.permanent("the selection of this bulk action is not there", type=errors.INVALID)
        page = _Page(BulkStarted.model_validate(head.request), asked.now)
        pending = [item for item in items if item.state == "pending"]
        if page.started.action == "create" and pending:
            codes = sorted({str(item.given["centre"]) for item in pending})
            with database_errors():
                page.centres = {centre.code: centre for centre in await self._centres.all(codes)}
        async with _heartbeats():
            await self._work(asked, page, pending)
        with database_errors():
            items = await self._store.page(asked.bulk, asked.after, asked.size)
        states = [item.state for item in items]
        return BulkPageDone(last=items[-1].n if items else asked.after, done=states.count("done"), refused=states.count("refused"))

    async def _work(self, asked: BulkPage, page: _Page, pending: Sequence[Item]) -> None:
        waiting = iter(pending)
        settled: list[SettledItem] = []
        away: list[Item] = []

        async def write(least: int) -> None:
            if len(settled) >= least:
                batch = settled[:]
                settled.clear()
                with database_errors():
                    await self._store.settle(asked.bulk, batch, asked.now)

        async def lane() -> None:
            for item in waiting:
                try:
                    settled.append(await self._one(page, item))
                except LeadAway:
                    away.append(item)
                if len(away) >= IN_FLIGHT or activity.is_worker_shutdown():
                    return
                await write(TOGETHER)

        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(IN_FLIGHT):
                    lanes.create_task(lane())
        except* ApplicationError as group:
            raise group.exceptions[0] from None
        finally:
            # What was told and is not written is told once more by the next attempt: the leads know it.
            with suppress(DatabaseUnavailableError, DatabaseRefusedError):
                await self._store.settle(asked.bulk, settled, asked.now)
        if away and (len(away) >= IN_FLIGHT or activity.info().attempt < GIVES_UP_AFTER):
            raise errors.transient(f"{len(away)} leads or more did not answer; they are told again")
        if away:
            clause, words = CLAUSES[page.started.action], text(LANGUAGE, "bulk", "refusal", "no_answer")
            settled[:] = [SettledItem(item.n, item.address, False, "NoAnswer", clause, words) for item in away]
            await write(1)
        if next(waiting, None) is not None:
            raise errors.transient("the worker stops; the next one goes on with this page")

    async def _one(self, page: _Page, item: Item) -> SettledItem:
        if (why := page.refuses(item)) is not None:
            return page.settled(item, why)
        async with page.turn[page.whose(item)]:
            answer = await self._door.deliver(event(page.started, page.now, item.n, item.address, dict(item.given)))
        return page.settled(item, answer)


@dataclass
class _Page:
    """What the items of a page share."""

    started: BulkStarted
    now: datetime
    centres: dict[str, CentrePolicy] = field(default_factory=dict)
    """Of creations: what is in force for each centre, read once."""
    turn: dict[tuple[str, ...], asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def whose(self, item: Item) -> tuple[str, ...]:
        """Which lead an item is for: two rows of an upload may be for the same."""
        return (item.address, *(str(item.given.get(name)) for name in ("client", "inn", "product")))

    def refuses(self, item: Item) -> LeadAnswer | None:
        """Why a lead may not be created at the centre of its row (9.1, 9.2)."""
        if self.started.action != "create":
            return None
        centre = self.centres.get(str(item.given["centre"]))
        if centre is None:
            return LeadAnswer(False, "", type="UnknownCentre", reason=text(LANGUAGE, "bulk", "refusal", "centre_unknown"))
        try:
            check_centre_takes(centre, str(item.given["product"]), "given", self.now)
        except Refusal as e:
            return LeadAnswer(False, "", type=e.type, reason=str(e))
        return None

    def settled(self, item: Item, answer: LeadAnswer) -> SettledItem:
        address = item.address or answer.address
        if answer.done:
            return SettledItem(item.n, address, True, answer.answer, "", "")
        clause = clause_in(answer.reason) or CLAUSES[self.started.action]
        return SettledItem(item.n, address, False, answer.type, clause, answer.reason)


def clause_in(reason: str) -> str | None:
    """The clause that a refusal of a lead names, if it does."""
    found = _CLAUSE.search(reason)
    return found.group(1) if found else None


@asynccontextmanager
async def _heartbeats() -> AsyncIterator[None]:
    """Heartbeats while the body runs, so that a worker that died is noticed."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
