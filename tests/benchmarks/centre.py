"""One service centre with very many open leads: its digest, its watch list, the counts and the policy that distribution asks for.

``python -m tests.benchmarks centre [LEADS]``. The leads are written straight into the register, a third of them hot, a third warm, a third
cold, all of them new; a thousand more are of another centre. All other parts are real: the Temporal server, a worker, SMTP; SQLite, and
PostgreSQL where its server can be started. Of each round are told its time from start to end, its SQL statements, the events and bytes of
its history, and the size of its letter.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from deploy.demo.smtp_catcher import SmtpCatcher
from regulations.control_time import calendar_named, control_name
from regulations.lead.watch import quarter
from regulations.rounds import RoundResult
from regulations.time.working_time import working_time
from runtime.centres import CentreReader
from runtime.database import migrate, open_database
from runtime.lead_tables import leads
from runtime.leads import LeadReader
from runtime.process import leave
from tests.activities.centres import FAR, NEAR, CentreOffice
from tests.activities.notice_office import FRIDAY, VLADIVOSTOK
from tests.activities.test_centre_rounds import MONDAY
from tests.databases import LazyPostgres
from tests.workflows.conftest import real_time
from tests.workflows.rounds import hold, worker
from workflows.centre_digest import CentreDigest
from workflows.hot_watch import HotWatch

LEADS = 50_000
OTHERS = 1_000
_AT_ONCE = 1_000
"""Rows of one statement that fills the register."""


@contextmanager
def statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):  # which only SQLite says as a statement
            seen.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


def row(n: int, code: str) -> dict[str, Any]:
    """A new lead; every tenth has missed its term."""
    due = MONDAY + timedelta(minutes=7 * (n % 6_000) - 5_000)
    return {
        "case_uid": f"{code}-{n}",
        "round": 1,
        "seq": 1,
        "address": f"lead/{code}-{n}/extern",
        "case_kind": "lead",
        "edition": "lead-1",
        "client": f"{code}-{n}",
        "client_name": f"ООО «Ромашка № {n}»",
        "product": "extern",
        "type": "connection",
        "centre": code,
        "temperature": ("hot", "warm", "cold")[n % 3],
        "status": "new",
        "created_at": FRIDAY,
        "arrived_at": FRIDAY,
        "due": due,
        "due_text": "пн 23.11.2026 11:30 (+10:00)",
        "breached": n % 10 == 0,
        "link": f"https://crm.example.org/leads/{n}",
        "decided_at": FRIDAY,
        "recorded_at": FRIDAY,
    }


async def fill(engine: AsyncEngine, count: int) -> None:
    for code, many in ((FAR, count), (NEAR, OTHERS)):
        for start in range(0, many, _AT_ONCE):
            async with engine.begin() as connection:
                await connection.execute(insert(leads), [row(n, code) for n in range(start, min(start + _AT_ONCE, many))])


async def round_of(env: WorkflowEnvironment, office: CentreOffice, workflow: Any, at: datetime, what: str) -> None:
    """Holds one round and prints its figures."""
    before, id = len(office.letters()), f"bench-{workflow.__name__}-{at:%m%d%H%M}-{id_of(office)}"
    with statements(office.engine) as seen:
        begun = time.perf_counter()
        if await hold(env, workflow, VLADIVOSTOK, at, id) != RoundResult(sent=1):
            raise SystemExit(f"{what}: not one letter was sent")
        lasted = time.perf_counter() - begun
    history = await env.client.get_workflow_handle(id).fetch_history()
    payload = max(len(p.data) for e in history.events for p in e.activity_task_completed_event_attributes.result.payloads)
    size = sum(e.ByteSize() for e in history.events)
    [letter] = office.letters()[before:]
    print(
        f"  {what}: {lasted:.2f} s, {len(seen)} statements, {len(history.events)} events, history {size:,} bytes,"
        f" largest value {payload:,} bytes, e-mail {len(letter.content):,} bytes; {letter.subject}"
    )


def id_of(office: CentreOffice) -> str:
    return office.engine.dialect.name


async def reads(engine: AsyncEngine) -> None:
    """The counts, and what distribution asks once a batch."""
    calendar = working_time(calendar_named(control_name(VLADIVOSTOK), {}))
    leads_of, centres = LeadReader(engine), CentreReader(engine)
    for what, read in (
        ("what waits", lambda: leads_of.waiting([FAR, NEAR])),
        ("breaches of the quarter", lambda: leads_of.breaches([FAR, NEAR], *quarter(calendar, MONDAY))),
        ("the first page of overdue ones", lambda: leads_of.page(centre=FAR, overdue_at=MONDAY, limit=100)),
        ("policy of the centre", lambda: centres.centre(FAR)),
    ):
        with statements(engine) as seen:
            begun = time.perf_counter()
            await read()
            print(f"  {what}: {1_000 * (time.perf_counter() - begun):.1f} ms, {len(seen)} statements")


@asynccontextmanager
async def databases(folder: Path) -> AsyncIterator[list[str]]:
    """SQLite, and PostgreSQL where its server can be started."""
    urls, postgres = [f"sqlite:///{folder / 'bench.sqlite'}"], LazyPostgres()
    try:
        urls.append(await postgres.fresh_database())
    except Exception as e:  # whatever keeps it from starting
        print(f"no PostgreSQL here ({type(e).__name__})")
    try:
        yield urls
    finally:
        postgres.stop()


async def measure(count: int) -> None:
    """Fills each database, holds a digest of a first and of a second day and a watch, and prints what they took."""
    with tempfile.TemporaryDirectory(prefix="reglament-bench-") as folder:
        async with databases(Path(folder)) as urls, real_time(continue_at=4_096) as env:
            for url in urls:
                await migrate(url)
                engine = open_database(url)
                async with SmtpCatcher(Path(folder) / url.partition(":")[0]) as catcher:
                    office = CentreOffice(engine, catcher)
                    await office.define()
                    begun = time.perf_counter()
                    await fill(engine, count)
                    print(f"{id_of(office)}: {count:,} open leads of one centre, written in {time.perf_counter() - begun:.1f} s")
                    async with worker(env.client, office):
                        await round_of(env, office, CentreDigest, MONDAY, "digest, all leads new to it")
                        await round_of(env, office, CentreDigest, MONDAY + timedelta(days=1), "digest, none new to it")
                        await round_of(env, office, HotWatch, MONDAY, "watch of hot leads")
                    await reads(engine)
                await engine.dispose()


def main(count: int = LEADS) -> None:
    """Measure and print."""
    asyncio.run(measure(count))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else LEADS)
    leave(0)
