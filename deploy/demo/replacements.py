"""The replacement of the demo: a tariff of 40 leads is watched, a request comes by e-mail, quality control decides, billing credits.

- The watch: leads, calls and cards come in batches; two leads that appear now are reminded of, and missed; the franchisee hears that a
  request is possible.
- The request: an e-mail in a real mailbox; the export by the command line; the audit; the workbook comes back with quality control's
  decisions: a lead listened to is replaced, another one's status was wrong, so that 6.2 holds the credit at 30 % of the tariff.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from rich.console import Console
from rich.table import Table

from deploy.demo.player import Player
from deploy.demo.smtp_catcher import letters_in
from deploy.demo.stage import Stage
from regulations.catalogue import text
from regulations.control_time import calendar_named, control_name, working_days_left
from regulations.time.working_time import working_time
from runtime.replacement_tables import billing_account_tariffs, billing_accounts

ACCOUNT, PERIOD, LOGIN = "a-40", "2026-11", "client40"
ZONE = "Asia/Yekaterinburg"
HOURS = working_time(calendar_named(control_name(ZONE), {}))
TARIFF, BALANCE, ASKED, CAP = 40, 10, 14, 12
SCRIPT = "https://docs.example.org/scripts/leads"
FRANCHISEE = "franchisee@partner.example"
COLOURS = {"W-1": "blue", "R-1": "green"}
KINDS = {"good": 19, "unreached": 13, "few": 2, "late": 1, "not_target": 2, "no_comment": 1}
"""How many leads of each kind the tariff has; two more appear while the demo runs."""
FRESH = 2
ON_REPLACEMENT = sum(KINDS.values()) - KINDS["good"]


@dataclass(frozen=True)
class Lead:
    """A lead of the tariff and what was done about it."""

    id: str
    kind: str
    days: tuple[date, date, date]
    """The working day on which it appeared, and the next two."""

    @property
    def appeared_at(self) -> datetime:
        return self._at(0, 10)

    @property
    def status(self) -> str:
        return "в работе" if self.kind == "good" else "на замену"

    @property
    def comment(self) -> str:
        reasons = {"good": "просит перезвонить", "no_comment": "", "not_target": "нецелевой: услуга не нужна"}
        return reasons.get(self.kind, "недозвон: никто не берёт трубку")

    def calls(self) -> Iterator[tuple[str, datetime, bool]]:
        """Id, beginning, whether somebody answered."""
        starts = {
            "good": [(0, 11)],
            "not_target": [(0, 12)],
            "few": [(0, 11), (0, 13)],
            "late": [(1, 13), (1, 15), (2, 11)],
        }.get(self.kind, [(0, 11), (0, 13), (0, 15), (1, 11), (2, 16)])
        for number, (day, hour) in enumerate(starts, 1):
            yield f"{self.id}-{number}", self._at(day, hour), self.kind in ("good", "not_target")

    def _at(self, day: int, hour: int) -> datetime:
        return datetime.combine(self.days[day], time(hour), HOURS.local(datetime.now(UTC)).tzinfo)


def tariff() -> list[Lead]:
    """The leads, over the last weeks."""
    today = HOURS.local(datetime.now(UTC)).date()
    first = today - timedelta(days=24)
    days = working_days_left(HOURS, first, today - timedelta(days=1), datetime.now(UTC) - timedelta(days=30))
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    return [Lead(f"n{n:03}", kind, (days[n % 5], days[n % 5 + 1], days[n % 5 + 2])) for n, kind in enumerate(kinds, 1)]


def write_export(leads: list[Lead], file: Path) -> None:
    """5.2: cards, calls and recordings, as the technical specialists take them out of the CRM."""
    columns = ("record", "lead", "appeared_at", "status", "comment", "call", "at", "answered")
    with file.open("w", newline="", encoding="utf-8") as out:
        rows = csv.DictWriter(out, columns)
        rows.writeheader()
        for lead in leads:
            card = {"lead": lead.id, "appeared_at": lead.appeared_at.isoformat(), "status": lead.status, "comment": lead.comment}
            rows.writerow({"record": "card", **card})
            for call, at, answered in lead.calls():
                made = {"call": call, "lead": lead.id, "at": at.isoformat(), "answered": "да" if answered else "нет"}
                rows.writerow({"record": "call", **made, "comment": lead.comment or "недозвон"})
                rows.writerow({"record": "recording", "call": call})


def request() -> EmailMessage:
    """5.1: the request as the regulation has it, with its own slip of the pen."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = FRANCHISEE, "zamena@company.example", "Замена по клиенту"
    letter["Message-ID"] = "<request-40@partner.example>"
    letter.set_content(
        f"Добрый день!\n\nПрошу произвести начисление {ASKED} определений на замену.\n\nПогин клиента {LOGIN}\n\nСкрипт - {SCRIPT}\n",
        charset="koi8-r",
    )
    return letter


def decide(sheet: Path) -> None:
    """5.2: quality control listens to two leads: one is replaced, the other one's status was wrong (6.2)."""
    book = load_workbook(sheet)
    page = book.worksheets[0]
    place = {str(cell.value): number for number, cell in enumerate(page[1])}
    verdict, decision, wrong, remark = (place[_word("heading", name)] for name in ("verdict", "decision", "wrong", "remark"))
    heard = 0
    for row in page.iter_rows(min_row=2):
        if row[verdict].value == text("ru", "audit", "verdict", "listen"):
            heard += 1
            row[decision].value = _word("decision", "replace" if heard == 1 else "reject")
            row[wrong].value = None if heard == 1 else "да"
            row[remark].value = "по записи услуга не нужна" if heard == 1 else "по записи клиент просит счёт"
    book.save(sheet)


