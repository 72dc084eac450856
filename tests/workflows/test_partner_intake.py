"""A partner's intake on a Temporal server: what is missing, a question, the acceptance that begins the account, the database away."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from regulations.partner import intake_messages as im
from tests.databases import sqlite_in
from tests.regulations.partner.intakes import SALES, SUPPORT
from tests.workflows.intakes import Case, IntakeWorld
from tests.workflows.leads import refused
from tests.workflows.play import to_monday
from tests.workflows.replaying import replays
from tests.workflows.skipping import ended, until_it_waits
from workflows import attributes

HOUR = timedelta(hours=1)


@pytest.mark.clause("partner 1.1")
@pytest.mark.clause("partner 1.3")
@pytest.mark.clause("partner 1.4")
@pytest.mark.clause("partner 3.1")
async def test_an_intake_goes_its_course_and_begins_the_account_once(skipping: WorkflowEnvironment, tmp_path: Path) -> None:
    async with sqlite_in(tmp_path) as engine:
        world, case = IntakeWorld(engine), Case(skipping)
        async with world.worker(skipping.client):
            await to_monday(skipping)
            monday = await skipping.get_current_time()
            assert await refused(case.begin(happened_at=monday + HOUR)) == "FromTheFuture"
            with pytest.raises(WorkflowFailureError):
                await case.handle.result()

            assert (await case.begin()).stage == "awaiting_acceptance"
            await until_it_waits(case.handle)
            await case.say("question_asked", im.QuestionAsked, question="q-1", text="Что обещано?", by=SUPPORT)
            world.database_up = False
            await case.say("question_answered", im.QuestionAnswered, question="q-1", text="Ничего", by=SALES)
            await skipping.sleep(2 * HOUR)  # 1.2 and 1.3 run out while nothing can be written
            await until_it_waits(case.handle)
            assert {o.clause: o.state for o in (await case.read()).obligations} == {"partner 1.2": "overdue", "partner 1.3": "overdue"}
            assert await refused(case.say("handed_to_marketing", im.HandedToMarketing, status="Запущен")) == "WrongStatus"
            await case.say("handed_to_marketing", im.HandedToMarketing, status="Ждем инфо", paid_at=monday - HOUR)
            shown = (await case.handle.describe()).typed_search_attributes
            assert shown.get(attributes.CLAUSE) == "partner 1.3"

            world.account_up = False
            assert (await case.say("accepted", im.PartnerAccepted, by=SUPPORT)).stage == "accepted"
            await case.say("agreements_named", im.AgreementsNamed, agreements={"extra_payments": "нет", "geography": "РФ"})
            assert (await case.read()).stage == "accepted"
            assert world.told == []
            world.database_up = world.account_up = True
            result = await ended(skipping, case.handle)
        assert (result.outcome, result.account, result.met, result.met_late, result.breaches) == ("done", "begun", 1, 2, 2)
        [told] = world.told
        assert (told.address, told.update, told.message["partner"]) == ("partner/p-77/account", "begun", "p-77")
        assert sorted(row["entry"] for row in await world.stored("breaches")) == ["met_late", "met_late", "recorded", "recorded"]
        notices = [(row["role"], row["text"]) for row in await world.stored("notices")]
        assert any(role == "sales_manager:s1" and "желаемая география" in said for role, said in notices)
        assert ("support_manager:m1", "1.4 Ответ отдела продаж (q-1): Ничего") in notices
        assert {row["state"] for row in await world.stored("obligations")} == {"met", "met_late"}
        await replays(case.handle)
