"""The audit, clause by clause, on the boundary of each rule: first calls, attempts, and what follows from them (3.3 to 4.2)."""

from __future__ import annotations

import pytest

from regulations.replacement.audit import Judged
from regulations.replacement.export import Call, Recording
from tests.regulations.replacement.audited import APPEARED, DAY_ONE, LATER, SECOND, ZONES, codes, outcome, value
from tests.regulations.replacement.exports import (
    NOT_TARGET,
    at,
    calls,
    card,
    judged,
    recorded,
    worked,
)

# --- 3.3 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 3.3")
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("appeared", "due"),
    [
        ("2026-11-23 10:00", "2026-11-23 16:00"),
        ("2026-11-23 08:59:59", "2026-11-23 15:00"),
        ("2026-11-23 12:00", "2026-11-23 18:00"),  # runs out at closing, and ends there
        ("2026-11-23 12:00:01", "2026-11-24 09:00:01"),
        ("2026-11-20 15:00", "2026-11-23 12:00"),  # over a weekend
        ("2026-11-20 18:00", "2026-11-23 15:00"),
        ("2026-11-21 11:00", "2026-11-23 15:00"),  # a Saturday
        ("2026-11-03 15:00", "2026-11-05 12:00"),  # over the holiday of the 4th
        ("2026-04-30 16:30", "2026-05-04 13:30"),  # over 1 to 3 May
    ],
)
def test_the_first_call_is_in_time_to_the_second(appeared: str, due: str, zone: str) -> None:
    expected = {-1: "first_call_in_time", 0: "first_call_in_time", 1: "first_call_late"}
    for seconds, code in expected.items():
        made = calls([at(due, zone) + seconds * SECOND])
        found = judged([card(at(appeared, zone)), *made, *recorded(made)], zone)
        assert code in codes(found), (seconds, found.evidence)
        assert ("3.3" in found.clauses) == (seconds > 0)


@pytest.mark.clause("replacement 3.3")
@pytest.mark.parametrize(("now", "code"), [("16:00:00", "first_call_awaited"), ("16:00:01", "first_call_missing")])
def test_no_call_at_all_is_missed_once_the_term_has_passed(now: str, code: str) -> None:
    found = judged([card(at(APPEARED)), *calls([at("2026-11-23 10:00")], "other")], now=at(f"2026-11-23 {now}"))
    assert (code in codes(found), found.calls, found.last_call_at) == (True, 0, None)
    assert found.clauses == (("3.4",) if code == "first_call_awaited" else ("3.3", "3.4"))


@pytest.mark.clause("replacement 3.3")
def test_the_term_is_judged_apart_from_the_attempts() -> None:
    """Day one may be the next working day, but 3.3 runs from the appearance."""
    found = judged(worked(APPEARED, ["2026-11-24 10:30", "2026-11-24 11:30", "2026-11-24 12:30", "2026-11-25 10:00", "2026-11-26 10:00"]))
    assert outcome(found) == ("reject", ("3.3",))


# --- 3.4 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 3.4")
@pytest.mark.clause("replacement 4.1")
def test_five_attempts_without_an_answer_are_replaced() -> None:
    found = judged(worked(APPEARED, [*DAY_ONE, *LATER]))
    assert outcome(found) == ("replace", ("4.1",))
    assert codes(found) == ["calls_kept", "first_call_in_time", "attempts_made", "never_reached"]
    assert (found.calls, found.last_call_at) == (5, at(LATER[-1]))
    assert value(found, "attempts_made", "first") == "23.11.2026: L1-1 10:30, L1-2 11:30, L1-3 12:30"


@pytest.mark.clause("replacement 3.4")
@pytest.mark.parametrize("which", range(5))
def test_four_attempts_are_too_few(which: int) -> None:
    starts = [*DAY_ONE, *LATER]
    del starts[which]
    found = judged(worked(APPEARED, starts))
    assert outcome(found) == ("reject", ("3.4",))
    assert codes(found).count("attempts_missing") == 2, "what is missing is told under both assumptions"


@pytest.mark.clause("replacement 3.4")
@pytest.mark.parametrize(("attempts", "verdict"), [(4, "replace"), (5, "replace"), (6, "reject")])
def test_how_many_attempts_is_a_setting(attempts: int, verdict: str) -> None:
    assert judged(worked(APPEARED, [*DAY_ONE, *LATER]), attempts=attempts).verdict == verdict


