"""7.1, 7.2: by when a lead is to be taken into work, in the zone of its centre, and what an earlier or a later fact makes of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from regulations import control_time
from regulations.case import Refusal
from regulations.lead.messages import ExtendOfLead, PauseOfLead, ResumeOfLead, TakenIntoWork
from regulations.messages import CalendarChanged
from regulations.time.calendar_spec import CalendarSpec
from tests.regulations.course import MOSCOW
from tests.regulations.lead import course as driver
from tests.regulations.lead.course import CALL, KALININGRAD, SUPPORT_PERSON, VLADIVOSTOK, Course, at, local

MICROSECOND = timedelta(microseconds=1)
FRIDAY = "2026-11-20 17:30"
CLAUSES = {"hot": "7.2.1", "warm": "7.2.2", "cold": "7.2.3"}


def arrived(moment: datetime, temperature: str = "hot", centre: str = "vlad-1", **fields: Any) -> Course:
    course = Course(moment)
    course.careful = True
    return course.begun(centre, temperature=temperature, **fields)


@pytest.mark.clause("lead 7.2.1")
def test_a_hot_lead_of_friday_evening_in_vladivostok_is_due_on_monday_there() -> None:
    assert arrived(at(FRIDAY)).due_of("7.2.1") == "2026-11-23 11:30"


@pytest.mark.clause("lead 3.4")
@pytest.mark.clause("lead 7.2.1")
def test_the_same_instant_gives_every_centre_its_own_answer() -> None:
    """17:30 in Vladivostok is 10:30 in Moscow and 09:30 in Kaliningrad."""
    assert arrived(at(FRIDAY), centre="msk-1").due_of("7.2.1", MOSCOW) == "2026-11-20 13:30"
    assert arrived(at(FRIDAY), centre="kgd-1").due_of("7.2.1", KALININGRAD) == "2026-11-20 12:30"


@pytest.mark.clause("lead 7.1")
@pytest.mark.clause("lead 7.2.1")
@pytest.mark.parametrize(
    ("arrival", "due"),
    [
        ("2026-11-18 08:59", "2026-11-18 12:00"),
        ("2026-11-18 09:00", "2026-11-18 12:00"),
        ("2026-11-18 13:00", "2026-11-18 16:00"),  # no lunch break
        ("2026-11-18 15:00", "2026-11-18 18:00"),  # used up at closing: due at that closing
        ("2026-11-18 15:00:01", "2026-11-19 09:00:01"),
        ("2026-11-18 17:59:59", "2026-11-19 11:59:59"),
        ("2026-11-18 18:00", "2026-11-19 12:00"),
        ("2026-11-18 18:01", "2026-11-19 12:00"),
        ("2026-11-21 12:00", "2026-11-23 12:00"),  # a Saturday
        ("2026-06-11 17:30", "2026-06-15 11:30"),  # 12 June is a holiday
        ("2026-06-11 15:00", "2026-06-11 18:00"),  # its eve is not shortened
        ("2025-10-31 17:30", "2025-11-01 11:30"),  # a working Saturday
        ("2025-11-01 17:30", "2025-11-05 11:30"),  # and the days off after it
        ("2025-12-30 17:30", "2026-01-12 11:30"),  # the year's end
    ],
)
def test_a_hot_lead_is_due_after_three_working_hours(arrival: str, due: str) -> None:
    course = arrived(at(arrival))
    assert course.newest("7.2.1").due == at(due)


@pytest.mark.clause("lead 7.1")
@pytest.mark.clause("lead 7.2.2")
@pytest.mark.clause("lead 7.2.3")
@pytest.mark.parametrize(("temperature", "days"), [("warm", 7), ("cold", 30)])
@pytest.mark.parametrize(
    ("arrival", "counted_from"),
    [
        ("2026-11-18 08:59", "2026-11-18 09:00"),
        ("2026-11-18 09:00", "2026-11-18 09:00"),
        ("2026-11-18 17:59:59", "2026-11-18 17:59:59"),
        ("2026-11-18 18:01", "2026-11-19 09:00"),
        ("2026-11-20 19:00", "2026-11-21 09:00"),  # the next 09:00 of any day
        ("2026-11-21 12:00", "2026-11-21 12:00"),  # a Saturday
        ("2025-12-30 17:30", "2025-12-30 17:30"),  # into the holidays
    ],
)
def test_warm_and_cold_leads_are_due_after_calendar_days(temperature: str, days: int, arrival: str, counted_from: str) -> None:
    course = arrived(at(arrival), temperature)
    assert course.newest(CLAUSES[temperature]).due == at(counted_from) + timedelta(days=days)


@pytest.mark.clause("lead 7.2.1")
@pytest.mark.clause("lead 7.2.2")
@pytest.mark.clause("lead 7.2.3")
@pytest.mark.parametrize("temperature", ["hot", "warm", "cold"])
@pytest.mark.parametrize("first", ["the fact", "the timer"])
@pytest.mark.parametrize(("after", "standing"), [(-1, "met"), (0, "met"), (1, "met_late")])
def test_what_counts_is_when_it_happened(temperature: str, first: str, after: int, standing: str) -> None:
    course = arrived(at("2026-11-18 10:00"), temperature)
    clause = CLAUSES[temperature]
    due = course.newest(clause).due
    assert due is not None
    done = due + after * MICROSECOND
    if first == "the fact":
        course.now = done
    else:
        course.go_to(due + timedelta(hours=1))
    course.take(done)
    duty = course.newest(clause)
    assert (duty.standing, duty.met_at) == (standing, done)
    entries = ["recorded", "met_late"] if standing == "met_late" else [] if first == "the fact" else ["recorded", "withdrawn"]
    assert course.breaches() == [(clause, entry) for entry in entries]
    assert duty.breached_at == (due if entries else None)
    assert course.register()[1].breached is (standing == "met_late")


@pytest.mark.clause("lead 7.2.1")
def test_the_term_runs_out_at_its_due_instant_whenever_we_come_to_it() -> None:
    course = arrived(at(FRIDAY))
    course.now = at("2026-11-24 03:00")  # a worker was away
    course.run()
    assert course.newest("7.2.1").breached_at == at("2026-11-23 11:30")


# --- 5.3: another temperature ---------------------------------------------------------------------------------------


@pytest.mark.clause("lead 5.3")
@pytest.mark.clause("lead 7.2.1")
def test_a_lead_that_gets_hot_is_due_by_the_earlier_term() -> None:
    course = arrived(at("2026-11-18 10:00"), "cold")
    course.go_to(at("2026-11-19 10:00"))
    course.again(temperature="hot")
    assert course.standings() == {"7.2.3/1": "waived", "7.2.1/1": "open"}
    assert course.newest("7.2.3").note == "superseded"
    assert course.due_of("7.2.1") == "2026-11-19 13:00"
    assert course.register()[1].due == at("2026-11-19 13:00")
    course.go_to(at("2026-12-31 10:00"))
    assert [clause for clause, _ in course.breaches()] == ["7.2.1"]


@pytest.mark.clause("lead 5.3")
def test_an_old_term_that_ends_earlier_stands() -> None:
    course = arrived(at(FRIDAY), "warm")
    course.go_to(at("2026-11-27 16:00"))  # a hot one from then on would be due on Monday
    course.again(temperature="hot")
    assert course.standings() == {"7.2.2/1": "open", "7.2.1/1": "waived"}
    assert course.due_of("7.2.2") == "2026-11-27 17:30"


@pytest.mark.clause("lead 5.3")
def test_an_overdue_lead_that_gets_hot_is_missed_once() -> None:
    course = arrived(at(FRIDAY), "warm")
    course.go_to(at("2026-11-27 17:31"))
    course.again(temperature="hot")
    course.go(days=10)
    assert course.breaches() == [("7.2.2", "recorded")]
    assert course.standings() == {"7.2.2/1": "overdue", "7.2.1/1": "waived"}


@pytest.mark.clause("lead 5.3")
def test_two_terms_that_both_ran_out_unseen_are_one_breach() -> None:
    """A worker was away while both passed: the earlier one was missed, the later one was let go before."""
    course = arrived(at("2026-11-18 10:00"), "warm")
    course.now = at("2026-11-19 10:00")
    course.again(temperature="hot")
    course.now = at("2026-12-20 10:00")
    course.run()
    assert course.breaches() == [("7.2.1", "recorded")]


@pytest.mark.clause("lead 5.3")
@pytest.mark.parametrize(("before", "after"), [("hot", "warm"), ("hot", "cold"), ("warm", "cold")])
def test_a_colder_temperature_changes_only_the_colour(before: str, after: str) -> None:
    course = arrived(at(FRIDAY), before)
    due = course.newest(CLAUSES[before]).due
    course.again(temperature=after, creator="principal")
    assert course.state.temperature == after
    assert [(o.clause, o.due) for o in course.state.obligations] == [(CLAUSES[before], due)]


# --- moves, pauses, extensions --------------------------------------------------------------------------------------


@pytest.mark.clause("lead 5.2.1")
@pytest.mark.clause("lead 7.2.1")
def test_a_move_starts_arrival_and_term_anew_in_the_other_zone() -> None:
    course = arrived(at("2026-11-20 09:30", MOSCOW), centre="msk-1")
    course.go_to(at("2026-11-20 10:30", MOSCOW))  # 17:30 in Vladivostok
    course.move("vlad-1")
    assert course.standings() == {"7.2.1/1": "waived", "7.2.1/2": "open"}
    assert course.due_of("7.2.1") == "2026-11-23 11:30"
    assert [course.register()[n].centre for n in (1, 2)] == ["msk-1", "vlad-1"]
    assert [course.register()[n].status for n in (1, 2)] == ["moved", "new"]


@pytest.mark.clause("lead 7.2.1")
def test_a_pause_moves_the_due_instant_by_the_time_that_it_stood() -> None:
    course = arrived(at("2026-11-18 10:00"))
    course.go_to(at("2026-11-18 11:00"))
    course.say(PauseOfLead, clause="7.2.1", reason="клиент в дороге", by=SUPPORT_PERSON)
    assert course.newest("7.2.1").due is None
    course.go_to(at("2026-11-18 12:30"))
    course.say(ResumeOfLead, clause="7.2.1", by=SUPPORT_PERSON)
    assert course.due_of("7.2.1") == "2026-11-18 14:30"
    assert course.refused(PauseOfLead, clause="7.2.1", reason="ещё раз", by=SUPPORT_PERSON) == "NoPauseLeft"


@pytest.mark.clause("lead 7.2.1")
def test_a_pause_ends_by_itself_at_its_limit() -> None:
    course = arrived(at("2026-11-18 10:00"))
    course.say(PauseOfLead, clause="7.2.1", reason="клиент в отпуске", by=SUPPORT_PERSON)
    course.go_to(at("2026-12-02 18:00"))  # ten working days
    assert not course.newest("7.2.1").paused
    assert course.due_of("7.2.1") == "2026-12-03 12:00"
    assert [f.happened_at for f in course.state.facts if f.what == "pause_ended"] == [at("2026-12-02 18:00")]


@pytest.mark.clause("lead 7.2.1")
@pytest.mark.parametrize(("after", "standing"), [(0, "met"), (1, "met_late")])
def test_an_extension_is_an_absolute_instant(after: int, standing: str) -> None:
    course = arrived(at("2026-11-18 10:00"))
    later = at("2026-11-19 21:00")
    course.say(ExtendOfLead, clause="7.2.1", new_due=later, reason="просит клиент", by=SUPPORT_PERSON)
    assert course.newest("7.2.1").due == later
    course.go_to(later + after * MICROSECOND)
    course.say(TakenIntoWork, contact=CALL)
    assert course.newest("7.2.1").standing == standing


# --- a calendar published anew --------------------------------------------------------------------------------------


def publish(course: Course, monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    """The day becomes a day off in the control time of every zone; the lead is told."""

    def changed(name: str, calendars: dict[str, CalendarSpec]) -> CalendarSpec:
        return replace(control_time.calendar_named(name, calendars), closed=(day,))

    monkeypatch.setattr(driver, "calendar_named", changed)
    assert course.state.opening is not None
    course.deliver(
        CalendarChanged(
            key=course.key(),
            happened_at=course.now,
            source="cli",
            calendar=course.state.opening.calendar,
            version="anew",
            changed=(day,),
            closed=(day,),
        )
    )


@pytest.mark.clause("lead 7.1")
def test_a_new_day_off_moves_a_hot_term(monkeypatch: pytest.MonkeyPatch) -> None:
    course = arrived(at(FRIDAY))
    publish(course, monkeypatch, date(2026, 11, 23))
    assert course.due_of("7.2.1") == "2026-11-24 11:30"
    assert course.register()[1].due == at("2026-11-24 11:30")
    assert [f.what for f in course.state.facts].count("due_moved") == 1


@pytest.mark.clause("lead 7.1")
@pytest.mark.parametrize("temperature", ["warm", "cold"])
def test_a_new_day_off_moves_no_warm_or_cold_term(temperature: str) -> None:
    course = arrived(at(FRIDAY), temperature, type="renewal")
    before = course.newest(CLAUSES[temperature]).due
    assert before is not None
    for day in (date(2026, 11, 20), before.date()):
        with pytest.MonkeyPatch.context() as patch, suppress(Refusal):  # or nothing in the lead depends on the day
            publish(course, patch, day)
        assert course.newest(CLAUSES[temperature]).due == before
    assert "due_moved" not in [f.what for f in course.state.facts]


@pytest.mark.clause("lead 9.1")
def test_a_breach_on_a_day_that_became_a_day_off_is_withdrawn_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    course = arrived(at(FRIDAY))
    course.go_to(at("2026-11-23 12:00"))
    publish(course, monkeypatch, date(2026, 11, 23))
    assert course.breaches() == [("7.2.1", "recorded"), ("7.2.1", "withdrawn")]
    assert course.due_of("7.2.1") == "2026-11-24 11:30"
    assert not course.register()[1].breached
    assert {role for _, role in course.notices("breach_withdrawn")} == {"centre:vlad-1", "centre_head:vlad-1", "sales_support"}
    course.go_to(at("2026-11-24 11:30"))
    assert course.breaches()[-1] == ("7.2.1", "recorded")
    assert course.register()[1].breached


@pytest.mark.clause("lead 7.1")
def test_what_another_centre_missed_before_a_move_is_not_counted_in_the_new_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    course = arrived(at(FRIDAY, MOSCOW), centre="msk-1")
    course.go_to(at("2026-11-23 12:00", MOSCOW))
    course.take()
    course.move("vlad-1")
    publish(course, monkeypatch, date(2026, 11, 23))  # on Vladivostok's calendar alone the first term would end later
    assert course.standings() == {"7.2.1/1": "met_late", "7.2.1/2": "open"}
    assert course.state.obligations[0].due == at("2026-11-23 11:30", MOSCOW)
    assert course.breaches() == [("7.2.1", "recorded"), ("7.2.1", "met_late")]


def test_the_driver_counts_in_the_zone_of_the_centre() -> None:
    assert local(at(FRIDAY), MOSCOW) == "2026-11-20 10:30"
    assert at(FRIDAY, VLADIVOSTOK) == at("2026-11-20 10:30", MOSCOW)
