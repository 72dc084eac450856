"""How long it takes until every open case counts with a changed calendar: `python -m tests.benchmarks.publish [CASES] [RATE]`.

All parts are real: the Temporal server, a worker process, SMTP, the CRM over HTTP, SQLite. CASES handoffs are transferred; in every second
one the client has been trained, so that no term of it lasts ten working days. The sixth working day from now becomes a day off of the
company's own: the worker is restarted with it, the calendar is published. The registers then say whether exactly the terms that cross the
day have moved, each to the instant that is counted afresh. Published once more it must change nothing.

A last line tells of the ended benchmark itself: how quickly the cases came to be is no measure of the product, since the server, the worker
and the sender share the machine.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from deploy.demo.stage import ROOT, Stage
from regulations.time.calendar_spec import CalendarSpec
from regulations.time.working_time import WorkingTime, working_time
from runtime.database import open_database, reading
from runtime.process import leave
from runtime.tables import billing_access_grants, billing_invoices, billing_payments, billing_tariffs, obligations
from starter.doors.table import DOORS
from starter.inbox.delivery import deliver
from tests.regulations.handoff.course import QUESTIONNAIRE

CASES, RATE = 5_000, 100.0
AT_ONCE = 10
"""Cases that begin at the same moment."""
TRAINING = "5.3 (2)/1"
Rows = dict[tuple[str, str], dict[str, Any]]
"""The register of obligations by address and key."""


class Office(Stage):
    """The parts, with a company's file of their own."""

    @property
    def company(self) -> Path:
        return self.folder / "company.toml"

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"REGLAMENT_COMPANY": str(self.company)}

    def close_on(self, day: date) -> None:
        """A day off of the company's own, and a worker that knows it."""
        assert self.worker is not None
        self.worker.terminate()
        self.worker.wait()
        self.company.write_text(self.company.read_text("utf-8") + f'closed = ["{day}"]\n', "utf-8")
        self.start_worker()


def event(what: str, deal: str, **data: Any) -> dict[str, Any]:
    example = {**DOORS[f"handoff.{what}"].example, **data, "deal": deal}
    return {"id": f"{deal}.{what}", "type": f"handoff.{what}", "occurred_at": datetime.now(UTC).isoformat(), "data": example}


async def fill_billing(url: str, deals: list[str]) -> None:
    """Each deal is paid and its access granted, so that a request makes its transfer."""
    engine, now = open_database(url), datetime.now(UTC) - timedelta(minutes=1)
    tariff = {"code": "bureau-12", "line": "bureau", "name": "Бюро", "price": Decimal(12000), "currency": "RUB"}
    invoices = [
        {"number": f"i-{d}", "deal": d, "login": login(d), "tariff_code": "bureau-12", "amount": Decimal(12000), "currency": "RUB"}
        for d in deals
    ]
    payments = [{"reference": f"p-{d}", "invoice_number": f"i-{d}", "amount": Decimal(12000), "currency": "RUB"} for d in deals]
    grants = [{"reference": f"a-{d}", "login": login(d), "deal": d, "tariff_code": "bureau-12", "granted_at": now} for d in deals]
    async with engine.begin() as connection:
        await connection.execute(insert(billing_tariffs), [tariff])
        await connection.execute(insert(billing_invoices), [{**row, "issued_on": now.date()} for row in invoices])
        await connection.execute(insert(billing_payments), [{**row, "posted_on": now.date(), "posted_at": now} for row in payments])
        await connection.execute(insert(billing_access_grants), [{**row, "starts_on": None} for row in grants])
    await engine.dispose()


def login(deal: str) -> str:
    return f"{deal.lower()}@client.example"


async def begin(office: Office, deals: list[str]) -> None:
    """Every deal is sold and its request is there; in every second one the client is trained already."""
    room, done = asyncio.Semaphore(AT_ONCE), 0
    client: dict[str, Any] = dict(DOORS["handoff.sold"].example["client"])  # type: ignore[arg-type]

    async def one(number: int, deal: str) -> None:
        nonlocal done
        events = [
            event("sold", deal, client={**client, "login": login(deal), "number": f"c-{number}"}),
            event("request_received", deal, questionnaire=QUESTIONNAIRE),
            *([event("training_done", deal)] if number % 2 else []),
        ]
        async with room:
            for each in events:
                await deliver(office.client, each, task_queue="reglament", hash_key="bench")
        done += 1
        if done % 500 == 0:
            print(f"  {done} cases have begun", flush=True)

    await asyncio.gather(*(one(number, deal) for number, deal in enumerate(deals)))


