"""`reglament` as a process, against real parts: what it prints, its exit codes, and what it never prints."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deploy.demo.smtp_catcher import MailFault
from deploy.demo.stage import Stage, free_port
from starter.views import list_cases
from tests.end_to_end.deals import Deal, Sender
from tests.end_to_end.warm import run
from tests.patience import patiently

pytestmark = pytest.mark.xdist_group("end_to_end")

CANARY = "kanareyka"
"""A word that stands in every value about a person: address, name, login. Nobody outside the case may repeat it."""


@dataclass(frozen=True)
class Said:
    """What a command ended with and what it said."""

    code: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


async def reglament(stage: Stage, *arguments: str, given: str = "", **settings: str) -> Said:
    """Runs the command with the stage's settings."""
    environment = {**stage.environment, "COLUMNS": "200", **settings}
    return Said(*await run([sys.executable, "-m", "starter.cli", *arguments], cwd=stage.folder, env=environment, given=given))


def lines(*events: dict[str, Any] | str) -> str:
    return "".join((e if isinstance(e, str) else json.dumps(e, ensure_ascii=False)) + "\n" for e in events)


class Canary(Deal):
    """A deal whose every personal value holds the canary."""

    def __init__(self, sender: Sender, deal: str) -> None:
        super().__init__(sender, deal, contract="offer")
        self.partner, self.login = f"{CANARY}-partner@partner.example", f"{CANARY}-client@client.example"

    def sold(self) -> dict[str, Any]:
        event = super().sold()
        event["data"]["partner"]["name"] = f"ИП {CANARY}"
        event["data"]["client"]["name"] = f"ООО {CANARY}"
        return event


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(stage: Stage) -> AsyncIterator[Canary]:
    """A case in checking with an overdue obligation: paid days ago, asked for only now."""
    deal = Canary(Sender(stage), "C-1")
    old = datetime.now(UTC) - timedelta(days=8)
    await deal.bill(paid=old)
    sold = deal.sold()
    sold["occurred_at"] = (old - timedelta(days=1)).isoformat()
    await deal.sender.send(sold)
    await deal.until("payment")
    await deal.sender.send(deal.request(without=("inn", "phone")))
    yield deal


async def test_deliver_answers_line_by_line_in_order(stage: Stage, told: Canary) -> None:
    """One file with good, repeated, refused, unknown and malformed lines: each has its answer, and the worst decides the code."""
    contact, contract = told.event("first_contact"), told.event("training_done")
    nobody = {"id": "C-404.1", "type": "handoff.first_contact", "occurred_at": contact["occurred_at"], "data": {"deal": "C-404"}}
    events: list[dict[str, Any] | str] = [
        contact,
        contact,
        "",
        {**contact, "data": {"deal": told.deal, "partner": f"{CANARY}@partner.example"}},
        told.accepted(),
        nobody,
        f'{{"id": "{CANARY}',
        {**contact, "id": "C-1.x", "type": "handoff.no_such"},
        contract,
    ]
    file = stage.folder / "events.jsonl"
    file.write_text(lines(*events), "utf-8")
    said = await reglament(stage, "deliver", str(file), "--json")
    answers = said.lines()
    assert [(a.get("id"), a.get("duplicate"), a.get("line"), a.get("error")) for a in answers] == [
        (contact["id"], False, None, None),
        (contact["id"], True, None, None),
        (None, None, 4, "InvalidEvent"),
        (None, None, 5, "Incomplete"),
        (None, None, 6, "NoCase"),
        (None, None, 7, "InvalidJson"),
        (None, None, 8, "UnknownType"),
        (contract["id"], False, None, None),
    ]
    assert said.code == 2, "the worst is a line that nobody could read"
    assert "data.partner" in answers[2]["text"]
    assert "3.3" in answers[3]["text"]
    assert CANARY not in said.out + said.err

    repeated = await reglament(stage, "deliver", "-", given=lines(contact, contract))
    assert (repeated.code, repeated.err) == (0, "")
    assert repeated.out.count("known already") == 2
    refused = await reglament(stage, "deliver", "-", given=lines(nobody))
    assert (refused.code, refused.out) == (1, "")
    assert "C-404" in refused.err


