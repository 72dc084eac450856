"""How fast `reglament deadline --batch` and the arithmetic under it are: `python -m tests.benchmarks.deadline`.

Prints, for several runs each (best and median, since other work on the machine only ever makes a run slower):

* lines a second of the whole process, from its start to its last answer, with one calendar and with a new one every ten lines;
* nanoseconds of one `due()`, against a loop over the days with the same days off, for terms of growing length. The loop is what most
  products do; it gets the day off set for nothing and naive datetimes, and answers the same instants (checked before the clock runs).
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from regulations.time.terms import parse_term
from regulations.time.working_time import CalendarSpec, WorkingTime

ROOT = Path(__file__).parents[2]
LINES = 40_000
RUNS = 5
BATCH = "import sys; from starter.deadline_batch import run; sys.exit(run(['--batch']))"
TERMS = ("3 working hours", "24 working hours", "2 working days", "12:00 next working day", "7 calendar days, from 09:00")
WEEK = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def calendar(closed: list[str]) -> dict[str, Any]:
    return {
        "tz": "Europe/Moscow",
        "country": "RU",
        "subdivision": None,
        "weekly": WEEK,
        "closed": closed,
        "open": {"2026-12-26": [["09:00", "17:00"]]},
        "short_days": False,
    }


def lines(each: int) -> bytes:
    """Two thirds `due`, one third `elapsed`, over the year 2026; a new calendar after `each` lines."""
    draw = random.Random(20_261_121)  # noqa: S311 - the same lines on every machine
    made = []
    for index in range(LINES):
        number = index // each
        closed = [f"2026-{number % 12 + 1:02}-{number // 12 % 28 + 1:02}", f"2026-{number // 336 % 12 + 1:02}-28"]
        month, day, hour = draw.randint(1, 11), draw.randint(1, 28), draw.randint(0, 23)
        line: dict[str, Any] = {"id": f"x{index}", "start": f"2026-{month:02}-{day:02}T{hour:02}:30", "calendar": calendar(closed)}
        if index % 3 == 2:
            line |= {"op": "elapsed", "end": f"2026-{month + 1:02}-{day:02}T{hour:02}:15:30"}
        else:
            line |= {"op": "due", "term": draw.choice(TERMS)}
        made.append(json.dumps(line))
    return "\n".join(made).encode() + b"\n"


def batch(given: bytes) -> list[float]:
    """Lines a second of the whole process, run by run."""
    speeds = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", BATCH], cwd=ROOT, input=given, capture_output=True, check=True)
        speeds.append(LINES / (time.perf_counter() - begun))
        if done.stdout.count(b"\n") != LINES or b'"error"' in done.stdout:
            raise SystemExit("the batch gave wrong answers")
    return speeds


def day_loop(off: set[date], start: datetime, hours: int) -> datetime:
    """The usual way: from day to day until the hours are used up."""
    left, here = timedelta(hours=hours), start
    while True:
        opening, closing = here.replace(hour=9, minute=0), here.replace(hour=18, minute=0)
        if here.date() not in off and here < closing:
            here = max(here, opening)
            if left <= closing - here:
                return here + left
            left -= closing - here
        here = opening + timedelta(days=1)


def nanoseconds(run: Callable[[], object], count: int) -> tuple[float, float]:
    """Best and median of one call."""
    taken = []
    for _ in range(2 * RUNS):
        begun = time.perf_counter_ns()
        for _ in range(count):
            run()
        taken.append((time.perf_counter_ns() - begun) / count)
    return min(taken), statistics.median(taken)


def main() -> None:
    """Measure and print."""
    for name, each in (("one calendar", LINES), ("a new calendar every 10 lines", 10)):
        speeds = batch(lines(each))
        print(f"batch, {name}: best {max(speeds):,.0f}, median {statistics.median(speeds):,.0f} lines/s of the whole process")
        print(f"  ({RUNS} runs of {LINES:,} lines)")
    watch = WorkingTime(CalendarSpec.simple("Europe/Moscow", "RU"))
    start = datetime(2026, 1, 12, 10, 17)  # noqa: DTZ001 - local to the calendar
    first = date(2026, 1, 1).toordinal()
    off = {date.fromordinal(day) for day in range(first, first + 1000) if watch.hours.close_of(day) is None}
    for hours in (3, 24, 270, 3285):
        term = parse_term(f"{hours} working hours")
        if watch.due(term, start).at.replace(tzinfo=None) != day_loop(off, start, hours):
            raise SystemExit("the loop and the tables disagree")
        ours = nanoseconds(partial(watch.due, term, start), 20_000)
        loop = nanoseconds(partial(day_loop, off, start, hours), max(20_000 // hours, 50))
        ratio = loop[0] / ours[0]
        print(f"{term}: due() best {ours[0]:,.0f} ns, median {ours[1]:,.0f}; day loop best {loop[0]:,.0f} ns ({ratio:.1f} x)")
    print(f"  (best and median of {2 * RUNS} runs, in process, table compiled; the loop works on naive datetimes, due() on aware ones)")


if __name__ == "__main__":
    main()
