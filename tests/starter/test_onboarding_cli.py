"""`reglament visa` and `reglament service`: what they tell the cases, what is shown of clients, and how wrong use is answered."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment
from typer.testing import CliRunner, Result

from regulations.onboarding.case import AUTHORS, ITEMS, OWNERS
from runtime.database import open_database
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.registers import Origin, RegisterRow, RegisterWriter
from runtime.settings import Settings
from starter.cli import app
from starter.commands import command
from starter.commands import inbox as inbox_cli
from starter.doors.door import recent_example
from starter.doors.table import DOORS
from starter.inbox.delivery import read_event
from starter.inbox.files import take_files
from tests.databases import migrated
from tests.starter.command_line import CommandLine
from tests.workflows.onboardings import PEOPLE, SlipWorld

COMPANY = """
name = "Сервіс"
[roles]
head_of_client_department = "head@company.example"
[calendars.company]
tz = "Europe/Kyiv"
country = "UA"
"""
NOW = datetime.now(UTC).replace(microsecond=0)
CARD = b"%PDF-1.7 card"
DELIVER = inbox_cli.deliver_event
GIVE = ("visa", "K-204", "2.6", "--by", "u21")


class Told:
    """What was delivered: each event was valid, and brought only files that had been kept."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.answer: tuple[dict[str, Any], int] = ({"case": "onboarding/K-204", "stage": "collecting_visas", "duplicate": False}, 0)

    async def deliver_event(self, settings: Settings, event: dict[str, Any], kept: Collection[str] = ()) -> tuple[dict[str, Any], int]:
        read_event(take_files(event, kept)[0], "cli")
        self.events.append(event)
        return self.answer

    @property
    def last(self) -> Any:
        return self.events[-1]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """A company in Kyiv with an empty database; whatever is told is taken."""
    made = Told()
    url = f"sqlite:///{tmp_path / 'reglament.db'}"
    asyncio.run(migrated(url))
    (tmp_path / "company.toml").write_text(COMPANY, "utf-8")
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", url)
    monkeypatch.setenv("REGLAMENT_COMPANY", str(tmp_path / "company.toml"))
    monkeypatch.setenv("REGLAMENT_ENCRYPTION_KEYS", base64.b64encode(os.urandom(32)).decode())
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(inbox_cli, "deliver_event", made.deliver_event)
    return made


def reglament(*arguments: str, code: int = 0) -> Result:
    said = CliRunner().invoke(app, [*arguments])
    assert said.exit_code == code, said.output
    return said


# --- visas ----------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 2.6")
def test_a_visa_is_given_with_its_document_which_is_kept_first(told: Told, tmp_path: Path) -> None:
    (tmp_path / "Картка =?x?=.pdf").write_bytes(CARD)
    said = reglament(*GIVE, "--file", "Картка =?x?=.pdf", "--remark", "усе на місці", "--at", "2026-11-20T10:00")
    assert said.stdout == "onboarding/K-204: collecting_visas\n"
    sha256 = hashlib.sha256(CARD).hexdigest()
    assert told.last == {
        "id": "onboarding/K-204/visa_given-2.6-20261120080000000000",
        "type": "onboarding.visa_given",
        "occurred_at": "2026-11-20T10:00:00+02:00",
        "data": {
            "contract": "K-204",
            "item": "2.6",
            "by": {"id": "u21", "role": "group_head"},
            "remark": "усе на місці",
            "files": [{"name": "Картка =x?=.pdf", "sha256": sha256}],
        },
    }
    assert asyncio.run(_content(sha256)) == CARD
    assert CARD not in (tmp_path / "reglament.db").read_bytes(), "it is kept sealed"


async def _content(sha256: str) -> bytes | None:
    settings = Settings()
    engine = open_database(settings.database_url.get_secret_value())
    try:
        return await FileStore(engine, KeyRing.parse(settings.encryption_keys.get_secret_value())).get(sha256)
    finally:
        await engine.dispose()


