"""Plays one case of the demo, whatever its regulation: delivers its events, moves its clock, and prints what the case makes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.markup import escape
from sqlalchemy import insert
from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper

from deploy.demo.stage import Stage
from regulations.read_out import ReadOut
from regulations.time.calendar_spec import CalendarSpec
from regulations.time.terms import parse_term
from regulations.time.working_time import WorkingTime, working_time
from runtime.database import open_database
from starter.views import NotFound, Unavailable, read_case

MOST_FACTS_SHOWN = 400
"""A fact's note is cut after so many characters."""


class Player:
    """One case, in a colour of its own."""

    def __init__(self, stage: Stage, console: Console, case: str, *, label: str, colour: str, calendar: WorkingTime | None = None) -> None:
        """``case`` is the workflow id; times are shown in the zone of ``calendar`` (none: Moscow's)."""
        self.case, self.label = case, label
        self.calendar = calendar or working_time(CalendarSpec.simple("Europe/Moscow", "RU"))
        self.skips = 0
        self.stage = stage
        self.handle: WorkflowHandle[Any, Any] = stage.client.get_workflow_handle(case)
        self._console, self._colour = console, colour
        self._skipper = TimeSkipper(stage.client)
        self._events = 0
        self._facts: tuple[str, int] = ("", 0)
        self._due: dict[str, tuple[str, str]] = {}
        self._engine = open_database(stage.database_url)

    async def now(self) -> datetime:
        """The case's own time."""
        return await self._skipper.get_current_time(self.handle)

    async def post(self, type: str, *, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
        """Posts a signed event that happened at an instant; gives the webhook's answer."""
        self._events += 1
        event = {"id": f"{self.label}-{self._events}", "type": type, "occurred_at": at.isoformat(), "data": data}
        answer = await self.stage.post(event)
        return {**answer, "id": event["id"]}

    async def tell(self, type: str, *, at: datetime | None = None, data: dict[str, Any]) -> None:
        """Posts an event of this case that happens at its present moment, and prints what came of it."""
        key = (await self.post(type, at=at or await self.now(), data=data))["id"]
        await self.until_seen(lambda read: any(fact.key == key for fact in read.facts))
        await asyncio.sleep(0.4)  # for the effects, so that the timeline reads in order
        await self.show()

    async def until_seen(self, wanted: Callable[[ReadOut], bool]) -> None:
        """Waits until the case shows it: the webhook answers as soon as the inbox has the event."""
        async with asyncio.timeout(60):
            while True:
                with suppress(NotFound, Unavailable):
                    if wanted(await self.read()):
                        return
                await asyncio.sleep(0.05)

    async def read(self) -> ReadOut:
        return await read_case(self.stage.client, self.case)

    async def until(self, moment: datetime) -> None:
        """Moves the case's time forward on the real server, through every timer on the way: one skip."""
        self.skips += 1
        await self._skipper.fast_forward(self.handle, moment - await self.now())
        await asyncio.sleep(0.3)
        await self.show()

    async def until_term(self, term: str, *, after: timedelta = timedelta(0)) -> None:
        """Moves on to where a term of the regulation ends, counted from now, and a little after."""
        await self.until(self.calendar.due(parse_term(term), await self.now()).at + after)

    async def dues(self) -> dict[str, datetime]:
        """The due instants of the open obligations, by clause, the earliest first."""
        read = await self.read()
        due = {o.clause.partition(" ")[2]: o.due for o in read.obligations if o.state == "open" and o.due is not None}
        return dict(sorted(due.items(), key=lambda pair: pair[1]))

    async def show(self) -> None:
        """Prints the facts that are new, and the terms that they opened, moved or closed."""
        read = await self.read()
        seen = self._facts[1] if self._facts[0] == read.uid else 0
        for fact in read.facts[seen:]:
            self.line(fact.happened_at, escape(f"{fact.what} {fact.note}".strip()[:MOST_FACTS_SHOWN]), fact.source)
        self._facts = (read.uid, len(read.facts))
        now = await self.now()
        for o in read.obligations:
            state = (o.state, o.due_text)
            if self._due.get(f"{read.uid}{o.key}") != state:
                self._due[f"{read.uid}{o.key}"] = state
                colour = {"met": "green", "overdue": "red", "met_late": "yellow"}.get(o.state, "dim")
                self.line(now, f"  {o.clause.partition(' ')[2]} {escape(o.duty)}", f"[{colour}]{o.state}[/]", o.due_text)

    def line(self, at: datetime, words: str, source: str, due: str = "") -> None:
        """One line of the timeline, in the case's local time."""
        local = self.calendar.local(at)
        self._console.print(
            f"[{self._colour}]{self.label}[/] [dim]{local:%a %d.%m %H:%M}[/] {words}  [dim]{source}[/]{'  → ' + due if due else ''}"
        )

    async def bill(self, table: Any, **values: object) -> None:
        """A row of the billing database, as billing itself would have it."""
        async with self._engine.begin() as connection:
            await connection.execute(insert(table).values(**values))

    async def close(self) -> None:
        await self._engine.dispose()
