"""4.1: activities no more than seven days ahead, to the minute and by local time; reasons in time and late; an account without any."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulations.partner.account_messages import (
    ActivityReasonGiven,
    ActivitySet,
    ExtendOfAccount,
    PauseOfAccount,
    WaiveOfAccount,
)
from regulations.time.calendar_spec import CalendarSpec
from tests.regulations.course import at, local
from tests.regulations.partner.accounts import HEAD, MANAGER, Account

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
WEEK = timedelta(days=7)
BERLIN = CalendarSpec.simple("Europe/Berlin", "RU", "10:00-19:00", name="company")
pytestmark = pytest.mark.clause("partner 4.1")


# --- seven days -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beyond", "far"), [(-MINUTE, []), (timedelta(0), []), (MINUTE - SECOND, []), (MINUTE, ["overdue"]), (timedelta(days=30), ["overdue"])]
)
@pytest.mark.parametrize("start", ["2026-06-08 10:00", "2026-04-28 18:59", "2026-12-29 12:00", "2026-11-21 23:59"])
def test_seven_days_are_in_order_and_a_minute_more_is_a_breach_at_once(start: str, beyond: timedelta, far: list[str]) -> None:
    """Across 12 June, the holidays of May and of the New Year: calendar days are counted."""
    account = Account(start)
    account.set("a1", account.now + WEEK + beyond)
    assert account.far("a1") == far
    assert account.entries("4.1/far") == ["recorded"] * len(far)
    if far:
        duty = next(o for o in account.state.obligations if o.key.startswith("4.1/far"))
        assert (duty.due, duty.breached_at) == (at(start), at(start))
        assert account.notices("breach") == [("4.1", "head_of_support"), ("4.1", "support_manager:u12")]


@pytest.mark.parametrize("start", ["2026-03-26 12:00", "2026-10-22 12:00"])
def test_the_seven_days_keep_the_local_hour_across_a_change_of_summer_time(start: str) -> None:
    """In Berlin the clocks change on 29 March and 25 October 2026: the week has 167 or 169 hours."""
    hours = {"2026-03-26 12:00": 167, "2026-10-22 12:00": 169}[start]
    for minutes, far in ((0, []), (1, ["overdue"])):
        account = Account(start, BERLIN)
        account.set("a1", account.now + timedelta(hours=hours, minutes=minutes))
        assert account.far("a1") == far


def test_with_a_reason_at_its_setting_a_later_activity_is_in_order() -> None:
    account = Account().set("a1", at("2026-12-30 12:00"), reason="партнёр в отпуске до конца декабря")
    assert (account.far("a1"), account.entries()) == ([], [])
    assert account.partner().next_activity_at == at("2026-12-30 12:00")


# --- a reason that is added -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "standing", "entries"),
    [
        ("2026-11-16 12:01", "met", ["recorded", "withdrawn"]),
        ("2026-11-16 13:59", "met", ["recorded", "withdrawn"]),
        ("2026-11-16 14:00", "met", ["recorded", "withdrawn"]),
        ("2026-11-16 14:01", "met_late", ["recorded", "met_late"]),
        ("2026-11-20 10:00", "met_late", ["recorded", "met_late"]),
    ],
)
def test_a_reason_withdraws_the_breach_within_two_working_hours(given: str, standing: str, entries: list[str]) -> None:
    account = Account().set("a1", at("2026-11-30 12:00"))
    account.go_to(given).explain("a1")
    assert (account.far("a1"), account.entries("4.1/far")) == ([standing], entries)
    withdrawn = [("4.1", "head_of_support"), ("4.1", "support_manager:u12")] if standing == "met" else []
    assert account.notices("breach_withdrawn") == withdrawn


@pytest.mark.parametrize(
    ("given", "standing"), [("2026-06-11 18:59", "met"), ("2026-06-15 11:00", "met"), ("2026-06-15 11:01", "met_late")]
)
def test_the_two_hours_are_working_hours(given: str, standing: str) -> None:
    """Set an hour before closing on the eve of 12 June, a Friday: the second hour is Monday's."""
    account = Account("2026-06-11 18:00").set("a1", at("2026-06-30 12:00"))
    account.go_to("2026-06-16 12:00").explain("a1", at(given))
    assert account.far("a1") == [standing]