@pytest.mark.parametrize("item", ITEMS)
def test_the_role_is_the_one_that_the_item_needs(told: Told, item: str) -> None:
    owner, author = OWNERS[item][0], AUTHORS[item]
    for options, what, role, said in (
        ((), "visa_given", owner, {}),
        (("--refuse", "немає підпису"), "visa_refused", owner, {"reason": "немає підпису"}),
        (("--withdraw", "не той договір"), "visa_withdrawn", owner, {"reason": "не той договір"}),
        (("--mended",), "item_mended", author, {}),
    ):
        reglament("visa", "K-204", item, "--by", "u9", *options)
        assert told.last["type"] == f"onboarding.{what}"
        assert told.last["data"] == {"contract": "K-204", "item": item, "by": {"id": "u9", "role": role}, **said}
    assert len({event["id"] for event in told.events}) == 4


def test_the_same_time_is_a_repeat_and_without_one_each_is_told_anew(told: Told) -> None:
    for at in (("--at", "2026-10-25T03:30"), ("--at", "2026-10-25T00:30Z"), (), ()):  # the clock goes back: the first 03:30
        reglament(*GIVE, *at)
    ids = [event["id"] for event in told.events]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_what_the_slip_answers_is_said(told: Told) -> None:
    told.answer = {**told.answer[0], "answer": "stands", "duplicate": True}, 0
    assert reglament(*GIVE).stdout == "onboarding/K-204: stands, collecting_visas, known already\n"
    assert json.loads(reglament(*GIVE, "--json").stdout)["answer"] == "stands"
    told.answer = {"error": "NotInRole", "text": "this person has not the role group_head"}, 1
    said = reglament(*GIVE, code=1)
    assert (said.stdout, "NotInRole: this person has not the role" in said.stderr) == ("", True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("visa", "K-204", "2.8", "--by", "u9"), "2.1, 2.2"),
        (("visa", "K-204", "2.1"), "--by"),
        ((*GIVE, "--refuse", "so", "--mended"), "say one thing"),
        ((*GIVE, "--refuse", "so", "--withdraw", "so"), "say one thing"),
        ((*GIVE, "--refuse", "so", "--file", "company.toml"), "--file and --remark go with"),
        ((*GIVE, "--withdraw", "so", "--remark", "so"), "--file and --remark go with"),
        ((*GIVE, "--file", "nothing.pdf"), "nothing.pdf"),
        ((*GIVE, "--at", "yesterday"), "--at yesterday is no time"),
        (("service", "visit", "c-18", "--by", "u41"), "--updated"),
        (("service", "plan", "u41", "c-18", "soon"), "WHEN soon is no time"),
        (("service", "confirm", "u41", "20.11.2026"), "20.11.2026"),
        (("service", "visit", "c-18", "--updated", "--by", "u41", "--minutes", "0"), "--minutes"),
    ],
)
def test_wrong_use_tells_nothing(told: Told, arguments: tuple[str, ...], words: str) -> None:
    said = reglament(*arguments, code=2)
    assert words in said.stderr
    assert told.events == []


