"""What the commands of ``reglament`` share: exit codes, settings, the connection, an orderly end.

Exit codes: 0 all well; 1 something was refused or found wrong; 2 wrong use or wrong input; 3 Temporal, a worker or the database is away.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from temporalio.client import Client

    from regulations.company import Company
    from runtime.settings import Settings

REFUSED, WRONG_USE, AWAY = 1, 2, 3
CONNECTING = timedelta(seconds=5)
"""How long a command waits for the Temporal server."""
JSON_OPTION = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def company_or_fail(settings: Settings) -> Company:
    """The company's file; a wrong one ends the command."""
    from regulations.company import CompanyError, load_company

    try:
        return load_company(settings.company)
    except CompanyError as e:
        fail(WRONG_USE, str(e))


def instant_or_fail(company: Company, given: str | None, option: str = "--at") -> datetime:
    """The time that an option gives, in the company's zone unless it has an offset; now without it. A wrong one ends the command."""
    from regulations.time.working_time import working_time

    try:
        return working_time(company.calendars["company"]).local(datetime.now(UTC) if given is None else datetime.fromisoformat(given))
    except ValueError:
        fail(WRONG_USE, f"{option} {given} is no time; write it like 2026-11-23T09:00 or 2026-11-23T09:00+03:00")


def settings_or_fail() -> Settings:
    """The settings; wrong ones end the command."""
    from pydantic import ValidationError

    from runtime.settings import Settings

    try:
        return Settings()
    except ValidationError as e:
        fail(WRONG_USE, f"settings: {e}")


async def connected() -> tuple[Settings, Client]:
    """The settings and a client; without a Temporal server the command ends."""
    from runtime.connection import connect

    settings = settings_or_fail()
    try:
        return settings, await connect(patience=CONNECTING)
    except RuntimeError as e:
        fail(AWAY, f"{e}; is it running, and does TEMPORAL_ADDRESS name it?")


def run(work: Coroutine[Any, Any, int]) -> NoReturn:
    """Does the work and ends the command with its exit code."""
    from starter.views import NotFound, Unavailable

    async def guarded() -> int:
        try:
            return await work
        except NotFound as e:
            fail(REFUSED, str(e))
        except Unavailable as e:
            fail(AWAY, str(e))

    raise typer.Exit(asyncio.run(guarded()))


def fail(code: int, words: str) -> NoReturn:
    """Ends the command with words for its user."""
    print(f"reglament: {words}", file=sys.stderr)
    raise typer.Exit(code)
