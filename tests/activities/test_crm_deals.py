"""Deals through the activities: one for each external id, whoever enters them and how often; the search for the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError

from activities import errors
from activities.crm import Crm
from deploy.demo.crm_standin import CrmFault, CrmStandIn
from regulations.effects import CrmOutcome, CrmRecord
from regulations.partner.effects import NextDealAnswer, NextDealQuestion
from runtime.crm import CrmSettings
from runtime.effect_ledger import EffectLedger
from runtime.zoho import ZohoCrm
from tests.activities.attempts import attempt, failing

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADDRESS = "partner/7/renewal"
FIELDS = {"title": "Deal_Name", "direction": "Pipeline", "status": "Stage", "contact": "Contact_Name", "sum": "Amount"}
BOTH = pytest.mark.parametrize("native", [True, False], ids=["upsert", "search-add-search"])


def deal(step: str = "must_pay", **fields: Any) -> CrmRecord:
    plain = {"title": "Продление", "direction": "Продления", "status": step, "contact": "901", "sum": "96000.00"}
    return CrmRecord(key=f"uid#6.2#{step}#INV-1", external_id=ADDRESS, fields=plain | fields, what="deal", now=NOW)


def settings(stand_in: CrmStandIn, *, native: bool) -> CrmSettings:
    deals = {"fields": FIELDS, "native_upsert": native, "duplicate_of_field": "Duplicate_Of"}
    return CrmSettings.model_validate({"api": stand_in.url, "fields": {}, "token": "stand-in-token", "deals": deals})


@pytest.fixture
async def stand_in() -> AsyncIterator[CrmStandIn]:
    async with CrmStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def workers(engine: AsyncEngine, stand_in: CrmStandIn) -> AsyncIterator[dict[bool, list[Crm]]]:
    """Two workers with connections of their own, for a CRM with an upsert and for one without."""
    async with AsyncExitStack() as stack:
        made = {
            native: [
                Crm(
                    EffectLedger(engine),
                    await stack.enter_async_context(ZohoCrm(settings(stand_in, native=native))),
                    timedelta(seconds=0.05),
                )
                for _ in range(2)
            ]
            for native in (True, False)
        }
        yield made


def kept(stand_in: CrmStandIn) -> list[dict[str, Any]]:
    """The deals that are not marked as duplicates."""
    return [one for one in stand_in.deals.values() if "Duplicate_Of" not in one]


@BOTH
@pytest.mark.clause("partner 6.2")
async def test_a_deal_entered_at_once_by_two_workers_and_once_more_later_is_one_deal(
    workers: dict[bool, list[Crm]], stand_in: CrmStandIn, native: bool
) -> None:
    asked = [attempt(worker.enter_into_crm, deal()) for worker in workers[native] * 3]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    (outcome,) = {answer.record_id for answer in answers if isinstance(answer, CrmOutcome)}
    assert {answer.type for answer in answers if isinstance(answer, ApplicationError)} <= {errors.IN_PROGRESS}
    assert not [answer for answer in answers if not isinstance(answer, CrmOutcome | ApplicationError)]
    for worker in workers[native]:
        assert (await attempt(worker.enter_into_crm, deal())).record_id == outcome
    assert list(stand_in.deals) == [outcome]


@BOTH
@pytest.mark.clause("partner 6.3")
async def test_two_steps_of_a_deal_at_once_leave_one_deal_that_is_not_marked(
    workers: dict[bool, list[Crm]], stand_in: CrmStandIn, native: bool
) -> None:
    first, second = workers[native]
    one, other = await asyncio.gather(attempt(first.enter_into_crm, deal("must_pay")), attempt(second.enter_into_crm, deal("closed")))
    assert one.record_id == other.record_id
    assert len(kept(stand_in)) == 1
    assert len(stand_in.deals) == 1 or not native  # where both were added, the later one is marked


@pytest.mark.clause("partner 6.3")
async def test_the_next_step_finds_its_deal_beside_the_one_that_follows(workers: dict[bool, list[Crm]], stand_in: CrmStandIn) -> None:
    """Its external id is contained in that of the deal that follows."""
    crm = workers[False][0]
    following = deal("next").model_copy(update={"external_id": f"{ADDRESS}#next"})
    next_deal = await attempt(crm.enter_into_crm, following)
    ours = await attempt(crm.enter_into_crm, deal())
    assert (ours.action, ours.duplicates, ours.record_id != next_deal.record_id) == ("inserted", (), True)


async def test_a_deal_of_a_company_without_settings_of_deals_names_the_setting(engine: AsyncEngine, stand_in: CrmStandIn) -> None:
    plain = CrmSettings.model_validate({"api": stand_in.url, "fields": {}, "token": "stand-in-token"})
    async with ZohoCrm(plain) as adapter:
        error = await failing(Crm(EffectLedger(engine), adapter).enter_into_crm, deal())
    assert (error.type, error.non_retryable) == (errors.MISCONFIGURED, True)
    assert "REGLAMENT_CRM__DEALS__FIELDS" in str(error)


QUESTION = NextDealQuestion(partner="p-7", contact="901", direction="Продления", status="Всё хорошо", since=NOW - timedelta(days=3650))


@pytest.mark.clause("partner 6.3")
async def test_the_next_deal_is_found(workers: dict[bool, list[Crm]], stand_in: CrmStandIn) -> None:
    crm = workers[True][0]
    assert await attempt(crm.find_next_deal, QUESTION) == NextDealAnswer()
    stand_in.opens_next = ("closed", "Всё хорошо")
    ours = await attempt(crm.enter_into_crm, deal("closed"))
    (opened,) = (await attempt(crm.find_next_deal, QUESTION)).deals
    assert {ours.record_id, opened} == set(stand_in.deals)


_FAULTS = [
    (CrmFault.TOO_MANY, errors.UNAVAILABLE, 7),
    (CrmFault.DOWN, errors.UNAVAILABLE, None),
    (CrmFault.FORBIDDEN, errors.MISCONFIGURED, None),
]


async def test_a_search_that_fails_is_an_error_and_no_answer(workers: dict[bool, list[Crm]], stand_in: CrmStandIn) -> None:
    for fault, type, wait in _FAULTS:
        stand_in.fault = fault
        error = await failing(workers[True][0].find_next_deal, QUESTION)
        assert (error.type, error.non_retryable) == (type, fault is CrmFault.FORBIDDEN)
        assert error.next_retry_delay == (timedelta(seconds=wait) if wait else None)
