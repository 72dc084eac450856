"""``make demo``: three handoffs side by side on real parts, weeks in half a minute; exit code 0 only if all is as expected."""

from __future__ import annotations

import asyncio
import shutil
import time

from rich.console import Console
from rich.table import Table

from deploy.demo.scenes import EXPECTED, Player, monthly_report, notice_round, register_counts, scenes
from deploy.demo.stage import ROOT, Stage
from runtime.process import leave

console = Console(width=170, highlight=False)


async def main() -> int:
    """Plays the scenes and compares what happened with what the regulation wants."""
    folder = ROOT / ".demo"
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    console.print("[bold]reglament[/bold]: starting a Temporal server with its UI, SMTP, a stand-in CRM, SQLite and a worker …")
    async with Stage(folder, webhooks=True) as stage:
        console.print(f"up after {time.monotonic() - began:.0f} s; the Temporal UI while the demo runs: {stage.ui}\n")
        players = [Player(stage, console, deal) for deal in EXPECTED]
        await asyncio.gather(*(scenes[p.deal](p) for p in players))
        told = await notice_round(stage, players)
        month = await monthly_report(stage, players)
        wrong = await _summary(stage, players)
        if (told.sent, told.refused, told.left) != (2, 0, 0):
            wrong.append(f"the round of notices: expected 2 e-mails, one to the contact centre and one to its head; saw {told}")
        if month.outcome != "sent" or not month.clients:
            wrong.append(f"the monthly report: expected it sent, with a client; saw {month}")
        skips = sum(p.skips for p in players) + 1
    console.print(f"\n{skips} skips of time, {time.monotonic() - began:.0f} s in all.")
    for line in wrong:
        console.print(f"[red]not as expected:[/red] {line}")
    console.print(
        "[bold green]All is as the regulation wants it.[/bold green]" if not wrong else "[bold red]Something is wrong.[/bold red]"
    )
    return 1 if wrong else 0


async def _summary(stage: Stage, players: list[Player]) -> list[str]:
    wrong: list[str] = []
    table = Table("case", "ended as", "met", "late", "waived", "breaches", "e-mails", "CRM records", "history events", title="Summary")
    letters = stage.mail.letters
    for p in players:
        result = await p.handle.result()
        records = [r for r in stage.crm.records.values() if r.get("External_Id") == f"handoff-{p.deal}"]
        mine = [letter for letter in letters if letter.recipients == (p.partner,)]
        events = len((await p.handle.fetch_history()).events)
        seen = (result.outcome, result.met, result.met_late, result.waived, result.breaches, len(mine), len(records))
        if seen != EXPECTED[p.deal]:
            wrong.append(f"{p.case}: expected {EXPECTED[p.deal]}, saw {seen}")
        table.add_row(p.case, *map(str, seen), str(events))
    console.print()
    console.print(table)
    mails = Table("to", "subject", title="E-mails that the SMTP server took")
    for letter in letters:
        mails.add_row(", ".join(letter.recipients), letter.subject)
    console.print(mails)
    counts = await register_counts(stage.database_url)
    registers = Table("register", "rows", title="Registers")
    for name, count in counts.items():
        registers.add_row(name, str(count))
    console.print(registers)
    expected = {"accepted_clients": 3, "payments_register": 3, "incidents": 0}
    wrong += [f"register {name}: expected {n} rows, saw {counts[name]}" for name, n in expected.items() if counts[name] != n]
    if sum(p.skips for p in players) > 25:
        wrong.append("more than 25 skips of time")
    return wrong


if __name__ == "__main__":
    leave(asyncio.run(main()))
