"""Billing look-ups: which rows belong to a deal, when a payment reached the account, and which grant counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert
from temporalio.exceptions import ApplicationErrorCategory

from activities import errors
from activities.billing import Billing
from regulations.effects import AccessGrant, BillingAnswer, BillingQuestion, Payment, Price
from runtime.billing import BillingReader
from runtime.database import DatabaseUnavailableError, create_billing_tables, open_billing, open_database
from runtime.tables import billing_access_grants, billing_invoices, billing_payments, billing_tariffs
from tests.activities.attempts import attempt, failing
from tests.books import Books

QUESTION = BillingQuestion(deal="4711", login="romashka@client.example", zone="Europe/Moscow")
MOSCOW_MIDNIGHT = datetime(2026, 3, 1, 21, 0, tzinfo=UTC)
"""00:00 of the second of March in Moscow."""


class DealBooks(Books):
    """What billing has of deals."""

    async def tariff(self, **changes: Any) -> None:
        plain = {"code": "b-12", "line": "bureau", "name": "Бюро", "price": Decimal("12000.00"), "currency": "RUB"}
        await self.add(billing_tariffs, plain, changes)

    async def invoice(self, **changes: Any) -> None:
        plain = {
            "number": "i-1",
            "deal": "4711",
            "login": "romashka@client.example",
            "tariff_code": "b-12",
            "amount": Decimal("11000.00"),
            "currency": "RUB",
            "issued_on": date(2026, 3, 1),
        }
        await self.add(billing_invoices, plain, changes)

    async def payment(self, **changes: Any) -> None:
        plain = {
            "reference": "p-1",
            "invoice_number": "i-1",
            "amount": Decimal("11000.00"),
            "currency": "RUB",
            "posted_on": date(2026, 3, 2),
            "posted_at": None,
        }
        await self.add(billing_payments, plain, changes)

    async def payments(self, count: int) -> None:
        plain = {"invoice_number": "i-1", "amount": Decimal(1), "currency": "RUB", "posted_on": date(2026, 3, 2), "posted_at": None}
        async with self.engine.begin() as connection:
            await connection.execute(insert(billing_payments), [plain | {"reference": f"p-{number}"} for number in range(count)])

    async def grant(self, **changes: Any) -> None:
        plain = {
            "reference": "g-1",
            "login": "romashka@client.example",
            "deal": None,
            "tariff_code": "b-12",
            "granted_at": datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
            "starts_on": None,
        }
        await self.add(billing_access_grants, plain, changes)


@pytest.fixture
async def books(empty_database_url: str) -> AsyncIterator[DealBooks]:
    await create_billing_tables(empty_database_url)
    engine = open_database(empty_database_url)
    yield DealBooks(engine)
    await engine.dispose()


@pytest.fixture
async def billing(empty_database_url: str, books: DealBooks) -> AsyncIterator[Billing]:
    engine = open_billing(empty_database_url)
    yield Billing(BillingReader(engine))
    await engine.dispose()


async def answer(billing: Billing, **changes: Any) -> BillingAnswer:
    return await attempt(billing.look_up_billing, QUESTION.model_copy(update=changes))


async def test_nothing_known_is_an_empty_answer(billing: Billing) -> None:
    assert await answer(billing) == BillingAnswer()


@pytest.mark.clause("handoff 3.2")
async def test_payments_of_the_deals_invoices_come_with_the_time_at_which_they_came(billing: Billing, books: DealBooks) -> None:
    posted_at = datetime(2026, 3, 2, 7, 15, tzinfo=UTC)
    await books.invoice()
    await books.invoice(number="i-2")
    await books.invoice(number="foreign", deal="1", login="other@client.example")
    await books.payment(reference="later", posted_on=date(2026, 3, 2), posted_at=posted_at)
    await books.payment(reference="dated", invoice_number="i-2")
    await books.payment(reference="foreign", invoice_number="foreign")
    assert (await answer(billing)).payments == (
        Payment(reference="dated", amount=Decimal("11000.00"), currency="RUB", reached_at=MOSCOW_MIDNIGHT, date_only=True),
        Payment(reference="later", amount=Decimal("11000.00"), currency="RUB", reached_at=posted_at),
    )


async def test_a_date_is_meant_in_the_companys_zone(billing: Billing, books: DealBooks) -> None:
    await books.invoice()
    await books.payment()
    [payment] = (await answer(billing, zone="Asia/Vladivostok")).payments
    assert payment.reached_at == datetime(2026, 3, 1, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Mars/Phobos", "", "../etc", "Europe"])
async def test_an_unknown_zone_is_invalid_for_good(billing: Billing, zone: str) -> None:
    error = await failing(billing.look_up_billing, QUESTION.model_copy(update={"zone": zone}))
    assert (error.type, error.non_retryable) == (errors.INVALID, True)


@pytest.mark.parametrize("deal", [None, ""])
async def test_without_an_invoice_of_the_deal_those_of_the_login_count(billing: Billing, books: DealBooks, deal: str | None) -> None:
    await books.invoice(deal=deal, login="Romashka@Client.example")
    await books.payment()
    found = await answer(billing)
    assert [payment.reference for payment in found.payments] == ["p-1"]
    assert found.price == Price(tariff="b-12", amount=Decimal("11000.00"), currency="RUB")


async def test_an_invoice_of_the_login_for_another_deal_does_not_count(billing: Billing, books: DealBooks) -> None:
    await books.invoice(deal="another")
    await books.payment()
    assert await answer(billing) == BillingAnswer()


async def test_with_an_invoice_of_the_deal_those_of_the_login_do_not_count(billing: Billing, books: DealBooks) -> None:
    await books.invoice()
    await books.invoice(number="old", deal=None)
    await books.payment(invoice_number="old")
    assert (await answer(billing)).payments == ()


async def test_the_newest_invoice_is_the_price(billing: Billing, books: DealBooks) -> None:
    await books.tariff()
    await books.invoice()
    await books.invoice(number="i-0", issued_on=date(2026, 3, 5), amount=Decimal("9000.00"))
    assert (await answer(billing)).price == Price(tariff="b-12", amount=Decimal("9000.00"), currency="RUB")


async def test_without_an_invoice_the_granted_tariff_is_the_price(billing: Billing, books: DealBooks) -> None:
    await books.tariff()
    await books.tariff(code="other", price=Decimal(1))
    await books.grant(deal="4711")
    assert (await answer(billing)).price == Price(tariff="b-12", amount=Decimal("12000.00"), currency="RUB")


@pytest.mark.clause("handoff 2.1.2")
async def test_the_earliest_grant_that_belongs_to_the_deal_counts(billing: Billing, books: DealBooks) -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    await books.invoice()
    await books.grant(reference="of last year", granted_at=at - timedelta(days=365))
    await books.grant(reference="later", granted_at=at + timedelta(days=1))
    await books.grant(reference="ours", granted_at=at, starts_on=date(2026, 4, 1))
    await books.grant(reference="of another deal", granted_at=at - timedelta(hours=1), deal="another")
    expected = AccessGrant(reference="ours", granted_at=at, tariff="b-12", starts_on=date(2026, 4, 1))
    assert (await answer(billing)).access == expected


async def test_a_grant_that_names_the_deal_counts_however_old_and_for_whatever_login(billing: Billing, books: DealBooks) -> None:
    await books.invoice()
    await books.grant(reference="named", deal="4711", login="old@client.example", granted_at=datetime(2020, 1, 1, tzinfo=UTC))
    access = (await answer(billing)).access
    assert access is not None
    assert access.reference == "named"


@pytest.mark.parametrize(("before", "counts"), [(timedelta(0), True), (timedelta(seconds=1), False)])
async def test_a_grant_may_be_a_day_older_than_the_invoice(billing: Billing, books: DealBooks, before: timedelta, counts: bool) -> None:
    await books.invoice(issued_on=date(2026, 3, 2))
    await books.grant(granted_at=MOSCOW_MIDNIGHT - timedelta(days=1) - before)
    assert ((await answer(billing)).access is not None) is counts


async def test_without_an_invoice_a_grant_of_the_login_alone_proves_nothing(billing: Billing, books: DealBooks) -> None:
    await books.grant()
    assert (await answer(billing)).access is None


@pytest.mark.parametrize("hostile", ["' OR 1=1 --", 'x"; DROP TABLE billing_payments; --', "%", "_", "ы' UNION SELECT 1"])
async def test_what_is_asked_for_is_never_a_statement(billing: Billing, books: DealBooks, hostile: str) -> None:
    await books.invoice(deal=None)
    await books.payment()
    assert await answer(billing, deal=hostile, login=hostile) == BillingAnswer()
    assert len((await answer(billing)).payments) == 1


async def test_the_poll_fails_as_expected_until_there_is_a_payment(billing: Billing, books: DealBooks) -> None:
    await books.invoice()
    error = await failing(billing.await_payment, QUESTION)
    assert (error.type, error.non_retryable, error.next_retry_delay) == (errors.NOT_YET, False, None)
    assert error.category is ApplicationErrorCategory.BENIGN
    await books.payment()
    assert await attempt(billing.await_payment, QUESTION) == await answer(billing)


async def test_the_poll_looks_past_payments_that_are_known(billing: Billing, books: DealBooks) -> None:
    await books.invoice()
    await books.payment(reference="too small")
    past = QUESTION.model_copy(update={"known": ("too small",)})
    assert (await failing(billing.await_payment, past)).type == errors.NOT_YET
    await books.payment(reference="the rest")
    found = await attempt(billing.await_payment, past)
    assert {payment.reference for payment in found.payments} == {"too small", "the rest"}


async def test_more_rows_than_can_be_true_are_an_error_and_never_a_part_of_the_truth(billing: Billing, books: DealBooks) -> None:
    await books.invoice()
    await books.payments(501)
    assert (await failing(billing.look_up_billing, QUESTION)).type == errors.UNAVAILABLE


async def test_the_check_tells_readable_billing_from_none(empty_database_url: str) -> None:
    engine = open_billing(empty_database_url)
    with pytest.raises(DatabaseUnavailableError):
        await BillingReader(engine).check()
    await create_billing_tables(empty_database_url)
    await BillingReader(engine).check()
    await engine.dispose()


async def test_billing_that_is_away_is_an_error_and_never_nothing(tmp_path: Any) -> None:
    for url in ("postgresql://nobody@127.0.0.1:1/none", f"sqlite:///{tmp_path / 'empty.sqlite'}"):
        engine = open_billing(url)
        error = await failing(Billing(BillingReader(engine)).await_payment, QUESTION)
        await engine.dispose()
        assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