def _word(*place: str) -> str:
    return text("ru", "audit_sheet", *place)


async def watch(stage: Stage, console: Console, leads: list[Lead]) -> Player:
    """Leads, calls and cards come in batches; two leads that appear now are never called."""
    p = Player(stage, console, f"lead-watch/{ACCOUNT}/{PERIOD}", label="W-1", colour=COLOURS["W-1"], calendar=HOURS)
    address = {"account": ACCOUNT, "period": PERIOD}

    async def say(what: str, **data: Any) -> None:
        answer = await p.post(f"lead-watch.{what}", at=datetime.now(UTC), data={**address, **data})
        await p.until_seen(lambda read: any(fact.key == answer["id"] for fact in read.facts))

    people = {"manager": "manager@client.example", "franchisee": {"email": FRANCHISEE}}
    await say("started", identifications=TARIFF, zone=ZONE, **people)
    fresh = [{"lead": f"f{n}", "at": datetime.now(UTC).isoformat()} for n in range(FRESH)]
    await say("leads_appeared", leads=[{"lead": lead.id, "at": lead.appeared_at.isoformat()} for lead in leads] + fresh)
    comments = {lead.id: lead.comment or "недозвон" for lead in leads}
    calls = [
        {"call": id, "lead": lead.id, "at": at.isoformat(), "answered": answered, "recorded": True, "comment": comments[lead.id]}
        for lead in leads
        for id, at, answered in lead.calls()
    ]
    await say("calls_made", calls=calls)
    now = datetime.now(UTC).isoformat()
    await say("cards_changed", cards=[{"lead": lead.id, "at": now, "status": lead.status, "comment": lead.comment} for lead in leads])
    await say("balance_noted", balance=BALANCE)
    await p.show()
    return p


async def replace(stage: Stage, console: Console, leads: list[Lead]) -> Player:
    """From the e-mail to the credit."""
    case = f"replacement/{ACCOUNT}/{PERIOD}/1"
    p = Player(stage, console, case, label="R-1", colour=COLOURS["R-1"])
    assert stage.imap is not None  # noqa: S101 - the demo's stage has a mailbox
    await stage.imap.arrive(request())
    await p.until_seen(lambda read: read.stage == "awaiting_export")
    await p.show()
    export, sheet = stage.folder / "export.csv", stage.folder / "audit.xlsx"
    await asyncio.to_thread(write_export, leads, export)
    await stage.run("-m", "starter.cli", "replacement", "export", case, str(export), "--by", "t1")
    await p.until_seen(lambda read: read.stage == "awaiting_decision")
    await p.show()
    await stage.run("-m", "starter.cli", "replacement", "sheet", case, "--out", str(sheet))
    await asyncio.to_thread(decide, sheet)
    await stage.run("-m", "starter.cli", "replacement", "decide", case, str(sheet), "--by", "q1")
    await p.until_seen(lambda read: any(o.clause.endswith("5.3") and o.state != "open" for o in read.obligations))
    await p.show()
    return p


async def play(stage: Stage, console: Console) -> list[str]:
    """Plays it; gives what was not as expected."""
    began = datetime.now(UTC) - timedelta(days=30)
    await stage.billing.bill(billing_accounts, account=ACCOUNT, login=LOGIN, zone=ZONE)
    plan = {"identifications": TARIFF, "balance": BALANCE, "began_at": began, "paid_at": began}
    await stage.billing.bill(billing_account_tariffs, account=ACCOUNT, period=PERIOD, mode="ours", **plan)
    leads = tariff()
    watched, replaced = await asyncio.gather(watch(stage, console, leads), replace(stage, console, leads))
    await watched.until(await watched.now() + timedelta(days=7))
    await replaced.until(await replaced.now() + timedelta(days=4))
    await replaced.until_seen(lambda read: read.outcome is not None)
    return await judge(stage, console, watched, replaced)


async def judge(stage: Stage, console: Console, watched: Player, replaced: Player) -> list[str]:
    """Compares what happened with what the regulation wants."""
    seen = json.loads(await stage.run("-m", "starter.cli", "replacement", "show", replaced.case, "--json"))
    read, watch_read = await replaced.read(), await watched.read()
    letters = [letter for letter in letters_in(stage.mail.maildir) if FRANCHISEE in letter.recipients]
    credits = list(stage.billing.credits.values())
    table = Table("case", "stage", "what", "history events", title="Replacements")
    for p, stage_text, what in (
        (watched, watch_read.stage_text, next((letter.subject for letter in letters if letter.message["In-Reply-To"] is None), "")),
        (replaced, read.stage_text, ", ".join(f"{verdict} {count}" for verdict, count in seen["verdicts"].items())),
    ):
        table.add_row(p.case, stage_text, what, str(len((await p.handle.fetch_history()).events)))
        await p.close()
    console.print(table)
    wrong = []
    if len(letters) != 3:
        wrong.append(f"expected three letters to the franchisee (possible, taken, credited), saw {[letter.subject for letter in letters]}")
    if (read.outcome, [o.state for o in read.obligations]) != ("credited", ["met", "met"]):
        wrong.append(f"expected credited with both duties met, saw {read.outcome}, {[o.state for o in read.obligations]}")
    if [(c["body"]["entry"], c["body"]["identifications"]) for c in credits] != [("replacement", CAP)]:
        wrong.append(f"expected one credit of {CAP} (30 % of the tariff, 6.2), saw {credits}")
    return wrong
