"""The audit, clause by clause, on the boundary of each rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from regulations.replacement.audit import Judged
from regulations.replacement.export import Call, Recording, Row
from tests.regulations.replacement.exports import (
    KALININGRAD,
    MOSCOW,
    NOT_TARGET,
    NOW,
    VLADIVOSTOK,
    at,
    audited,
    calls,
    card,
    judged,
    recorded,
    ticket,
    worked,
)

SECOND = timedelta(seconds=1)
ZONES = (MOSCOW, VLADIVOSTOK, KALININGRAD)
APPEARED = "2026-11-23 10:00"
"""A Monday."""
DAY_ONE = ["2026-11-23 10:30", "2026-11-23 11:30", "2026-11-23 12:30"]
LATER = ["2026-11-24 10:00", "2026-11-25 10:00"]


def outcome(found: Judged) -> tuple[str, tuple[str, ...]]:
    return found.verdict, found.clauses


def codes(found: Judged) -> list[str]:
    return [evidence.code for evidence in found.evidence]


def value(found: Judged, code: str, name: str) -> str:
    [evidence] = [evidence for evidence in found.evidence if evidence.code == code]
    return dict(evidence.values)[name]


# --- 3.1 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 3.1")
@pytest.mark.parametrize("status", ["на замену", "На замену", "  НА   ЗАМЕНУ "])
def test_only_cards_on_replacement_are_judged(status: str) -> None:
    rows = [
        card(at(APPEARED), status=status, lead="a"),
        card(at(APPEARED), status="в работе", lead="b"),
        card(at(APPEARED), status="", lead="c"),
    ]
    found = audited([*rows, *calls([at(APPEARED)], "b"), Recording("b-1")])
    assert [each.lead for each in found.judged] == ["a"]
    assert found.leads == 3


@pytest.mark.clause("replacement 3.1")
@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("Недозвон", "no_answer"),
        ("5 попыток, НЕДОЗВОН!", "no_answer"),
        ("нецелевой: ищет работу", "not_target"),
        ("плохой лид", ""),
        ("", ""),
    ],
)
def test_the_reason_is_read_from_the_comment(comment: str, reason: str) -> None:
    found = judged(worked(APPEARED, [*DAY_ONE, *LATER], comment=comment))
    assert found.reason == reason
    assert ("no_reason" in codes(found)) == (not reason)
    if not reason:
        assert outcome(found) == ("reject", ("3.1",))


@pytest.mark.clause("replacement 3.1")
def test_a_comment_with_both_reasons_is_heard() -> None:
    both = "недозвон, потом нецелевой"
    assert outcome(judged(worked(APPEARED, [*DAY_ONE, *LATER], comment=both))) == ("listen", ("3.1", "4.1"))
    spoken = judged([card(at(APPEARED), both), *(made := calls([at("2026-11-23 11:00")], answered=True)), *recorded(made)])
    assert (spoken.reason, *outcome(spoken)) == ("not_target", "listen", ("3.1", "4.2"))


@pytest.mark.clause("replacement 3.1")
@pytest.mark.parametrize("which", range(5))
@pytest.mark.parametrize("blank", ["", "  "])
def test_every_call_needs_a_status_or_a_comment(which: int, blank: str) -> None:
    rows = worked(APPEARED, [*DAY_ONE, *LATER])
    made = rows[1 + which]
    assert isinstance(made, Call)
    rows[1 + which] = Call(made.call, made.lead, made.at, made.answered, blank)
    found = judged(rows)
    assert outcome(found) == ("reject", ("3.1",))
    assert made.call in value(found, "calls_without_note", "calls")


@pytest.mark.clause("replacement 3.1")
def test_not_target_needs_somebody_who_was_spoken_to() -> None:
    found = judged(worked(APPEARED, [*DAY_ONE, *LATER], comment=NOT_TARGET))
    assert outcome(found) == ("reject", ("3.1",))
    assert codes(found)[-1] == "nobody_spoken_to"


# --- 3.2 and 6.4 ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 3.2")
@pytest.mark.parametrize("which", range(5))
def test_every_call_needs_a_recording(which: int) -> None:
    rows = worked(APPEARED, [*DAY_ONE, *LATER])
    lost = rows.pop(6 + which)
    assert isinstance(lost, Recording)
    found = judged(rows)
    assert outcome(found) == ("reject", ("3.2",))
    assert lost.call in value(found, "calls_without_recording", "calls")


@pytest.mark.clause("replacement 6.4")
@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (timedelta(), timedelta(), ("listen", ("4.1", "6.4"))),
        (-SECOND, SECOND, ("listen", ("4.1", "6.4"))),
        (timedelta(), None, ("listen", ("4.1", "6.4"))),
        (SECOND, None, ("reject", ("3.2",))),
        (SECOND, timedelta(hours=1), ("reject", ("3.2",))),
        (-timedelta(hours=1), -SECOND, ("reject", ("3.2",))),
    ],
)
def test_recordings_are_not_demanded_in_an_outage_to_the_second(
    since: timedelta, until: timedelta | None, expected: tuple[str, tuple[str, ...]]
) -> None:
    *rows, last = worked(APPEARED, [*DAY_ONE, *LATER])
    assert last == Recording("L1-5")
    start = at(LATER[-1])
    found = judged([*rows, ticket(start + since, None if until is None else start + until)])
    assert outcome(found) == expected


@pytest.mark.clause("replacement 6.4")
def test_what_fell_into_an_outage_is_heard_even_if_it_was_recorded() -> None:
    rows = [*worked(APPEARED, [*DAY_ONE, *LATER]), ticket(at("2026-11-24 00:00"), at("2026-11-24 23:59"))]
    found = judged(rows)
    assert outcome(found) == ("listen", ("4.1", "6.4"))
    assert value(found, "calls_in_outage", "calls") == "L1-4 24.11.2026 10:00"


@pytest.mark.clause("replacement 6.4")
@pytest.mark.parametrize(
    ("by_client", "confirmed", "code"),
    [(False, True, "ticket_not_own"), (True, False, "ticket_not_confirmed"), (False, False, "ticket_not_own")],
)
def test_a_ticket_from_elsewhere_or_unconfirmed_excuses_nothing(by_client: bool, confirmed: bool, code: str) -> None:
    *rows, _ = worked(APPEARED, [*DAY_ONE, *LATER])
    void = ticket(at(APPEARED), None, by_client=by_client, confirmed=confirmed, id="void")
    found = judged([*rows, void])
    assert outcome(found) == ("reject", ("3.2",))
    assert value(found, code, "ticket") == "void"
    assert outcome(judged([*rows, void, ticket(at(APPEARED), None)])) == ("listen", ("4.1", "6.4")), "another one counts"


@pytest.mark.clause("replacement 6.4")
def test_an_outage_excuses_recordings_and_nothing_else() -> None:
    outage = ticket(at("2026-11-01 00:00"), None)
    silent = [row for row in worked(APPEARED, [*DAY_ONE, LATER[0]]) if not isinstance(row, Recording)]
    assert outcome(judged([*silent, outage])) == ("reject", ("3.4",))


@pytest.mark.clause("replacement 6.4")
def test_overlapping_tickets_and_a_long_one_before_short_ones() -> None:
    *rows, _ = worked(APPEARED, [*DAY_ONE, *LATER])
    long = ticket(at("2026-11-20 00:00"), at("2026-11-25 10:00"), id="long")
    short = [ticket(at(f"2026-11-2{n} 00:00"), at(f"2026-11-2{n} 01:00"), id=f"short-{n}") for n in range(1, 6)]
    found = judged([*short, *rows, long])
    assert outcome(found) == ("listen", ("4.1", "6.4"))
    assert value(found, "calls_in_outage", "ticket") == "long"


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


# --- the rows of the export -----------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 5.2")
@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (at(APPEARED) - SECOND, "call_before_lead"),
        (at(APPEARED), None),
        (NOW, None),
        (NOW + SECOND, "call_future"),
    ],
)
def test_calls_before_the_lead_and_in_the_future_count_for_nothing(extra: datetime, code: str | None) -> None:
    odd = Call("odd", "L1", extra, False, "не отвечает")
    rows = [*worked(APPEARED, [*DAY_ONE, *LATER]), odd, Recording("odd")]
    whole = audited(rows)
    [found] = whole.judged
    assert [each.code for each in whole.doubtful] == ([code] if code else [])
    assert outcome(found) == (("listen", ("4.1", "5.2")) if code else ("replace", ("4.1",)))
    assert found.calls == (5 if code else 6)
    if code:
        assert whole.doubtful[0] in found.evidence


@pytest.mark.clause("replacement 5.2")
def test_calls_at_the_very_instants_count_beside_those_that_do_not() -> None:
    starts = [at(APPEARED) - SECOND, at(APPEARED), NOW, NOW + SECOND]
    found = judged([card(at(APPEARED)), *(made := calls(starts)), *recorded(made)])
    assert (found.calls, found.last_call_at) == (2, NOW)
    assert [code for code in codes(found) if code.startswith("call_")] == ["call_before_lead", "call_future"]


@pytest.mark.clause("replacement 5.2")
def test_a_doubtful_call_saves_no_term_and_rejects_nothing() -> None:
    """The only call within six hours lies before the lead."""
    rows = worked(APPEARED, ["2026-11-23 09:59:59", "2026-11-23 16:00:01"])
    found = judged(rows)
    assert outcome(found) == ("reject", ("3.3", "3.4"))
    assert "call_before_lead" in codes(found)


@pytest.mark.clause("replacement 5.2")
def test_the_same_row_twice_is_one_row() -> None:
    rows = [*worked(APPEARED, [*DAY_ONE, *LATER]), ticket(at("2026-11-01 00:00"), at("2026-11-02 00:00"))]
    assert audited([*rows, *rows]) == audited(rows)
    assert audited(rows).doubtful == ()


@pytest.mark.clause("replacement 5.2")
def test_the_same_call_told_in_two_ways_counts_for_nothing() -> None:
    rows = worked(APPEARED, [*DAY_ONE, *LATER, "2026-11-25 11:00"])
    other = Call("L1-6", "L1", at("2026-11-25 11:00"), True, "не отвечает")
    for order in ([*rows, other], [other, *rows]):
        whole = audited(order)
        assert [each.code for each in whole.doubtful] == ["call_contradicts"]
        assert outcome(whole.judged[0]) == ("listen", ("4.1", "5.2"))
        assert whole.judged[0].calls == 5


@pytest.mark.clause("replacement 5.2")
def test_a_call_of_two_leads_is_doubtful_for_both() -> None:
    rows = [*worked(APPEARED, [*DAY_ONE, *LATER], lead="a"), *worked(APPEARED, [*DAY_ONE, *LATER], lead="b")]
    twice = [Call("x", lead, at("2026-11-25 12:00"), False, "-") for lead in ("a", "b")]
    found = audited([*rows, *twice, Recording("x")])
    assert [outcome(each) for each in found.judged] == [("listen", ("4.1", "5.2"))] * 2


@pytest.mark.clause("replacement 5.2")
def test_a_card_told_in_two_ways_is_a_persons_to_judge() -> None:
    rows = worked(APPEARED, [*DAY_ONE, *LATER])
    other = card(at(APPEARED), "передумал", status="в работе")
    for order in ([*rows, other], [other, *rows]):
        whole = audited(order)
        assert whole.leads == 1
        assert outcome(whole.judged[0]) == ("listen", ("5.2",))
        assert [each.code for each in whole.doubtful] == ["card_contradicts"]
    never_asked = [card(at(APPEARED), status=status) for status in ("в работе", "новый")]
    assert audited(never_asked).judged == ()


@pytest.mark.clause("replacement 5.2")
def test_a_card_from_the_future_is_a_persons_to_judge() -> None:
    assert outcome(judged([card(NOW + SECOND)])) == ("listen", ("5.2",))
    assert outcome(judged([card(NOW)])) == ("reject", ("3.4",))


@pytest.mark.clause("replacement 5.2")
def test_rows_that_name_nothing_are_kept_apart() -> None:
    rows = worked(APPEARED, [*DAY_ONE, *LATER])
    whole = audited([*calls([at(APPEARED)], "nobody"), Recording("nothing"), *rows])
    assert [(each.code, dict(each.values)) for each in whole.doubtful] == [
        ("call_of_nothing", {"call": "nobody-1", "lead": "nobody"}),
        ("recording_of_nothing", {"call": "nothing"}),
    ]
    assert outcome(whole.judged[0]) == ("replace", ("4.1",))


@pytest.mark.clause("replacement 6.4")
def test_a_ticket_that_ends_before_it_begins_or_contradicts_itself_excuses_nothing() -> None:
    *rows, _ = worked(APPEARED, [*DAY_ONE, *LATER])
    backwards = ticket(at("2026-11-26 00:00"), at("2026-11-25 00:00"), id="backwards")
    split = [ticket(at("2026-11-20 00:00"), None, confirmed=confirmed, id="split") for confirmed in (True, False)]
    whole = audited([*rows, backwards, *split])
    assert outcome(whole.judged[0]) == ("reject", ("3.2",))
    assert [each.code for each in whole.doubtful] == ["ticket_backwards", "ticket_contradicts"]


@pytest.mark.clause("replacement 5.2")
def test_many_doubtful_rows_of_a_lead_are_counted_and_not_all_named() -> None:
    odd = [Call(f"odd-{n}", "L1", NOW + timedelta(days=1 + n), False, "-") for n in range(8)]
    whole = audited([*worked(APPEARED, [*DAY_ONE, *LATER]), *odd])
    assert len(whole.doubtful) == 8
    assert value(whole.judged[0], "more_doubts", "count") == "3"


@pytest.mark.parametrize("year", [1, 1950, 9999])
def test_a_lead_of_a_time_without_a_calendar_is_a_persons_to_judge(year: int) -> None:
    appeared = datetime(year, 12, 31, 23, tzinfo=UTC) if year == 9999 else datetime(year, 1, 1, tzinfo=UTC)
    later = datetime.max.replace(tzinfo=UTC)
    for zone in (VLADIVOSTOK, "America/New_York"):
        found = judged([card(appeared), *calls([appeared, NOW, later])], zone)
        assert outcome(found) == ("listen", ("5.2",))


# --- the whole request ----------------------------------------------------------------------------------------------


def test_an_empty_export_has_no_verdicts_and_bars_nothing() -> None:
    whole = audited([])
    assert (whole.judged, whole.leads, whole.barred, whole.doubtful) == ((), 0, (), ())


@pytest.mark.clause("replacement 3.1")
@pytest.mark.parametrize(
    ("status", "comment", "barred"), [("", " ", ("3.1",)), ("новый", "", ()), ("", "заметка", ()), ("на замену", "недозвон", ())]
)
def test_a_crm_that_nobody_keeps_bars_the_request(status: str, comment: str, barred: tuple[str, ...]) -> None:
    rows: list[Row] = [card(at(APPEARED), "", lead, "") for lead in ("a", "b")]
    made = calls([at(APPEARED)], "a")
    assert audited([*rows, card(at(APPEARED), comment, "c", status), *made, *recorded(made)]).barred == barred


@pytest.mark.clause("replacement 3.2")
@pytest.mark.clause("replacement 6.4")
def test_a_telephony_that_nobody_uses_bars_the_request() -> None:
    cards = [card(at(APPEARED), lead=lead) for lead in ("a", "b")]
    made = calls([at(APPEARED)], "a")
    outage = ticket(at("2026-11-01 00:00"), None)
    assert audited(cards).barred == ("3.2",)
    assert audited([*cards, *made]).barred == ("3.2",), "not one recording"
    assert audited([*cards, *recorded(made)]).barred == ("3.2",), "not one call"
    assert audited([*cards, *made, *recorded(made)]).barred == ()
    assert audited([*cards, outage]).barred == audited([*cards, *made, outage]).barred == ()
    assert audited([*cards, *made, ticket(at(APPEARED), None, confirmed=False)]).barred == ("3.2",)


def test_leads_are_judged_by_appearance_then_id() -> None:
    rows = [card(at(APPEARED) + SECOND, lead="a"), card(at(APPEARED), lead="c"), card(at(APPEARED), lead="b")]
    assert [each.lead for each in audited(rows).judged] == ["b", "c", "a"]
