"""Rows of an export that contradict each other, or lie outside of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from regulations.replacement.export import Call, Recording
from tests.regulations.replacement.audited import APPEARED, DAY_ONE, LATER, SECOND, codes, outcome, value
from tests.regulations.replacement.exports import (
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
