"""The account of one partner over years: `python -m tests.benchmarks account [CALLS]`.

Seven calls a working day, each with its comment and its activity, until there are so many: 5,000 take three years. Some comments are poor
and mended the next day, some never come; some activities are set too far ahead, with a reason, with one that is added, without; now and
then marketing is told a wish, and the partner's state is noted. All of it goes to one account on a Temporal server that skips the time
between: every reminder and every breach comes by its timer. The registers are real (SQLite), the check of comments is stood in for.

Prints the runs and their events, the largest state that was handed over, the largest payload, the memory of the process with worker and
sender in it; then every register is compared with what was sent: nothing may be lost, doubled or misjudged.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select

from regulations.messages import Message
from regulations.partner import account_messages as am
from regulations.partner.account_narration import AccountResult
from regulations.time.calendar_spec import CalendarSpec
from regulations.time.working_time import working_time
from runtime.partner_tables import partner_calls
from runtime.process import leave
from runtime.tables import breaches, obligations
from tests.benchmarks.watch import PAYLOAD_LIMIT, STATE_LIMIT, payloads
from tests.databases import sqlite_in
from tests.regulations.partner.accounts import GOOD, HEAD, MANAGER, MARKETER, POOR
from tests.workflows.accounts import Supported
from tests.workflows.conftest import time_skipping
from tests.workflows.play import to_monday
from tests.workflows.skipping import described, ended, until_it_waits

OFFICE = CalendarSpec.simple("Europe/Moscow", None, "10:00-19:00", name="company")
"""Mondays to Fridays: three years lead beyond the production calendars."""
A_DAY = 7
AT_ONCE = 8
"""Messages under way: a server takes no more than ten Updates of one workflow at a time."""
Said = tuple[str, Message]
Step = list[list[Said]]
"""What is said in an evening: in no order, but for what stands in one list."""


@dataclass
class Expected:
    """What the registers must say in the end."""

    calls: dict[str, bool] = field(default_factory=dict)
    """Call → whether its comment counts."""
    breached: set[str] = field(default_factory=set)
    """Keys of the duties whose breach stands."""
    withdrawn: set[str] = field(default_factory=set)
    poor: int = 0


@dataclass
class Outcome:
    """What came of a run."""

    calls: int
    messages: int = 0
    seconds: float = 0.0
    days: int = 0
    runs: list[int] = field(default_factory=list)
    """Events of each run."""
    state: int = 0
    """Largest state as it was handed over, in bytes."""
    payload: int = 0
    memory: tuple[int, int] = (0, 0)
    """Of the process before and after, in bytes."""
    breaches: int = 0
    wrong: list[str] = field(default_factory=list)

    def words(self) -> str:
        return "\n".join(
            [
                f"{self.calls} calls over {self.days} days in {self.messages} messages: {self.seconds:.0f} s",
                f"{len(self.runs) - 1} times continued as new; events of the runs: {', '.join(map(str, self.runs))}",
                f"largest state handed over: {self.state / 1024:.0f} KiB; largest payload: {self.payload / 1024:.0f} KiB",
                f"memory of worker and sender: {self.memory[0] / 2**20:.0f} MiB at first, {self.memory[1] / 2**20:.0f} MiB in the end",
                f"{self.breaches} breaches stand; wrong: {len(self.wrong)}",
            ]
        )


class Years:
    """What happens to an account, day by day, and what must come of it."""

    def __init__(self, partner: str, calls: int, first: datetime) -> None:
        """``first`` is the hour of the first day at which everything of a day has been said; the same hour ends every other day."""
        self.expected = Expected()
        self._partner, self._count = partner, calls
        self._calendar = working_time(OFFICE)
        days = (first + timedelta(days=n) for n in itertools.count())
        self._evenings = (day for day in days if self._calendar.hours.close_of(day.date().toordinal()) is not None)
        self._keys = itertools.count(1)

    def _message(self, update: str, kind: type[Message], at: datetime, **fields: Any) -> Said:
        given = {"key": f"{self._partner}-year-{next(self._keys)}", "happened_at": at, "partner": self._partner, **fields}
        return update, kind.model_validate(given)

    def steps(self) -> Iterator[tuple[datetime, Step]]:
        """The evening of each day, and what is said in it."""
        begun = next(self._evenings)
        yield begun, [[self._message("campaign_told", am.CampaignTold, begun, text="контекст", by=MARKETER)]]
        left: Step = []
        for day, start in enumerate(range(0, self._count, A_DAY)):
            evening = next(self._evenings)
            today, left = left, []
            for place, n in enumerate(range(start, min(start + A_DAY, self._count))):
                today += self._call(n, evening - timedelta(hours=2) + place * timedelta(minutes=10), left)
            today += self._now_and_then(day, evening, left)
            yield evening, today
        yield next(self._evenings), left

    def _call(self, n: int, at: datetime, left: Step) -> Step:
        """A call, its comment, its activity; what is said the next day goes to ``left``."""
        call, activity, tomorrow = f"c-{n}", f"a-{n}", at + timedelta(hours=20)
        made = [[self._message("call_made", am.CallMade, at, call=call)]]
        soon = at + timedelta(minutes=20)
        if n % 25 == 7:
            counted = None
        elif n % 10 == 3:
            made.append([self._message("commented", am.Commented, soon, call=call, text=POOR)])
            counted = tomorrow
            left.append([self._message("commented", am.Commented, counted, call=call, text=GOOD)])
            self.expected.poor += 1
        else:
            counted = soon
            made.append([self._message("commented", am.Commented, counted, call=call, text=GOOD)])
        self.expected.calls[call] = counted is not None
        if counted is None or counted > self._calendar.due("2 working hours", at).at:
            self.expected.breached.add(f"4.2/{call}")
        made.append(self._activity(n, activity, at + timedelta(minutes=1)))
        left.append([self._message("activity_done", am.ActivityDone, tomorrow, activity=activity)])
        return made

    def _activity(self, n: int, activity: str, at: datetime) -> list[Said]:
        far, how = n % 20 == 5, n // 20 % 3
        planned = at + timedelta(days=9 if far else 1)
        reason = "партнёр в отпуске" if far and how == 0 else ""
        made = [self._message("activity_set", am.ActivitySet, at, activity=activity, planned_at=planned, reason=reason)]
        key = f"4.1/far/{activity}/{at.isoformat()}"
        if far and how == 1:
            at += timedelta(minutes=40)
            made.append(self._message("activity_reason_given", am.ActivityReasonGiven, at, activity=activity, reason="партнёр в отпуске"))
            self.expected.withdrawn.add(key)
        elif far and how == 2:
            self.expected.breached.add(key)
        return made

    def _now_and_then(self, day: int, evening: datetime, left: Step) -> Step:
        if day % 20 == 5:
            wish = {"wish": f"w-{day}", "by": MANAGER}
            answered = evening + timedelta(hours=17)
            left.append([self._message("wish_answered", am.WishAnswered, answered, **{**wish, "text": "сделаем", "by": MARKETER})])
            return [[self._message("wish_reported", am.WishReported, evening, what="more_leads", text="ещё 20 заявок", **wish)]]
        if day % 20 == 10:
            return [[self._message("state_noted", am.StateNoted, evening, leads=day, problem="мало заявок", outlook="sure", by=MANAGER)]]
        return []


class Bench:
    """A run with one account, whose worker is at work."""

    def __init__(self, account: Supported, calls: int) -> None:
        self.account = account
        self.outcome = Outcome(calls)
        self._room = asyncio.Semaphore(AT_ONCE)

    async def _tell(self, said: list[Said]) -> None:
        for update, message in said:
            async with self._room:
                await self.account.tell(update, message)
                self.outcome.messages += 1

    async def live(self, first: datetime) -> None:
        """Begins, lives and ends; where the server skips time, every day is told in its evening, else all of them now."""
        process, begun = psutil.Process(), time.perf_counter()
        before = process.memory_info().rss
        years = Years(self.account.partner, self.outcome.calls, first)
        await self.account.begin(happened_at=first - timedelta(hours=8))
        evening = first
        for evening, today in years.steps():
            await self._until(evening)
            await asyncio.gather(*map(self._tell, today))
        await self._until(evening + timedelta(hours=20))
        await self.account.say("ended", am.AccountEnded, happened_at=evening + timedelta(hours=20), reason="партнёр ушёл", by=HEAD)
        result = await (ended(self.account.env, self.account.handle) if self._skips else self.account.handle.result())
        self.outcome.seconds = time.perf_counter() - begun
        self.outcome.days = (evening - first).days
        self.outcome.memory = (before, process.memory_info().rss)
        await self._judge(years.expected, result)
        await self._weigh()

    @property
    def _skips(self) -> bool:
        return self.account.env.supports_time_skipping

    async def _until(self, at: datetime) -> None:
        """Evening comes, and before it a pause: in pauses a long history continues as new."""
        if not self._skips:
            await until_it_waits(self.account.handle)
        else:
            await self._rest()
            await self.account.env.sleep(max(timedelta(0), at - await self.account.now()))

    async def _rest(self) -> None:
        """Until nothing is under way, as far as can be told without reading a long history."""
        before, length = -1, 0
        while before != length:
            before, seen = length, await described(self.account.handle)
            length = -2 if seen.pending_activities else seen.workflow_execution_info.history_length
            await asyncio.sleep(0.02)

    async def _judge(self, expected: Expected, result: AccountResult) -> None:
        """Every register against what was sent."""
        wrong, address = self.outcome.wrong, self.account.handle.id
        async with self.account.engine.connect() as connection:
            calls = (await connection.execute(select(partner_calls.c.call, partner_calls.c.counts))).all()
            duties = (await connection.execute(select(obligations.c.key, obligations.c.state))).all()
            entries = (await connection.execute(select(breaches.c.key, breaches.c.entry))).all()
        row = await self.account.row()
        recorded, withdrawn = ([key for key, entry in entries if entry == kind] for kind in ("recorded", "withdrawn"))
        standing = sorted(set(recorded) - set(withdrawn))
        owed = {key for key, _ in duties if key.startswith("4.2/")}
        states = [state for _, state in duties]
        self.outcome.breaches = len(standing)
        for what, found, wanted in (
            ("calls in their register", dict(map(tuple, calls)), expected.calls),
            ("duties to comment", owed, {f"4.2/{call}" for call in expected.calls}),
            ("breaches that stand", standing, sorted(expected.breached)),
            ("breaches recorded twice", len(recorded), len(set(recorded))),
            ("withdrawn for their reason", sorted(key for key in withdrawn if "/far/" in key), sorted(expected.withdrawn)),
            ("calls and poor comments in the partner's row", (row["calls"], row["poor_comments"]), (len(expected.calls), expected.poor)),
            ("counts of the end", (result.met, result.met_late, result.waived), tuple(map(states.count, ("met", "met_late", "waived")))),
            ("breaches of the end", (result.calls, result.breaches), (len(expected.calls), len(standing))),
        ):
            if found != wanted:
                wrong.append(f"{address}: {what}: {str(found)[:300]} instead of {str(wanted)[:300]}")

    async def _weigh(self) -> None:
        """Every run of the history."""
        run: str | None = None
        while run != "":
            history = await self.account.client.get_workflow_handle(self.account.handle.id, run_id=run).fetch_history()
            started = history.events[0].workflow_execution_started_event_attributes
            run = started.continued_execution_run_id
            self.outcome.runs.insert(0, len(history.events))
            if run:
                self.outcome.state = max(self.outcome.state, *(len(p.data) for p in started.input.payloads))
            self.outcome.payload = max(self.outcome.payload, *(len(p.data) for event in history.events for p in payloads(event)), 0)
        if self.outcome.state > STATE_LIMIT:
            self.outcome.wrong.append("a state was too large")
        if self.outcome.payload > PAYLOAD_LIMIT / 4:
            self.outcome.wrong.append("a payload was too near to the limit")


async def bench(folder: Path, calls: int) -> Outcome:
    """Runs everything on a server of its own that skips time."""
    async with sqlite_in(folder) as engine, time_skipping() as env:
        await to_monday(env)
        account = Supported(env, engine, calendar=OFFICE)
        run = Bench(account, calls)
        async with account.worker():
            await run.live((await env.get_current_time()).astimezone(UTC) + timedelta(hours=8))
    return run.outcome


def main(calls: int = 5_000, say: Callable[[str], None] = print) -> int:
    """Runs it and prints what came of it; 1 when anything was lost, doubled or too large."""
    with tempfile.TemporaryDirectory(prefix="reglament-account-", ignore_cleanup_errors=True) as folder:
        outcome = asyncio.run(bench(Path(folder), calls))
    say(outcome.words())
    for one in outcome.wrong[:20]:
        say(f"  {one}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    leave(main(int(sys.argv[1])) if len(sys.argv) > 1 else main())