def test_a_reason_that_is_learnt_late_counts_when_it_was_given() -> None:
    account = Account().set("a1", at("2026-11-30 12:00")).go_to("2026-11-18 12:00")
    account.explain("a1", at("2026-11-18 11:00"))
    assert account.far("a1") == ["met_late"]
    account.explain("a1", at("2026-11-16 13:00"))
    assert account.far("a1") == ["met"]
    assert account.entries("4.1/far") == ["recorded", "met_late", "withdrawn"]


def test_setting_and_reason_that_come_together_tell_nobody_of_a_breach() -> None:
    account = Account()
    planned, later = at("2026-11-30 12:00"), account.now + 30 * MINUTE
    account.go(minutes=30)
    account.deliver(
        account.message(ActivitySet, at("2026-11-16 12:00"), activity="a1", planned_at=planned),
        account.message(ActivityReasonGiven, later, activity="a1", reason="партнёр в отпуске"),
    )
    assert (account.far("a1"), account.entries("4.1/far")) == (["met"], ["recorded", "withdrawn"])
    assert account.notices("breach") == account.notices("breach_withdrawn") == []


def test_a_reason_of_an_activity_that_nobody_knows_is_refused_by_name() -> None:
    assert Account().refused(ActivityReasonGiven, activity="a9", reason="в отпуске") == "NoSuchActivity"


# --- moved, over ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "standing"), [("2026-11-16 14:00", "met"), ("2026-11-16 14:01", "met_late")])
@pytest.mark.parametrize("how", ["moved", "over"])
def test_an_activity_moved_into_the_week_or_over_amends_its_setting(how: str, when: str, standing: str) -> None:
    account = Account().set("a1", at("2026-11-30 12:00")).go_to(when)
    account.set("a1", at("2026-11-20 12:00")) if how == "moved" else account.done("a1")
    assert account.far("a1") == [standing]


def test_an_activity_that_is_moved_is_judged_anew() -> None:
    account = Account().set("a1", at("2026-11-20 12:00")).go(days=3)
    account.set("a1", at("2026-11-26 12:00"))
    assert account.far("a1") == []
    account.go(days=1).set("a1", at("2026-12-10 12:00"))
    account.go(minutes=30).set("a1", at("2026-12-11 12:00"))
    assert account.far("a1") == ["overdue", "overdue"]
    account.go(minutes=30).explain("a1")
    assert account.far("a1") == ["met", "met"]


def test_settings_and_reasons_mean_the_same_in_any_order() -> None:
    """The first setting is learnt last: what amended it is known already."""
    first, second = at("2026-11-16 12:00"), at("2026-11-16 13:00")
    for amend in ("moved", "explained", "over"):
        account = Account("2026-11-16 11:00").go_to("2026-11-16 15:00")
        if amend == "moved":
            account.set("a1", at("2026-11-20 12:00"), second)
        elif amend == "explained":
            account.set("a1", at("2026-11-29 12:00"), at("2026-11-16 12:30"), reason="сначала отпуск").explain("a1", second)
        else:
            account.done("a1", second)
        account.set("a1", at("2026-11-30 12:00"), first)
        assert (account.far("a1"), account.entries("4.1/far")) == (["met"], ["recorded", "withdrawn"]), amend
    assert account.state.activities == {}


def test_what_was_over_and_is_set_again_is_open() -> None:
    account = Account().set("a1", at("2026-11-20 12:00")).go(hours=1).done("a1").go(hours=1)
    account.set("a1", at("2026-11-21 12:00")).done("a1", at("2026-11-16 12:30"))
    assert list(account.state.activities) == ["a1"]


# --- an account without an activity ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "standing"), [(-MINUTE, "met"), (timedelta(0), "met"), (SECOND, "met_late")])
def test_an_account_is_overdue_seven_days_after_its_beginning(when: timedelta, standing: str) -> None:
    account = Account()
    account.go_to(at("2026-11-23 12:00") + when).soon()
    assert account.standings("4.1") == {"4.1/next/1": standing}


def test_a_call_starts_the_seven_days_anew_and_an_activity_meets_them() -> None:
    account = Account().go(days=5).call().comment()
    assert account.standings("4.1") == {"4.1/next/1": "met", "4.1/next/2": "open"}
    assert local(account.duty("4.1/next/2").due) == "2026-11-28 12:00"
    account.go(days=1).soon()
    assert account.standings("4.1")["4.1/next/2"] == "met"
    account.go(days=30)
    assert account.entries("4.1") == []


