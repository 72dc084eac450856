"""Payments in the ledger: allocated once, whoever asks again and whoever pays at the same moment (partner 7.2)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from activities import errors
from activities.payments import Payments
from regulations.partner.effects import AssignQuestion, PaymentMatch, PaymentQuestion, RefundQuestion
from runtime.database import open_database
from runtime.payments import PaymentLedger
from tests.activities.attempts import attempt, failing
from tests.databases import sqlite_in
from tests.runtime.ledgers import FLOWER, NOW, issue, sums

MOSCOW = "Europe/Moscow"


@pytest.fixture
def payments(engine: AsyncEngine) -> Payments:
    return Payments(PaymentLedger(engine), MOSCOW)


def came(reference: str = "P-1", amount: str = "100.00", purpose: str = "счет № 117", **changes: Any) -> PaymentQuestion:
    given = {"case_uid": f"uid-{reference}", "currency": "RUB", "payer_inn": FLOWER, "payer_name": None, "method": "bank", "posted_at": NOW}
    return PaymentQuestion.model_validate({"reference": reference, "amount": Decimal(amount), "purpose": purpose, **given, **changes})


def assigned(amount: str | None = None, key: str = "k1", invoice: str = "118", deal: str | None = None) -> AssignQuestion:
    return AssignQuestion(key=key, reference="P-1", invoice=invoice, deal=deal, amount=None if amount is None else Decimal(amount))


def returned(amount: str, refund: str = "R-1", **changes: Any) -> RefundQuestion:
    given = {"reference": "P-1", "refund": refund, "amount": Decimal(amount), "returned_at": NOW, "by": "f1"}
    return RefundQuestion.model_validate({**given, **changes})


def gets(found: PaymentMatch) -> dict[str, str]:
    return {share.invoice: f"{share.amount:.2f}" for share in found.shares}


@pytest.mark.clause("partner 7.2")
async def test_a_payment_is_matched_once_whatever_becomes_of_its_invoice(engine: AsyncEngine, payments: Payments) -> None:
    await issue(engine, "117", "100.00")
    first = await attempt(payments.match_payment, came())
    assert (first.verdict, gets(first), first.left) == ("exact", {"117": "100.00"}, Decimal(0))
    share = first.shares[0]
    assert (share.address, share.deal, share.paid) == ("partner/D-117/order", "D-117", Decimal("100.00"))
    await issue(engine, "117", "100.00", seq=2, state="void")
    assert await attempt(payments.match_payment, came()) == first
    again = await attempt(payments.match_payment, came("P-2"))
    assert (again.verdict, again.left) == ("wrong_invoice", Decimal(100))
    assert await sums(engine) == (Decimal(200), Decimal(100), Decimal(0))


@pytest.mark.clause("partner 7.2")
async def test_another_payment_under_the_same_reference_is_a_conflict(engine: AsyncEngine, payments: Payments) -> None:
    await issue(engine, "117", "100.00")
    await attempt(payments.match_payment, came())
    for other in (came(amount="100.01"), came(currency="USD"), came(purpose="сч. 117"), came(method="card"), came(payer_inn=None)):
        assert (await failing(payments.match_payment, other)).type == errors.CONFLICT
    assert (await sums(engine))[0] == 100


@pytest.mark.clause("partner 7.2")
@pytest.mark.clause("partner 6.3")
async def test_of_two_payments_at_once_one_pays_and_the_other_is_left(engine: AsyncEngine, database_url: str, payments: Payments) -> None:
    await issue(engine, "117", "100.00", kind="renewal")
    process = open_database(database_url)
    others = Payments(PaymentLedger(process), MOSCOW)
    found = await asyncio.gather(*(attempt((payments, others)[n % 2].match_payment, came(f"P-{n}")) for n in range(6)))
    await process.dispose()
    assert sorted(f.verdict for f in found) == ["double"] * 5 + ["exact"]
    assert await sums(engine) == (Decimal(600), Decimal(100), Decimal(0))


@pytest.mark.clause("partner 7.2")
async def test_the_same_payment_at_once_is_one(engine: AsyncEngine, database_url: str, payments: Payments) -> None:
    await issue(engine, "117", "100.00")
    process = open_database(database_url)
    others = Payments(PaymentLedger(process), MOSCOW)
    found = await asyncio.gather(*(attempt((payments, others)[n % 2].match_payment, came()) for n in range(4)))
    await process.dispose()
    assert all(f == found[0] for f in found)
    assert await sums(engine) == (Decimal(100), Decimal(100), Decimal(0))


@pytest.mark.clause("partner 7.2")
async def test_finance_allocates_and_returns_what_is_left(engine: AsyncEngine, payments: Payments) -> None:
    await issue(engine, "117", "100.00")
    await issue(engine, "118", "30.00", places=[["2", "2.7"]])
    first = await attempt(payments.match_payment, came(amount="170.00"))
    assert (first.verdict, first.left) == ("over", Decimal(70))
    made = await attempt(payments.assign_payment, assigned("10.00"))
    assert made.share is not None
    assert (made.result, made.share.amount, made.share.paid, made.left) == ("assigned", Decimal(10), Decimal(10), Decimal(60))
    assert await attempt(payments.assign_payment, assigned("10.00")) == made
    rest = await attempt(payments.assign_payment, assigned(key="k2"))
    assert rest.share is not None
    assert (rest.share.amount, rest.share.paid, rest.left) == (Decimal(20), Decimal(30), Decimal(40))
    assert (await attempt(payments.assign_payment, assigned(key="k3"))).result == "not_open"
    assert (await attempt(payments.enter_refund, returned("40.01"))).result == "above_left"
    back = await attempt(payments.enter_refund, returned("15.00"))
    assert (back.result, back.left) == ("entered", Decimal(25))
    assert await attempt(payments.enter_refund, returned("15.00")) == back
    assert (await failing(payments.enter_refund, returned("14.00"))).type == errors.CONFLICT
    assert (await attempt(payments.enter_refund, returned("25.00", "R-2"))).left == 0
    assert await sums(engine) == (Decimal(170), Decimal(130), Decimal(40))
    assert await attempt(payments.match_payment, came(amount="170.00")) == first, "the first answer, whatever was done since"
    anew = await attempt(payments.match_payment, came(amount="170.00", case_uid="begun-anew"))
    assert ([share.amount for share in anew.shares], anew.left) == ([Decimal(n) for n in (100, 10, 20)], Decimal(0)), "how it stands now"


@pytest.mark.clause("partner 7.2")
async def test_what_cannot_be_allocated_is_said_by_name(engine: AsyncEngine, payments: Payments) -> None:
    await attempt(payments.match_payment, came(purpose="счет № 999"))
    await issue(engine, "118", "30.00", state="void")
    await issue(engine, "119", "30.00", currency="USD")
    await issue(engine, "120", "30.00", deal="D-1")
    await issue(engine, "120", "40.00", deal="D-2")
    await issue(engine, "121", "300.00")
    for question, result in (
        (assigned(invoice="117"), "no_invoice"),
        (assigned(invoice="118"), "not_open"),
        (assigned(invoice="119"), "other_currency"),
        (assigned(invoice="120"), "ambiguous"),
        (assigned("30.01", invoice="120", deal="D-1"), "above_open"),
        (assigned("100.01", invoice="121"), "above_left"),
    ):
        answer = await attempt(payments.assign_payment, question)
        assert (answer.result, answer.share, answer.left) == (result, None, Decimal(100))
    chosen = await attempt(payments.assign_payment, assigned(invoice="120", deal="D-2"))
    assert chosen.share is not None
    assert (chosen.share.deal, chosen.share.amount, chosen.left) == ("D-2", Decimal(40), Decimal(60))
    nobody = assigned().model_copy(update={"reference": "P-9"})
    assert (await failing(payments.assign_payment, nobody)).type == errors.INVALID
    assert (await failing(payments.enter_refund, returned("1.00", reference="P-9"))).type == errors.INVALID


@pytest.mark.clause("partner 7.2")
async def test_an_invoice_has_its_date_in_the_companys_zone(engine: AsyncEngine, payments: Payments) -> None:
    late = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
    await issue(engine, "117", "100.00", deal="D-1", issued_at=late)
    await issue(engine, "117", "100.00", deal="D-2", issued_at=late.replace(hour=20))
    found = await attempt(payments.match_payment, came(purpose="счет № 117 от 21.11.2026"))
    assert [share.deal for share in found.shares] == ["D-1"]


async def test_a_database_that_is_away_is_asked_again() -> None:
    engine = open_database("sqlite:////nowhere/at/all.sqlite")
    payments = Payments(PaymentLedger(engine), MOSCOW)
    for ask, question in ((payments.assign_payment, assigned()), (payments.enter_refund, returned("1.00"))):
        assert (await failing(ask, question)).type == errors.UNAVAILABLE  # type: ignore[arg-type]
    assert (await failing(payments.match_payment, came())).type == errors.UNAVAILABLE
    await engine.dispose()


# --- the whole ledger -------------------------------------------------------------------------------------------------

purposes = st.sampled_from(["счет № 117", "сч. 118", "счета №117 и №118", "", "договор LBG-1", "счет 117 с НДС", "счет № 999", "сч. 119"])
kopecks = st.integers(1, 9_000).map(lambda n: str(Decimal(n) / 100))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("match"), purposes, kopecks),
        st.tuples(st.just("assign"), st.sampled_from(["117", "118", "119", "999"]), st.none() | kopecks),
        st.tuples(st.just("refund"), st.just(""), kopecks),
    ),
    min_size=2,
    max_size=10,
)


@pytest.mark.clause("partner 7.2")
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=steps, totals=st.tuples(kopecks, kopecks))
def test_whatever_is_done_what_is_allocated_returned_and_left_is_what_came(
    done: list[tuple[str, str, Any]], totals: tuple[str, str], tmp_path: Path
) -> None:
    asyncio.run(_play(done, totals, tmp_path))


async def _play(done: list[tuple[str, str, Any]], totals: tuple[str, str], folder: Path) -> None:
    async with sqlite_in(folder) as engine:  # an empty one each time
        payments = Payments(PaymentLedger(engine), MOSCOW)
        for number, total in zip(("117", "118"), totals, strict=True):
            await issue(engine, number, total)
        await issue(engine, "119", "50.00", state="void")
        left: dict[str, Decimal] = {}
        for n, (what, about, amount) in enumerate(done):
            newest = next(reversed(left), None)
            if what == "match":
                found = await attempt(payments.match_payment, came(f"P-{n}", amount, about))
                left[f"P-{n}"] = found.left
                assert sum((s.amount for s in found.shares), found.left) == Decimal(amount)
            elif newest is not None and what == "assign":
                question = assigned(amount, f"k{n}", about).model_copy(update={"reference": newest})
                left[newest] = (await attempt(payments.assign_payment, question)).left
            elif newest is not None:
                left[newest] = (await attempt(payments.enter_refund, returned(amount, f"R-{n}", reference=newest))).left
            came_, allocated, back = await sums(engine)
            assert allocated + back + sum(left.values(), Decimal(0)) == came_
        assert all(one >= 0 for one in left.values())
        async with PaymentLedger(engine).open() as ledger:
            assert all(invoice.paid <= invoice.total for invoice in await ledger.invoices(["117", "118"]))
            assert [invoice.paid for invoice in await ledger.invoices(["119"])] == [0]
