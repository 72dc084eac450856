"""The life of an account: its beginning, its manager, the state of its partner, its end; what it says of itself."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from regulations.case import Refusal
from regulations.messages import CalendarChanged, Sold
from regulations.partner.account_facts import account_address, check_account
from regulations.partner.account_messages import (
    AccountBegun,
    AccountEnded,
    ActivitySet,
    CallMade,
    Commented,
    NeedReported,
    StateNoted,
    WaiveOfAccount,
    WishNoted,
    WishReported,
)
from regulations.partner.account_narration import details, read_out, result
from tests.regulations.course import at
from tests.regulations.partner.accounts import GOOD, HEAD, MANAGER, MARKETER, POOR, ROMASHKA, Account


def begun(**changes: Any) -> AccountBegun:
    given = {"key": "b1", "happened_at": at("2026-11-16 12:00"), "partner": "p-7", "person": ROMASHKA, "manager": "u12"}
    return AccountBegun.model_validate({**given, **changes})


# --- the beginning --------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 3.1")
@pytest.mark.parametrize(
    ("changes", "type"),
    [
        ({}, None),
        ({"happened_at": at("2026-11-16 12:05")}, None),
        ({"happened_at": at("2026-11-16 12:06")}, "FromTheFuture"),
        ({"happened_at": at("2025-11-15 11:59")}, "ImpossibleDate"),
        ({"partner": "p-8"}, "OtherPartner"),
    ],
)
def test_the_starting_checks(changes: dict[str, Any], type: str | None) -> None:
    message = begun(**changes)
    if type is None:
        check_account(message, at("2026-11-16 12:00"))
        assert account_address(message) == "partner/p-7/account"
    else:
        with pytest.raises(Refusal) as refusal:
            check_account(message, at("2026-11-16 12:00"))
        assert refusal.value.type == type


def test_nothing_comes_before_the_beginning_and_nothing_of_another_partner_is_taken() -> None:
    account = Account(begin=False)
    assert account.refused(CallMade, call="c-1") == "NotBegun"
    account.begin()
    assert account.refused(CallMade, partner="p-8", call="c-1") == "OtherPartner"
    assert account.refused(CallMade, at("2025-11-10 12:00"), call="c-1") == "ImpossibleDate"
    sale: dict[str, Any] = {
        "deal": "D-1",
        "partner": {"id": "p", "name": "П", "email": "p@romashka.ru", "collects_payments": False},
        "client": {"login": "c@romashka.ru", "name": "К", "inn": "7707083893"},
        "tariff_line": "bureau",
        "contract": "offer",
    }
    assert account.refused(Sold, **sale) == "UnknownMessage"


@pytest.mark.clause("partner 2.1")
@pytest.mark.clause("partner 4.1")
def test_the_beginning_opens_the_first_duties_and_its_row() -> None:
    account = Account()
    assert account.standings() == {"2.1/campaign": "open", "4.1/next/1": "open"}
    assert {o.owner for o in account.state.obligations} == {"support_manager:u12"}
    assert account.asked[0].people == ("u12",)
    row = account.partner()
    assert (row.partner, row.manager, row.active, row.begun_at, row.last_contact_at) == ("p-7", "u12", True, account.now, account.now)


def test_a_call_and_its_comment_before_the_opening_count_as_any() -> None:
    account = Account(begin=False)
    account.deliver(
        account.message(AccountBegun, person=ROMASHKA, manager="u12"),
        account.message(CallMade, call="c-1"),
        account.message(Commented, call="c-1", text=GOOD),
    )
    assert account.standings() == {"2.1/campaign": "open", "4.1/next/1": "open", "4.2/c-1": "met"}


# --- the manager ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 8.1")
def test_another_manager_gets_what_is_owed_and_both_are_told() -> None:
    account = Account().soon().call("c-0").go(hours=1).comment(call="c-0").call("c-1").go(hours=3)
    account.begin(manager="u15", paid_until=date(2027, 1, 31))
    assert [request.people for request in account.asked] == [("u12",), ("u15",)]
    owners = {o.key: o.owner for o in account.state.obligations}
    assert owners["4.2/c-0"] == "support_manager:u12"
    assert owners["4.2/c-1"] == owners["2.1/campaign"] == "support_manager:u15"
    for manager in ("u12", "u15"):
        assert [said for said in account.said(f"support_manager:{manager}") if "u12 → u15" in said]
    assert account.call_row("c-1").manager == "u12"
    assert account.call("c-2").call_row("c-2").manager == "u15"
    assert account.duty("4.2/c-2").owner == "support_manager:u15"
    assert (account.partner().manager, account.partner().paid_until) == ("u15", date(2027, 1, 31))


@pytest.mark.clause("partner 4.2")
def test_the_new_manager_is_reminded_of_what_the_old_one_was_reminded_of() -> None:
    account = Account().soon().call().go(minutes=110).begin(manager="u15").go(minutes=5)
    reminded = [role for clause, role in account.notices("warning") if clause == "4.2"]
    assert reminded == ["support_manager:u12", "support_manager:u15"]


def test_the_same_manager_again_changes_only_the_data() -> None:
    account = Account().begin(person={**ROMASHKA, "name": "ООО «Лютик»"})
    assert (account.partner().name, len(account.asked)) == ("ООО «Лютик»", 1)
    assert account.standings() == {"2.1/campaign": "open", "4.1/next/1": "open"}
    assert account.refused(AccountBegun, at("2026-11-16 11:59"), person=ROMASHKA, manager="u15") == "Outdated"


# --- 8.1: the state of the partner ----------------------------------------------------------------------------------


@pytest.mark.clause("partner 8.1")
def test_the_newest_state_stands_and_what_is_left_out_stays() -> None:
    account = Account().say(
        StateNoted, leads=30, contracts_sum="100000.50", problem="мало заявок", urgent=True, outlook="doubtful", by=MANAGER
    )
    account.go(hours=1).say(StateNoted, leads=31, problem="", renewal_sum="120000.00", renewal_on=date(2026, 12, 1), by=HEAD)
    row = account.partner()
    assert (row.leads, row.contracts_sum, row.problem, row.urgent, row.outlook) == (31, Decimal("100000.50"), "", True, "doubtful")
    assert (row.renewal_sum, row.renewal_on, row.noted_at) == (Decimal("120000.00"), date(2026, 12, 1), account.now)
    assert account.refused(StateNoted, at("2026-11-16 12:59"), leads=1, by=MANAGER) == "Outdated"
    assert account.refused(StateNoted, leads=1, by=MARKETER) == "NotYours"


@pytest.mark.clause("partner 8.1")
def test_the_row_is_written_only_when_it_has_changed() -> None:
    account = Account().soon()
    written = len(account.rows)
    account.say(WishReported, wish="w-1", what="other", by=MANAGER).go(hours=1)
    assert not [row for row in account.rows[written:] if row.table == "partners"]


# --- the end --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 4.2")
def test_the_head_of_support_ends_an_account_in_an_orderly_way() -> None:
    account = Account().soon().call().go(minutes=30).comment(POOR)
    assert account.refused(AccountEnded, reason="ушёл", by=MANAGER) == "NotYours"
    assert account.refused(AccountEnded, account.now - timedelta(hours=1), reason="ушёл", by=HEAD) == "ImpossibleDate"
    account.end()
    assert (account.state.ended, account.state.outcome, account.wake_at) == (True, "ended", None)
    assert account.standings() == {"2.1/campaign": "waived", "4.1/next/1": "met", "4.2/c-1": "waived"}
    assert not account.partner().active
    assert account.notices("ended") == [("", "support_manager:u12")]
    assert account.refused(CallMade, call="c-2") == "Ended"
    ended = result(account.state)
    assert (ended.met, ended.met_late, ended.waived, ended.breaches) == (1, 0, 2, 0)
    assert (ended.outcome, ended.calls, ended.poor_comments) == ("ended", 1, 1)


@pytest.mark.parametrize(("text", "standing"), [(GOOD, "met"), (POOR, "waived")])
def test_an_account_does_not_end_before_a_comment_is_checked(text: str, standing: str) -> None:
    account = Account().soon().call().go(minutes=30)
    account.silent = {"check"}
    account.comment(text).end().go(days=1)
    assert (account.state.stage, account.state.ended) == ("ended", False)
    assert account.refused(CallMade, call="c-2") == "Ended"
    account.answer()
    assert (account.state.ended, account.standings("4.2"), account.entries("4.2")) == (True, {"4.2/c-1": standing}, [])


@pytest.mark.parametrize(("ended", "entries"), [("2026-11-16 13:59", []), ("2026-11-16 14:01", ["recorded"])])
def test_what_was_missed_before_the_end_is_a_breach_and_what_was_not_is_none(ended: str, entries: list[str]) -> None:
    """The end and the call are learnt together, after the term."""
    account = Account().soon().go(hours=4)
    account.deliver(
        account.message(CallMade, at("2026-11-16 12:00"), call="c-1"), account.message(AccountEnded, at(ended), reason="ушёл", by=HEAD)
    )
    assert (account.standings("4.2"), account.entries("4.2")) == ({"4.2/c-1": "waived"}, entries)


@pytest.mark.clause("partner 4.1")
@pytest.mark.parametrize(
    ("ended", "standing", "entries"), [(0, "met", ["recorded", "withdrawn"]), (1, "met_late", ["recorded", "met_late"])]
)
def test_an_account_that_ended_before_its_seven_days_were_over_missed_nothing(ended: int, standing: str, entries: list[str]) -> None:
    """The end is learnt when the breach has been recorded."""
    account = Account().go(days=8).end(at("2026-11-23 12:00") + timedelta(minutes=ended))
    assert (account.standings("4.1"), account.entries("4.1")) == ({"4.1/next/1": standing}, entries)
    assert account.state.ended


# --- what holds for every case --------------------------------------------------------------------------------------


@pytest.mark.clause("partner 2.2")
def test_the_term_of_marketing_is_its_own_heads() -> None:
    account = Account().soon().say(WishReported, wish="w-1", what="other", by=MANAGER)
    fields: dict[str, Any] = {"clause": "2.2", "reason": "отдел на выезде"}
    assert account.refused(WaiveOfAccount, **fields, by=HEAD) == "NotYours"
    account.say(WaiveOfAccount, **fields, by={"id": "m9", "role": "head_of_marketing"})
    assert account.standings("2.2") == {"2.2/wish/w-1": "waived"}


@pytest.mark.clause("partner 4.2")
def test_a_calendar_change_touches_only_what_depends_on_it() -> None:
    account = Account().call()
    fields: dict[str, Any] = {"calendar": "company", "version": "v2"}
    assert account.refused(CalendarChanged, **fields, changed=[date(2026, 12, 20)]) == "NotTouched"
    account.say(CalendarChanged, **fields, changed=[date(2026, 11, 16)])
    assert account.state.facts[-1].what == "CalendarChanged"
    assert account.duty("4.2/c-1").due == at("2026-11-16 14:00")


def test_the_read_out_and_the_details_tell_who_has_it_and_what_is_open() -> None:
    account = Account().call().go(minutes=5).comment(POOR).set("a1", at("2026-12-31 12:00"))
    read = read_out(account.state)
    assert (read.kind, read.stage, read.stage_text, read.round) == ("partner-account", "active", "сопровождается", 1)
    assert {o.clause for o in read.obligations} == {"partner 2.1", "partner 4.1", "partner 4.2"}
    shown = details(account.state)
    assert "ООО «Ромашка»" in shown
    assert "4.2 Комментарий не засчитан, не хватает: сейчас, планы" in shown
    assert "31.12.2026 12:00" in shown
    for words in ("comment_poor", "too_far", "CallMade", "active", "partner-account"):
        assert words not in shown, "a word without its Russian text"
    assert details(Account(begin=False).state) == "### partner/p-7/account"


def test_the_state_stays_small_however_much_is_open() -> None:
    """As much of everything as is kept, with the longest texts and ids as long as the CRM's."""
    account = Account()
    account.careful = False
    long = "щ" * 4_000
    account.say(StateNoted, problem=long, answer=long, next_step=long, additional=long, by=MANAGER)
    for _ in range(12):
        account.go(days=2)
        numbers = [str(next(account.keys)).rjust(36, "0") for _ in range(15)]
        account.deliver(
            *(account.message(CallMade, call=f"c-{n}") for n in numbers),
            *(account.message(Commented, call=f"x-{n}", text=POOR) for n in numbers[:4]),
            *(account.message(ActivitySet, activity=f"a-{n}", planned_at=account.now + timedelta(days=30)) for n in numbers),
            *(account.message(WishNoted, wish=f"w-{n}", what="other", text=long) for n in numbers[:6]),
            *(account.message(NeedReported, need=f"n-{n}", what="budget_top_up", text=long, by=MARKETER) for n in numbers[:6]),
        )
    state = account.state
    assert (len(state.activities), len(state.early), len(state.wishes), len(state.needs)) == (50, 20, 20, 20)
    assert len(state.carried().model_dump_json().encode()) < 200_000
    assert state.counts().breaches == len(account.entries()) > 300
