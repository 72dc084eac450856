"""The leads of the demo, at two service centres: Kaliningrad and Vladivostok, nine hours apart.

- L-1: a hot lead in Vladivostok, taken into work too late: breach, proposal of a measure, the sales support service decides.
- L-2: a warm lead moves from Kaliningrad to Vladivostok: arrival and term begin anew there.
- L-3: a *connection* whose booking ends; the other centre takes the address over, the first lead ends as blocked.
- cold leads of Kaliningrad, spread over the days of a period by a bulk action from the command line.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.player import Player
from deploy.demo.stage import Stage
from regulations.control_time import calendar_named, control_name
from regulations.rounds import RoundRequest, RoundResult
from regulations.time.working_time import WorkingTime, working_time
from runtime.centres import CentreReader
from runtime.database import open_database
from runtime.lead_tables import billing_product_invoices
from workflows.centre_digest import CentreDigest

ZONES = {"kgd-1": "Europe/Kaliningrad", "vlad-1": "Asia/Vladivostok"}
COLOURS = {"L-1": "red", "L-2": "yellow", "L-3": "cyan"}
SUPPORT = {"id": "s1", "role": "sales_support"}
CONTACT = {"channel": "call", "with_whom": "директор", "outcome": "интересуется, просит предложение"}
COLD = 8
"""How many leads are spread."""
EXPECTED = {
    "L-1": ("completed", ("met_late",)),
    "L-2": ("declined", ("waived", "met")),
    "L-3": ("new", ("open",)),
}
"""Status, and the obligations in the order in which they were opened."""


def control_time(centre: str) -> WorkingTime:
    """7.1: the time by which a centre's leads are controlled."""
    return working_time(calendar_named(control_name(ZONES[centre]), {}))


class LeadPlayer(Player):
    """A lead of the demo."""

    def __init__(self, stage: Stage, console: Console, label: str, centre: str) -> None:
        self.client = f"c-{label.lower()}"
        super().__init__(stage, console, f"lead/{self.client}/extern", label=label, colour=COLOURS[label], calendar=control_time(centre))
        self.centre = centre

    async def create(self, *, at: datetime | None = None, centre: str | None = None, **data: object) -> dict[str, Any]:
        """An enquiry; gives the webhook's answer."""
        given = {
            "client": self.client,
            "product": "extern",
            "centre": centre or self.centre,
            "creator": "client",
            "type": "connection",
            "origin": "call_order",
            "client_name": f"ООО Василёк {self.label}",
            "contacts": [{"name": "Директор", "phone": "+7 4012 30-65-65"}],
            "link": f"https://crm.example/leads/{self.client}",
            **data,
        }
        answer = await self.post("lead.created", at=at or datetime.now(UTC), data=given)
        await self.until_seen(lambda read: any(fact.key == answer["id"] for fact in read.facts) and read.next_due is not None)
        await asyncio.sleep(0.4)
        await self.show()
        return answer

    async def say(self, what: str, *, at: datetime | None = None, **data: object) -> None:
        """An event of this lead, at the centre that holds it."""
        address = {"client": self.client, "product": "extern", "centre": self.centre}
        await self.tell(f"lead.{what}", at=at, data={**address, **data})


async def hot_and_late(p: LeadPlayer) -> None:
    """Three working hours pass, and nobody calls: the breach is recorded at its due instant, a measure proposed; then it is done late."""
    await p.create()
    due = (await p.dues())["7.2.1"]
    await p.until(due + timedelta(minutes=40))
    await p.say("taken_into_work", contact=CONTACT)
    await p.bill(
        billing_product_invoices,
        number="inv-L-1",
        client=p.client,
        product="extern",
        amount=Decimal(3900),
        currency="RUB",
        paid_at=await p.now(),
    )
    await p.say("invoice_linked", invoice="inv-L-1")
    await p.until_seen(lambda read: read.outcome == "completed")
    await p.show()


async def warm_and_moved(p: LeadPlayer) -> None:
    """5.2.2: a warm lead may move: Vladivostok has seven days of its own for it."""
    await p.create(type="renewal", origin="demo_order")
    await p.until(await p.now() + timedelta(days=2))
    await p.say("moved", to="vlad-1", by={"id": "pr1", "role": "principal"}, reason="клиент переехал во Владивосток")
    p.centre, p.calendar = "vlad-1", control_time("vlad-1")
    await p.until_seen(lambda read: any(o.state == "open" for o in read.obligations))
    await p.show()
    await p.until(await p.now() + timedelta(days=1))
    await p.say("taken_into_work", contact=CONTACT)
    await p.say("declined", reason="клиент выбрал другой продукт")


async def booked_and_blocked(p: LeadPlayer) -> None:
    """A booking of thirty days, begun thirty days ago but for a minute: it ends, and the other centre's own connection takes over."""
    began = datetime.now(UTC) - timedelta(days=30) + timedelta(minutes=1)
    await p.create(at=began, creator="centre", origin="cold_call_list")
    await p.say("taken_into_work", at=began + timedelta(days=3), contact={**CONTACT, "at": (began + timedelta(days=3)).isoformat()})
    await p.until(began + timedelta(days=30, minutes=1))
    before = (await p.read()).uid
    await p.create(at=await p.now(), centre="vlad-1", creator="centre", origin="call_order")
    p.centre, p.calendar = "vlad-1", control_time("vlad-1")
    await p.until_seen(lambda read: read.uid != before and read.stage == "new")
    await p.show()


