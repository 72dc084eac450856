"""The Ukrainian onboarding of the demo: a visa slip with one refusal and a deputy, a late installation, and the service that follows.

- The slip: the lawyer is absent, and the deputy gives the visas; the price agreement is refused, goes back to sales and is mended; a visa
  that comes twice is one visa.
- The installation: the contract's own term is a working day from the payment, which was posted a week ago: a breach, met late.
- The service: a visit with the update, a certificate, a competitor told of, a need that begins a deal in the CRM; the manager's report of
  the day, drawn up by the machine and confirmed.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.player import Player
from deploy.demo.smtp_catcher import letters_in
from deploy.demo.stage import CRM_DEALS, Stage
from regulations.read_out import ReadOut
from regulations.time.calendar_spec import CalendarSpec
from regulations.time.working_time import working_time

KYIV = working_time(CalendarSpec.simple("Europe/Kyiv", "UA"))
HEAD_OF_SALES, SALES, ACCOUNTANT, GROUP_HEAD = (
    {"id": id, "role": role}
    for id, role in (("u70", "head_of_sales"), ("u71", "sales_manager"), ("u52", "accountant"), ("u73", "group_head"))
)
DEPUTY = {"id": "u52", "role": "lawyer"}
"""The accountant stands in for the lawyer, who is absent."""
SERVICE_HEAD, INSTALLER, MANAGER = (
    {"id": id, "role": role} for id, role in (("u74", "service_group_head"), ("u74", "service"), ("u75", "client_manager"))
)
CLIENT = {
    "id": "cl-77",
    "name": "ТОВ «Світанок»",
    "contact": "Олена Савчук",
    "email": "svitanok@client.example",
    "phone": "+380440000000",
    "crm_contact": "c-501",
}
OWN_TERM = "1 working days"


async def play(stage: Stage, console: Console) -> list[str]:
    """Plays it; gives what was not as expected."""
    slip = Player(stage, console, "onboarding/K-77", label="V-1", colour="blue", calendar=KYIV)
    plan = Player(stage, console, "service-plan/cl-77", label="SP-1", colour="green", calendar=KYIV)
    diary = Player(stage, console, "service-diary/u75", label="SD-1", colour="magenta", calendar=KYIV)
    today = KYIV.local(datetime.now().astimezone()).date()
    console.print(await stage.run("-m", "starter.cli", "absence", "u51", str(today), str(today + timedelta(days=14)), "--deputy", "u52"))
    await collect_visas(slip)
    await install(slip)
    await plan.until_seen(lambda read: read.stage == "active")
    await serve(plan)
    await diary.until_seen(lambda read: any(o.due for o in read.obligations))
    await report(diary)
    return await judge(stage, console, slip, plan, diary)


async def collect_visas(p: Player) -> None:
    """2.1 to 2.7: side by side, one refused; the last one only after the second."""

    async def say(what: str, **data: Any) -> None:
        await p.tell(f"onboarding.{what}", at=datetime.now().astimezone(), data={"contract": "K-77", **data})

    await say(
        "handed_over",
        client=CLIENT,
        regular=True,
        programs=["Гарант-Універсал", "правила консалтингу"],
        price_agreement="ДУ-12 від 02.11.2026",
        payment_day=15,
        update_every="7 calendar days",
        update_set="Універсал, мережева версія",
        installation_term=OWN_TERM,
        group_head="u73",
        sales_manager="u71",
        client_manager="u75",
        by=HEAD_OF_SALES,
    )
    await say("visa_given", item="2.1", by=DEPUTY)
    await say("visa_refused", item="2.2", reason="в угоді немає підпису клієнта", by=DEPUTY)
    await asyncio.gather(*(p.post("onboarding.visa_given", at=datetime.now().astimezone(), data=data) for data in side_by_side()))
    await say("item_mended", item="2.2", remark="підписану угоду отримано", by=SALES)
    await say("visa_given", item="2.2", by=DEPUTY)
    paid = datetime.now().astimezone() - timedelta(days=7)
    await p.tell("onboarding.payment_posted", at=paid, data={"contract": "K-77", "reference": "pay-77"})
    await say("visa_given", item="2.7", files=[document("угода про вартість.pdf")], by=GROUP_HEAD)
    await p.until_seen(lambda read: read.stage == "in_service")


def side_by_side() -> list[dict[str, Any]]:
    """Four visas at once, one of them twice."""
    items = [("2.3", ACCOUNTANT), ("2.4", GROUP_HEAD), ("2.5", GROUP_HEAD), ("2.5", GROUP_HEAD), ("2.6", GROUP_HEAD)]
    card = {"files": [document("карта клієнта.pdf")]}
    return [{"contract": "K-77", "item": item, "by": by, **(card if item == "2.6" else {})} for item, by in items]


def document(name: str) -> dict[str, str]:
    return {"name": name, "content": b64encode(f"%PDF-1.7 {name}".encode()).decode()}


async def install(p: Player) -> None:
    """3.1 to 3.3: contact at once, the installation after the contract's own term."""
    data = {"contract": "K-77"}
    agreed = (datetime.now().astimezone() + timedelta(hours=20)).isoformat()
    await p.tell("onboarding.first_contact", data={**data, "installation_at": agreed, "parameters": "сервер клієнта", "by": SERVICE_HEAD})
    await p.until_seen(lambda read: any(o.clause == "onboarding 3.2" and o.state == "overdue" for o in read.obligations))
    await p.tell("onboarding.installed", data={**data, "remark": "мережева версія, 12 місць", "by": INSTALLER})
    await p.tell("onboarding.installation_reported", data={**data, "files": [document("акт установки.pdf")], "by": GROUP_HEAD})
    await p.until_seen(lambda read: read.outcome == "done")


