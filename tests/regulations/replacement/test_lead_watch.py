"""A lead watch in memory: what it takes, its steps one at a time, the one letter about its balance, its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.case import Refusal
from regulations.control_time import control_name
from regulations.messages import CalendarChanged, Message
from regulations.replacement import messages as rm
from regulations.replacement.rows import WatchRow
from regulations.replacement.watch_facts import check_watch
from regulations.replacement.watch_narration import details, read_out, result
from regulations.replacement.watch_state import MOST_IN_A_ROW, WatchState
from regulations.rows import IncidentRow, NoticeRow
from tests.regulations.replacement.watches import ACCOUNT, ADDRESS, HEAD, PERIOD, STARTED, ZONE, Course

TUESDAY = datetime(2026, 11, 17, 3, tzinfo=UTC)
"""13:00 in Vladivostok, six in the morning in Moscow."""
SECOND = timedelta(seconds=1)
CALL = {"call": "c", "lead": "L-1", "answered": True, "recorded": True}


# --- beginning ------------------------------------------------------------------------------------------------------


def test_a_started_watch_stands_in_its_register_and_waits_for_leads() -> None:
    course = Course(TUESDAY)
    [row] = course.rows
    assert isinstance(row, WatchRow)
    assert (row.account, row.period, row.zone, row.manager, row.running) == (ACCOUNT, PERIOD, ZONE, STARTED["manager"], True)
    assert (course.steps, course.wake_at, course.state.stage) == ([], None, "running")
    assert course.state.opening_request(TUESDAY).regulation == "replacement", "its terms are those of replacements"


def test_told_again_the_newest_data_stand_and_another_zone_counts_every_lead_anew() -> None:
    course = Course(TUESDAY)
    course.later(hours=1)
    course.tell(rm.WatchStarted, **{**STARTED, "manager": "new@client.example"})
    assert course.steps == []
    assert course.refused(rm.WatchStarted, **STARTED, happened_at=TUESDAY) == "Outdated"
    course.tell(rm.WatchStarted, **{**STARTED, "zone": "Europe/Kaliningrad"})
    [step] = course.steps
    assert (step.recount, step.settings.zone, step.batch) == (True, "Europe/Kaliningrad", None)
    course.stepped()
    assert len(course.steps) == 1
    assert [r.zone for r in course.rows if isinstance(r, WatchRow)] == [ZONE, ZONE, "Europe/Kaliningrad"]


@pytest.mark.parametrize("kind", [rm.LeadsAppeared, rm.CallsMade, rm.CardsChanged, rm.BalanceNoted, rm.TariffEnded, rm.WithdrawOfWatch])
def test_before_its_start_a_watch_takes_nothing(kind: type[Message]) -> None:
    course = Course(TUESDAY, begin=False)
    fields: dict[str, Any] = {
        "leads": [{"lead": "L-1", "at": TUESDAY}],
        "calls": [{"call": "c", "lead": "L-1", "at": TUESDAY, "answered": True, "recorded": True}],
        "cards": [{"lead": "L-1", "at": TUESDAY, "status": "новый"}],
        "balance": 1,
        "by": HEAD,
        "reason": "по ошибке",
    }
    assert course.refused(kind, **{name: value for name, value in fields.items() if name in kind.model_fields}) == "NotBegun"


@pytest.mark.parametrize(
    ("ahead", "wrong"),
    [
        (timedelta(minutes=5), None),
        (timedelta(minutes=5, seconds=1), "FromTheFuture"),
        (timedelta(days=-366), None),
        (timedelta(days=-366, seconds=-1), "ImpossibleDate"),
    ],
)
def test_instants_far_from_now_are_refused_wherever_they_stand(ahead: timedelta, wrong: str | None) -> None:
    """They would lead out of the calendars, and stop the watch for every other lead."""
    course, when = Course(TUESDAY), TUESDAY + ahead
    messages: list[tuple[type[Message], dict[str, Any]]] = [
        (rm.LeadsAppeared, {"leads": [{"lead": "L-1", "at": TUESDAY}, {"lead": "L-2", "at": when}]}),
        (rm.CallsMade, {"calls": [{"call": "c", "lead": "L-1", "at": when, "answered": True, "recorded": True}]}),
        (rm.CardsChanged, {"cards": [{"lead": "L-1", "at": when, "status": "новый"}]}),
        (rm.BalanceNoted, {"balance": 900, "happened_at": when}),
    ]
    for kind, fields in messages:
        if wrong is None:
            course.tell(kind, **fields)
        else:
            assert course.refused(kind, **fields) == wrong
    started = course.message(rm.WatchStarted, **STARTED, happened_at=when)
    assert isinstance(started, rm.WatchStarted)
    if wrong is None:
        check_watch(started, TUESDAY)
    else:
        with pytest.raises(Refusal) as error:
            check_watch(started, TUESDAY)
        assert error.value.type == wrong


def test_a_message_of_another_tariff_and_one_of_another_kind_are_refused() -> None:
    course = Course(TUESDAY)
    assert course.refused(rm.BalanceNoted, balance=1, period="2026-11") == "OtherWatch"
    assert course.refused(rm.AccountChanged) == "UnknownMessage"


# --- steps ----------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 3.3")
@pytest.mark.clause("replacement 3.4")
def test_batches_are_written_one_at_a_time_in_the_order_in_which_they_came() -> None:
    course = Course(TUESDAY)
    first, second = course.leads("L-1"), course.calls("c-1")
    third = course.tell(rm.CardsChanged, cards=[{"lead": "L-1", "at": TUESDAY, "status": "на замену"}])
    for message in (first, second, third):
        step = course.stepped(next_at=TUESDAY + timedelta(hours=1))
        assert step.batch is not None
        assert step.batch.key == message.key
        assert (step.manager, step.watch, step.address, step.edition) == (STARTED["manager"], "uid-1", ADDRESS, "replacement-1")
    assert not course.state.stepping
    assert course.state.pending == []
    settings = course.steps[0].settings
    assert (settings.first_call, settings.attempts, settings.least_left_minutes, settings.zone) == ("6 working hours", 5, 120, ZONE)


@pytest.mark.clause("replacement 3.3")
def test_the_watch_wakes_at_its_next_instant_and_once_more_where_a_page_was_not_enough() -> None:
    course = Course(TUESDAY)
    course.leads("L-1")
    assert course.wake_at is None, "a step that is under way moves the instant"
    wake = TUESDAY + timedelta(hours=4)
    course.stepped(next_at=wake, leads=1)
    assert course.wake_at == wake
    assert course.wake_for
    course.asleep_until(wake - SECOND)
    assert len(course.steps) == 1
    course.asleep_until(wake)
    assert len(course.steps) == 2
    course.stepped(next_at=wake - SECOND, leads=1)
    assert len(course.steps) == 3
    course.stepped(next_at=None, leads=1)
    assert (len(course.steps), course.wake_at) == (3, None)


def test_the_numbers_of_the_watch_are_those_of_its_newest_step() -> None:
    course = Course(TUESDAY)
    course.leads("L-1")
    course.stepped(leads=7, calls=20, reminded=3, missed=2)
    course.calls("c-1", lead="L-9")
    course.stepped(leads=7, calls=21, reminded=3, missed=2, unknown=("L-9",))
    state = course.state
    assert (state.leads, state.calls, state.reminded, state.missed) == (7, 21, 3, 2)
    [unknown] = [f for f in state.facts if f.what == "unknown_leads"]
    assert unknown.note == "L-9"
    shown = details(state)
    assert "7 лидов, 21 звонок, 3 напоминания, 2 лида с пропущенным сроком" in shown
    assert ACCOUNT in shown
    assert STARTED["manager"] not in shown


def test_a_flood_is_let_in_part_by_part_so_that_a_long_history_finds_a_pause() -> None:
    course = Course(TUESDAY)
    for number in range(MOST_IN_A_ROW):
        course.calls(f"c-{number}")
        if number % 2:
            course.stepped()
    assert course.refused(rm.CallsMade, calls=[{**CALL, "at": TUESDAY}]) == "Busy"
    course.tell(rm.BalanceNoted, balance=900)
    while len(course.state.pending) > 1:
        course.stepped()
        assert course.refused(rm.CallsMade, calls=[{**CALL, "at": TUESDAY}]) == "Busy"
    course.stepped()
    course.calls("c-more")
    assert course.state.in_a_row == 1


def test_the_same_message_again_is_no_news_and_one_of_its_key_a_conflict() -> None:
    course = Course(TUESDAY)
    message = course.leads("L-1")
    with pytest.raises(Refusal) as again:
        course.deliver(message)
    assert again.value.type == "Repeated"
    assert course.refused(rm.LeadsAppeared, key=message.key, leads=[{"lead": "L-2", "at": TUESDAY}]) == "Conflict"


def test_a_published_calendar_of_the_clients_zone_counts_every_lead_anew() -> None:
    course = Course(TUESDAY)
    given: dict[str, Any] = {"version": "v2", "changed": [TUESDAY.date()]}
    assert course.refused(CalendarChanged, calendar="company", **given) == "NotTouched"
    assert course.refused(CalendarChanged, calendar=control_name("Europe/Kaliningrad"), **given) == "NotTouched"
    course.tell(CalendarChanged, calendar=control_name(ZONE), **given)
    assert [step.recount for step in course.steps] == [True]
    course.tell(CalendarChanged, calendar=control_name(ZONE), **{**given, "version": "v3"})
    course.stepped(next_at=TUESDAY)
    assert [step.recount for step in course.steps] == [True, True], "what comes during a step is not lost"
    course.stepped(next_at=TUESDAY)
    assert [step.recount for step in course.steps] == [True, True, False]


# --- 1: the balance -------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 1")
@pytest.mark.parametrize(
    ("identifications", "balance", "possible"),
    [
        (1_000, 251, False),
        (1_000, 250, True),
        (1_000, 249, True),
        (1_000, 0, True),
        (3, 1, False),
        (4, 1, True),
        (5, 1, True),
        (7, 2, False),
    ],
)
def test_at_a_quarter_of_the_tariff_and_below_a_request_is_possible(identifications: int, balance: int, possible: bool) -> None:
    course = Course(TUESDAY, identifications=identifications)
    course.tell(rm.BalanceNoted, balance=balance)
    assert len(course.counts) == possible
    if possible:
        [question] = course.counts
        assert (question.watch, question.settings.zone, question.now) == ("uid-1", ZONE, TUESDAY)


@pytest.mark.clause("replacement 1")
def test_the_franchisee_is_told_once_a_tariff_in_working_time_how_many_would_pass() -> None:
    course = Course(TUESDAY)
    course.tell(rm.BalanceNoted, balance=250)
    course.counted(replace=3, listen=1, reject=2)
    assert course.letters == [], "nobody works in Moscow yet"
    assert course.wake_at == datetime(2026, 11, 17, 6, tzinfo=UTC)
    course.later(hours=3)
    [letter] = course.letters
    assert (letter.template, letter.to) == ("replacement/possible", ("partner@franchise.example",))
    wanted = {
        "balance": 250,
        "identifications": 1_000,
        "replace": 3,
        "listen": 1,
        "reject": 2,
        "franchisee": "ИП Петров",
        "account": ACCOUNT,
    }
    assert {name: letter.values[name] for name in wanted} == wanted
    course.posted()
    for balance in (200, 900, 100):
        course.tell(rm.BalanceNoted, balance=balance)
    course.tell(rm.TariffEnded)
    assert (len(course.counts), len(course.letters)) == (1, 1)
    assert "прошли бы 3, прослушать 1, не прошли бы 2" in details(course.state)


@pytest.mark.clause("replacement 1")
def test_what_has_come_before_the_balance_is_counted_with_it() -> None:
    course = Course(TUESDAY)
    course.leads("L-1")
    course.calls("c-1")
    course.tell(rm.BalanceNoted, balance=250)
    assert course.counts == []
    course.stepped()
    assert course.counts == []
    course.stepped()
    assert len(course.counts) == 1


@pytest.mark.clause("replacement 1")
def test_an_older_balance_that_comes_late_changes_nothing() -> None:
    course = Course(TUESDAY)
    course.tell(rm.BalanceNoted, balance=900)
    course.tell(rm.BalanceNoted, balance=100, happened_at=TUESDAY - SECOND)
    assert (course.state.balance, course.counts) == (900, [])


@pytest.mark.clause("replacement 1")
def test_a_tariff_that_has_run_out_is_low_enough_whoever_forgot_to_say() -> None:
    course = Course(TUESDAY)
    course.tell(rm.TariffEnded)
    assert len(course.counts) == 1
    assert not course.state.ended


@pytest.mark.clause("replacement 6.1")
def test_an_account_with_means_of_its_own_is_told_of_no_request() -> None:
    course = Course(TUESDAY, mode="outside")
    course.tell(rm.BalanceNoted, balance=0)
    course.tell(rm.TariffEnded)
    assert (course.counts, course.state.outcome) == ([], "done")


def test_a_letter_that_was_refused_is_an_incident_of_which_the_head_office_hears() -> None:
    course = Course(TUESDAY + timedelta(hours=6))
    course.tell(rm.BalanceNoted, balance=1)
    course.counted()
    course.posted(None)
    assert [row.what for row in course.rows if isinstance(row, IncidentRow)] == ["letter_refused"]
    assert [row.recipient for row in course.rows if isinstance(row, NoticeRow)] == ["head_office@company.example"]


# --- the end --------------------------------------------------------------------------------------------------------


def test_the_watch_ends_once_the_tariff_and_the_last_term_of_its_leads_have() -> None:
    course = Course(TUESDAY + timedelta(hours=6))
    course.leads("L-1")
    course.tell(rm.TariffEnded)
    wake = course.now + timedelta(hours=1)
    course.stepped(next_at=wake, leads=1, missed=0)
    course.counted()
    course.posted()
    assert (course.state.stage, course.state.ended) == ("run_out", False)
    course.calls("c-1")
    course.stepped(next_at=wake, leads=1, calls=1)
    course.later(hours=1)
    course.stepped(next_at=None, leads=1, calls=1, missed=1)
    assert (course.state.stage, course.state.ended, course.state.outcome) == ("done", True, "done")
    assert [row.running for row in course.rows if isinstance(row, WatchRow)] == [True, False]
    told = result(course.state)
    assert (told.outcome, told.leads, told.calls, told.missed) == ("done", 1, 1, 1)
    assert read_out(course.state).stage_text == "завершено"
    assert course.refused(rm.LeadsAppeared, leads=[{"lead": "L-2", "at": course.now}]) == "Ended"


def test_the_head_office_alone_withdraws_a_watch_and_that_is_its_end() -> None:
    course = Course(TUESDAY)
    course.leads("L-1")
    course.tell(rm.BalanceNoted, balance=1)
    by: dict[str, Any] = {"by": {"id": "u2", "role": "technical"}, "reason": "по ошибке"}
    assert course.refused(rm.WithdrawOfWatch, **by) == "NotYours"
    course.tell(rm.WithdrawOfWatch, by=HEAD, reason="заведено по ошибке")
    assert (course.state.ended, course.state.outcome, course.wake_at) == (True, "withdrawn", None)
    assert (course.letters, [row.running for row in course.rows if isinstance(row, WatchRow)]) == ([], [True, False])
    course.stepped(next_at=TUESDAY)
    assert (course.state.ended, len(course.steps), course.counts) == (True, 1, [])


def test_what_comes_with_the_withdrawal_is_answered_as_ended() -> None:
    """Before anything was decided on it."""
    from regulations.replacement import watch_facts

    course = Course(TUESDAY)
    state = course.state.model_copy(deep=True)
    watch_facts.apply(state, course.message(rm.WithdrawOfWatch, by=HEAD, reason="по ошибке"), TUESDAY)
    with pytest.raises(Refusal) as late:
        watch_facts.apply(state, course.message(rm.BalanceNoted, balance=1), TUESDAY)
    assert late.value.type == "Ended"


# --- what is handed over --------------------------------------------------------------------------------------------


def test_what_is_handed_over_keeps_the_newest_facts_and_keys_and_stays_small() -> None:
    course = Course(TUESDAY)
    state = course.state
    state.seen.clear()
    for number in range(1_500):
        key = f"{number:0200}"
        state.seen[key] = (number, "d" * 32)
        state.note("CallsMade", TUESDAY, TUESDAY, key=key, source="event", by="technical:u17", note="500")
    carried = state.carried()
    assert (len(carried.facts), len(carried.seen)) == (WatchState.most_facts, WatchState.most_seen)
    assert carried.facts[-1] == state.facts[-1]
    assert f"{1_499:0200}" in carried.seen
    assert len(carried.model_dump_json().encode()) < 256_000


MESSAGES = st.lists(st.sampled_from(["leads", "calls", "balance", "ended", "again", "answer", "count", "time", "withdraw"]), max_size=25)


@given(MESSAGES)
@settings(max_examples=60)
def test_in_whatever_order_things_come_every_batch_is_written_once_and_the_watch_finds_its_end(said: list[str]) -> None:
    course = Course(TUESDAY + timedelta(hours=6))
    kept: list[str] = []
    for what in said:
        try:
            match what:
                case "leads":
                    kept.append(course.leads("L-1").key)
                case "calls":
                    kept.append(course.calls("c-1").key)
                case "balance":
                    course.tell(rm.BalanceNoted, balance=200)
                case "ended":
                    course.tell(rm.TariffEnded)
                case "again":
                    course.tell(rm.WatchStarted, **STARTED)
                case "answer" if course.state.stepping:
                    course.stepped(next_at=course.now + timedelta(hours=2))
                case "count" if course.state.counting:
                    course.counted()
                case "time":
                    course.later(hours=1)
                case "withdraw":
                    course.tell(rm.WithdrawOfWatch, by=HEAD, reason="по ошибке")
        except Refusal as refusal:
            if refusal.type != "Ended" or not course.state.ended:
                raise
    withdrawn = course.state.outcome == "withdrawn"
    if not course.state.ended and course.state.stage == "running":
        course.tell(rm.TariffEnded)
    for _ in range(len(said) + 10):
        if course.state.stepping:
            course.stepped()
        elif course.state.counting:
            course.counted()
        elif course.state.letters_out:
            course.posted()
        else:
            course.later(hours=12)
    assert course.state.ended
    written = [step.batch.key for step in course.steps if step.batch is not None]
    assert written == (kept[: len(written)] if withdrawn else kept)
    assert len([letter for letter in course.letters if letter.template == "replacement/possible"]) == (
        0 if withdrawn and not course.letters else 1
    )