async def define_centres(stage: Stage) -> None:
    """Two service centres, in two zones."""
    for code, zone in ZONES.items():
        data = {
            "code": code,
            "name": f"СЦ {zone.partition('/')[2]}",
            "zone": zone,
            "email": f"{code}@centre.example",
            "head": f"head-{code}@centre.example",
            "managers": [{"id": "m1", "name": "Менеджер", "email": f"m1-{code}@centre.example"}],
            "products": ["extern", "bureau"],
        }
        event = {"id": f"define-{code}", "type": "centre.defined", "occurred_at": datetime.now(UTC).isoformat(), "data": data}
        await stage.post(event)
    engine = open_database(stage.database_url)
    async with asyncio.timeout(30):
        while len(await CentreReader(engine).all()) < len(ZONES):  # noqa: ASYNC110 - the worker's doing
            await asyncio.sleep(0.1)
    await engine.dispose()


async def decide_measure(stage: Stage, p: LeadPlayer) -> None:
    """9.4: the machine proposes, the sales support service decides: the centre is left out of distribution until the quarter's end."""
    proposals = json.loads(await stage.run("-m", "starter.cli", "leads", "measures", "--centre", p.centre, "--json"))
    key: str = next(proposal["proposal"] for proposal in proposals if proposal["lead"] == p.case)
    data = {
        "code": p.centre,
        "proposal": key,
        "measures": ["left_out_for_quarter"],
        "reason": "горячая заявка ждала дольше трёх часов",
        "by": SUPPORT,
    }
    await p.post("centre.measure_decided", at=datetime.now(UTC), data=data)
    engine = open_database(stage.database_url)
    try:
        async with asyncio.timeout(30):
            while not ((centre := await CentreReader(engine).centre(p.centre)) and centre.left_out):  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.1)
    finally:
        await engine.dispose()
    until = control_time(p.centre).local(centre.left_out_until) if centre.left_out_until else None
    p.line(datetime.now(UTC), f"{p.centre}: left out of distribution until {until:%d.%m.%Y %H:%M}", "centre.measure_decided")


async def spread_cold(stage: Stage) -> dict[str, int]:
    """6.2: the cold leads of a list, spread by the command line over two weeks; gives how many were done and refused."""
    now = datetime.now(UTC)
    clients = [f"c-cold-{n}" for n in range(COLD)]
    await asyncio.gather(*(_cold(stage, client, now) for client in clients))
    file = stage.folder / "cold.txt"
    file.write_text("".join(f"lead/{client}/extern\n" for client in clients), "utf-8")
    first = (now + timedelta(days=1)).date()
    options = ("--centre", "kgd-1", "--ids", str(file), "--from", first.isoformat(), "--to", (first + timedelta(days=13)).isoformat())
    result: dict[str, int] = json.loads(await stage.run("-m", "starter.cli", "bulk", "spread", *options, "--id", "demo", "--json"))
    return result


async def _cold(stage: Stage, client: str, at: datetime) -> None:
    data = {
        "client": client,
        "product": "extern",
        "centre": "kgd-1",
        "creator": "principal",
        "type": "renewal",
        "origin": "renewal_list",
        "client_name": f"ООО Лён {client}",
        "contacts": [{"name": "Бухгалтер", "phone": "+7 4012 30-65-66"}],
    }
    await stage.post({"id": f"create-{client}", "type": "lead.created", "occurred_at": at.isoformat(), "data": data})


async def digest(stage: Stage) -> RoundResult:
    """3.3, 5.2: the digest of Kaliningrad at its next 9:00: one e-mail about every warm and cold lead that has come."""
    calendar = control_time("kgd-1")
    nine = (calendar.local(datetime.now(UTC)) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    request = RoundRequest(zone=ZONES["kgd-1"], at=nine.astimezone(UTC))
    async with asyncio.timeout(60):
        return await stage.client.execute_workflow(CentreDigest.run, request, id="digest/demo", task_queue="reglament")


async def play(stage: Stage, console: Console) -> list[str]:
    """Plays the scenes side by side, then a decision on a measure, a bulk action and a digest; gives what was not as expected."""
    await define_centres(stage)
    late = LeadPlayer(stage, console, "L-1", "vlad-1")
    moved = LeadPlayer(stage, console, "L-2", "kgd-1")
    blocked = LeadPlayer(stage, console, "L-3", "kgd-1")
    spread, *_ = await asyncio.gather(spread_cold(stage), hot_and_late(late), warm_and_moved(moved), booked_and_blocked(blocked))
    await decide_measure(stage, late)
    told = await digest(stage)
    ends = {p.label: (await p.read()) for p in (late, moved, blocked)}
    table = Table("lead", "stage", "obligations", "history events", title="Leads")
    for p in (late, moved, blocked):
        states = ", ".join(f"{o.clause.partition(' ')[2]} {o.state}" for o in ends[p.label].obligations)
        table.add_row(p.case, ends[p.label].stage_text, states, str(len((await p.handle.fetch_history()).events)))
        await p.close()
    console.print(table)
    seen = {label: (read.stage, tuple(o.state for o in read.obligations)) for label, read in ends.items()}
    wrong = [f"{label}: expected {want}, saw {seen[label]}" for label, want in EXPECTED.items() if seen[label] != want]
    if (spread["done"], spread["refused"]) != (COLD, 0):
        wrong.append(f"the bulk action: expected {COLD} leads spread, saw {spread}")
    if (told.sent, told.refused, told.left) != (1, 0, 0):
        wrong.append(f"the digest of Kaliningrad: expected one e-mail, saw {told}")
    return wrong
