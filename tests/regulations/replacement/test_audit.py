"""The audit, clause by clause, on the boundary of each rule: 3.1, 3.2, 6.4, and the whole request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulations.replacement.export import Call, Recording, Row
from tests.regulations.replacement.audited import APPEARED, DAY_ONE, LATER, SECOND, codes, outcome, value
from tests.regulations.replacement.exports import (
    NOT_TARGET,
    at,
    audited,
    calls,
    card,
    judged,
    recorded,
    ticket,
    worked,
)

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
