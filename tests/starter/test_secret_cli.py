"""`reglament secret` over a database: who is shown a password stands on the record before; nothing else ever prints it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from runtime.database import open_database
from runtime.encryption import KeyRing
from runtime.inbox import InboxState, InboxStore, Incoming
from runtime.secrets import SecretStore, reference
from starter.commands import inbox as inbox_cli
from starter.commands.secret import app
from tests.databases import migrated

KEY = base64.b64encode(os.urandom(32)).decode()
PASSWORD = "kanareyka «пароль»"
ADDRESS = "replacement/a-1/2026-10/1"
WHO = ("--by", "u40", "--reason", "the export is made")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database in which one event has brought a password."""
    url = f"sqlite:///{tmp_path / 'reglament.db'}"
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", url)
    monkeypatch.setenv("REGLAMENT_ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    asyncio.run(_fill(url, "e-1"))
    return url


async def _fill(url: str, id: str, password: str = PASSWORD) -> None:
    if id == "e-1":
        await migrated(url)
    engine = open_database(url)
    event = Incoming(id, "replacement.requested", ADDRESS, "event", b"{}", "d", secrets={_ref(id): password})
    await InboxStore(engine, KeyRing.parse(KEY), ()).take(event, None)
    await engine.dispose()


async def _destroy(url: str) -> None:
    engine = open_database(url)
    await SecretStore(engine, KeyRing()).destroy(_ref("e-1"), datetime.now(UTC) + timedelta(hours=1))
    await engine.dispose()


def _ref(id: str) -> str:
    return reference(id, "data.crm.password")


def secret(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def listed() -> list[dict[str, Any]]:
    said = secret("list", ADDRESS, "--json")
    assert said.exit_code == 0, said.output
    found: list[dict[str, Any]] = json.loads(said.stdout)
    return found


def test_a_password_is_printed_alone_and_the_record_says_to_whom(database: str) -> None:
    said = secret("show", ADDRESS, *WHO)
    assert (said.exit_code, said.stdout, said.stderr) == (0, PASSWORD + "\n", "")
    shown = json.loads(secret("show", ADDRESS, "--by", "u51", "--reason", "  looked\n again ", "--json").stdout)
    assert shown == {"case": ADDRESS, "ref": _ref("e-1"), "secret": PASSWORD}
    ((first, second),) = (one["reads"] for one in listed())
    assert [(read["by"], read["reason"]) for read in (first, second)] == [("u40", "the export is made"), ("u51", "looked again")]


def test_the_list_has_everything_but_the_password(database: str) -> None:
    secret("show", ADDRESS, *WHO)
    for said in (secret("list", ADDRESS), secret("list", ADDRESS, "--json")):
        assert said.exit_code == 0
        for words in (_ref("e-1"), "u40", "the export is made"):
            assert words in said.stdout
        assert "kanareyka" not in said.output
    nothing = secret("list", "replacement/a-2/2026-10/1")
    assert (nothing.exit_code, "no secret was ever kept" in nothing.stdout) == (0, True)


def test_the_inbox_never_shows_it(database: str) -> None:
    said = CliRunner().invoke(inbox_cli.app, ["show", "1", "--body"])
    assert said.exit_code == 0
    assert "kanareyka" not in said.output


def test_what_was_refused_with_its_password_is_not_delivered_again_and_stops_no_other(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(**_: object) -> None:
        raise RuntimeError("the Temporal server does not answer")

    monkeypatch.setattr("runtime.connection.connect", away)
    asyncio.run(_refuse(database))
    one = CliRunner().invoke(inbox_cli.app, ["redeliver", "1"])
    assert (one.exit_code, "sent again, as another event" in one.stderr) == (1, True)
    rest = CliRunner().invoke(inbox_cli.app, ["redeliver", "--all-refused"])
    assert (rest.exit_code, "row 1 brought a secret" in rest.stderr) == (3, True)
    rows = json.loads(CliRunner().invoke(inbox_cli.app, ["list", "--json"]).stdout)
    assert [(row["seq"], row["state"]) for row in rows] == [(1, "refused"), (2, "received")]


async def _refuse(url: str) -> None:
    """Both rows: the one with the password, and one without."""
    engine = open_database(url)
    store = InboxStore(engine, KeyRing.parse(KEY), ())
    await store.take(Incoming("e-9", "replacement.barred", "replacement/a-2/2026-10/1", "event", b"{}", "d"), None)
    for claim in await store.claim(2, timedelta(seconds=30)):
        await store.settle(claim, InboxState.REFUSED, {"type": "Open"}, case_there=False, lease=None)
    await engine.dispose()


def test_what_would_steer_a_terminal_is_printed_as_json(database: str) -> None:
    asyncio.run(_destroy(database))
    asyncio.run(_fill(database, "e-2", "\x1b]0;kanareyka\x07"))
    said = secret("show", ADDRESS, *WHO)
    assert said.exit_code == 0
    assert "\x1b" not in said.output
    assert json.loads(said.stdout) == "\x1b]0;kanareyka\x07"
    assert "JSON" in said.stderr


def test_a_destroyed_one_says_when_and_nothing_is_recorded(database: str) -> None:
    asyncio.run(_destroy(database))
    said = secret("show", ADDRESS, *WHO)
    assert (said.exit_code, said.stdout) == (1, "")
    (one,) = listed()
    assert one["destroyed_at"][:19].replace("T", " ") in said.stderr
    assert "destroyed" in said.stderr
    assert one["reads"] == []


def test_of_several_one_is_chosen(database: str) -> None:
    asyncio.run(_fill(database, "e-2", "the second"))
    said = secret("show", ADDRESS, *WHO)
    assert said.exit_code == 1
    assert _ref("e-1") in said.stderr
    assert _ref("e-2") in said.stderr
    assert secret("show", ADDRESS, *WHO, "--ref", _ref("e-2")).stdout == "the second\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((ADDRESS + "0", *WHO), 1, f"no secret is kept for {ADDRESS}0"),
        ((ADDRESS, *WHO, "--ref", "s-nothing"), 1, "under s-nothing"),
        ((ADDRESS, "--by", "u40"), 2, "--reason"),
        ((ADDRESS, "--reason", "the export is made"), 2, "--by"),
        ((ADDRESS, "--by", "two words", "--reason", "the export is made"), 2, "--by"),
        ((ADDRESS, "--by", "u40", "--reason", " x "), 2, "--reason"),
        ((ADDRESS, "--by", "u40", "--reason", "x" * 1001), 2, "--reason"),
        ((ADDRESS, "--by", "u40", "--reason", "a\x1b[2Jb"), 2, "--reason"),
    ],
)
def test_wrong_use_and_wrong_ids_are_told_apart(database: str, arguments: tuple[str, ...], code: int, words: str) -> None:
    said = secret("show", *arguments)
    assert (said.exit_code, said.stdout) == (code, "")
    assert words in said.stderr
    assert listed()[0]["reads"] == []


def test_wrong_keys_and_a_database_that_is_away(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for keys, code, words in ((base64.b64encode(os.urandom(32)).decode(), 1, "REGLAMENT_ENCRYPTION_KEYS"), ("kanareyka", 2, "base64")):
        monkeypatch.setenv("REGLAMENT_ENCRYPTION_KEYS", keys)
        said = secret("show", ADDRESS, *WHO)
        assert (said.exit_code, said.stdout) == (code, "")
        assert words in said.stderr
        assert "kanareyka" not in said.stderr
    monkeypatch.setenv("REGLAMENT_ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", f"sqlite:///{tmp_path / 'no' / 'x.db'}")
    away = secret("show", ADDRESS, *WHO)
    assert away.exit_code == 3
    assert "reglament doctor" in away.stderr
