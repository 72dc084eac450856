"""``make up``: all the parts in real time, until Ctrl-C; cases and letters stay in ``.up`` for the next time."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

from rich.console import Console

from deploy.demo.stage import ROOT, Stage
from runtime.process import leave

PORTS = (7233, 8233, 8080)
"""Temporal, its UI, the webhooks."""
SETTINGS = ("TEMPORAL_ADDRESS", "REGLAMENT_")

console = Console(highlight=False, soft_wrap=True)


async def main() -> int:
    """Starts the parts, says where they are, and waits. Exit code 1 when a part ends by itself."""
    folder = ROOT / ".up"
    console.print(
        "[bold]reglament[/bold]: starting a Temporal server with its UI, SMTP, IMAP, stand-ins for CRM and billing, SQLite, a worker"
        " and the webhooks …"
    )
    if taken := [port for port in PORTS if not _free(port)]:
        console.print(f"[red]port {', '.join(map(str, taken))} on 127.0.0.1 is in use: stop what listens there first[/red]")
        return 1
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Stage(folder, webhooks=True, mailbox=True, ports=PORTS) as stage:
        settings = _write_settings(stage, folder / "env")
        await stage.run("-m", "starter.cli", "schedules", "apply")
        curl = await stage.run("-m", "starter.cli", "events", "handoff.sold", "--curl")
        console.print(f"""
[bold]Temporal UI[/bold]   {stage.ui}
[bold]Webhooks[/bold]      {stage.webhooks}   ({stage.webhooks.replace("/webhooks/events", "/openapi.json")}, /readyz, /metrics)
[bold]Letters[/bold]       {folder / "mail"}
[bold]Stand-in CRM[/bold]  {stage.crm.url}
[bold]Settings[/bold]      set -a; . {settings}; set +a   (then: reglament cases, reglament inbox, reglament doctor …)

A sale, signed, good for five minutes ([bold]reglament events handoff.sold --curl[/bold] signs another):
""")
        print(curl, flush=True)
        console.print("Ctrl-C stops everything; what was begun goes on with the next [bold]make up[/bold].")
        ended = await _wait(stage, stop)
    if ended:
        console.print(f"[red]{ended} ended by itself: see {folder / ended}.log[/red]")
    return 1 if ended else 0


def _free(port: int) -> bool:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _write_settings(stage: Stage, file: Path) -> Path:
    lines = [f"{name}='{value}'\n" for name, value in stage.environment.items() if name.startswith(SETTINGS)]
    file.touch(mode=0o600)
    file.write_text("".join(lines), "utf-8")
    return file


async def _wait(stage: Stage, stop: asyncio.Event) -> str | None:
    """Until somebody stops us, or a part ends: its name."""
    while not stop.is_set():
        for name, process in (("temporal", stage.server), ("worker", stage.worker), ("starter", stage.starter)):
            if process is not None and process.poll() is not None:
                return name
        try:
            await asyncio.wait_for(stop.wait(), 1)
        except TimeoutError:
            continue
    return None


if __name__ == "__main__":
    leave(asyncio.run(main()))
