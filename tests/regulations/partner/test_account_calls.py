"""4.2: after each call a comment of substance within two working hours, whatever comes in which order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulations import long_clause_case
from regulations.case import Obligation
from regulations.partner import account_duties
from regulations.partner.account_duties import running
from regulations.partner.account_messages import CallMade, Commented, WaiveOfAccount
from regulations.partner.account_state import MOST_EARLY
from regulations.rows import NoticeRow
from tests.regulations.course import at, local
from tests.regulations.partner.accounts import GOOD, HEAD, POOR, Account

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
MANAGER = "support_manager:u12"
pytestmark = pytest.mark.clause("partner 4.2")


def duty_of(account: Account, call: str = "c-1") -> Obligation:
    return account.duty(f"4.2/{call}")


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-11-16 12:00", "2026-11-16 14:00"),
        ("2026-11-16 18:30", "2026-11-17 11:30"),
        ("2026-11-20 20:00", "2026-11-23 12:00"),
        ("2026-06-11 18:00", "2026-06-15 11:00"),
    ],
)
@pytest.mark.parametrize(("after", "standing"), [(-SECOND, "met"), (timedelta(0), "met"), (SECOND, "met_late")])
def test_a_comment_that_counts_is_due_two_working_hours_after_its_call(start: str, due: str, after: timedelta, standing: str) -> None:
    account = Account(start).soon().call()
    assert local(duty_of(account).due) == due
    account.go_to(at(due) + after).comment()
    assert duty_of(account).standing.value == standing
    assert account.call_row().counts
    assert account.call_row().commented_at == at(due) + after


def test_a_comment_counts_when_it_was_made_whenever_it_is_learnt() -> None:
    account = Account().soon().call().go(hours=5)
    assert account.entries("4.2") == ["recorded"]
    account.comment(happened=at("2026-11-16 13:30"))
    assert (duty_of(account).standing.value, account.entries("4.2")) == ("met", ["recorded", "withdrawn"])


def test_a_poor_comment_leaves_the_duty_and_the_manager_hears_once_what_it_lacks() -> None:
    account = Account().soon().call().go(minutes=5).comment(POOR)
    assert duty_of(account).standing.value == "open"
    [said] = account.said(MANAGER)
    assert "не сказано, что дальше; о состоянии дел сказано без содержания" in said
    row = account.call_row()
    assert (row.counts, row.missing, row.commented_at) == (False, ("now", "plans"), account.now)
    account.go(minutes=5).comment("was now")
    assert len(account.said(MANAGER)) == 2
    assert account.call_row().missing == ("plans",)
    account.go(minutes=5).comment()
    assert (duty_of(account).standing.value, account.call_row().missing) == ("met", ())
    assert account.partner().poor_comments == 2


def test_a_reminder_says_what_the_comment_lacks() -> None:
    account = Account().soon().call().go(minutes=5).comment(POOR).go(hours=2)
    texts = [r.text for r in account.rows if isinstance(r, NoticeRow) and r.kind in ("warning", "breach") and r.key == "4.2/c-1"]
    assert len(texts) == 3
    assert all("звонок c-1, в комментарии не хватает: сейчас, планы" in said for said in texts)


@pytest.mark.parametrize("texts", [(GOOD, POOR), (POOR, GOOD), (GOOD, GOOD)])
@pytest.mark.parametrize("late_first", [False, True])
def test_of_two_comments_the_earliest_that_counts_stands(texts: tuple[str, str], late_first: bool) -> None:
    account = Account().soon().call().go(hours=1)
    made = [(text, at(f"2026-11-16 12:{minute}0")) for text, minute in zip(texts, (1, 2), strict=True)]
    for text, happened in reversed(made) if late_first else made:
        account.comment(text, happened=happened)
    counted = min(happened for text, happened in made if text == GOOD)
    assert (account.call_row().commented_at, account.call_row().missing) == (counted, ())
    assert duty_of(account).met_at == counted


def test_of_two_poor_comments_the_newest_is_shown() -> None:
    for late_first in (False, True):
        account = Account().soon().call().go(hours=1)
        made = [("was", at("2026-11-16 12:10")), ("was now", at("2026-11-16 12:20"))]
        for text, happened in reversed(made) if late_first else made:
            account.comment(text, happened=happened)
        assert account.call_row().missing == ("plans",)


# --- whose comment it is --------------------------------------------------------------------------------------------


def test_a_comment_without_a_call_is_about_the_oldest_that_owes_one() -> None:
    account = Account().soon().call("c-1").go(minutes=10).call("c-2").go(minutes=10)
    account.comment(POOR, call=None).comment(call=None)
    assert (duty_of(account, "c-1").standing.value, duty_of(account, "c-2").standing.value) == ("met", "open")
    account.comment(call=None)
    assert duty_of(account, "c-2").standing.value == "met"


def test_two_comments_without_a_call_that_come_together_are_about_two_calls() -> None:
    account = Account().soon().call("c-1").call("c-2").go(minutes=10)
    account.deliver(*(account.message(Commented, text=GOOD) for _ in range(2)))
    assert account.standings("4.2") == {"4.2/c-1": "met", "4.2/c-2": "met"}


@pytest.mark.parametrize("named", ["c-1", None])
def test_a_comment_whose_call_is_learnt_later_counts(named: str | None) -> None:
    account = Account().soon().go(minutes=30).comment(call=named)
    account.go(minutes=10).call(happened=at("2026-11-16 12:25"))
    assert duty_of(account).met_at == at("2026-11-16 12:30")
    assert account.state.early == []


def test_a_comment_that_names_no_call_is_not_about_one_that_had_yet_to_end() -> None:
    account = Account().soon().go(minutes=30).comment(call=None).go(minutes=1).call()
    assert duty_of(account).standing.value == "open"


def test_the_manager_hears_of_a_comment_on_a_call_that_nobody_knows_and_it_is_kept() -> None:
    account = Account().soon().comment(call="c-9")
    account.go_to(at("2026-11-16 14:00") - SECOND)
    assert account.said(MANAGER) == []
    account.go(seconds=1).go(days=1)
    [said] = account.said(MANAGER)
    assert "c-9" in said
    account.call("c-9", at("2026-11-16 11:50"))
    assert (duty_of(account, "c-9").standing.value, account.entries("4.2")) == ("met", [])


@pytest.mark.parametrize(("before", "type"), [(5 * MINUTE, None), (5 * MINUTE + SECOND, "ImpossibleDate")])
def test_a_comment_before_the_end_of_its_call_is_refused_beyond_five_minutes(before: timedelta, type: str | None) -> None:
    account = Account().soon().go(hours=1).call()
    if type is None:
        assert duty_of(account.comment(happened=account.now - before)).standing.value == "met"
    else:
        assert account.refused(Commented, account.now - before, call="c-1", text=GOOD) == type


def test_a_comment_that_turns_out_to_lie_before_its_call_is_none() -> None:
    account = Account().soon().go(minutes=30).comment().go(minutes=30).call()
    assert duty_of(account).standing.value == "open"
    assert [said for said in account.said(MANAGER) if "до конца звонка" in said]


def test_a_call_that_was_told_of_is_refused_and_comments_on_nothing_are_forgotten_in_time() -> None:
    account = Account().soon().call()
    assert account.refused(CallMade, call="c-1") == "KnownCall"
    account.careful = False
    for number in range(MOST_EARLY + 5):
        account.comment(call=f"x-{number}")
    assert [c.call for c in account.state.early] == [f"x-{number}" for number in range(5, MOST_EARLY + 5)]


# --- the check ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "standing", "entries"), [(GOOD, "met", []), (POOR, "overdue", ["recorded"])])
@pytest.mark.parametrize("call", ["c-1", None])
def test_a_check_under_way_at_the_due_instant_decides(text: str, standing: str, entries: list[str], call: str | None) -> None:
    account = Account().soon().call().go_to("2026-11-16 13:59")
    account.silent = {"check"}
    account.comment(text, call=call).go_to("2026-11-16 14:05")
    assert (duty_of(account).standing.value, account.entries("4.2")) == ("open", [])
    account.answer()
    assert (duty_of(account).standing.value, account.entries("4.2")) == (standing, entries)
    if entries:
        assert duty_of(account).breached_at == at("2026-11-16 14:00")


def test_a_comment_made_after_the_term_holds_up_no_breach() -> None:
    account = Account().soon().call().go_to("2026-11-16 13:59")
    account.silent = {"check"}
    account.deliver(account.message(Commented, account.now + 2 * MINUTE, call="c-1", text=GOOD)).go_to("2026-11-16 14:05")
    assert account.entries("4.2") == ["recorded"]


def test_comments_are_checked_one_at_a_time_in_their_order() -> None:
    account = Account().soon().call("c-1").call("c-2")
    account.silent = {"check"}
    account.comment(call="c-2").comment(call="c-1")
    assert len(account.checks) == 1
    account.answer()
    assert [c.comment for c in account.checks] == [c.key for c in account.state.facts if c.what == "Commented"]
    account.answer()
    assert account.standings("4.2") == {"4.2/c-1": "met", "4.2/c-2": "met"}


# --- too many -------------------------------------------------------------------------------------------------------


def test_a_flood_of_calls_is_let_in_part_by_part_and_old_overdue_duties_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    most_open, most_unmet = 20, 15
    monkeypatch.setattr(account_duties, "MOST_OPEN", most_open)
    monkeypatch.setattr(long_clause_case, "MOST_UNMET", most_unmet)
    monkeypatch.setattr(long_clause_case, "MOST_CLOSED", 10)
    account = Account().soon()
    account.careful = False
    taken = 0
    for _ in range(3):
        while running(account.state) < most_open:
            taken += 1
            account.call(f"c-{taken}")
        assert account.refused(CallMade, call="one-more") == account.refused(Commented, text=GOOD) == "Busy"
        account.go(days=1)
    unmet = [o for o in account.state.unmet() if o.clause == "4.2"]
    assert len(unmet) <= most_unmet
    assert account.entries("4.2") == ["recorded"] * taken
    waived = [o for o in account.state.obligations if o.note == "long_overdue"]
    assert waived
    assert account.state.closed["4.2 waived"] == account.state.closed["4.2 breach"] == taken - len(unmet) - len(waived)
    assert account.state.counts().breaches == taken + len(account.entries("2.1"))


def test_the_comment_of_a_call_may_be_waived() -> None:
    account = Account().soon().call().say(WaiveOfAccount, clause="4.2", reason="не дозвонился", by=HEAD)
    assert (duty_of(account.go(days=1)).standing.value, account.entries("4.2")) == ("waived", [])
    assert account.comment().call_row().counts
