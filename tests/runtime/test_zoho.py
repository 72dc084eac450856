"""The CRM adapter against a server that speaks the same protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import HttpUrl, SecretStr, ValidationError

from deploy.demo.crm_standin import CrmFault, CrmStandIn
from runtime.crm import CrmMisconfiguredError, CrmPort, CrmRefusedError, CrmSettings, CrmUnavailableError, RefreshToken
from runtime.zoho import ZohoCrm

FIELDS = {"name": "Last_Name", "phone": "Phone"}


@pytest.fixture
async def stand_in() -> AsyncIterator[CrmStandIn]:
    async with CrmStandIn() as stand_in:
        yield stand_in


def settings(stand_in: CrmStandIn, **changes: Any) -> CrmSettings:
    plain: dict[str, Any] = {"api": stand_in.url, "fields": FIELDS, "token": "stand-in-token"}
    return CrmSettings.model_validate(plain | changes)


@pytest.fixture
async def crm(stand_in: CrmStandIn) -> AsyncIterator[ZohoCrm]:
    async with ZohoCrm(settings(stand_in)) as crm:
        yield crm


async def test_an_upsert_adds_once_and_then_changes(crm: ZohoCrm, stand_in: CrmStandIn) -> None:
    first = await crm.upsert("client", "deal-1", {"name": "Ромашка", "phone": "1", "unmapped": "not sent"})
    second = await crm.upsert("client", "deal-1", {"name": "Ромашка", "phone": "2"})
    assert (first[1], second[1], first[0]) == ("inserted", "updated", second[0])
    assert stand_in.records == {first[0]: {"External_Id": "deal-1", "Last_Name": "Ромашка", "Phone": "2"}}


async def test_records_are_found_oldest_first_and_nothing_is_nothing(crm: ZohoCrm) -> None:
    assert await crm.find("client", "deal(1), a:b\\c") == ()
    added = [await crm.add("client", "deal(1), a:b\\c", {"name": str(number)}) for number in range(3)]
    await crm.add("client", "another", {"name": "x"})
    assert await crm.find("client", "deal(1), a:b\\c") == tuple(added)


async def test_a_record_whose_external_id_only_contains_the_one_that_is_sought_is_another_one(crm: ZohoCrm) -> None:
    await crm.add("client", "partner/7/renewal#next", {"name": "next"})
    assert await crm.find("client", "partner/7/renewal") == ()
    added = await crm.add("client", "partner/7/renewal", {"name": "this"})
    assert await crm.find("client", "partner/7/renewal") == (added,)


async def test_more_records_than_a_page_holds_are_all_found(crm: ZohoCrm, stand_in: CrmStandIn) -> None:
    stand_in.per_page = 2
    added = [await crm.add("client", "deal-1", {"name": str(number)}) for number in range(5)]
    assert await crm.find("client", "deal-1") == tuple(added)
    assert sum(call.endswith("/search") for call in stand_in.calls) == 3


async def test_a_record_is_changed_and_marked(stand_in: CrmStandIn) -> None:
    async with ZohoCrm(settings(stand_in, duplicate_of_field="Duplicate_Of")) as crm:
        record_id = await crm.add("client", "deal-1", {"name": "a"})
        await crm.update("client", record_id, {"name": "b"})
        await crm.mark_duplicate("client", record_id, "77")
    assert stand_in.records[record_id] == {"External_Id": "deal-1", "Last_Name": "b", "Duplicate_Of": "77"}


async def test_without_a_field_for_it_a_duplicate_stays_unmarked(crm: ZohoCrm, stand_in: CrmStandIn) -> None:
    await crm.mark_duplicate("client", "1", "77")
    assert stand_in.calls == []


async def test_a_record_that_is_not_there_cannot_be_changed(crm: ZohoCrm) -> None:
    with pytest.raises(CrmRefusedError):
        await crm.update("client", "404", {"name": "b"})


_FAULTS = [
    (CrmFault.DOWN, CrmUnavailableError, "answered 503"),
    (CrmFault.TOO_MANY, CrmUnavailableError, "answered 429"),
    (CrmFault.BROKEN, CrmUnavailableError, "answered 500"),
    (CrmFault.PAGE, CrmUnavailableError, "answered 200 without JSON"),
    (CrmFault.LOCKED, CrmUnavailableError, "RECORD_LOCKED"),
    (CrmFault.INVALID, CrmRefusedError, "INVALID_DATA (Phone)"),
    (CrmFault.FORBIDDEN, CrmMisconfiguredError, "answered 403"),
]


@pytest.mark.parametrize(("fault", "kind", "text"), _FAULTS)
async def test_each_fault_is_of_one_kind_and_tells_no_value(
    crm: ZohoCrm, stand_in: CrmStandIn, fault: CrmFault, kind: type[Exception], text: str
) -> None:
    stand_in.fault = fault
    with pytest.raises(kind) as caught:
        await crm.upsert("client", "canary-id", {"name": "canary-name"})
    assert str(caught.value) == text
    assert stand_in.records == {}


async def test_the_wait_that_the_crm_asks_for_is_kept(crm: ZohoCrm, stand_in: CrmStandIn) -> None:
    stand_in.fault = CrmFault.TOO_MANY
    with pytest.raises(CrmUnavailableError) as caught:
        await crm.check()
    assert caught.value.after == timedelta(seconds=7)


async def test_what_was_done_and_not_answered_is_done_once_after_a_repeat(crm: ZohoCrm, stand_in: CrmStandIn) -> None:
    stand_in.fault = CrmFault.DONE_THEN_BROKEN
    with pytest.raises(CrmUnavailableError):
        await crm.upsert("client", "deal-1", {"name": "a"})
    stand_in.fault = None
    assert (await crm.upsert("client", "deal-1", {"name": "a"}))[1] == "updated"
    assert len(stand_in.records) == 1


async def test_a_crm_that_is_away_or_silent_is_unavailable(stand_in: CrmStandIn) -> None:
    stand_in.fault = CrmFault.SLOW
    async with ZohoCrm(settings(stand_in, read_timeout=timedelta(seconds=0.2))) as crm:
        with pytest.raises(CrmUnavailableError, match="ReadTimeout"):
            await crm.check()
        await stand_in.stop()
        with pytest.raises(CrmUnavailableError, match="ConnectError"):
            await crm.check()


async def test_a_wrong_token_is_our_fault(stand_in: CrmStandIn) -> None:
    async with ZohoCrm(settings(stand_in, token="canary")) as crm:
        with pytest.raises(CrmMisconfiguredError) as caught:
            await crm.check()
    assert "canary" not in str(caught.value)


def _refreshing(stand_in: CrmStandIn, token: str) -> CrmSettings:
    refresh = {"accounts": stand_in.url, "client_id": "id", "client_secret": "secret", "token": token}
    return settings(stand_in, token=None, refresh=refresh)


async def test_one_token_is_fetched_for_many_calls_and_again_when_it_ends(stand_in: CrmStandIn) -> None:
    async with ZohoCrm(_refreshing(stand_in, "good")) as crm:
        await asyncio.gather(*(crm.check() for _ in range(5)))
        assert stand_in.tokens_given == 1
        stand_in.token = "ended on the other side"
        await asyncio.gather(*(crm.check() for _ in range(5)))
        assert stand_in.tokens_given == 2


async def test_a_fresh_token_that_is_not_taken_either_is_our_fault(stand_in: CrmStandIn) -> None:
    stand_in.refuse_tokens = True
    async with ZohoCrm(_refreshing(stand_in, "good")) as crm:
        with pytest.raises(CrmMisconfiguredError):
            await crm.check()
    assert stand_in.tokens_given == 2  # the first, and one in its place: no third


async def test_a_refused_refresh_token_is_our_fault(stand_in: CrmStandIn) -> None:
    async with ZohoCrm(_refreshing(stand_in, "canary")) as crm:
        with pytest.raises(CrmMisconfiguredError) as caught:
            await crm.check()
    assert "canary" not in str(caught.value)


async def test_it_fills_the_port(crm: ZohoCrm) -> None:
    port: CrmPort = crm
    assert port.upserts_natively("client")


def test_settings_want_exactly_one_way_in_and_show_no_secret() -> None:
    api = HttpUrl("https://crm.example")
    with pytest.raises(ValidationError):
        CrmSettings(api=api, fields=FIELDS)
    refresh = RefreshToken(accounts=api, client_id="id", client_secret=SecretStr("canary"), token=SecretStr("canary"))
    with pytest.raises(ValidationError) as caught:
        CrmSettings(api=api, fields=FIELDS, token=SecretStr("canary"), refresh=refresh)
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(CrmSettings(api=api, fields=FIELDS, refresh=refresh))
