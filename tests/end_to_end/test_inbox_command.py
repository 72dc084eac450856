"""`reglament deliver` and `reglament inbox` as processes: what was kept, why it waits or was refused, and what can be done about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.stage import Stage, free_port
from runtime.database import migrate
from tests.end_to_end.deals import Deal, Sender
from tests.end_to_end.test_command_line import Said, lines, reglament

pytestmark = pytest.mark.xdist_group("end_to_end")


@pytest.fixture
async def own(tmp_path: Path) -> dict[str, str]:
    """A database of this test's own: its inbox holds nothing of others."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    await migrate(url)
    return {"REGLAMENT_DATABASE_URL": url}


async def rows(stage: Stage, own: dict[str, str], *options: str) -> list[dict[str, Any]]:
    said = await reglament(stage, "inbox", "list", "--json", *options, **own)
    assert said.code == 0, said.err
    found: list[dict[str, Any]] = json.loads(said.out)
    return found


async def test_without_temporal_events_are_kept_and_delivered_later_in_order(stage: Stage, own: dict[str, str]) -> None:
    deal = Deal(Sender(stage), "I-1")
    sold, contact = deal.sold(), deal.event("first_contact")
    away = await reglament(stage, "deliver", "-", "--json", given=lines(sold, contact), TEMPORAL_ADDRESS=f"127.0.0.1:{free_port()}", **own)
    assert away.code == 3
    assert [(a["line"], a["row"], a["case"]) for a in away.lines()] == [(1, 1, deal.case), (2, 2, deal.case)]
    assert all("kept in the inbox" in a["text"] for a in away.lines())
    assert "TEMPORAL_ADDRESS" in away.err
    assert [(r["seq"], r["state"], r["source"]) for r in await rows(stage, own)] == [(1, "received", "cli"), (2, "received", "cli")]

    again = await reglament(stage, "inbox", "redeliver", "2", **own)
    assert (again.code, again.err) == (0, ""), "what stands before it goes first"
    assert "first_contact" not in again.out
    assert contact["id"] in again.out
    read = await deal.until("FirstContact")
    assert [f.key for f in read.facts if f.key.startswith("I-1.")] == [sold["id"], contact["id"]]
    assert await rows(stage, own) == []
    assert [r["state"] for r in await rows(stage, own, "--state", "delivered", "--address", deal.case)] == ["delivered"] * 2


async def test_without_a_worker_the_first_event_waits_and_the_others_are_only_kept(stage: Stage, own: dict[str, str]) -> None:
    nobody = {**own, "REGLAMENT_TASK_QUEUE": "nobody-works-here"}
    first, second = Deal(Sender(stage), "I-2"), Deal(Sender(stage), "I-3")
    said = await reglament(stage, "deliver", "-", "--json", given=lines(first.sold(), second.sold()), **nobody)
    assert said.code == 3
    assert [a["error"] for a in said.lines()] == ["NoWorker", "Kept"]
    await first.handle.terminate()


async def test_what_waits_or_was_refused_is_shown_redelivered_and_dropped(stage: Stage, own: dict[str, str]) -> None:
    deal = Deal(Sender(stage), "I-4")
    early = deal.event("first_contact")
    waits = await reglament(stage, "deliver", "-", given=lines(early), **own)
    assert waits.code == 1
    assert "handoff/I-4" in waits.err
    assert "reglament inbox drop" in waits.err
    begun = await reglament(stage, "deliver", "-", given=lines(deal.sold(), deal.accepted()), **own)
    assert begun.code == 1, "there is nothing to accept yet"
    await deal.until("FirstContact")

    (refused,) = await rows(stage, own)
    assert (refused["type"], refused["state"], refused["attempts"]) == ("handoff.accepted", "refused", 1)
    again = await reglament(stage, "inbox", "redeliver", "--all-refused", **own)
    assert again.code == 1, "the case still says no"
    assert refused["outcome"]["type"] in again.err
    dropped = await reglament(stage, "inbox", "drop", str(refused["seq"]), "--reason", "sent by mistake", "--json", **own)
    assert json.loads(dropped.out)["outcome"] == {"type": "Dropped", "text": "sent by mistake"}
    assert await rows(stage, own) == []
    gone = await reglament(stage, "inbox", "redeliver", str(refused["seq"]), **own)
    assert (gone.code, gone.out) == (1, "")
    assert "dropped" in gone.err


async def test_the_same_id_with_another_content_and_a_database_that_is_away(stage: Stage, own: dict[str, str], tmp_path: Path) -> None:
    deal = Deal(Sender(stage), "I-5")
    sold = deal.sold()
    other = {**sold, "data": {**sold["data"], "contract": "offer"}}
    said = await reglament(stage, "deliver", "-", "--json", given=lines(sold, other), **own)
    assert (said.code, said.lines()[1]["error"]) == (1, "Conflict")
    nowhere = {"REGLAMENT_DATABASE_URL": f"sqlite:///{tmp_path / 'no' / 'x.db'}"}
    kept: Said = await reglament(stage, "deliver", "-", "--json", given=lines(sold), **nowhere)
    assert (kept.code, kept.lines()[0]["error"]) == (3, "Database")
