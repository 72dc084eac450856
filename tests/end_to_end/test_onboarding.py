"""Onboarding on real parts: clients whose worker dies are entered and served once, and names stand nowhere but where they belong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from starlette.exceptions import HTTPException
from temporalio.client import WorkflowHistory

from deploy.demo.onboardings import GROUP_HEAD, MANAGER, SALES, document
from deploy.demo.stage import Stage
from regulations.onboarding.case import ITEMS
from runtime import onboarding_tables, tables
from tests.end_to_end.ledgers import accepted_keys, attempts, rows_of
from tests.end_to_end.onboardings import LAWYER, Onboarding, diary, written
from tests.end_to_end.partners import Case, Support, failing, failures
from tests.end_to_end.test_kill import Moment, Silence
from tests.patience import patiently
from tests.workflows.replaying import replay

pytestmark = pytest.mark.xdist_group("end_to_end")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def support(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Support]:
    parts = Support(stage, tmp_path_factory.mktemp("onboarding"))
    try:
        await parts.opens()
        yield parts
    finally:
        stage.crm.after_upsert = None
        parts.close()


async def the_one_run(stage: Stage, case: Case) -> WorkflowHistory:
    """The history of a case that was begun once; any worker can replay it."""
    runs = [run async for run in stage.client.list_workflows(f"WorkflowId = '{case.case}'")]
    assert len(runs) == 1, f"{case.case} was begun {len(runs)} times"
    history = await case.handle.fetch_history()
    await replay(history)
    return history


@pytest.mark.clause("onboarding 2.5")
@pytest.mark.clause("onboarding 4.1")
async def test_a_worker_that_dies_enters_each_client_once_and_begins_its_service_once(stage: Stage, support: Support) -> None:
    """Two clients at their worst moments: the CRM has taken the one and does not answer; the plan of the other has begun, and its
    onboarding has not heard of it."""
    taken, told = both = [Onboarding(stage, "UA-taken"), Onboarding(stage, "UA-told")]
    silence, begun = Silence(taken.case), Moment(support.folder, "told", told.plan.case)
    stage.crm.after_upsert = silence.of_crm

    async def to_the_last_visa(one: Onboarding) -> None:
        await one.say("handed_over", **one.hand_over())
        await one.until_counted()
        await one.install()
        await one.give_all("2.5")

    await asyncio.gather(*map(to_the_last_visa, both))
    await told.give("2.5")
    await begun.reached()
    await taken.give("2.5")
    await silence.reached()
    support.kill_worker()
    silence.over.set()
    assert [len(one.entered()) for one in both] == [1, 1]
    support.start_worker()

    histories = {}
    for one in both:
        ended = await one.ends()
        assert (ended["outcome"], ended["visas"], ended["plan"]) == ("done", 7, "begun")
        history = histories[one] = await the_one_run(stage, one)
        await keeps_what_it_was_told(one, history)
        await is_written_once(stage, one)
        (record,) = one.entered()
        assert (record["Client_Id"], record["Contract"]) == (one.client["id"], one.contract)
        await one.until_served()
        plan = await the_one_run(stage, one.plan)
        assert len(accepted_keys(plan)) == 1
    for one, activity in ((taken, "enter_into_crm"), (told, "tell_case")):
        (attempt,) = attempts(histories[one], activity)
        assert attempt > 1, f"no kill met {activity} of {one.case}"
    book = diary(stage)
    await book.until(lambda read: any(o.due for o in read.obligations))
    assert len(accepted_keys(await the_one_run(stage, book))) == 2, "each plan tells the diary of their manager once"


async def keeps_what_it_was_told(one: Onboarding, history: WorkflowHistory) -> None:
    """Every event stands in the trail once, in the order in which the case took them; what came of the CRM and of the plan does as well."""
    facts = (await one.read()).facts
    order = accepted_keys(history)
    assert sorted(order) == sorted(one.said)
    assert [fact.key for fact in facts if fact.key in order] == order
    assert sorted(fact.what for fact in facts if fact.what in ("crm", "plan")) == ["crm", "plan"]


async def is_written_once(stage: Stage, one: Onboarding) -> None:
    """The registers have one row of each thing, as the case has it; nobody is called for anything."""
    visas = await written(stage, onboarding_tables.visas, one)
    assert sorted((row.item, row.state, row.contract) for row in visas) == [(item, "given", one.contract) for item in ITEMS]
    (installation,) = await written(stage, onboarding_tables.service_records, one)
    assert (installation.what, installation.client) == ("installation", one.client["id"])
    (served,) = await written(stage, onboarding_tables.service_clients, one.plan)
    assert (served.client, served.contract, served.active) == (one.client["id"], one.contract, True)
    read = await one.read()
    obligations = {row.key: (row.state, row.due, row.met_at) for row in await written(stage, tables.obligations, one)}
    assert obligations == {o.key: (o.state, o.due, o.met_at) for o in read.obligations}
    assert {o.state for o in read.obligations} == {"met"}
    for case in (one, one.plan):
        assert await rows_of(stage, tables.breaches, case.case) == []
        assert await rows_of(stage, tables.incidents, case.case) == []


CANARY = ("снігур", "snihur", "9161917")
"""Of names, addresses, documents and reasons; of phones. None of them may stand where everybody looks."""


def silent(words: str) -> bool:
    return not any(one in words.casefold() for one in CANARY)


def quoting(status: int) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """A CRM that says what it thinks of a record by quoting it."""

    async def refuse(record: dict[str, Any]) -> None:
        details = {"api_name": "Last_Name", "value": str(record)}
        raise HTTPException(status, json.dumps({"code": "INVALID_DATA", "message": str(record), "details": details}, ensure_ascii=False))

    return refuse


@pytest.mark.clause("onboarding 2.5")
async def test_nothing_about_people_or_documents_stands_where_everybody_looks(stage: Stage, support: Support) -> None:
    """Workflow ids, search attributes, logs, failures and answers, after the CRM has failed in its own words and a person in his."""
    one = Onboarding(stage, "UA-silent")
    one.client |= {"name": "ТОВ «Снігур»", "contact": "Ганна Снігур", "email": "snihur@client.example", "phone": "+380449161917"}
    over = one.handed_over()
    mistaken = {**one.client, "email": "snihur at client", "phone": "09161917"}
    wrong = {**over, "id": "wrong", "data": {**over["data"], "client": mistaken, "update_every": "щотижня до Снігура"}}
    with pytest.raises(RuntimeError, match=r"data\.client\.phone.*data\.update_every.*is no term") as invalid:
        await stage.post(wrong)
    await stage.post(over)
    with pytest.raises(RuntimeError, match="409") as conflict:
        await stage.post({**over, "data": {**over["data"], "client": {**one.client, "contact": "Інший Снігур"}}})
    await one.until_counted()

    card = {"item": "2.6", "files": [document("картка Снігура.pdf")], "remark": "Снігур просить швидше"}
    await one.told("visa_refused", item="2.1", reason="Снігур не підписав", by=LAWYER)
    await one.told("item_mended", item="2.1", files=[document("договір Снігура.pdf")], by=SALES)
    await one.give_all("2.5", "2.6")
    await one.told("visa_given", by=GROUP_HEAD, **card)
    refused = await support.deliver(
        one.event("visa_given", by={**GROUP_HEAD, "id": SALES["id"]}, **card),
        one.event("visa_given", by=GROUP_HEAD, **{**card, "files": [document("інша картка Снігура.pdf")]}),
        one.event("visa_refused", item="2.6", reason="Снігур передумав", by=GROUP_HEAD),
        one.event("visa_refused", item="2.6", reason=["Снігур"], by=GROUP_HEAD),
        one.event("visa_given", by=GROUP_HEAD, **{**card, "files": [{"name": "Снігур.pdf", "content": "Снігур"}]}),
        wrong,
    )
    assert [line["error"] for line in refused.lines()] == ["NotInRole", "VisaStands", "VisaStands", *["InvalidEvent"] * 3]

    stage.crm.after_upsert = quoting(500)
    try:
        await one.give("2.5")
        said: list[str] = []
        async with patiently():
            while not any("crm: answered 500" in words for words in said):
                said = await failing(one)
        stage.crm.after_upsert = quoting(400)
        await one.until(lambda read: any(f.what == "incident.client_not_entered" for f in read.facts))
        await one.install()
        assert (await one.ends())["outcome"] == "done"
        await one.until_served()
        need = one.plan.event("need_found", need="n-1", sum="10.00", by=MANAGER)
        need["data"]["what"] = "Снігур хоче модуль"
        await stage.post(need)
        await one.plan.until(lambda read: any(f.what.startswith("incident.") for f in read.facts))
    finally:
        stage.crm.after_upsert = None
    (record,) = one.entered()
    assert not silent(str(record)), "the CRM has what it was to say nothing of"

    cases = (one, one.plan, diary(stage))
    errors = [words for case in cases for e in (await case.handle.fetch_history()).events for words in failures(e)]
    assert any("INVALID_DATA" in words for words in errors), "the search finds what is there"
    shown = [str((pair.key.name, pair.value)) for case in cases for pair in (await case.handle.describe()).typed_search_attributes]
    assert any(one.client["id"] in words for words in shown)
    logs = [log.read_text("utf-8") for log in (support.log, support.door.log, stage.folder / "temporal.log")]
    assert "enter_into_crm" in logs[0]
    assert "POST /webhooks/events 422" in logs[1]
    answers = [str(invalid.value), str(conflict.value), refused.out, refused.err]
    for words in (*said, *errors, *shown, *logs, *answers, *(case.case for case in cases)):
        assert silent(words), words