def test_a_document_that_is_too_large_is_not_kept(told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("runtime.uploads.LARGEST", len(CARD))
    Path("right.pdf").write_bytes(CARD)
    Path("large.pdf").write_bytes(CARD + b"!")
    reglament(*GIVE, "--file", "right.pdf")
    assert "large.pdf has more than" in reglament(*GIVE, "--file", "large.pdf", code=2).stderr
    assert len(told.events) == 1


def test_without_its_database_it_says_so_and_tells_nothing(told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", f"sqlite:///{tmp_path / 'no' / 'x.db'}")
    for arguments in ((*GIVE, "--file", "company.toml"), ("service", "clients")):
        said = reglament(*arguments, code=3)
        assert (said.stdout, "reglament doctor" in said.stderr) == ("", True)
    assert told.events == []


def test_while_temporal_is_away_a_visa_is_kept_with_its_document(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_cli, "deliver_event", DELIVER)
    monkeypatch.setattr(command, "CONNECTING", timedelta(0))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    Path("card.pdf").write_bytes(CARD)
    said = reglament(*GIVE, "--file", "card.pdf", code=3)
    assert "the event is kept in the inbox (row 1) and delivered later" in said.stderr
    [row] = json.loads(reglament("inbox", "--json").stdout)
    assert (row["type"], row["address"], row["state"]) == ("onboarding.visa_given", "onboarding/K-204", "received")


@pytest.mark.clause("onboarding 2")
async def test_a_slip_is_brought_together_from_the_command_line(
    server: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the real server, through the real inbox: all seven visas, one of them twice, one by somebody without the role."""
    url = f"sqlite:///{tmp_path / 'reglament.db'}"
    await migrated(url)
    (tmp_path / "company.toml").write_text(COMPANY, "utf-8")
    (tmp_path / "card.pdf").write_bytes(CARD)
    address = server.client.service_client.config.target_host
    settings = {"REGLAMENT_DATABASE_URL": url, "REGLAMENT_COMPANY": str(tmp_path / "company.toml"), "TEMPORAL_ADDRESS": address}
    reglament = CommandLine(tmp_path, monkeypatch, **settings)
    over: Any = recent_example(DOORS["onboarding.handed_over"])
    contract = over["data"]["contract"]
    (tmp_path / "over.jsonl").write_text(json.dumps(over), "utf-8")
    engine = open_database(url)
    async with SlipWorld(engine).worker(server.client):
        assert (await reglament("deliver", "over.jsonl"))[0] == 0
        for item in ("2.1", "2.1", *ITEMS[1:]):
            code, said = await reglament("visa", contract, item, "--by", PEOPLE[OWNERS[item][0]], "--file", "card.pdf")
            assert code == 0, said
            if item == "2.1":
                code, again = await reglament("visa", contract, item, "--by", PEOPLE["group_head"])
                assert (code, "NotInRole" in again) == (1, True)
        assert said == f"onboarding/{contract}: in_service\n"
        code, closed = await reglament("visa", contract, "2.4", "--by", PEOPLE[OWNERS["2.4"][0]], "--withdraw", "помилка")
        assert (code, "SlipClosed" in closed) == (1, True)
        read = json.loads((await reglament("case", f"onboarding/{contract}", "--json"))[1])
        assert [fact["what"] for fact in read["facts"]].count("VisaGiven") == 8
        await server.client.get_workflow_handle(f"onboarding/{contract}").terminate("test over")
    await engine.dispose()


# --- service --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.1")
@pytest.mark.clause("onboarding 4.7")
def test_a_visit_is_entered_with_what_was_said_alone(told: Told) -> None:
    reglament("service", "visit", "c-18", "--by", "u41", "--not-updated", "--at", "2026-03-29T10:00")
    assert (told.last["type"], told.last["occurred_at"]) == ("service-plan.visit_made", "2026-03-29T10:00:00+03:00")
    by = {"id": "u41", "role": "client_manager"}
    assert told.last["data"] == {"client": "c-18", "visit": "c-18-20260329T0700", "updated": False, "by": by}
    more = ("--material", "огляд", "--material", "зразки", "--minutes", "40", "--set", "повний", "--remark", "все добре", "--id", "v-71")
    reglament("service", "visit", "c-18", "--by", "u41", "--updated", *more)
    said = {"materials": ["огляд", "зразки"], "minutes": 40, "update_set": "повний", "remark": "все добре", "visit": "v-71"}
    assert told.last["data"] == {"client": "c-18", "updated": True, "by": by, **said}


@pytest.mark.clause("onboarding 4.4.2")
def test_a_visit_is_planned_and_moved_under_its_id(told: Told) -> None:
    reglament("service", "plan", "u41", "c-18", "2026-11-24T10:00", "--minutes", "60", "--purpose", "оновлення")
    by = {"id": "u41", "role": "client_manager"}
    planned = {"manager": "u41", "client": "c-18", "at": "2026-11-24T10:00:00+02:00", "visit": "c-18-20261124T0800", "by": by}
    assert told.last["type"] == "service-diary.visit_planned"
    assert told.last["data"] == {**planned, "minutes": 60, "purpose": "оновлення"}
    reglament("service", "plan", "u41", "c-18", "2026-11-25T10:00+02:00", "--id", "c-18-20261124T0800")
    assert told.last["data"] == {**planned, "at": "2026-11-25T10:00:00+02:00"}


@pytest.mark.clause("onboarding 4.4.1")
def test_the_papers_of_a_day_are_confirmed_together_or_one_by_one(told: Told) -> None:
    reglament("service", "confirm", "u41", "2026-11-20")
    by = {"id": "u41", "role": "client_manager"}
    assert told.last["type"] == "service-diary.paper_confirmed"
    assert told.last["data"] == {"manager": "u41", "first": "2026-11-20", "by": by}
    reglament("service", "confirm", "u41", "2026-12-01", "--paper", "month_plan", "--remark", "без змін")
    assert told.last["data"] == {"manager": "u41", "first": "2026-12-01", "paper": "month_plan", "remark": "без змін", "by": by}


@pytest.mark.clause("onboarding 4.1")
@pytest.mark.clause("onboarding 4.3")
def test_clients_stand_in_the_order_of_what_is_due_first(told: Told) -> None:
    asyncio.run(_serve())
    found = json.loads(reglament("service", "clients", "--json").stdout)
    assert [(one["client"], one["manager"]) for one in found] == [("c-2", "u41"), ("c-1", "u41"), ("c-3", "u42"), ("c-4", "u41")]
    assert found[0] == {
        "client": "c-2",
        "name": "ТОВ «2»",
        "contract": "K-2",
        "manager": "u41",
        "last_update_at": (NOW - timedelta(days=8)).isoformat(),
        "next_update_due": (NOW + timedelta(days=3)).isoformat(),
        "paid_at": None,
        "next_payment_due": (NOW - timedelta(days=1)).isoformat(),
        "certified": 1,
        "to_certify": 3,
        "next_due": (NOW - timedelta(days=1)).isoformat(),
    }
    of_one = json.loads(reglament("service", "clients", "--manager", "u42", "--json").stdout)
    assert [one["client"] for one in of_one] == ["c-3"]
    lines = reglament("service", "clients").stdout.splitlines()
    assert [("overdue" in line) for line in lines if "c-" in line] == [True, False, False, False]
    assert any("1 of 3" in line for line in lines)
    assert "no such clients" in reglament("service", "clients", "--manager", "u99").stdout


async def _serve() -> None:
    engine = open_database(os.environ["REGLAMENT_DATABASE_URL"])
    day = timedelta(days=1)
    for number, manager, update, payment, active in (
        (1, "u41", NOW + day, NOW + 9 * day, True),
        (2, "u41", NOW + 3 * day, NOW - day, True),
        (3, "u42", NOW + 2 * day, None, True),
        (4, "u41", None, None, True),
        (5, "u41", NOW, NOW, False),
    ):
        row = {"seq": 1, "client": f"c-{number}", "name": f"ТОВ «{number}»", "contract": f"K-{number}", "manager": manager}
        row |= {"group_head": "u21", "zone": "Europe/Kyiv", "active": active, "begun_at": NOW, "installed_at": NOW, "update_set": "повний"}
        row |= {"last_update_at": NOW - 8 * day, "next_update_due": update, "next_payment_due": payment, "certified": 1, "to_certify": 3}
        origin = Origin(f"uid-{number}", f"service-plan/c-{number}", "service-plan", "onboarding-1", NOW)
        await RegisterWriter(engine).write(origin, [RegisterRow("service_clients", row)])
    await engine.dispose()