@pytest.mark.clause("replacement 3.4")
@pytest.mark.parametrize("extra", ["2026-11-23 10:31", "2026-11-24 10:01", "2026-11-25 23:59"])
def test_every_call_of_the_three_days_is_an_attempt(extra: str) -> None:
    assert judged(worked(APPEARED, [*DAY_ONE, *LATER, extra]), attempts=6).verdict == "replace"


@pytest.mark.clause("replacement 3.4")
@pytest.mark.parametrize(("second", "verdict"), [("11:29:59", "reject"), ("11:30:00", "replace"), ("11:30:01", "reject")])
def test_the_calls_of_day_one_lie_an_hour_apart_to_the_second(second: str, verdict: str) -> None:
    """Between 10:30 and 12:30 only 11:30:00 is an hour from both."""
    found = judged(worked(APPEARED, ["2026-11-23 10:30", f"2026-11-23 {second}", "2026-11-23 12:30", *LATER]))
    assert found.verdict == verdict


@pytest.mark.clause("replacement 3.4")
def test_calls_between_do_no_harm() -> None:
    between = ["2026-11-23 10:45", "2026-11-23 11:00", "2026-11-23 11:31", "2026-11-23 12:29:59"]
    assert judged(worked(APPEARED, [*DAY_ONE, *between, *LATER])).verdict == "replace"
    assert judged(worked(APPEARED, [DAY_ONE[0], *between, *LATER])).clauses == ("3.4",)


@pytest.mark.clause("replacement 3.4")
@pytest.mark.parametrize(
    ("starts", "passes"),
    [
        (["23 10:30", "23 11:30", "23 12:30", "24 10:00", "25 10:00"], True),
        (["23 10:30", "24 10:30", "24 11:30", "24 12:30", "25 10:00", "26 10:00"], True),  # the next working day is the first
        (["23 10:30", "24 10:30", "24 11:30", "24 12:30", "25 10:00"], False),
        (["23 10:30", "23 11:30", "24 10:30", "24 11:30", "25 10:00", "26 10:00"], False),
        (["23 10:30", "23 11:30", "23 12:30", "24 10:00", "26 10:00"], False),
        (["23 10:30", "23 11:30", "23 12:30", "25 10:00", "26 10:00"], False),
    ],
)
def test_day_one_is_the_day_of_the_appearance_or_the_next_working_day(starts: list[str], passes: bool) -> None:
    found = judged(worked(APPEARED, [f"2026-11-{start}" for start in starts]))
    assert outcome(found) == (("replace", ("4.1",)) if passes else ("reject", ("3.4",)))


@pytest.mark.clause("replacement 3.4")
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("third", "verdict"),
    [
        ("2026-11-24 23:59:59", "reject"),
        ("2026-11-25 00:00:00", "replace"),
        ("2026-11-25 23:59:59", "replace"),
        ("2026-11-26 00:00:00", "reject"),
    ],
)
def test_the_third_working_day_is_the_clients_local_date(third: str, verdict: str, zone: str) -> None:
    assert judged(worked(APPEARED, [*DAY_ONE, LATER[0], third], zone), zone).verdict == verdict


@pytest.mark.clause("replacement 3.4")
@pytest.mark.parametrize(
    ("appeared", "starts", "verdict"),
    [
        ("2026-11-26 10:00", ["26 10:30", "26 11:30", "26 12:30", "27 10:00", "30 10:00"], "replace"),  # Thursday, Friday, Monday
        ("2026-11-26 10:00", ["26 10:30", "26 11:30", "26 12:30", "27 10:00", "28 10:00"], "reject"),  # a Saturday is no day
        ("2026-11-26 10:00", ["26 10:30", "26 11:30", "26 12:30", "28 10:00", "30 10:00"], "reject"),
        ("2026-11-21 10:00", ["21 10:30", "21 11:30", "21 12:30", "23 10:00", "24 10:00", "25 10:00"], "reject"),
        ("2026-11-21 10:00", ["23 09:00", "23 10:00", "23 11:00", "24 10:00", "25 10:00"], "replace"),
        ("2026-11-03 10:00", ["03 10:30", "03 11:30", "03 12:30", "05 10:00", "06 10:00"], "replace"),  # over a holiday
        ("2026-11-03 10:00", ["03 10:30", "03 11:30", "03 12:30", "04 10:00", "05 10:00"], "reject"),
    ],
)
def test_calls_on_days_off_count_for_no_day(appeared: str, starts: list[str], verdict: str) -> None:
    found = judged(worked(appeared, [f"2026-11-{start}" for start in starts]))
    assert outcome(found) == (verdict, ("4.1",) if verdict == "replace" else ("3.4",))


