"""3.1, 3.2: the payment, told by billing or by a message, before the client's information and after it, and the wait for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.onboarding.case import ITEMS
from regulations.onboarding.slip_messages import PaymentPosted
from tests.regulations.onboarding.slips import Slip

MINUTE = timedelta(minutes=1)


@pytest.mark.clause("onboarding 3.1")
@pytest.mark.parametrize(
    ("paid", "complete", "due"),
    [
        ("2026-11-17 10:00", "2026-11-18 17:59", "2026-11-19 18:00"),  # the visas later
        ("2026-11-18 10:00", "2026-11-17 10:00", "2026-11-19 18:00"),  # the payment later
        ("2026-11-20 19:00", "2026-11-20 10:00", "2026-11-23 18:00"),  # on a Friday evening
        ("2026-11-18 10:00", "2026-11-18 10:00", "2026-11-19 18:00"),
    ],
)
def test_the_first_contact_is_owed_from_the_later_of_information_and_payment(paid: str, complete: str, due: str) -> None:
    slip = Slip().begin().visas(ITEMS[:6])
    for moment, what in sorted([(paid, "pay"), (complete, "visa")]):
        assert "3.1/1" not in slip.standings()
        slip.go_to(moment)
        if what == "pay":
            slip.pay()
        else:
            slip.visa("2.7")
    assert slip.due_at("3.1/1") == due
    assert slip.duty("3.1/1").started_at == max(slip.at(paid), slip.at(complete))
    assert (slip.duty("3.1/1").owner, slip.duty("3.1/1").escalation) == ("service_group_head", "head_of_client_department")


@pytest.mark.clause("onboarding 3.2")
def test_the_installation_is_owed_from_the_payment_while_visas_are_missing() -> None:
    slip = Slip().begin().pay()
    assert (slip.stage, slip.due_at("3.2/1")) == ("collecting_visas", "2026-11-19 18:00")
    assert (slip.duty("3.2/1").owner, slip.duty("3.2/1").escalation) == ("service", "head_of_client_department")
    slip.go_to("2026-11-19 18:00")
    assert ("3.2", "recorded") in slip.breaches()
    assert ("3.2", "head_of_client_department") in slip.notices("breach")


@pytest.mark.clause("onboarding 2.3")
def test_nobodys_visa_is_a_payment_and_no_payment_is_a_visa() -> None:
    slip = Slip().begin().visas()
    assert (slip.stage, slip.state.paid) == ("in_service", None)
    assert not {"3.1/1", "3.2/1"} & set(slip.standings())
    other = Slip().begin().pay()
    assert other.states()["2.3"] == "missing"
    [proposal] = [said for said in other.told("accountant") if "p-1" in said]
    assert "16.11.2026 12:00" in proposal
    assert [said for said in other.go_to("2026-11-17 17:00").told("accountant", "warning") if "оплату проведено 16.11.2026" in said]


@pytest.mark.clause("onboarding 3.1")
def test_billing_is_asked_once_and_what_it_finds_counts_by_its_posting_time() -> None:
    slip = Slip().begin().go_to("2026-11-17 10:00")
    [question] = slip.questions
    assert (question.deal, question.login, question.zone, question.known) == ("C-1", "", "Europe/Kyiv", ())
    slip.bank_says(("p-2", slip.at("2026-11-17 09:30")), ("p-1", slip.at("2026-11-16 17:00")))
    assert slip.local(slip.duty("3.2/1").started_at) == "2026-11-16 17:00", "the earliest"
    assert [said for said in slip.told("accountant") if "p-1" in said]
    assert len(slip.questions) == 1


@pytest.mark.clause("onboarding 3.1")
def test_a_payment_with_an_impossible_date_counts_for_nothing_and_is_told_of_once() -> None:
    slip = Slip().begin()
    slip.bank_says(("p-1", slip.now + timedelta(minutes=6)), ("p-0", slip.now - timedelta(days=367)))
    assert (slip.state.paid, slip.incidents()) == (None, ["payment_impossible", "payment_impossible"])
    assert set(slip.questions[-1].known) == {"p-0", "p-1"}
    slip.bank_says(("p-0", slip.now - timedelta(days=367)), ("p-3", slip.now + timedelta(minutes=5)))
    assert (len(slip.incidents()), slip.state.paid is not None) == (2, True)
    assert slip.refused(PaymentPosted, slip.now - timedelta(days=367), reference="p-4") == "ImpossibleDate"


@pytest.mark.clause("onboarding 3.1")
def test_where_billing_cannot_be_asked_the_payment_is_told_by_a_message() -> None:
    slip = Slip().begin()
    slip.billing = None
    slip.answer("billing")
    assert slip.incidents() == ["payment_not_awaited"]
    assert (len(slip.questions), slip.pay().standings()["3.2/1"]) == (1, "open")


@pytest.mark.clause("onboarding 3.1")
@pytest.mark.clause("onboarding 3.2")
@settings(max_examples=20)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 200)), min_size=1, max_size=4))
def test_of_several_tellings_the_earliest_payment_counts(tellings: list[tuple[bool, int]]) -> None:
    """Each by billing or by a message, so many minutes before it is told."""
    slip = Slip("2026-11-16 16:00").begin().visas()
    counted: list[int] = []
    for by_billing, ago in tellings:
        moment = slip.now - ago * MINUTE
        if not by_billing:
            slip.pay(moment)
        elif slip.state.polling:
            slip.bank_says((f"p-{ago}", moment))
        else:
            continue  # billing has answered, and is asked no more
        counted.append(ago)
    start = slip.now - max(counted) * MINUTE
    assert slip.duty("3.2/1").started_at == start
    assert slip.duty("3.1/1").started_at == slip.now, "the visas were given now"


@pytest.mark.clause("onboarding 3.2")
def test_an_earlier_payment_makes_what_was_met_in_time_late() -> None:
    slip = Slip().begin().go_to("2026-11-19 12:00").pay().install()
    assert slip.standings()["3.2/1"] == "met"
    slip.go_to("2026-11-20 12:00").pay(slip.at("2026-11-13 12:00"))
    assert (slip.standings()["3.2/1"], slip.due_at("3.2/1")) == ("met_late", "2026-11-18 18:00")
    assert [f.what for f in slip.state.facts if f.what == "payment_earlier"] == ["payment_earlier"]


@pytest.mark.clause("onboarding 3.1")
def test_a_slip_without_a_payment_waits_and_reminds_without_end() -> None:
    slip = Slip().begin().visas().install().report()
    said = "дати проведення ще ніхто не назвав"
    for weeks, friday in enumerate(("2026-11-23", "2026-11-30", "2026-12-07"), start=1):
        slip.go_to(f"{friday} 17:59")
        assert sum(said in one for one in slip.told("accountant")) == weeks - 1
        slip.go_to(f"{friday} 18:00")
        assert sum(said in one for one in slip.told("accountant")) == weeks
        assert sum(said in one for one in slip.told("head_of_sales")) == weeks
    assert (slip.stage, slip.state.ended) == ("in_service", False)
    slip.pay().meet(slip.now + MINUTE)
    assert (slip.stage, slip.state.waits) == ("done", {})


@pytest.mark.clause("onboarding 2.3")
def test_while_its_visa_is_missing_too_the_visas_own_reminder_is_enough() -> None:
    slip = Slip().begin().visas(("2.1", "2.2")).go_to("2026-12-16 12:00")
    assert slip.state.waits == {}
    assert ("2.3", "accountant") in slip.notices("breach")
