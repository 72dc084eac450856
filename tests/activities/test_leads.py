"""Look-ups for leads: what billing says of a client and a product, and an invoice that closes one lead and no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from temporalio.exceptions import ApplicationErrorCategory

from activities import errors
from activities.leads import Leads
from regulations.lead.effects import ClientQuestion, ClientStanding, InvoiceAnswer, InvoiceQuestion
from regulations.lead.messages import Contact
from runtime.database import create_billing_tables, open_billing, open_database
from runtime.lead_billing import LeadBilling, LeadInvoices
from runtime.lead_tables import billing_product_invoices, billing_usage, lead_invoices
from tests.activities.attempts import attempt, failing
from tests.books import Books

NOW = datetime(2026, 3, 2, 7, 15, tzinfo=UTC)
INN = "7707083893"
PERSON = Contact(name="Иван", phone="+7 914 123-45-67", email="ivan@romashka.ru")
CLIENT = ClientQuestion(client="c-1", inn=None, product="extern", contacts=(PERSON,))
INVOICE = InvoiceQuestion(
    key="k-1", invoice="i-1", client="c-1", inn=None, product="extern", case_uid="u-1", address="lead/c-1/extern", now=NOW
)
LINKED = InvoiceAnswer(result="linked", paid_at=NOW, amount=Decimal("12000.00"), currency="RUB")


class ProductBooks(Books):
    """What billing has of products."""

    async def usage(self, **changes: Any) -> None:
        await self.add(billing_usage, {"client": "c-1", "product": "extern", "inn": INN}, changes)

    async def invoice(self, **changes: Any) -> None:
        plain = {
            "number": "i-1",
            "client": "c-1",
            "inn": INN,
            "product": "extern",
            "amount": Decimal("12000.00"),
            "currency": "RUB",
            "paid_at": NOW,
        }
        await self.add(billing_product_invoices, plain, changes)

    async def links(self) -> int:
        async with self.engine.connect() as connection:
            return (await connection.execute(select(func.count()).select_from(lead_invoices))).scalar_one()


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[ProductBooks]:
    await create_billing_tables(database_url)
    engine = open_database(database_url)
    yield ProductBooks(engine)
    await engine.dispose()


@pytest.fixture
async def leads(database_url: str, books: ProductBooks) -> AsyncIterator[Leads]:
    billing = open_billing(database_url)
    yield Leads(LeadBilling(billing), LeadInvoices(books.engine))
    await billing.dispose()


async def look_up(leads: Leads, **changes: Any) -> ClientStanding:
    return await attempt(leads.look_up_client, CLIENT.model_copy(update=changes))


async def link(leads: Leads, **changes: Any) -> InvoiceAnswer:
    return await attempt(leads.link_invoice, INVOICE.model_copy(update=changes))


@pytest.mark.clause("lead 4.1.1")
async def test_a_client_that_billing_does_not_know_never_used_the_product(leads: Leads, books: ProductBooks) -> None:
    await books.usage(client="c-2", last_used_at=NOW)
    await books.usage(product="diadoc", last_used_at=NOW)
    assert await look_up(leads) == ClientStanding()


@pytest.mark.clause("lead 4.1.1")
@pytest.mark.clause("lead 4.1.3")
@pytest.mark.clause("lead 5.2.1")
async def test_what_billing_knows_of_client_and_product(leads: Leads, books: ProductBooks) -> None:
    known = {"last_used_at": NOW, "paid_until": NOW + timedelta(days=30), "invoice_until": NOW + timedelta(days=5)}
    await books.usage(**known)
    assert await look_up(leads) == ClientStanding(**known)


@pytest.mark.clause("lead 4.1.1")
async def test_by_the_inn_the_latest_of_all_its_numbers_counts(leads: Leads, books: ProductBooks) -> None:
    await books.usage(client="c-1", last_used_at=NOW - timedelta(days=400), paid_until=NOW)
    await books.usage(client="c-2", last_used_at=NOW)
    await books.usage(client="c-3", last_used_at=NOW + timedelta(days=1), inn="7736050003")
    assert await look_up(leads, client=None, inn=INN) == ClientStanding(last_used_at=NOW, paid_until=NOW)


@pytest.mark.clause("lead 8.2.4")
async def test_contacts_that_look_made_up_are_named_by_number_and_kind_alone(leads: Leads) -> None:
    contacts = (
        PERSON,
        Contact(name="А", phone="+7 111 111-11-11", email="a@romashka.ru"),
        Contact(name="Б", phone="+7 111 111-11-11", email="b@example.com"),
        Contact(name="В"),
    )
    assert (await look_up(leads, contacts=contacts)).made_up == ("1:phone", "2:phone", "2:email")


@pytest.mark.clause("lead 4.1.1")
async def test_a_paid_invoice_is_linked_and_the_answer_stays_the_same(leads: Leads, books: ProductBooks) -> None:
    await books.invoice()
    assert await link(leads) == LINKED
    assert await link(leads) == LINKED
    assert await books.links() == 1


async def test_an_invoice_that_another_lead_has_is_not_linked_again(leads: Leads, books: ProductBooks) -> None:
    """Also one of the same address: a later lead is another lead."""
    await books.invoice()
    assert await link(leads) == LINKED
    assert await link(leads, case_uid="u-2") == InvoiceAnswer(result="already_linked")
    assert await link(leads) == LINKED


async def test_of_ten_leads_at_the_same_moment_one_gets_the_invoice(leads: Leads, books: ProductBooks) -> None:
    await books.invoice()
    results = [a.result for a in await asyncio.gather(*(link(leads, case_uid=f"u-{n}") for n in range(10)))]
    assert sorted(results) == ["already_linked"] * 9 + ["linked"]
    assert await books.links() == 1


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"number": "i-2"}, "unknown"),
        ({"client": "c-2"}, "other_client"),
        ({"product": "diadoc"}, "other_product"),
        ({"paid_at": None}, "unpaid"),
    ],
)
async def test_an_invoice_that_does_not_fit_is_not_linked(leads: Leads, books: ProductBooks, changes: dict[str, Any], result: str) -> None:
    await books.invoice(**changes)
    assert await link(leads) == InvoiceAnswer.model_validate({"result": result})
    assert await books.links() == 0


async def test_an_invoice_found_unpaid_is_linked_once_it_is_paid(leads: Leads, books: ProductBooks) -> None:
    await books.invoice(paid_at=None)
    assert (await link(leads)).result == "unpaid"
    async with books.engine.begin() as connection:
        await connection.execute(billing_product_invoices.update().values(paid_at=NOW))
    assert await link(leads) == LINKED


@pytest.mark.parametrize(("inn", "result"), [(INN, "linked"), (None, "other_client"), ("7736050003", "other_client")])
async def test_a_client_without_a_number_is_known_by_its_inn(leads: Leads, books: ProductBooks, inn: str | None, result: str) -> None:
    await books.invoice(client="c-9", inn=inn)
    assert (await link(leads, client=None, inn=INN)).result == result


async def test_the_number_decides_where_there_is_one(leads: Leads, books: ProductBooks) -> None:
    await books.invoice(client="c-2", inn=INN)
    assert (await link(leads, client="c-1")).result == "other_client"


async def test_billing_without_the_views_of_leads_is_asked_again_later(database_url: str) -> None:
    billing, own = open_billing(database_url), open_database(database_url)
    leads = Leads(LeadBilling(billing), LeadInvoices(own))
    for error in (await failing(leads.look_up_client, CLIENT), await failing(leads.link_invoice, INVOICE)):
        assert error.type == errors.UNAVAILABLE
        assert not error.non_retryable
        assert error.category is ApplicationErrorCategory.UNSPECIFIED
        assert "c-1" not in str(error)
    await billing.dispose()
    await own.dispose()