def test_the_seven_days_count_across_holidays() -> None:
    account = Account("2026-12-28 12:00")
    assert local(account.duty("4.1/next/1").due) == "2027-01-04 12:00"
    account.go(days=7, minutes=1)
    assert account.entries("4.1") == ["recorded"]


@pytest.mark.parametrize(
    ("ended", "due"),
    [
        ("2026-11-19 12:00", "2026-11-23 12:00"),
        ("2026-11-23 10:00", "2026-11-23 12:00"),
        ("2026-11-23 11:59", "2026-11-23 13:59"),
        ("2026-11-24 18:00", "2026-11-25 11:00"),
    ],
)
def test_whoever_ends_the_last_activity_has_two_working_hours_for_the_next(ended: str, due: str) -> None:
    account = Account().set("a1", at("2026-11-20 12:00")).go_to(ended).done("a1")
    assert local(account.duty("4.1/next/2").due) == due
    account.go_to(at(due))
    assert account.entries() == [*account.entries("2.1"), "recorded"]
    assert account.duty("4.1/next/2").breached_at == at(due)


def test_a_call_and_the_end_of_its_activity_mean_the_same_in_any_order() -> None:
    call, done = at("2026-11-23 11:58"), at("2026-11-23 11:59")
    ends = []
    for call_first in (True, False):
        account = Account().set("a1", at("2026-11-23 11:45")).go_to("2026-11-23 12:05")
        for step in (call_first, not call_first):
            account.call(happened=call) if step else account.done("a1", done)
        account.comment(happened=done)
        [duty] = [o for o in account.state.unmet() if o.clause == "4.1"]
        ends.append((local(duty.due), account.entries("4.1")))
    assert ends == [("2026-11-30 11:58", [])] * 2


def test_an_activity_that_was_set_in_time_and_learnt_late_withdraws_the_breach() -> None:
    account = Account().go_to("2026-11-23 13:00")
    account.set("a1", at("2026-11-27 12:00"), at("2026-11-23 11:00"))
    assert account.standings("4.1") == {"4.1/next/1": "met"}
    assert account.entries("4.1") == ["recorded", "withdrawn"]


def test_an_activity_that_is_learnt_when_it_is_over_kept_the_rhythm_until_then() -> None:
    account = Account().go_to("2026-11-25 12:00").done("a1", at("2026-11-24 12:00"))
    assert account.entries("4.1") == ["recorded"]
    account.set("a1", at("2026-11-24 12:00"), at("2026-11-20 12:00"))
    assert account.standings("4.1") == {"4.1/next/1": "met", "4.1/next/2": "overdue"}
    assert local(account.duty("4.1/next/2").due) == "2026-11-24 14:00"
    assert account.entries("4.1") == ["recorded", "withdrawn", "recorded"]


# --- the escalation role --------------------------------------------------------------------------------------------


def test_only_the_head_of_support_lets_the_next_activity_go() -> None:
    fields: dict[str, Any] = {"clause": "4.1", "reason": "партнёр на каникулах"}
    account = Account()
    assert account.refused(WaiveOfAccount, **fields, by=MANAGER) == "NotYours"
    account.say(PauseOfAccount, **fields, by=HEAD).go(days=2)
    assert account.duty("4.1/next/1").due is None
    account.soon()
    assert account.standings("4.1") == {"4.1/next/1": "met"}
    account = Account().say(ExtendOfAccount, **fields, new_due=at("2026-12-01 12:00"), by=HEAD).go(days=8)
    assert account.entries("4.1") == []
    account.say(WaiveOfAccount, **fields, by=HEAD).go(days=30)
    assert (account.standings("4.1"), account.entries("4.1")) == ({"4.1/next/1": "waived"}, [])
    account.call()
    assert account.standings("4.1")["4.1/next/2"] == "open"


@pytest.mark.parametrize(("year", "far"), [(2, []), (2026, []), (9998, ["overdue"])])
def test_the_date_of_an_activity_may_lie_anywhere(year: int, far: list[str]) -> None:
    assert Account().set("a1", at("2026-11-20 12:00").replace(year=year)).far("a1") == far
