"""`reglament mailbox`: what it says of mailboxes that answer and that do not, and of a stored e-mail while Temporal is away."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner, Result

from deploy.demo.imap_server import ImapServer
from deploy.demo.stage import ROOT, free_port
from runtime.database import create_billing_tables, open_database
from runtime.encryption import KeyRing
from runtime.inbox import InboxState, InboxStore
from runtime.replacement_tables import billing_account_tariffs, billing_accounts
from starter.commands import command
from starter.commands.mailbox import app
from tests.databases import migrated
from tests.starter.mails import LONG, SHORT, eml

CANARY = "Sesam-1"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of its own, no Temporal, and the demo's company."""
    url = f"sqlite:///{tmp_path / 'mail.db'}"
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", url)
    monkeypatch.setenv("REGLAMENT_ENCRYPTION_KEYS", base64.b64encode(os.urandom(32)).decode())
    monkeypatch.setenv("REGLAMENT_COMPANY", str(ROOT / "deploy/demo/company.toml"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
    monkeypatch.setattr(command, "CONNECTING", timedelta(0))
    monkeypatch.chdir(tmp_path)

    async def prepare() -> None:
        await migrated(url)
        await create_billing_tables(url)

    asyncio.run(prepare())
    return url


def mailbox(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def _settings(**changes: Any) -> dict[str, Any]:
    return {
        "purpose": "replacement",
        "address": "zamena@company.example",
        "host": "127.0.0.1",
        "security": "none",
        "username": ImapServer.username,
        "password": ImapServer.password,
        **changes,
    }


def test_each_mailbox_is_told_of_with_what_lies_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, dead = free_port(), free_port()
    boxes = [_settings(port=port), _settings(port=dead, purpose="handoff")]
    monkeypatch.setenv("REGLAMENT_MAILBOXES", json.dumps(boxes))
    monkeypatch.chdir(tmp_path)

    async def said() -> tuple[Result, Result]:
        async with ImapServer(tmp_path / "imap.log", port):
            return await asyncio.to_thread(mailbox, "check"), await asyncio.to_thread(mailbox, "check", "--json")

    plain, as_json = asyncio.run(said())
    assert (plain.exit_code, as_json.exit_code) == (3, 3)
    assert "mailbox 1 (replacement, 127.0.0.1): 0 waiting, 0 taken, 0 answered" in plain.stdout
    assert "mailbox 2 (handoff, 127.0.0.1): mailbox, connecting: ConnectionRefusedError" in plain.stdout
    first, second = json.loads(as_json.stdout)
    assert (first["waiting"], first["taken"], first["answered"]) == (0, 0, 0)
    assert "error" in second
    assert ImapServer.password not in plain.stdout + as_json.stdout


def test_where_no_mailbox_is_set_it_says_how_to_set_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGLAMENT_MAILBOXES", raising=False)
    monkeypatch.chdir(tmp_path)
    result = mailbox("check")
    assert result.exit_code == 0
    assert "REGLAMENT_MAILBOXES" in result.stdout


def _stored(tmp_path: Path, content: bytes) -> str:
    file = tmp_path / "stored.eml"
    file.write_bytes(content)
    return str(file)


def test_while_temporal_is_away_nothing_counts_as_answered(tmp_path: Path, url: str) -> None:
    """Nobody goes by this login: it would be answered, and cannot be."""
    result = mailbox("read", _stored(tmp_path, eml(SHORT)), "--purpose", "replacement")
    assert result.exit_code == 3
    assert "nothing was answered" in result.output


def test_a_letter_that_nobody_wrote_is_told_as_such(tmp_path: Path, url: str) -> None:
    result = mailbox("read", _stored(tmp_path, eml(LONG, Auto_Submitted="auto-replied")), "--purpose", "replacement", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"fate": "answered", "why": "auto", "case": None})
    assert CANARY not in result.output


@pytest.mark.parametrize("received", ["yesterday", "2026-11-23T09:00"])
def test_a_time_of_receipt_without_an_offset_is_no_time(tmp_path: Path, url: str, received: str) -> None:
    result = mailbox("read", _stored(tmp_path, eml(SHORT)), "--purpose", "replacement", "--received", received)
    assert result.exit_code == 2
    assert "+03:00" in result.output


def test_a_request_is_kept_with_the_time_that_is_given_and_its_password_apart(tmp_path: Path, url: str) -> None:
    asyncio.run(_bill(url))
    arguments = ("--purpose", "replacement", "--received", "2026-03-02T12:30:00+03:00", "--json")
    result = mailbox("read", _stored(tmp_path, eml(LONG)), *arguments)
    assert (result.exit_code, json.loads(result.stdout)["fate"]) == (3, "stays")
    assert CANARY not in result.output
    rows = asyncio.run(_rows(url))
    assert len(rows) == 1
    assert b"2026-03-02T09:30:00" in rows[0]
    assert CANARY.encode() not in rows[0]
    assert json.loads(mailbox("read", _stored(tmp_path, eml(LONG, sender="x")), *arguments).stdout)["why"] == "no sender"


async def _bill(url: str) -> None:
    engine = open_database(url)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    async with engine.begin() as connection:
        await connection.execute(insert(billing_accounts).values(account="a-1", login="romashka", zone="Europe/Moscow"))
        tariff = {"account": "a-1", "period": "2026-01", "mode": "integrated", "identifications": 100, "balance": 5, "began_at": began}
        await connection.execute(insert(billing_account_tariffs).values(**tariff))
    await engine.dispose()


async def _rows(url: str) -> list[bytes]:
    engine = open_database(url)
    store = InboxStore(engine, KeyRing.parse(os.environ["REGLAMENT_ENCRYPTION_KEYS"]), ())
    entries = await store.entries([InboxState.RECEIVED], None, 10)
    found = [await store.event(entry.seq) or b"" for entry in entries]
    await engine.dispose()
    return found
