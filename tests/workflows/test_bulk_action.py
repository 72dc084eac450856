"""Bulk actions over real leads on a real server: each lead is told once, whatever dies in between, and every result is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue
from temporalio.testing import WorkflowEnvironment

from regulations.read_out import ReadOut
from starter.inbox.outcome import DeliveryError
from tests.patience import patiently
from tests.workflows.bulks import BY, BulkWorld, ahead, bulk_world

PLACES = [{"manager": "anna", "leads": 2}, {"manager": "boris", "leads": 1}]
HEADER = "Клиент;Продукт;Тип;Источник;Название клиента;Телефон;Сервисный центр\n"


@pytest.fixture
async def world(server: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[BulkWorld]:
    async with bulk_world(tmp_path, server.client) as world:
        yield world


async def told(world: BulkWorld, bulk: str) -> list[tuple[str, str]]:
    """State and clause of each item."""
    return [(item.state, item.clause) for item in await world.items(bulk)]


async def fact(world: BulkWorld, address: str, what: str) -> list[str]:
    """The notes of the facts of this kind in the trail of a lead."""
    read: ReadOut = await world.client.get_workflow_handle(address).query("case", result_type=ReadOut)
    return [one.note for one in read.facts if one.what == what]


@pytest.mark.clause("lead 6.1")
async def test_leads_get_their_managers_and_every_refusal_its_clause(world: BulkWorld) -> None:
    async with world.works():
        leads = [await world.lead(f"as-{n}") for n in range(4)]
        passed = await world.lead("as-other", centre="kgd-1")
        places = [*PLACES, {"manager": "anna", "leads": 2}]
        handle = await world.start("as", "assign", [passed, "lead/as-nobody/extern", *leads], quotas=places)
        result = await handle.result()
        assert (result.outcome, result.total, result.done, result.refused) == ("done", 6, 3, 3)
        items = await world.items("as")
        assert [(item.state, item.answer) for item in items[:2]] == [("refused", "Passed"), ("refused", "NoCase")]
        assert [item.given.get("manager") for item in items] == ["anna", "anna", "boris", "anna", "anna", None]
        assert (items[-1].state, items[-1].clause) == ("refused", "6.1")
        assert [await fact(world, address, "ManagerAssigned") for address in leads] == [["boris"], ["anna"], ["anna"], []]
        read: ReadOut = await handle.query("case", result_type=ReadOut)
        assert (read.stage, read.outcome, [f.what for f in read.facts]) == ("done", "done", ["BulkStarted"])


@pytest.mark.clause("lead 6.2")
async def test_leads_are_spread_by_temperature_over_working_days_and_a_hot_one_is_refused(world: BulkWorld) -> None:
    async with world.works():
        cold = [await world.lead(f"sp-c{n}", "cold_call_list") for n in range(2)]
        warm = [await world.lead(f"sp-w{n}") for n in range(2)]
        hot = await world.lead("sp-h", "call_order")
        async with patiently():
            while len(await world.store.known_leads([*cold, *warm, hot])) < 5:  # noqa: ASYNC110 - the leads write their rows
                await asyncio.sleep(0.05)
        result = await (await world.start("sp", "spread", [*cold, hot, *warm], first=ahead(0), last=ahead(6))).result()
        assert (result.done, result.refused) == (4, 1)
        days = {item.address: str(item.given.get("day")) for item in await world.items("sp")}
        assert max(days[address] for address in warm) <= min(days[address] for address in cold)
        assert all(datetime.fromisoformat(day).weekday() < 6 for day in days.values() if day != "None")
        assert [await fact(world, address, "DayPlanned") == [] for address in (*cold, *warm, hot)] == [False] * 4 + [True]
        assert dict(zip(days, await told(world, "sp"), strict=True))[hot] == ("refused", "6.2")


@pytest.mark.clause("lead 6.3")
@pytest.mark.clause("lead 8.2.3")
async def test_a_new_lead_without_a_contact_is_not_postponed_in_bulk_either(world: BulkWorld) -> None:
    async with world.works():
        new, known = await world.lead("po-1"), await world.lead("po-2")
        contact: dict[str, JsonValue] = {"channel": "call", "with_whom": "Анна", "outcome": "просит перезвонить"}
        await world.tell("lead.contact_made", {"client": "po-2", "product": "extern", "centre": "vlad-1", "contact": contact})
        until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
        await (await world.start("po", "postpone", [new, known], until=until)).result()
        assert await told(world, "po") == [("refused", "8.2.3"), ("done", "")]
        read: ReadOut = await world.client.get_workflow_handle(known).query("case", result_type=ReadOut)
        assert read.stage == "in_progress"


async def test_a_visibility_query_selects_open_leads_once_and_its_count_and_time_are_kept(world: BulkWorld) -> None:
    async with world.works():
        leads = sorted([await world.lead(f"vq-{n}", centre="msk-2") for n in range(3)])
        handle = await world.start("vq-hop", "assign", query="no such = query", quotas=PLACES, centre="msk-2")
        refused = await handle.result()
        assert (refused.outcome, refused.done, "запрос" in refused.problem) == ("refused", 0, True)
        query = "ServiceCentre = 'msk-2' AND Stage = 'new'"
        async with patiently():
            while (await world.client.count_workflows(query)).count < 3:  # noqa: ASYNC110 - visibility follows
                await asyncio.sleep(0.05)
        await (await world.start("vq", "assign", query=query, quotas=PLACES, centre="msk-2")).result()
        items = await world.items("vq")
        head = await world.store.head("vq")
        assert [item.address for item in items] == leads
        assert head is not None
        assert (head.total, head.frozen_at is not None) == (3, True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"quotas": [{"manager": "nobody", "leads": 1}]}, "nobody"),
        ({"action": "spread", "first": "2027-01-01", "last": "2027-01-03"}, "рабочих дней"),
        ({"centre": "nowhere", "quotas": PLACES}, "nowhere"),
    ],
)
async def test_a_selection_that_cannot_be_made_refuses_the_whole(world: BulkWorld, data: dict[str, Any], words: str) -> None:
    async with world.works():
        result = await (await world.start(world.queue, **{"action": "assign", "leads": ["lead/wh-1/extern"], **data})).result()
    assert (result.outcome, result.total, words in result.problem) == ("refused", 0, True)
    assert not world.door.told


# --- uploads --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 3.2")
@pytest.mark.clause("lead 5.3")
async def test_an_upload_creates_leads_once_merges_and_names_each_rejected_row(world: BulkWorld) -> None:
    rows = [
        "up-1;extern;сервис;регистрация;ООО Ромашка;+7 423 222-10-35;vlad-1",
        "up-1;extern;сервис;заказ звонка;ООО Ромашка;+7 423 222-10-35;vlad-1",  # hotter: the same lead, updated
        "up-2;extern;подарок;регистрация;ООО Ромашка;+7 423 222-10-35;vlad-1",
        "up-3;extern;сервис;регистрация;ООО Ромашка;+7 423 222-10-35;vlad-2",  # left out of distribution
        "up-4;extern;сервис;регистрация;ООО Ромашка;+7 423 222-10-35;nowhere",
        "up-5;bureau;сервис;регистрация;ООО Ромашка;+7 423 222-10-35;vlad-1",  # not sold there
    ]
    sha256 = await world.upload((HEADER + "\n".join(rows)).encode("windows-1251"))
    async with world.works():
        handle = await world.start("up", "create", file=sha256, file_name="leads.csv")
        result = await handle.result()
        assert (result.total, result.done, result.refused) == (6, 2, 4)
        items = await world.items("up")
        assert [(item.n, item.answer) for item in items[:2]] == [(2, "created"), (3, "updated")]
        assert [(item.n, item.clause) for item in items[2:]] == [(4, "4.1"), (5, "9.1.3"), (6, "3.2"), (7, "9.1.5")]
        assert all(item.reason for item in items[2:])
        assert items[0].address == items[1].address == "lead/up-1/extern"
        assert len(await fact(world, "lead/up-1/extern", "Created")) == 2
        with pytest.raises(DeliveryError, match="runs once"):  # the same file again, as another event
            await world.tell("bulk.started", {"bulk": "up", "action": "create", "by": BY, "file": sha256, "file_name": "leads.csv"})
        assert (await world.tell("bulk.started", await again(world, "up"), id="bulk/up/start")).duplicate
        assert max(world.door.told.values()) == 1


async def again(world: BulkWorld, bulk: str) -> dict[str, Any]:
    head = await world.store.head(bulk)
    assert head is not None
    return {name: value for name, value in head.request.items() if name not in ("key", "happened_at", "source") and value}


@pytest.mark.parametrize(("content", "words"), [(b"a;b\n1;2\n", "столбцов"), (b"%PDF-1.7", "CSV"), (None, "не найден")])
async def test_a_file_that_is_no_upload_is_refused_as_a_whole(world: BulkWorld, content: bytes | None, words: str) -> None:
    sha256 = "0" * 64 if content is None else await world.upload(content)
    async with world.works():
        result = await (await world.start(f"no-{sha256[:6]}", "create", file=sha256, file_name="x")).result()
    assert (result.outcome, words in result.problem) == ("refused", True)


# --- trouble --------------------------------------------------------------------------------------------------------


async def test_a_worker_that_dies_within_a_page_loses_and_doubles_nothing(world: BulkWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.bulk.TOGETHER", 4)
    dies = asyncio.Event()
    world.door.after = lambda: dies.set() if sum(world.door.told.values()) >= 12 else None
    async with world.works():
        leads = [await world.lead(f"ki-{n}") for n in range(30)]
        handle = await world.start("ki", "assign", leads, quotas=[{"manager": "anna", "leads": 30}])
        await dies.wait()
    settled = await world.store.counts("ki")
    assert settled["pending"] > 0, "it was to die in the middle"
    async with world.works():
        result = await handle.result()
        assert (result.outcome, result.done, result.refused) == ("done", 30, 0)
        assert [len(await fact(world, address, "ManagerAssigned")) for address in leads] == [1] * 30


async def test_leads_that_do_not_answer_are_told_again_and_the_settled_ones_are_not(world: BulkWorld) -> None:
    shut = {"bulk/aw/2": 2}

    def is_shut(key: str) -> bool:
        shut[key] = shut.get(key, 0) - 1
        return shut[key] >= 0

    world.door.shut = is_shut
    async with world.works():
        leads = [await world.lead(f"aw-{n}") for n in range(3)]
        result = await (await world.start("aw", "assign", leads, quotas=[{"manager": "anna", "leads": 9}])).result()
    assert (result.done, result.refused) == (3, 0)
    assert {key: count for key, count in world.door.told.items() if key.startswith("bulk/")} == {f"bulk/aw/{n}": 1 for n in (1, 2, 3)}


async def test_a_lead_that_never_answers_is_named_and_holds_up_nobody(world: BulkWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.bulk.GIVES_UP_AFTER", 2)
    world.door.shut = lambda key: key == "bulk/nv/1"
    async with world.works():
        leads = [await world.lead(f"nv-{n}") for n in range(2)]
        result = await (await world.start("nv", "assign", leads, quotas=[{"manager": "anna", "leads": 9}])).result()
    assert (result.outcome, result.done, result.refused) == ("done", 1, 1)
    assert [(item.state, item.answer) for item in await world.items("nv")] == [("refused", "NoAnswer"), ("done", "")]
