"""Billing's interface against a server that speaks the same protocol, and against answers that are none."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from deploy.demo.billing_standin import BillingStandIn
from runtime.billing_api import BillingApi, BillingApiSettings, Credit, Invoice, InvoiceLine, NumberedInvoice
from runtime.database import create_billing_tables, open_database
from runtime.keyed_api import ApiConflictError, ApiMisconfiguredError, ApiRefusedError, ApiUnavailableError
from runtime.replacement_tables import billing_account_tariffs
from tests.patience import patiently
from tests.runtime.answers import Answer, says, server

KEY = "4f6c1a52-0000-4000-8000-000000000001#replacement 5.3#credit/a b/§"
INVOICE = Invoice(
    payer={"name": "ООО «Ромашка»", "inn": "7707083893"},
    contract="17",
    contract_date="2026-11-21",
    lines=[InvoiceLine("Настройка CRM", "2", "2.3", 2, "22500.25", "45000.50")],
    total="45000.50",
    currency="RUB",
    purpose="Договор № 17, БЕЗ НДС",
    issuer="u12",
    case="partner/D-1/order",
)
CREDIT = Credit("A-7", "2026-07", 30, "replacement", "2026-07", "replacement/A-7/2026-07/1")


def api(url: str, token: str = "stand-in-token", **changes: Any) -> BillingApi:  # noqa: S107 - opens nothing
    return BillingApi(BillingApiSettings.model_validate({"url": url, "token": token, **changes}))


@pytest.fixture
async def billing(tmp_path: Any) -> AsyncIterator[BillingStandIn]:
    url = f"sqlite:///{tmp_path / 'billing.sqlite'}"
    await create_billing_tables(url)
    async with BillingStandIn(url) as stand_in:
        began = datetime(2026, 7, 1, tzinfo=UTC)
        values = {"account": "A-7", "period": "2026-07", "mode": "ours", "identifications": 100, "balance": 5, "began_at": began}
        await stand_in.bill(billing_account_tariffs, **values)
        yield stand_in


async def balance(billing: BillingStandIn) -> int:
    engine = open_database(billing.database_url)
    async with engine.connect() as connection:
        found: int = (await connection.execute(select(billing_account_tariffs.c.balance))).scalar_one()
    await engine.dispose()
    return found


@pytest.mark.clause("replacement 5.3")
async def test_a_credit_under_a_key_counts_once(billing: BillingStandIn) -> None:
    async with api(f"{billing.url}/") as client:
        first = await client.credit(KEY, CREDIT)
        assert await client.credit(KEY, CREDIT) == first
        assert await client.credit(f"{KEY}-2", CREDIT) != first
    assert list(billing.credits) == [KEY, f"{KEY}-2"]
    assert billing.credits[KEY]["body"] == asdict(CREDIT)
    assert await balance(billing) == 5 + 2 * 30


async def test_a_key_that_was_used_for_another_credit_is_a_conflict(billing: BillingStandIn) -> None:
    async with api(billing.url) as client:
        await client.credit(KEY, CREDIT)
        with pytest.raises(ApiConflictError):
            await client.credit(KEY, replace(CREDIT, identifications=31))
    assert await balance(billing) == 35


async def test_what_billing_refuses_is_its_reason_and_may_be_asked_for_again(billing: BillingStandIn) -> None:
    billing.refuses = "период закрыт"
    async with api(billing.url) as client:
        with pytest.raises(ApiRefusedError, match=r"^период закрыт$"):
            await client.credit(KEY, CREDIT)
        billing.refuses = ""
        await client.credit(KEY, CREDIT)
    assert await balance(billing) == 35


async def test_a_token_that_is_not_taken_is_our_fault_whatever_billing_says(billing: BillingStandIn) -> None:
    async with api(billing.url, token="another") as client:
        with pytest.raises(ApiMisconfiguredError, match=r"^answered 401$"):
            await client.credit(KEY, CREDIT)
    assert not billing.credits


async def test_billing_that_is_away_may_be_asked_again(billing: BillingStandIn) -> None:
    billing.down = True
    async with api(billing.url) as client:
        with pytest.raises(ApiUnavailableError, match=r"^answered 503$"):
            await client.credit(KEY, CREDIT)
        billing.down = False
        assert await client.credit(KEY, CREDIT)
    async with api("http://127.0.0.1:9/") as client:
        with pytest.raises(ApiUnavailableError, match=r"^ConnectError$"):
            await client.credit(KEY, CREDIT)


@pytest.mark.clause("partner 5.2")
async def test_an_invoice_under_a_key_has_one_number(billing: BillingStandIn) -> None:
    async with api(f"{billing.url}/") as client:
        first = await client.invoice(KEY, INVOICE)
        assert await client.invoice(KEY, INVOICE) == first
        other = await client.invoice(f"{KEY}-2", INVOICE)
        with pytest.raises(ApiConflictError):
            await client.invoice(KEY, replace(INVOICE, total="45000.51"))
    assert (first.number, other.number) == ("N101", "N102")
    assert list(billing.invoices) == [KEY, f"{KEY}-2"]
    assert billing.invoices[KEY]["body"] == json.loads(json.dumps(asdict(INVOICE)))
    assert billing.invoices[KEY]["answer"]["issued_on"] == first.issued_on.isoformat()


@pytest.mark.clause("partner 5.2")
@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"number": "N1"}, "answered 201 without number and issued_on"),
        ({"issued_on": "2026-11-21"}, "answered 201 without number and issued_on"),
        ({"number": "", "issued_on": "2026-11-21"}, "answered 201 without number and issued_on"),
        ({"number": 7, "issued_on": "2026-11-21"}, "answered 201 without number and issued_on"),
        ({"number": "N1", "issued_on": "21.11.2026"}, "answered a day that is none"),
        ({"number": "N1", "issued_on": "2026-02-30"}, "answered a day that is none"),
    ],
)
async def test_an_invoice_without_number_or_day_is_none(said: dict[str, object], text: str) -> None:
    async with server(says(201, json.dumps(said))) as url, api(url) as client:
        with pytest.raises(ApiUnavailableError) as caught:
            await client.invoice(KEY, INVOICE)
    assert str(caught.value) == text


@pytest.mark.clause("partner 5.2")
async def test_number_and_day_are_billing_s() -> None:
    async with server(says(200, json.dumps({"number": "N1", "issued_on": "2026-11-21"}))) as url, api(url) as client:
        assert await client.invoice(KEY, INVOICE) == NumberedInvoice("N1", date(2026, 11, 21))


# --- answers of all kinds -------------------------------------------------------------------------------------------

REASON = json.dumps({"reason": "нет такого периода"})


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (says(500, REASON), ApiUnavailableError, "answered 500"),
        (says(502, "<html>canary</html>"), ApiUnavailableError, "answered 502"),
        (says(429, REASON), ApiUnavailableError, "answered 429"),
        (says(408, ""), ApiUnavailableError, "answered 408"),
        (says(200, "<html>canary</html>"), ApiUnavailableError, "answered 200 without reference"),
        (says(201, json.dumps({"reference": ""})), ApiUnavailableError, "answered 201 without reference"),
        (says(200, json.dumps({"reference": 7})), ApiUnavailableError, "answered 200 without reference"),
        (says(200, json.dumps(["canary"])), ApiUnavailableError, "answered 200 without reference"),
        (says(204, ""), ApiUnavailableError, "answered 204"),
        (says(400, REASON), ApiRefusedError, "нет такого периода"),
        (says(404, REASON), ApiRefusedError, "нет такого периода"),
        (says(422, REASON), ApiRefusedError, "нет такого периода"),
        (says(422, json.dumps({"reason": " "})), ApiMisconfiguredError, "answered 422"),
        (says(404, "canary"), ApiMisconfiguredError, "answered 404"),
        (says(403, ""), ApiMisconfiguredError, "answered 403"),
        (says(401, REASON), ApiMisconfiguredError, "answered 401"),
        (says(302, REASON, "location: http://127.0.0.1:9/"), ApiMisconfiguredError, "answered 302"),
        (says(409, REASON), ApiConflictError, "the key was used for something else"),
    ],
)
async def test_each_answer_is_of_one_kind_and_its_text_holds_nothing_that_was_sent(
    answer: Answer, kind: type[Exception], text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with server(answer) as url, api(url, token="canary-token") as client:
        with pytest.raises(kind) as caught:
            await client.credit(KEY, CREDIT)
    assert str(caught.value) == text
    assert "canary" not in caplog.text
    assert "identifications" not in caplog.text


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("120", 120, 120), ("0", 1, 1), ("999999", 3600, 3600), ("soon", None, None), ("", None, None), ("date", 50, 60)],
)
async def test_billing_may_say_how_long_to_wait(header: str, least: float | None, most: float | None) -> None:
    if header == "date":
        header = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    async with server(says(503, "", f"retry-after: {header}")) as url, api(url) as client:
        with pytest.raises(ApiUnavailableError) as caught:
            await client.credit(KEY, CREDIT)
    after = caught.value.after
    if least is None or most is None:
        assert after is None
    else:
        assert after is not None
        assert least <= after.total_seconds() <= most


async def _nothing(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _drop_by_drop(writer: asyncio.StreamWriter) -> None:
    """Every piece comes in time, the whole never does."""
    writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("answer", [_nothing, _drop_by_drop])
async def test_a_call_ends_in_time_whatever_billing_does(answer: Answer) -> None:
    async with server(answer) as url, api(url, timeout=0.2) as client:
        with pytest.raises(ApiUnavailableError):
            async with patiently():
                await client.credit(KEY, CREDIT)


def test_the_token_stands_in_no_text_of_the_settings() -> None:
    settings = BillingApiSettings.model_validate({"url": "https://billing.example/api", "token": "canary"})
    assert "canary" not in repr(settings)
    assert settings.timeout == timedelta(seconds=20)
    with pytest.raises(ValidationError) as caught:
        BillingApiSettings.model_validate({"url": "billing.example", "token": "canary"})
    assert "canary" not in str(caught.value)