@pytest.mark.clause("replacement 3.4")
def test_a_call_on_a_day_off_between_the_days_is_named() -> None:
    found = judged(
        worked("2026-11-26 10:00", [f"2026-11-{start}" for start in ["26 10:30", "26 11:30", "26 12:30", "27 10:00", "28 10:00"]])
    )
    assert value(found, "calls_on_days_off", "calls") == "L1-5 28.11.2026 10:00"


@pytest.mark.clause("replacement 3.4")
@pytest.mark.parametrize(("now", "run"), [("2026-11-26 23:59:59", True), ("2026-11-27 00:00:00", False)])
def test_days_that_still_run_are_told(now: str, run: bool) -> None:
    found = judged(worked(APPEARED, DAY_ONE), now=at(now))
    assert outcome(found) == ("reject", ("3.4",))
    assert ("three_days_run" in codes(found)) == run


# --- 4.1 and 4.2 ----------------------------------------------------------------------------------------------------


def answered_at(start: str, before: list[str], comment: str, appeared: str = APPEARED) -> Judged:
    last = Call("answered", "L1", at(start), True, "ответил")
    return judged([*worked(appeared, before, comment=comment), last, Recording("answered")])


@pytest.mark.clause("replacement 4.1")
@pytest.mark.clause("replacement 4.2")
@pytest.mark.parametrize("start", ["2026-11-23 10:00", "2026-11-23 13:00", "2026-11-25 23:59:59"])
def test_reached_within_the_three_days(start: str) -> None:
    before = [each for each in [*DAY_ONE, *LATER] if at(each) < at(start)]
    assert outcome(answered_at(start, before, "недозвон")) == ("reject", ("4.1",))
    assert outcome(answered_at(start, before, NOT_TARGET)) == ("listen", ("4.2",))


@pytest.mark.clause("replacement 4.1")
@pytest.mark.clause("replacement 4.2")
def test_reached_only_after_the_three_days() -> None:
    late = "2026-11-26 00:00:00"
    found = answered_at(late, [*DAY_ONE, *LATER], "недозвон")
    assert outcome(found) == ("replace", ("4.1",))
    assert value(found, "reached_later", "at") == "26.11.2026 00:00"
    assert outcome(answered_at(late, [*DAY_ONE, *LATER], NOT_TARGET)) == ("listen", ("4.2",))


@pytest.mark.clause("replacement 4.1")
def test_reached_on_a_day_off_between_the_days_is_reached() -> None:
    before = ["2026-11-26 10:30", "2026-11-26 11:30", "2026-11-26 12:30", "2026-11-27 10:00"]
    assert outcome(answered_at("2026-11-28 12:00", before, "недозвон", "2026-11-26 10:00")) == ("reject", ("4.1",))


@pytest.mark.clause("replacement 3.4")
@pytest.mark.clause("replacement 4.2")
@pytest.mark.parametrize(
    ("before", "start", "expected"),
    [
        ([], "2026-11-23 10:30", ("listen", ("4.2",))),
        (["2026-11-23 10:30"], "2026-11-23 10:31", ("listen", ("4.2",))),
        (["2026-11-23 10:30"], "2026-11-24 10:00", ("listen", ("4.2",))),  # the 24th may be day one
        (["2026-11-23 10:30"], "2026-11-25 10:00", ("reject", ("3.4",))),
        ([*DAY_ONE], "2026-11-24 10:00", ("listen", ("4.2",))),
        ([*DAY_ONE], "2026-11-25 10:00", ("reject", ("3.4",))),
        ([*DAY_ONE, LATER[0]], "2026-11-25 10:00", ("listen", ("4.2",))),
    ],
)
def test_once_reached_only_the_days_before_must_have_had_their_attempts(
    before: list[str], start: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    assert outcome(answered_at(start, before, NOT_TARGET)) == expected


@pytest.mark.clause("replacement 4.1")
def test_the_assumption_that_passes_says_whether_the_lead_was_reached() -> None:
    """Answered on Thursday: outside of Monday to Wednesday, which pass; inside of Tuesday to Thursday, where these pass."""
    thursday = "2026-11-26 10:00"
    assert outcome(answered_at(thursday, [*DAY_ONE, *LATER], "недозвон")) == ("replace", ("4.1",))
    tuesday_on = ["2026-11-23 11:00", "2026-11-24 10:30", "2026-11-24 11:30", "2026-11-24 12:30", "2026-11-25 10:00"]
    assert outcome(answered_at(thursday, tuesday_on, "недозвон")) == ("reject", ("4.1",))