async def serve(p: Player) -> None:
    """4.1 to 4.6"""

    async def say(event: str, **data: Any) -> None:
        await p.tell(f"service-plan.{event}", data={"client": "cl-77", **data})

    await say("visit_made", visit="v-1", updated=True, materials=["пам'ятка користувача"], minutes=50, by=MANAGER)
    await say("certificate_issued", certificate="cert-1", user="usr-1", by=MANAGER)
    learnt = (await p.now()).isoformat()
    await say("competitor_acted", learnt_at=learnt, action="пропонує безкоштовний місяць", by=MANAGER)
    await say("need_found", need="n-1", what="модуль судової практики", sum="4500.00", by=MANAGER)


async def report(p: Player) -> None:
    """4.4.1: the machine draws the report up, the manager confirms it."""
    due = (await p.dues())["4.4.1"]
    await p.until(due - timedelta(minutes=30))
    await p.tell(
        "service-diary.paper_confirmed",
        data={"manager": "u75", "paper": "day_report", "first": str(KYIV.local(due).date()), "by": MANAGER},
    )


async def judge(stage: Stage, console: Console, slip: Player, plan: Player, diary: Player) -> list[str]:
    """Compares what happened with what the regulation wants."""
    reads: dict[str, ReadOut] = {}
    table = Table("case", "stage", "obligations", "history events", title="Onboarding")
    for p in (slip, plan, diary):
        read = reads[p.label] = await p.read()
        states = ", ".join(f"{o.clause.partition(' ')[2]} {o.state}" for o in read.obligations)
        table.add_row(p.case, read.stage_text, states, str(len((await p.handle.fetch_history()).events)))
        await p.close()
    console.print(table)
    wrong = []
    found = Counter((o.clause, o.state) for o in reads["V-1"].obligations)
    if reads["V-1"].outcome != "done":
        wrong.append(f"expected the onboarding done, saw {reads['O-1'].stage}")
    if found["onboarding 3.2", "met_late"] != 1 or sum(n for (_, state), n in found.items() if state != "met") != 1:
        wrong.append(f"expected the installation late by the contract's own term, and nothing else, saw {dict(found)}")
    if found["onboarding 2.2", "met"] != 3:
        wrong.append(f"expected a refused visa, its mending and the visa for 2.2, saw {dict(found)}")
    if [deal for deal in stage.crm.deals.values() if deal.get(CRM_DEALS["direction"]) == "Допродаж"] == []:
        wrong.append("expected the need of the client to begin a deal in the CRM")
    papers = [letter for letter in letters_in(stage.mail.maildir) if "u73@company.example" in letter.recipients]
    if not any(attached(letter.message) for letter in papers):
        wrong.append(f"expected the confirmed report with the group head, saw {[letter.subject for letter in papers]}")
    return wrong


def attached(message: Any) -> list[str]:
    """The names of a letter's files."""
    return [part.get_filename() for part in message.iter_attachments()]
