"""Deals in the CRM (partner 5.4, 6.2, 6.3): their own module and mapping, and the search for those that the CRM's automation opens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.demo.crm_standin import CrmFault, CrmStandIn
from runtime.crm import CrmMisconfiguredError, CrmRefusedError, CrmSettings, CrmUnavailableError, SoughtDeals
from runtime.zoho import ZohoCrm

DEALS: dict[str, Any] = {
    "fields": {
        "title": "Deal_Name",
        "direction": "Pipeline",
        "status": "Stage",
        "contact": "Contact_Name",
        "partner": "Partner_Id",
        "sum": "Amount",
        "services": "Services",
    }
}
MUST_PAY, CLOSED, NEXT = "Должен оплатить продление", "Закрыта (оплачена)", "Всё хорошо, получает заявки"
RENEWAL: dict[str, Any] = {
    "title": "Продление",
    "direction": "Продления",
    "status": MUST_PAY,
    "contact": "901",
    "partner": "p-7",
    "sum": "96000.50",
}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def settings(stand_in: CrmStandIn, **deals: Any) -> CrmSettings:
    plain: dict[str, Any] = {"api": stand_in.url, "fields": {"name": "Last_Name"}, "token": "stand-in-token", "deals": DEALS | deals}
    return CrmSettings.model_validate(plain)


def sought(**changes: Any) -> SoughtDeals:
    plain: dict[str, Any] = {"contact": "901", "partner": "p-7", "direction": "Продления", "status": NEXT, "since": LONG_AGO}
    return SoughtDeals(**plain | changes)


@pytest.fixture
async def stand_in() -> AsyncIterator[CrmStandIn]:
    async with CrmStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def crm(stand_in: CrmStandIn) -> AsyncIterator[ZohoCrm]:
    async with ZohoCrm(settings(stand_in)) as crm:
        yield crm


@pytest.mark.clause("partner 5.4")
async def test_a_deal_goes_to_its_own_module_tied_to_the_contact_with_its_exact_sum(crm: ZohoCrm, stand_in: CrmStandIn) -> None:
    record_id, action = await crm.upsert("deal", "partner/7/order", RENEWAL | {"invoice": "not mapped"})
    assert action == "inserted"
    assert stand_in.records == {}
    assert stand_in.deals[record_id] == {
        "External_Id": "partner/7/order",
        "Deal_Name": "Продление",
        "Pipeline": "Продления",
        "Stage": MUST_PAY,
        "Contact_Name": {"id": "901"},
        "Partner_Id": "p-7",
        "Amount": 96000.5,
    }


async def test_a_client_and_a_deal_with_the_same_external_id_are_two_records(crm: ZohoCrm, stand_in: CrmStandIn) -> None:
    await crm.upsert("client", "7", {"name": "Ромашка"})
    assert (await crm.upsert("deal", "7", {"title": "Продление"}))[1] == "inserted"
    assert (len(stand_in.records), len(stand_in.deals)) == (1, 1)


@pytest.mark.parametrize("sum", ["без суммы", "NaN", "Infinity", ""])
async def test_a_sum_that_is_none_is_refused_before_it_is_sent(crm: ZohoCrm, stand_in: CrmStandIn, sum: str) -> None:
    with pytest.raises(CrmRefusedError):
        await crm.upsert("deal", "7", {"sum": sum})
    assert stand_in.calls == []


async def test_without_settings_of_deals_the_setting_is_named(stand_in: CrmStandIn) -> None:
    plain = CrmSettings.model_validate({"api": stand_in.url, "fields": {}, "token": "stand-in-token"})
    async with ZohoCrm(plain) as crm:
        for asked in (crm.upsert("deal", "7", {}), crm.find("deal", "7"), crm.deals(sought())):
            with pytest.raises(CrmMisconfiguredError, match="REGLAMENT_CRM__DEALS__FIELDS"):
                await asked
        await crm.check()
    assert stand_in.calls == ["GET /crm/v8/Contacts"]


async def test_the_check_reads_both_modules(crm: ZohoCrm, stand_in: CrmStandIn) -> None:
    await crm.check()
    assert stand_in.calls == ["GET /crm/v8/Contacts", "GET /crm/v8/Deals"]


@pytest.mark.parametrize("wrong", [{"fields": {"tittle": "Deal_Name"}}, {"lookups": ["contract"]}, {"fields": {"title": "Deal Name"}}])
def test_a_word_that_no_deal_has_is_refused_at_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CrmSettings.model_validate({"api": "https://crm.example", "fields": {}, "token": "t", "deals": DEALS | wrong})


# --- 6.3: the next deal -----------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 6.3")
async def test_the_deal_that_the_crm_opens_once_ours_is_closed_is_found(crm: ZohoCrm, stand_in: CrmStandIn) -> None:
    stand_in.opens_next = (CLOSED, NEXT)
    ours, _ = await crm.upsert("deal", "partner/7/renewal", RENEWAL)
    assert await crm.deals(sought()) == ()
    for _ in range(2):  # closed once, however often it is told
        await crm.upsert("deal", "partner/7/renewal", RENEWAL | {"status": CLOSED})
    (opened,) = await crm.deals(sought())
    assert opened != ours
    assert set(stand_in.deals) == {ours, opened}


@pytest.mark.clause("partner 6.3")
async def test_a_client_record_keeps_the_automation_quiet(stand_in: CrmStandIn) -> None:
    stand_in.opens_next = (CLOSED, NEXT)
    own: dict[str, Any] = {"api": stand_in.url, "module": "Deals", "fields": {"status": "Stage"}, "token": "stand-in-token"}
    async with ZohoCrm(CrmSettings.model_validate(own)) as crm:
        await crm.upsert("client", "7", {"status": CLOSED})
    assert len(stand_in.deals) == 1


@pytest.mark.clause("partner 6.3")
@pytest.mark.parametrize(
    "another",
    [
        {"contact": "9011"},
        {"contact": "902"},
        {"direction": "Доп. услуги"},
        {"direction": "Продления (архив)"},
        {"status": MUST_PAY},
        {"status": f"{NEXT} мало"},
    ],
)
async def test_a_deal_of_another_contact_direction_or_status_is_not_the_one(crm: ZohoCrm, another: dict[str, str]) -> None:
    await crm.add("deal", "another", RENEWAL | {"status": NEXT} | another)
    assert await crm.deals(sought()) == ()
    ours = await crm.add("deal", "ours", RENEWAL | {"status": NEXT})
    assert await crm.deals(sought()) == (ours,)


@pytest.mark.clause("partner 6.3")
async def test_a_deal_created_before_the_payment_is_not_the_one(crm: ZohoCrm, stand_in: CrmStandIn) -> None:
    made = [await crm.add("deal", f"d-{number}", RENEWAL | {"status": NEXT}) for number in range(3)]
    paid = datetime(2026, 3, 2, 10, 0, 0, 700_000, tzinfo=UTC)
    instants = (paid - timedelta(seconds=1), paid.replace(microsecond=0), paid + timedelta(seconds=1))
    stand_in.created = {one: at.replace(microsecond=0).isoformat() for one, at in zip(made, instants, strict=True)}
    assert await crm.deals(sought(since=paid)) == (made[1], made[2])  # the second of the payment itself counts


@pytest.mark.clause("partner 6.3")
async def test_the_oldest_comes_first_over_all_pages(crm: ZohoCrm, stand_in: CrmStandIn) -> None:
    stand_in.per_page = 2
    made = [await crm.add("deal", f"d-{number}", RENEWAL | {"status": NEXT}) for number in range(5)]
    assert await crm.deals(sought()) == tuple(made)


@pytest.mark.clause("partner 6.3")
async def test_without_a_contact_the_partner_is_looked_for(stand_in: CrmStandIn, crm: ZohoCrm) -> None:
    made = await crm.add("deal", "d-1", {"partner": "p-7", "direction": "Продления", "status": NEXT})
    assert await crm.deals(sought(contact=None)) == (made,)
    assert await crm.deals(sought(contact=None, partner="p-8")) == ()
    fields = {name: field for name, field in DEALS["fields"].items() if name != "contact"}
    async with ZohoCrm(settings(stand_in, fields=fields)) as without:
        assert await without.deals(sought()) == (made,)


async def test_a_field_that_the_search_needs_is_named_where_it_is_missing(stand_in: CrmStandIn) -> None:
    fields = {name: field for name, field in DEALS["fields"].items() if name != "status"}
    async with ZohoCrm(settings(stand_in, fields=fields)) as crm:
        with pytest.raises(CrmMisconfiguredError, match="'status'"):
            await crm.deals(sought())


async def test_values_with_the_signs_of_a_search_are_values(crm: ZohoCrm) -> None:
    hostile = "a,b)or(Stage:equals:x) \\ (c"
    made = await crm.add("deal", "d-1", RENEWAL | {"status": hostile})
    assert await crm.deals(sought(status=hostile)) == (made,)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (CrmFault.DOWN, CrmUnavailableError),
        (CrmFault.TOO_MANY, CrmUnavailableError),
        (CrmFault.PAGE, CrmUnavailableError),
        (CrmFault.FORBIDDEN, CrmMisconfiguredError),
    ],
)
async def test_a_search_that_fails_never_says_that_there_is_nothing(
    crm: ZohoCrm, stand_in: CrmStandIn, fault: CrmFault, kind: type[Exception]
) -> None:
    stand_in.fault = fault
    with pytest.raises(kind) as caught:
        await crm.deals(sought())
    assert "p-7" not in str(caught.value)
