"""``reglament secret``: the client's password to its own CRM, shown on the record while its case lives (replacement 5.1)."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from starter.commands.command import AWAY, JSON_OPTION, REFUSED, WRONG_USE, fail, run, settings_or_fail

if TYPE_CHECKING:
    from runtime.secrets import KeptSecret, SecretStore

_WHO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHORTEST, _LONGEST = 3, 1000

app = typer.Typer(
    no_args_is_help=True,
    help="Passwords of clients: kept sealed, shown only on the record of who asked and why, destroyed when their case ends.",
)
AddressArgument = Annotated[str, typer.Argument(help="The case, e.g. replacement/a-2071/2026-10/1.")]


@app.command()
def show(
    address: AddressArgument,
    by: Annotated[str, typer.Option("--by", help="Who asks: an id of the company's directory.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
    ref: Annotated[str | None, typer.Option("--ref", help="Which one, where several are kept: its reference, from secret list.")] = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Print a secret. That it was shown, to whom and why, is written down first."""
    if _WHO.fullmatch(by) is None:
        fail(WRONG_USE, "--by must be an id of the company's directory: letters, digits, '.', '_' and '-', at most 64")
    reason = " ".join(reason.split())
    if not _SHORTEST <= len(reason) <= _LONGEST or not reason.isprintable():
        fail(WRONG_USE, f"--reason must say why, in {_SHORTEST} to {_LONGEST} characters")
    run(_show(address, by, reason, ref, as_json))


@app.command("list")
def list_secrets(address: AddressArgument, as_json: JSON_OPTION = False) -> None:
    """List the secrets of a case, the newest first: reference, kept, destroyed, and who was shown it. Never the secret."""
    run(_list(address, as_json))


async def _show(address: str, by: str, reason: str, ref: str | None, as_json: bool) -> int:
    from runtime.encryption import EncryptionError
    from runtime.secrets import SecretError

    async with _store() as store:
        try:
            shown = await store.show(address, by, reason, ref)
        except (SecretError, EncryptionError) as e:
            fail(REFUSED, str(e))
    if as_json:
        print(json.dumps({"case": address, "ref": shown.secret.ref, "secret": shown.value}))
    elif shown.value.isprintable():
        print(shown.value)
    else:  # nothing from outside may steer a terminal
        print("reglament: it holds characters that cannot be shown: this is it as a JSON string", file=sys.stderr)
        print(json.dumps(shown.value))
    return 0


async def _list(address: str, as_json: bool) -> int:
    async with _store() as store:
        found = await store.of_case(address)
    if as_json:
        print(json.dumps([_json(one) for one in found], ensure_ascii=False))
        return 0
    from rich.console import Console
    from rich.table import Column, Table

    console = Console(highlight=False)
    table = Table(Column("reference", no_wrap=True), "kept (UTC)", "destroyed (UTC)", "shown to")
    for one in found:
        reads = "\n".join(f"{read.at:%Y-%m-%d %H:%M:%S} {read.by}: {read.reason}" for read in one.reads).replace("[", "\\[")
        gone = f"{one.destroyed_at:%Y-%m-%d %H:%M:%S}" if one.destroyed_at else ""
        table.add_row(one.ref, f"{one.kept_at:%Y-%m-%d %H:%M:%S}", gone, reads)
    console.print(table if found else f"no secret was ever kept for {address}", markup=False)
    return 0


def _json(one: KeptSecret) -> dict[str, Any]:
    return {
        "ref": one.ref,
        "kept_at": one.kept_at.isoformat(),
        "destroyed_at": one.destroyed_at.isoformat() if one.destroyed_at else None,
        "reads": [{"at": read.at.isoformat(), "by": read.by, "reason": read.reason} for read in one.reads],
    }


@asynccontextmanager
async def _store() -> AsyncIterator[SecretStore]:
    from runtime.database import DatabaseRefusedError, DatabaseUnavailableError, open_database
    from runtime.encryption import EncryptionError, KeyRing
    from runtime.secrets import SecretStore

    settings = settings_or_fail()
    try:
        keys = KeyRing.parse(settings.encryption_keys.get_secret_value())
        engine = open_database(settings.database_url.get_secret_value())
    except (EncryptionError, ValueError) as e:
        fail(WRONG_USE, f"settings: {e}")
    try:
        yield SecretStore(engine, keys)
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        fail(AWAY, f"the database does not answer ({e}): reglament doctor checks it")
    finally:
        await engine.dispose()