async def test_case_and_cases_read_out(stage: Stage, told: Canary) -> None:
    by_person, by_machine, missing = (
        await reglament(stage, "case", told.case),
        await reglament(stage, "case", told.deal, "--json"),
        await reglament(stage, "case", "C-405"),
    )
    assert by_person.code == 0
    assert "Первый контакт с клиентом" in by_person.out
    read = json.loads(by_machine.out)
    assert (read["id"], read["stage"]) == (told.case, "checking")
    assert {o["clause"] for o in read["obligations"] if o["state"] == "met_late"} >= {"handoff 2.1.3", "handoff 2.1.4"}
    assert missing.code == 1
    assert "C-405" in missing.err

    other = Deal(told.sender, "C-2")
    await other.sell()
    everything: dict[str, Any] = {"overdue": False, "wanted": {}, "closed": False, "limit": 100}
    async with patiently():
        while {told.case, other.case} - {c["case"] for c in await list_cases(stage.client, **everything)}:  # noqa: ASYNC110
            await asyncio.sleep(0.2)  # visibility follows the cases by a moment

    async def listed(*options: str) -> set[str]:
        said = await reglament(stage, "cases", "--json", *options)
        assert said.code == 0
        return {c["case"] for c in json.loads(said.out)}

    checking, of_partner, overdue = await asyncio.gather(
        listed("--stage", "checking"), listed("--stage", "awaiting_payment", "--partner", "p-C-2"), listed("--overdue")
    )
    assert told.case in checking
    assert other.case not in checking
    assert of_partner == {other.case}
    assert {told.case, other.case}.isdisjoint(overdue)
    table = await reglament(stage, "cases", "--stage", "checking")
    assert told.case in table.out
    assert CANARY not in table.out + by_person.err + missing.err


async def test_nothing_about_a_person_stands_where_everybody_looks(stage: Stage, told: Canary) -> None:
    """Workflow ids, search attributes and logs, after the mail server has refused an address in its own words."""
    stage.mail.fault = MailFault.NO_SUCH_USER
    await told.sender.send(told.returned())
    await told.until("incident.letter_refused")
    stage.mail.fault = None
    described = await told.handle.describe()
    shown = " ".join(str(pair) for pair in described.typed_search_attributes)
    assert "h-" in shown
    assert CANARY not in shown + described.id
    assert "send_letter" in (stage.folder / "worker.log").read_text("utf-8")
    for log in ("worker.log", "temporal.log"):
        assert CANARY not in (stage.folder / log).read_text("utf-8")


async def test_doctor_finds_and_mends(stage: Stage, tmp_path: Path) -> None:
    # A database of its own: which zones need rounds stands there, and other tests define service centres in the stage's.
    fresh = {"REGLAMENT_DATABASE_URL": f"sqlite:///{tmp_path / 'fresh.db'}", "REGLAMENT_BILLING_URL": stage.database_url}
    found = await reglament(stage, "doctor", "--json", **fresh)
    wrong = {f["check"] for f in json.loads(found.out) if not f["ok"]}
    assert (found.code, wrong) == (1, {"database", "schedules"})
    mended = await reglament(stage, "doctor", "--fix", **fresh)
    assert mended.code == 0
    assert "mended" in mended.out
    well = await reglament(stage, "doctor", "--json", **fresh)
    checks = {f["check"]: f["ok"] for f in json.loads(well.out)}
    assert well.code == 0
    assert set(checks.values()) == {True}
    assert {"company", "editions", "temporal", "retention", "search attributes", "database", "billing", "mail", "crm"} <= checks.keys()
    blind = await reglament(stage, "doctor", **fresh, REGLAMENT_CRM__TOKEN=f"{CANARY}-token", REGLAMENT_MAIL__PORT=str(free_port()))
    assert blind.code == 1
    assert blind.out.count("wrong") == 2
    assert CANARY not in blind.out + blind.err


async def test_without_a_server_the_code_is_3_and_the_words_name_the_setting(stage: Stage) -> None:
    nowhere = {"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}"}
    deliver, cases = await asyncio.gather(reglament(stage, "deliver", "-", **nowhere), reglament(stage, "cases", **nowhere))
    for said in (deliver, cases):
        assert said.code == 3
        assert "TEMPORAL_ADDRESS" in said.err
        assert "Traceback" not in said.err


async def test_wrong_use_is_code_2_and_help_teaches(stage: Stage) -> None:
    unknown, no_file, no_number, wrong, everything, deliver = await asyncio.gather(
        reglament(stage, "events", "handoff.nothing"),
        reglament(stage, "deliver", "no-such-file"),
        reglament(stage, "cases", "--limit", "0"),
        reglament(stage, "cases", REGLAMENT_DRAIN_SECONDS=CANARY),
        reglament(stage, "--help"),
        reglament(stage, "deliver", "--help"),
    )
    assert [said.code for said in (unknown, no_file, no_number, wrong, everything, deliver)] == [2, 2, 2, 2, 0, 0]
    for said, words in ((unknown, "handoff.nothing"), (no_file, "no-such-file"), (no_number, "--limit"), (wrong, "drain_seconds")):
        assert words in said.err
    assert CANARY not in wrong.err
    for command in ("deadline", "deliver", "events", "case", "cases", "doctor"):
        assert command in everything.out
    assert '"occurred_at"' in deliver.out
