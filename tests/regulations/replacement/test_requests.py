"""1 to 3.5, 5.1, 6.1, 6.3: a request is refused on every ground there is, in one letter, or begins."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.case import Refusal
from regulations.replacement.effects import AccountAnswer, LinksAnswer
from regulations.replacement.facts import check_start
from regulations.replacement.messages import AccountChanged, Requested, ToppedUp
from tests.regulations.course import at
from tests.regulations.replacement.course import FINE, MONDAY, OWN_CRM, Course

SECOND = timedelta(seconds=1)


def asked(account: AccountAnswer = FINE, n: int = 1, links: LinksAnswer | None = LinksAnswer(), **fields: Any) -> Course:  # noqa: B008
    course = Course(n=n)
    course.account, course.links = account, links
    return course.request(**fields)


def but(**fields: Any) -> AccountAnswer:
    """An account in order, but for this."""
    return FINE.model_copy(update=fields)


# --- 1: the balance -------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 1")
@pytest.mark.parametrize(
    ("balance", "stage"), [(0, "awaiting_export"), (2_500, "awaiting_export"), (2_501, "refused"), (10_000, "refused")]
)
def test_a_request_is_in_order_at_25_percent_of_the_tariff_and_below(balance: int, stage: str) -> None:
    course = asked(but(balance=balance))
    assert course.stage == stage
    assert course.grounds() == ([("1", "balance")] if stage == "refused" else [])


@pytest.mark.clause("replacement 1")
@settings(max_examples=50)
@given(n=st.integers(1, 10_000), balance=st.integers(0, 10_000))
def test_the_balance_is_held_against_a_quarter_of_the_tariff_without_rounding(n: int, balance: int) -> None:
    course = Course()
    course.careful = False
    course.account = but(identifications=n, balance=balance)
    assert (course.request().stage == "awaiting_export") == (balance * 4 <= n)


@pytest.mark.clause("replacement 1")
def test_a_refusal_names_the_balance() -> None:
    course = asked(but(balance=2_501))
    (ground,) = course.state.grounds
    assert ground.values == {"balance": 2_501, "identifications": 10_000, "percent": 25}
    assert course.letter("refused").values["grounds"] == [
        {"clause": "1", "text": "остаток 2501 из 10000: запрос возможен при остатке не больше 25 % тарифа"}
    ]


# --- the other grounds, one by one ----------------------------------------------------------------------------------


@pytest.mark.clause("replacement 2")
def test_an_account_whose_payment_is_past_due_is_refused_with_the_day() -> None:
    course = asked(but(past_due_since=at("2026-11-10 00:00")))
    assert course.grounds() == [("2", "past_due")]
    assert course.state.grounds[0].values == {"since": "10.11.2026 00:00 (+03:00)"}


@pytest.mark.clause("replacement 3.5")
def test_a_script_that_is_not_agreed_is_refused() -> None:
    assert asked(but(script_agreed=False)).grounds() == [("3.5", "script")]


@pytest.mark.clause("replacement 5.1")
@pytest.mark.parametrize(
    ("mode", "crm", "grounds"),
    [
        ("ours", None, []),
        ("ours", OWN_CRM, [("5.1", "form_short")]),
        ("integrated", OWN_CRM, []),
        ("integrated", None, [("5.1", "form_long")]),
    ],
)
def test_the_form_fits_the_mode(mode: str, crm: dict[str, str] | None, grounds: list[tuple[str, str]]) -> None:
    course = asked(but(mode=mode), crm=crm)
    assert course.grounds() == grounds


@pytest.mark.clause("replacement 6.1")
@pytest.mark.parametrize("crm", [None, OWN_CRM])
def test_a_client_in_mode_outside_gets_no_replacements_whatever_the_form(crm: dict[str, str] | None) -> None:
    course = asked(but(mode="outside"), crm=crm)
    assert course.grounds() == [("6.1", "outside")]
    assert course.register().clauses == ("6.1",)


@pytest.mark.clause("replacement 5.1")
@pytest.mark.parametrize(
    ("ran_out", "stage"),
    [
        (at(MONDAY) - timedelta(days=30), "awaiting_export"),
        (at(MONDAY) - timedelta(days=30) - SECOND, "refused"),
        (at(MONDAY) - SECOND, "awaiting_export"),
        (None, "awaiting_export"),
    ],
)
def test_requests_are_taken_until_30_calendar_days_after_the_tariff_ran_out(ran_out: datetime | None, stage: str) -> None:
    course = asked(but(ran_out_at=ran_out, balance=0))
    assert course.stage == stage
    assert course.grounds() == ([("5.1", "too_late")] if stage == "refused" else [])
    assert "request_limit" not in course.state.waits


@pytest.mark.clause("replacement 5.1")
def test_what_counts_is_when_it_was_asked_and_not_when_we_heard_of_it() -> None:
    course = Course("2026-11-18 10:00")
    course.account = but(ran_out_at=at(MONDAY) - timedelta(days=30))
    assert course.request(at(MONDAY)).stage == "awaiting_export"


@pytest.mark.clause("replacement 6.3")
def test_a_further_request_comes_with_a_paid_prolongation_alone() -> None:
    prolonged = but(prolonged=True, prolonged_identifications=5_000)
    assert asked(FINE, n=2).grounds() == [("6.3", "no_prolongation")]
    assert asked(FINE, n=2, prolongation="2026-11").grounds() == [("6.3", "not_prolonged")]
    assert asked(prolonged, n=2, prolongation="2026-11").stage == "awaiting_export"


@pytest.mark.clause("replacement 6.3")
def test_a_period_that_was_replaced_already_is_not_replaced_as_if_for_the_first_time() -> None:
    course = asked(but(replaced=100))
    assert course.grounds() == [("6.3", "replaced_before")]
    further = asked(but(replaced=100, prolonged=True, prolonged_identifications=1), n=2, prolongation="2026-11")
    assert further.stage == "awaiting_export"


@pytest.mark.clause("replacement 5.1")
def test_whoever_does_not_know_the_login_hears_nothing_of_the_account() -> None:
    bad = but(balance=9_000, past_due_since=at(MONDAY), script_agreed=False)
    assert asked(bad.model_copy(update={"login_right": False})).grounds() == [("5.1", "login_wrong")]
    assert asked(bad.model_copy(update={"known": False})).grounds() == [("5.1", "account_unknown")]


@pytest.mark.clause("replacement 5.1")
def test_links_to_private_addresses_are_refused_each() -> None:
    course = asked(but(mode="integrated"), links=LinksAnswer(private=("instructions", "crm"), silent=("script",)), crm=OWN_CRM)
    assert [g.values for g in course.state.grounds] == [{"link": "crm"}, {"link": "instructions"}]
    told = course.letter("refused").values["grounds"]
    assert isinstance(told, list)
    assert "CRM клиента" in str(told[0])


@pytest.mark.clause("replacement 5.1")
@pytest.mark.parametrize("links", [LinksAnswer(silent=("script",)), None])
def test_a_link_that_does_not_answer_is_a_note_for_quality_control(links: LinksAnswer | None) -> None:
    course = asked(links=links)
    assert course.stage == "awaiting_export"
    assert course.export().letter("audit").values["silent"] == ["скрипт"]


@pytest.mark.clause("replacement 5.1")
def test_all_grounds_stand_in_one_letter_and_the_first_names_the_clause() -> None:
    bad = but(
        mode="integrated",
        balance=9_000,
        ran_out_at=at("2026-09-01 00:00"),
        past_due_since=at("2026-11-01 00:00"),
        script_agreed=False,
    )
    course = asked(bad, n=2, links=LinksAnswer(private=("script",)))
    assert course.grounds() == [
        ("5.1", "form_long"),
        ("5.1", "too_late"),
        ("6.3", "no_prolongation"),
        ("1", "balance"),
        ("2", "past_due"),
        ("3.5", "script"),
        ("5.1", "link_private"),
    ]
    assert course.templates() == ["refused"]
    assert course.register().clauses == ("5.1", "6.3", "1", "2", "3.5")
    assert (course.state.ended, course.state.outcome, course.standings()) == (True, "refused", {})


# --- what is asked, and the answer ----------------------------------------------------------------------------------


@pytest.mark.clause("replacement 5.1")
def test_billing_and_the_links_are_asked_once_and_both_are_waited_for() -> None:
    for waits in ("account", "links"):
        course = Course()
        course.silent = {waits}
        course.request(login="a@b.example", admin_login="admin")
        assert (course.stage, len(course.questions)) == ("checking", 1)
        assert (course.questions[0].login, course.questions[0].admin_login) == ("a@b.example", "admin")
        course.go(days=1)
        assert course.letters == []
        assert course.answer().stage == "awaiting_export"


@pytest.mark.clause("replacement 2")
def test_what_changes_in_billing_while_it_is_asked_is_asked_again() -> None:
    course = Course()
    course.silent = {"account"}
    course.account = but(past_due_since=at(MONDAY))
    course.request()
    course.billing_changed()
    course.answer()
    assert (course.stage, len(course.questions)) == ("checking", 2)
    course.account = FINE
    assert course.answer().stage == "awaiting_export"


@pytest.mark.clause("replacement 5.1")
def test_the_franchisee_is_answered_at_once_in_the_thread_of_the_e_mail() -> None:
    course = Course("2026-11-21 03:00")  # a Saturday night
    course.request(message_id="<1@franchise.example>", references=["<0@franchise.example>"], subject="Просьба")
    letter = course.letter("taken")
    assert (letter.to, letter.now) == (("ivanov@franchise.example.org",), course.now)
    assert letter.values["due"] == "ср 25.11.2026 18:00 (+03:00)"
    assert letter.thread is not None
    assert (letter.thread.message_id, letter.thread.references, letter.thread.subject) == (
        "<1@franchise.example>",
        ("<0@franchise.example>",),
        "Просьба",
    )


@pytest.mark.clause("replacement 5.1")
def test_an_e_mail_without_a_subject_is_answered_in_its_thread_too() -> None:
    course = Course().request(message_id="<1@franchise.example>")
    thread = course.letter("taken").thread
    assert thread is not None
    assert thread.subject == "Запрос на замену"


def test_a_request_by_webhook_has_no_thread() -> None:
    assert Course().request().letter("taken").thread is None


@pytest.mark.clause("replacement 5.1")
def test_a_request_that_is_open_is_not_asked_for_twice() -> None:
    course = Course()
    message = course.message(
        Requested, asked=400, login="romashka", script="https://docs.example.org/script", franchisee={"email": "i@f.example.org"}
    )
    course.deliver(message)
    with pytest.raises(Refusal) as repeated:
        course.deliver(message)
    assert repeated.value.type == "Repeated"
    assert course.refused(Requested, **message.model_dump(include={"asked", "login", "script", "franchisee"})) == "Open"
    assert course.stage == "awaiting_export"


def test_messages_to_another_replacement_and_before_the_beginning_are_refused() -> None:
    course = Course()
    assert course.refused(AccountChanged) == "NotBegun"
    course.request()
    assert course.refused(AccountChanged, n=2) == "OtherReplacement"
    assert course.refused(AccountChanged, period="2026-11") == "OtherReplacement"
    assert course.refused(AccountChanged, account="A-2") == "OtherReplacement"


# --- check_start ----------------------------------------------------------------------------------------------------


def start(**fields: Any) -> None:
    course = Course(n=fields.pop("n", 1))
    given: dict[str, Any] = {"asked": 1, "login": "x", "script": "https://x.example.org", "franchisee": {"email": "i@f.example.org"}}
    message = course.message(Requested, fields.pop("happened", None), **{**given, **fields})
    assert isinstance(message, Requested)
    check_start(message, at(MONDAY))


@pytest.mark.parametrize(
    ("happened", "wrong"),
    [
        (at(MONDAY) + timedelta(minutes=5), None),
        (at(MONDAY) + timedelta(minutes=5, seconds=1), "FromTheFuture"),
        (at(MONDAY) - timedelta(days=366), None),
        (at(MONDAY) - timedelta(days=366, seconds=1), "ImpossibleDate"),
    ],
)
def test_a_request_lies_neither_in_the_future_nor_years_back(happened: datetime, wrong: str | None) -> None:
    if wrong is None:
        start(happened=happened)
        return
    with pytest.raises(Refusal) as refusal:
        start(happened=happened)
    assert refusal.value.type == wrong


@pytest.mark.clause("replacement 6.3")
def test_a_prolongation_that_cannot_be_one_is_refused_at_the_door() -> None:
    start(n=2, prolongation="2026-11")
    start(n=2)  # the case refuses it with 6.3, so that the franchisee is told by a letter
    for fields in ({"n": 1, "prolongation": "2026-11"}, {"n": 2, "prolongation": "2026-10"}):
        with pytest.raises(Refusal) as refusal:
            start(**fields)
        assert refusal.value.type == "NoProlongation"
        assert refusal.value.args[0].startswith("replacement 6.3: ")


def test_a_top_up_starts_by_its_date_alone() -> None:
    course = Course(n=0)
    message = course.message(ToppedUp, at(MONDAY) + timedelta(hours=1))
    assert isinstance(message, ToppedUp)
    with pytest.raises(Refusal) as refusal:
        check_start(message, at(MONDAY))
    assert refusal.value.type == "FromTheFuture"