async def register(url: str) -> Rows:
    engine = open_database(url)
    async with reading(engine).connect() as connection:
        rows = (await connection.execute(select(obligations))).mappings().all()
    await engine.dispose()
    return {(row["address"], row["key"]): dict(row) for row in rows}


async def settled(url: str, cases: int) -> Rows:
    """The register, once every case has its training in it and nothing is written any more."""
    before: Rows = {}
    while True:
        rows = await register(url)
        counted = sum(key == TRAINING and row["calendar_version"] is not None for (_, key), row in rows.items())
        if counted == cases and rows == before:
            return rows
        before = rows
        await asyncio.sleep(3)


def check(before: Rows, after: Rows, crossing: set[tuple[str, str]], new: WorkingTime) -> None:
    """Exactly the terms that cross the day have moved, each to where a fresh count puts it."""
    moved = {id for id in before if before[id]["due"] != after[id]["due"]}
    if moved != crossing:
        raise SystemExit(f"{len(crossing)} terms cross the day, {len(moved)} moved, {len(moved ^ crossing)} differ")
    for id in crossing:
        fresh = new.due(after[id]["term"], after[id]["started_at"]).at
        if (after[id]["due"], after[id]["calendar_version"]) != (fresh, new.version):
            raise SystemExit(f"{id} is due at {after[id]['due']}, counted afresh at {fresh}")


async def measure(cases: int, rate: float) -> None:
    """Sets the stage, publishes twice, and prints what the registers say."""
    old = CalendarSpec.simple("Europe/Moscow", "RU")
    today = working_time(old).local(datetime.now(UTC)).toordinal()
    day = date.fromordinal(working_time(old).hours.nth_working_day(today, 6))
    new = working_time(CalendarSpec.from_json({**old.to_json(), "closed": [day.isoformat()]}))
    deals = [f"B-{number}" for number in range(cases)]
    with tempfile.TemporaryDirectory(prefix="reglament-bench-") as folder:
        office = Office(Path(folder))
        office.company.write_text((ROOT / "deploy/demo/company.toml").read_text("utf-8"), "utf-8")
        async with office:
            await fill_billing(office.database_url, deals)
            begun = time.perf_counter()
            await begin(office, deals)
            before = await settled(office.database_url, cases)
            created = time.perf_counter() - begun
            print(f"{cases:,} open cases, {len(before):,} obligations in the register; {day:%A %d.%m.%Y} becomes a day off")
            office.close_on(day)
            publish = ("-m", "starter.cli", "calendar", "publish", "company", "--json", "--rate", str(rate))
            begun = time.perf_counter()
            done = json.loads((await office.run(*publish)).strip().splitlines()[-1])
            whole = time.perf_counter() - begun
            after = await register(office.database_url)
            crossing = {(f"handoff/{deal}", TRAINING) for deal in deals[::2]}
            check(before, after, crossing, new)
            if (done["terms_moved"], done["cases_told"]) != (len(crossing), len(crossing)):
                raise SystemExit(f"{len(crossing)} terms cross the day; the command says {done}")
            print(
                f"publish: {done['cases_told']:,} cases told, {done['terms_moved']:,} terms moved, and no other;"
                f" {done['cases_not_touched']:,} more asked that have nothing to count any more; {done['seconds']:.1f} s,"
                f" {done['cases_per_second']:.1f} cases a second (limit {rate:g}); {whole:.1f} s with the start of the command"
            )
            again = json.loads((await office.run(*publish)).strip().splitlines()[-1])
            if again["changed"] or await register(office.database_url) != after:
                raise SystemExit(f"publishing again changed something: {again}")
            print("published again: nothing changed")
            print(f"  (the cases came to be in {created:.0f} s)")


def main(cases: int = CASES, rate: float = RATE) -> None:
    """Measure and print."""
    asyncio.run(measure(cases, rate))


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else CASES, float(given[1]) if len(given) > 1 else RATE)
    leave(0)
