"""The decisions about obligations that hold for every regulation, one at a time."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, datetime, timedelta

import pytest

from regulations.case import CaseState, Evidence, Obligation, Refusal, Standing
from regulations.clocks import (
    MAX_JITTER,
    next_due,
    next_instant,
    oldest_unmet,
    planned,
    ran_out,
    terms_to_plan,
    untold,
    warn_at,
)
from regulations.counting import count
from regulations.messages import FirstContact
from regulations.obligations import admit, breach, close, notice, open_obligation, settle, taken, waive
from regulations.plans import Address, Edition, Opening, PlannedTerm, PlanRequest, TermToPlan
from regulations.rows import BreachRow, IncidentRow, NoticeRow, ObligationRow
from regulations.time.working_time import working_time
from tests.regulations.course import at
from tests.regulations.handoff.course import CALENDAR

START, DUE = at("2026-11-16 10:00"), at("2026-11-18 16:00")


def _case(*roles: str) -> CaseState:
    edition = Edition(id="e", rules=1, terms={}, settings={})
    addresses = {role: Address(email=f"{role}@example.org") for role in roles}
    opening = Opening(edition=edition, company="c", language="ru", calendar="company", zone="Europe/Moscow", roles=addresses)
    return CaseState(kind="handoff", address="handoff/1", uid="u", stage="s", opening=opening)


def _plan(due: datetime = DUE, key: str = "2.2.4/1", warn: datetime | None = None, version: str = "v1") -> PlannedTerm:
    return PlannedTerm(
        key=key,
        due=due,
        due_text=f"{due:%d.%m}",
        warn_at=warn,
        tell_at=due,
        provisional=False,
        calendar_version=version,
        span_from=date(2026, 11, 16),
        span_to=due.date(),
        due_day=due.date(),
    )


def _open(case: CaseState, key: str = "2.2.4/1", due: datetime | None = DUE, term: str | None = "24 working hours") -> Obligation:
    o = open_obligation(case, key, clause=key.split("/")[0], owner="cc", escalation="cc_head", started_at=START, now=START, term=term)
    if due is not None:
        o.plan = _plan(due, key)
    return o


def _breaches(case: CaseState) -> list[str]:
    return [r.entry.value for r in case.rows if isinstance(r, BreachRow)]


def _proof(when: datetime) -> Evidence:
    return Evidence(happened_at=when, key="k")


def test_the_same_key_opens_one_obligation() -> None:
    case = _case()
    assert _open(case) is _open(case)
    assert len(case.obligations) == 1


@pytest.mark.parametrize(("seconds", "met"), [(-1, True), (0, True), (1, False)])
def test_a_duty_is_met_up_to_and_with_its_due_instant(seconds: int, met: bool) -> None:
    case = _case()
    o = _open(case)
    settle(case, o, _proof(DUE + timedelta(seconds=seconds)), DUE)
    assert o.standing is (Standing.MET if met else Standing.OPEN)


def test_a_duty_without_a_term_is_met_whenever_it_is_done() -> None:
    case = _case()
    o = _open(case, "2.2.2/1", None, term=None)
    settle(case, o, _proof(DUE), DUE)
    assert o.standing is Standing.MET


def test_a_duty_whose_term_is_not_counted_yet_waits_for_the_count() -> None:
    case = _case()
    o = _open(case, due=None)
    settle(case, o, _proof(START), DUE)
    assert o.standing is Standing.OPEN


def test_a_breach_carries_the_due_instant_and_outlives_what_follows() -> None:
    case = _case()
    o = _open(case)
    breach(case, o)
    settle(case, o, _proof(DUE + timedelta(seconds=90)), DUE + timedelta(days=1))
    waive(case, o, DUE + timedelta(days=2), "x")
    assert (o.standing, o.breached_at, _breaches(case)) == ("waived", DUE, ["recorded", "met_late"])
    (late,) = [r for r in case.rows if isinstance(r, BreachRow) and r.entry == "met_late"]
    assert (late.due, late.at, late.late_seconds) == (DUE, DUE + timedelta(seconds=90), 90)


def test_what_was_waived_is_never_met_and_what_was_met_is_withdrawn_once() -> None:
    case = _case()
    waived, o = _open(case, "2.2.1/1"), _open(case)
    waive(case, waived, START, "x")
    settle(case, waived, _proof(START), START)
    assert waived.standing is Standing.WAIVED
    breach(case, o)
    for hours in (1, 2, 1, 3):
        settle(case, o, _proof(DUE - timedelta(hours=hours)), DUE + timedelta(days=1))
    assert _breaches(case) == ["recorded", "withdrawn"]
    assert o.met_at == DUE - timedelta(hours=3)


@pytest.mark.parametrize(("standing", "entries"), [(Standing.OPEN, ["recorded"]), (Standing.OVERDUE, ["recorded"])])
def test_a_waiver_after_the_term_hides_no_breach_and_records_it_once(standing: Standing, entries: list[str]) -> None:
    case = _case()
    o = _open(case)
    if standing is Standing.OVERDUE:
        breach(case, o)
    waive(case, o, DUE + timedelta(seconds=1), "x")
    assert _breaches(case) == entries


def test_a_waiver_at_the_due_instant_is_in_time() -> None:
    case = _case()
    o = _open(case)
    waive(case, o, DUE, "x")
    assert _breaches(case) == []


def test_only_the_newest_unwritten_row_of_an_obligation_is_kept() -> None:
    case = _case()
    o = _open(case)
    close(case, o, Standing.MET)
    rows = [r for r in case.rows if isinstance(r, ObligationRow)]
    assert [(r.key, r.state) for r in rows] == [("2.2.4/1", "met")]


def test_a_role_without_an_address_is_an_incident_and_no_silence() -> None:
    case = _case("cc")
    for role in ("cc", "cc_head"):
        notice(case, role, "breach", "text", key="2.2.4/1", earliest=DUE)
    assert [(type(r), getattr(r, "recipient", None) or r.text) for r in case.rows if not isinstance(r, ObligationRow)] == [  # type: ignore[union-attr]
        (NoticeRow, "cc@example.org"),
        (IncidentRow, "cc_head: text"),
    ]


def test_an_ended_case_admits_nothing_but_repeats() -> None:
    case = _case()
    message = FirstContact(key="k1", happened_at=START, deal="D-1")
    admit(case, message, START)
    taken(case, message, "FirstContact", START)
    case.ended, case.outcome = True, "done"
    for key, refusal in (("k1", "Repeated"), ("k2", "Ended")):
        with pytest.raises(Refusal) as refused:
            admit(case, message.model_copy(update={"key": key}), START)
        assert refused.value.type == refusal


# --- clocks ---------------------------------------------------------------------------------------------------------


def test_a_term_that_has_run_out_is_counted_once_more_before_it_is_a_breach() -> None:
    case = _case()
    o = _open(case)
    assert list(terms_to_plan(case, DUE - timedelta(seconds=1))) == []
    assert [t.key for t in terms_to_plan(case, DUE)] == ["2.2.4/1"]
    assert not ran_out(o, DUE)
    planned(case, _plan(), DUE)
    assert ran_out(o, DUE)
    assert list(terms_to_plan(case, DUE)) == []


def test_a_calendar_that_has_changed_meanwhile_moves_the_due_instant_and_the_trail_says_so() -> None:
    case = _case()
    o = _open(case)
    o.warned = True
    planned(case, _plan(DUE + timedelta(days=1), version="v2"), DUE)
    assert not ran_out(o, DUE)
    assert (o.due, o.warned) == (DUE + timedelta(days=1), False)
    assert [(f.what, f.note) for f in case.facts] == [("due_moved", "2.2.4: 18.11 → 19.11 (v2)")]


def test_an_answer_about_nothing_that_is_asked_any_more_is_let_go() -> None:
    case = _case()
    before = case.model_dump_json()
    planned(case, _plan(key="2.2.9/1"), DUE)
    assert case.model_dump_json() == before


def test_duties_that_run_out_together_are_reminded_of_together_and_never_at_or_after_the_due() -> None:
    case = _case()
    for n, (key, warn) in enumerate(
        [("a/1", DUE - timedelta(hours=3)), ("b/1", DUE - timedelta(hours=3)), ("c/1", DUE - timedelta(seconds=9))]
    ):
        o = _open(case, key)
        o.plan = _plan(DUE, key, warn)
        at_ = warn_at(case, o)
        assert at_ is not None
        assert warn <= at_ <= min(warn + MAX_JITTER, DUE), n
        assert at_ < DUE
    assert warn_at(case, case.obligations[0]) == warn_at(case, case.obligations[1])


def test_the_next_instant_is_the_reminder_then_the_due_then_the_telling() -> None:
    case = _case()
    o = _open(case)
    o.plan = _plan(DUE, warn=DUE - timedelta(hours=3)).model_copy(update={"tell_at": DUE + timedelta(hours=17)})
    reminder = warn_at(case, o)
    assert next_instant(case, START) == (reminder, o)
    # A reminder that has passed unsent (it waits for an answer from outside) must not hide the due instant.
    assert next_instant(case, DUE - timedelta(minutes=1)) == (DUE, o)
    o.warned = True
    assert next_instant(case, START) == (DUE, o)
    assert next_instant(case, DUE) is None
    breach(case, o)
    assert next_instant(case, DUE) == (DUE + timedelta(hours=17), o)
    close(case, o, Standing.MET_LATE)
    assert next_instant(case, DUE) == (DUE + timedelta(hours=17), o)
    assert untold(o)
    o.told = True
    assert next_instant(case, DUE) is None


def test_the_oldest_unmet_and_the_next_due_leave_out_what_is_closed() -> None:
    case = _case()
    assert (oldest_unmet(case), next_due(case)) == (None, None)
    plain = _open(case, "2.2.2/1", None, term=None)
    assert (oldest_unmet(case), next_due(case)) == (plain, None)
    later, sooner = _open(case, "2.2.5/1", DUE + timedelta(hours=2)), _open(case, "2.2.4/1", DUE)
    assert (oldest_unmet(case), next_due(case)) == (sooner, DUE)
    close(case, sooner, Standing.MET)
    assert (oldest_unmet(case), next_due(case)) == (later, DUE + timedelta(hours=2))


# --- counting -------------------------------------------------------------------------------------------------------


def _warned(term: str, start: str, **fields: object) -> str:
    item = TermToPlan.model_validate({"key": "k", "term": term, "start": at(start), **fields})
    (answer,) = count(working_time(CALENDAR), PlanRequest(calendar="company", warn_fraction=0.75, terms=(item,))).terms
    assert answer.warn_at is not None
    return working_time(CALENDAR).local(answer.warn_at).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("term", "start", "reminder"),
    [
        ("8 working hours", "2026-11-16 09:00", "2026-11-16 15:00:00"),
        ("24 working hours", "2026-11-20 17:30", "2026-11-24 17:30:00"),
        # 75 % falls on the closing, or so short of it that the spread would carry it over: the next opening.
        ("12 working hours", "2026-11-16 09:00", "2026-11-17 09:00:00"),
        ("12 working hours", "2026-11-16 08:00", "2026-11-17 09:00:00"),
        ("12 working hours", "2026-11-13 09:00", "2026-11-16 09:00:00"),
        ("12 working hours", "2026-12-30 09:00", "2027-01-11 09:00:00"),
        ("16 working minutes", "2026-11-16 17:44", "2026-11-16 17:56:00"),
        # No working time between start and due: at once, without waiting for working time.
        ("1 hours", "2026-11-21 12:00", "2026-11-21 12:00:00"),
    ],
)
def test_a_reminder_comes_at_three_quarters_and_never_after_closing(term: str, start: str, reminder: str) -> None:
    assert _warned(term, start) == reminder


def test_a_reminder_does_not_count_the_time_of_a_pause() -> None:
    pause = {"start": at("2026-11-16 13:00"), "end": at("2026-11-19 13:00")}
    assert _warned("24 working hours", "2026-11-16 10:00", pauses=[pause]) == "2026-11-23 10:00:00"


# --- the copy -------------------------------------------------------------------------------------------------------


def test_a_copy_shares_what_never_changes_and_nothing_else() -> None:
    case = _case("cc")
    o = _open(case)
    case.note("x", START, START, key="k")
    copy = deepcopy(case)
    assert copy == case
    assert copy.opening is case.opening
    assert copy.facts[0] is case.facts[0]
    assert copy.obligations[0].plan is o.plan
    copy.obligations[0].standing = Standing.MET
    copy.obligations[0].holds.append(None)  # type: ignore[arg-type]
    copy.facts.clear()
    copy.seen["k"] = (1, "d")
    copy.rows.clear()
    assert (o.standing, o.holds, len(case.facts), case.seen, len(case.rows)) == ("open", [], 1, {}, 1)
