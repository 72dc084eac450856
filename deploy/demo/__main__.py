"""``make demo``: cases side by side on real parts, weeks in a minute; exit code 0 only if all is as expected.

``make demo CASE=handoffs``, ``CASE=leads``, ``CASE=replacements``, ``CASE=partners`` or ``CASE=onboardings`` plays one regulation.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Awaitable, Callable

from rich.console import Console

from deploy.demo import handoffs, leads, onboardings, partners, replacements
from deploy.demo.stage import ROOT, Stage
from runtime.process import leave

REGULATIONS: dict[str, Callable[[Stage, Console], Awaitable[list[str]]]] = {
    "handoffs": handoffs.play,
    "leads": leads.play,
    "replacements": replacements.play,
    "partners": partners.play,
    "onboardings": onboardings.play,
}

console = Console(width=170, highlight=False)


async def main(wanted: list[str]) -> int:
    """Plays the regulations one after the other and compares what happened with what they want."""
    if unknown := sorted(set(wanted) - REGULATIONS.keys()):
        console.print(f"[red]there is no demo of {', '.join(unknown)}; there are {', '.join(REGULATIONS)}[/red]")
        return 2
    folder = ROOT / ".demo"
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    console.print(
        "[bold]reglament[/bold]: starting a Temporal server with its UI, SMTP, IMAP, stand-ins (CRM, billing, SMS), SQLite and a worker …"
    )
    wrong: list[str] = []
    async with Stage(folder, webhooks=True, mailbox=True) as stage:
        console.print(f"up after {time.monotonic() - began:.0f} s; the Temporal UI while the demo runs: {stage.ui}\n")
        for name in wanted or REGULATIONS:
            console.rule(name)
            wrong += [f"{name}: {line}" for line in await REGULATIONS[name](stage, console)]
    console.print(f"\n{time.monotonic() - began:.0f} s in all.")
    for line in wrong:
        console.print(f"[red]not as expected:[/red] {line}")
    console.print(
        "[bold green]All is as the regulations want it.[/bold green]" if not wrong else "[bold red]Something is wrong.[/bold red]"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    leave(asyncio.run(main(sys.argv[1:])))
