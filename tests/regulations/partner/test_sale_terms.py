"""By when what is owed in a sale: each term at its boundaries, reminders, breaches, and who may let go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from regulations.partner import sale_messages as m
from tests.regulations.course import at, local
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT, SUPPORT
from tests.regulations.partner.sales import HALF, PACKAGE, PAYER, TECHNICAL, TOTAL, Sale

SECOND = timedelta(seconds=1)


def quick(start: str, *, renewal: bool = False) -> Sale:
    """Without the proofs of `tests.regulations.careful`, which the other tests of sales make."""
    sale = Sale(start, renewal=renewal)
    sale.careful = False
    return sale


def asked(start: str) -> Sale:
    """5.1: the post does not answer yet."""
    sale = quick(start)
    sale.silent = {"post"}
    return sale.order()


def formed(start: str) -> Sale:
    """5.2: the invoice is made, and the post does not answer yet."""
    sale = quick(start).order()
    sale.silent = {"post"}
    return sale.form()


def consented(start: str) -> Sale:
    """6.1: as `formed`."""
    sale = quick(start, renewal=True)
    sale.silent = {"post"}
    return sale.renew()


def paid(start: str) -> Sale:
    """5.3, 5.6: all is paid."""
    return quick(start).invoiced().pays(TOTAL)


def answered(sale: Sale) -> Sale:
    sale.silent = set()
    return sale.answer()


CASES: dict[str, tuple[Callable[[str], Sale], str, Callable[[Sale], Sale]]] = {
    "5.1": (asked, "5.1/consent", answered),
    "5.2": (formed, "5.2/form", answered),
    "5.3": (paid, "5.3/1", lambda sale: sale.tells()),
    "5.6": (paid, "5.6/1", lambda sale: sale.executes()),
    "6.1": (consented, "6.1/consent", answered),
}
"""Clause → how it comes to be owed, its key, what meets it."""


@pytest.mark.clause("partner 5.1")
@pytest.mark.clause("partner 5.2")
@pytest.mark.clause("partner 5.3")
@pytest.mark.clause("partner 6.1")
@pytest.mark.parametrize("clause", ["5.1", "5.2", "5.3", "6.1"])
@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-11-16 12:00", "2026-11-16 14:00"),
        ("2026-11-16 18:30", "2026-11-17 11:30"),
        ("2026-11-20 17:00", "2026-11-20 19:00"),  # a Friday: the term is over at closing
        ("2026-11-20 17:01", "2026-11-23 10:01"),
        ("2026-11-21 13:00", "2026-11-23 12:00"),  # a Saturday
        ("2026-06-11 18:00", "2026-06-15 11:00"),  # over the holiday of 12 June
    ],
)
def test_what_is_owed_at_once_is_due_after_two_working_hours(clause: str, start: str, due: str) -> None:
    owe, key, _ = CASES[clause]
    assert local(owe(start).due(key)) == due


@pytest.mark.clause("partner 5.6")
@pytest.mark.parametrize(
    ("start", "due"),
    [("2026-11-16 12:00", "2026-11-17 19:00"), ("2026-11-16 23:00", "2026-11-17 19:00"), ("2026-11-20 12:00", "2026-11-23 19:00")],
)
def test_what_is_paid_is_to_be_executed_within_a_working_day(start: str, due: str) -> None:
    assert local(paid(start).due("5.6/1")) == due


@pytest.mark.parametrize("clause", [pytest.param(c, marks=pytest.mark.clause(f"partner {c}")) for c in CASES])
@pytest.mark.parametrize(
    ("late", "standing", "entries"), [(-SECOND, "met", []), (0 * SECOND, "met", []), (SECOND, "met_late", ["recorded", "met_late"])]
)
def test_a_term_is_met_at_its_due_instant_and_missed_a_second_later(
    clause: str, late: timedelta, standing: str, entries: list[str]
) -> None:
    owe, key, meets = CASES[clause]
    sale = owe("2026-11-16 12:00")
    due = sale.due(key)
    if late > 0 * SECOND:
        sale.go_to(due)
    else:
        sale.go_to(due - timedelta(minutes=1))  # a fact at the due instant may be there before its timer
    sale.now = due + late
    meets(sale)
    assert sale.standings()[key] == standing
    assert [entry for c, entry in sale.breaches() if c == clause] == entries


@pytest.mark.clause("partner 5.3")
def test_the_term_runs_from_the_posting_time_and_a_start_learnt_late_is_said() -> None:
    sale = Sale("2026-11-16 15:00").invoiced(happened=at("2026-11-16 11:00"))
    sale.pays(TOTAL, at("2026-11-16 13:30"))
    assert local(sale.due("5.3/1")) == "2026-11-16 15:30"
    sale.go_to("2026-11-16 15:30")
    assert ("5.3", "head_of_support") in sale.notices("breach")
    assert any("о начале срока узнали позже" in words for words in sale.told("head_of_support"))


@pytest.mark.clause("partner 5.2")
def test_the_invoice_is_owed_from_the_form_and_not_from_before_the_consent() -> None:
    sale = Sale("2026-11-16 15:00")
    sale.silent = {"billing"}
    sale.order(at("2026-11-16 14:00")).form(at("2026-11-16 11:00"))
    assert local(sale.due("5.2/form")) == "2026-11-16 16:00"
    assert sale.standings()["5.1/consent"] == "met"
    sale.go(minutes=10)
    assert sale.refused(m.FormReceived, payer=PAYER) == "Invoicing"


@pytest.mark.clause("partner 5.2")
def test_the_manager_is_reminded_by_name_and_told_of_the_breach_with_the_head_of_support() -> None:
    sale = formed("2026-11-16 12:00").go_to("2026-11-16 13:59")
    assert sale.notices("warning") == [("5.2", "support_manager:m1")]
    sale.go_to("2026-11-16 14:00")
    assert sale.notices("breach") == [("5.2", "head_of_support"), ("5.2", "support_manager:m1")]


@pytest.mark.clause("partner 5.6")
def test_only_the_head_of_support_waives_extends_pauses_and_withdraws() -> None:
    sale = paid("2026-11-16 12:00")
    about: dict[str, Any] = {"clause": "5.6", "reason": "ждём доступы"}
    later = sale.due("5.6/1") + timedelta(days=7)
    for kind, fields in (
        (m.WaiveOfSale, about),
        (m.ExtendOfSale, {**about, "new_due": later}),
        (m.PauseOfSale, about),
        (m.WithdrawOfSale, {"reason": "ошибка"}),
    ):
        for by in (SUPPORT, TECHNICAL):
            assert sale.refused(kind, by=by, **fields) == "NotYours"
    sale.say(m.PauseOfSale, by=HEAD_OF_SUPPORT, **about)
    assert sale.duty("5.6/1").paused
    sale.go(hours=1).say(m.ResumeOfSale, by=HEAD_OF_SUPPORT, clause="5.6")
    sale.say(m.ExtendOfSale, by=HEAD_OF_SUPPORT, **about, new_due=later)
    assert sale.due("5.6/1") == later
    sale.say(m.WaiveOfSale, by=HEAD_OF_SUPPORT, **about)
    assert sale.standings()["5.6/1"] == "waived"
    assert sale.tells().stage == "done"


@pytest.mark.clause("partner 6.1")
def test_a_term_that_had_run_out_before_the_withdrawal_is_a_breach_all_the_same() -> None:
    sale = Sale(renewal=True)
    sale.renew(city="Казань", package="crm")  # no package: nothing is sent
    sale.now = sale.due("6.1/consent") + SECOND  # a worker was away
    sale.withdraw()
    assert sale.breaches() == [("6.1", "recorded")]
    assert (sale.stage, sale.state.ended) == ("withdrawn", True)


@pytest.mark.clause("partner 5.3")
def test_each_further_payment_is_told_anew() -> None:
    sale = Sale().invoiced().pays(HALF).go(minutes=5).tells(reason="аванс").go(hours=1).pays(HALF)
    assert {key: standing for key, standing in sale.standings().items() if key.startswith("5.3")} == {"5.3/1": "met", "5.3/2": "open"}
    assert Sale(renewal=True).invoiced().pays(PACKAGE).standings()["5.3/1"] == "open"
