"""`reglament inbox` over a table alone: what is shown, what can be dropped, and how wrong use is answered."""

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

from runtime.database import migrate, open_database
from runtime.encryption import KeyRing
from runtime.inbox import Entry, InboxState, InboxStore, Incoming
from starter.commands.inbox import _print_answer, _result, app
from starter.inbox.inbox import Answer

KEY = base64.b64encode(os.urandom(32)).decode()
LEASE = timedelta(seconds=30)
CANARY = "kanareyka"
SAID = {"type": "handoff.accepted", "data": {"name": CANARY}}


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Three rows: one refused, one that waits, one delivered."""
    url = f"sqlite:///{tmp_path / 'inbox.db'}"
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", url)
    monkeypatch.setenv("REGLAMENT_ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    asyncio.run(_fill(url))
    return url


async def _fill(url: str) -> None:
    await migrate(url)
    engine = open_database(url)
    store = InboxStore(engine, KeyRing.parse(KEY), ())
    for number, state in enumerate((InboxState.REFUSED, InboxState.WAITING, InboxState.DELIVERED), 1):
        body = json.dumps(SAID).encode()
        taken = await store.take(Incoming(f"e-{number}", "handoff.accepted", f"handoff/D-{number}", "event", body, "d"), LEASE)
        assert taken.claim is not None
        if state is InboxState.WAITING:
            await store.put_off(taken.claim, state, {"type": "NoCase", "text": "there is no case"}, timedelta(minutes=5))
        else:
            outcome: dict[str, Any] = (
                {"type": "Incomplete", "text": "3.3: no INN"} if state is InboxState.REFUSED else {"stage": "checking"}
            )
            await store.settle(taken.claim, state, outcome, case_there=False, lease=None)
    await engine.dispose()


def inbox(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def rows(*arguments: str) -> list[int]:
    said = inbox("list", "--json", *arguments)
    assert said.exit_code == 0, said.output
    return [row["seq"] for row in json.loads(said.stdout)]


def test_what_was_not_taken_is_listed_with_its_reason(database: str) -> None:
    for said in (inbox(), inbox("list")):
        assert said.exit_code == 0
        for words in ("handoff/D-1", "refused", "Incomplete: 3.3: no INN", "handoff/D-2", "waiting", "NoCase: there is no case", "2 rows"):
            assert words in said.stdout
        assert "D-3" not in said.stdout
        assert CANARY not in said.stdout


def test_rows_are_chosen_by_state_case_and_number(database: str) -> None:
    assert rows() == [1, 2]
    assert [rows("--state", state) for state in ("received", "waiting", "refused", "delivered", "dropped")] == [[], [2], [1], [3], []]
    assert rows("--address", "handoff/D-2") == [2]
    assert rows("--limit", "1") == [1]


def test_a_row_is_shown_and_its_event_only_when_asked_for(database: str) -> None:
    shown = json.loads(inbox("show", "1", "--json").stdout)
    assert (shown["state"], shown["outcome"], shown["attempts"]) == ("refused", {"type": "Incomplete", "text": "3.3: no INN"}, 1)
    assert shown["received_at"].endswith("+00:00")
    assert "event" not in shown
    assert json.loads(inbox("show", "1", "--body").stdout)["event"] == SAID
    assert json.loads(inbox("show", "3", "--body").stdout)["event"] is None, "delivered: its body is gone"


def test_a_row_is_dropped_with_a_reason(database: str) -> None:
    assert "row 2 is dropped" in inbox("drop", "2", "--reason", "sent by mistake").stdout
    shown = json.loads(inbox("show", "2", "--body", "--json").stdout)
    assert (shown["state"], shown["outcome"]["text"], shown["event"]) == ("dropped", "sent by mistake", None)


def test_what_cannot_be_done_is_code_1_and_says_why(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments, words in (
        (("show", "404"), "no row 404"),
        (("drop", "404", "--reason", "why not"), "no row 404"),
        (("drop", "3", "--reason", "why not"), "delivered"),
    ):
        said = inbox(*arguments)
        assert (said.exit_code, said.stdout) == (1, "")
        assert words in said.stderr
    monkeypatch.setenv("REGLAMENT_ENCRYPTION_KEYS", base64.b64encode(os.urandom(32)).decode())
    said = inbox("show", "1", "--body")
    assert said.exit_code == 1
    assert "REGLAMENT_ENCRYPTION_KEYS" in said.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("redeliver",),
        ("redeliver", "1", "--all-refused"),
        ("drop", "1"),
        ("drop", "1", "--reason", " "),
        ("list", "--state", "lost"),
        ("list", "--limit", "0"),
        ("show",),
    ],
)
def test_wrong_use_is_code_2(database: str, arguments: tuple[str, ...]) -> None:
    assert inbox(*arguments).exit_code == 2


def test_wrong_keys_are_code_2_and_a_database_that_is_away_code_3(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGLAMENT_ENCRYPTION_KEYS", CANARY)
    wrong = inbox()
    assert wrong.exit_code == 2
    assert CANARY not in wrong.stderr
    monkeypatch.setenv("REGLAMENT_ENCRYPTION_KEYS", "")
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", f"sqlite:///{tmp_path / 'no' / 'x.db'}")
    away = inbox()
    assert away.exit_code == 3
    assert "reglament doctor" in away.stderr


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ({"stage": "new", "revision": 1, "next_due": None, "answer": "created"}, "created, new"),
        ({"stage": None, "revision": None, "next_due": None, "answer": "exists"}, "exists"),
        ({"stage": "checking", "revision": 7, "next_due": None}, "checking"),
    ],
)
def test_the_sender_of_a_line_reads_what_came_of_it(capsys: pytest.CaptureFixture[str], outcome: dict[str, Any], words: str) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    entry = Entry(1, "e-1", "lead.created", "lead/c-311/bureau", "cli", InboxState.DELIVERED, outcome, 1, at, at, at)
    told, code = asyncio.run(_result(None, Answer(entry, False), 1))  # type: ignore[arg-type]
    assert (code, told) == (0, {"id": "e-1", "case": entry.address, "duplicate": False, **outcome})
    _print_answer(told, as_json=False)
    assert capsys.readouterr().out == f"e-1 → lead/c-311/bureau: {words}\n"
