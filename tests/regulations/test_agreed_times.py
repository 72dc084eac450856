"""A term with an agreed time: due is the earlier of the two, whatever calendar, pause or message comes between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.breaches import hold_terms, moved_into_the_past, reminder_due
from regulations.case import Evidence, Obligation, Standing
from regulations.clause_case import ClauseCase
from regulations.clocks import calendar_changed, planned, terms_to_plan
from regulations.counting import count
from regulations.dates import local_text
from regulations.messages import Actor, CalendarChanged, Extend, Pause, Resume
from regulations.moved_terms import agree, start_earlier
from regulations.obligations import apply_to_docket, open_obligation, settle_open, waive
from regulations.plans import Address, Edition, Opening, PlannedTerm, PlanRequest, Span, TermToPlan
from regulations.rows import BreachRow, ObligationRow
from regulations.time.calendar_change import day_table, difference
from regulations.time.working_time import CalendarSpec, WorkingTime, working_time
from tests.regulations.course import KYIV, KYIV_OFFICE, OFFICE, at, local

HEAD = Actor(role="head", id="h1")
MOMENT = timedelta(microseconds=1)
TERM = "3 working days"
START = at("2026-10-21 15:00", KYIV)
"""A Wednesday; three working days later the clock has gone back."""
ENDS = at("2026-10-26 18:00", KYIV)
AGREED = at("2026-10-23 11:30", KYIV)


class Duty:
    """One duty, counted and held as every regulation does it."""

    def __init__(self, calendar: CalendarSpec = KYIV_OFFICE) -> None:
        self.calendar: WorkingTime = working_time(calendar)
        edition = Edition(id="e", rules=1, terms={}, settings={"pauses": 2})
        roles = {role: Address(email=f"{role}@company.example") for role in ("owner", "head")}
        opening = Opening(edition=edition, company="c", language="uk", calendar="company", zone=KYIV, roles=roles)
        self.case = ClauseCase(kind="onboarding", address="onboarding/C-1", uid="u", stage="s", opening=opening)
        self.now = START
        open_obligation(self.case, "3.2/1", clause="3.2", owner="owner", escalation="head", started_at=START, now=START, term=TERM)
        self.count()

    @property
    def o(self) -> Obligation:
        return self.case.obligations[0]

    @property
    def due(self) -> str:
        return local(self.o.due, KYIV)

    def ask(self) -> list[PlannedTerm]:
        terms = tuple(terms_to_plan(self.case, self.now))
        return list(count(self.calendar, PlanRequest(calendar="company", warn_fraction=0.75, language="uk", terms=terms)).terms)

    def count(self) -> Self:
        """Counts what has to be counted, decides, and counts what that has changed."""
        for _ in range(4):
            for answer in self.ask():
                planned(self.case, answer, self.now)
            hold_terms(self.case, self.now)
        assert not list(terms_to_plan(self.case, self.now)), "a term is counted for ever"
        return self

    def go_to(self, moment: datetime) -> Self:
        self.now = moment
        return self.count()

    def agree(self, moment: datetime) -> Self:
        agree(self.case, self.o, moment, self.now)
        return self.count()

    def do(self, moment: datetime) -> Self:
        """The duty was done then, and we learn of it now."""
        self.case.evidence["3.2/1"] = Evidence(happened_at=moment, key="done")
        settle_open(self.case, self.now)
        return self.count()

    def say(self, kind: type[Extend | Pause | Resume], **fields: object) -> Self:
        given = {
            "key": f"k{self.now.timestamp()}",
            "source": "cli",
            "happened_at": self.now,
            "clause": "3.2",
            "by": HEAD,
            "reason": "reason",
        }
        message = kind.model_validate({k: v for k, v in {**given, **fields}.items() if k in kind.model_fields})
        apply_to_docket(self.case, message, self.now)
        return self.count()

    def publish(self, *closed: date, opened: tuple[date, ...] = ()) -> Self:
        before, spec = day_table(self.calendar), self.calendar.spec
        hours = dict.fromkeys(opened, ((9 * 3600, 18 * 3600),))
        self.calendar = working_time(replace(spec, closed=closed, open=tuple(hours.items())))
        found = difference([before], day_table(self.calendar))
        message = CalendarChanged(
            key="c",
            source="cli",
            happened_at=self.now,
            calendar="company",
            version=self.calendar.version,
            changed=found.changed,
            closed=found.closed,
        )
        calendar_changed(self.case, message, self.now)
        return self.count()

    def entries(self) -> list[tuple[str, str]]:
        return [(row.entry.value, local(row.due, KYIV)) for row in self.case.rows if isinstance(row, BreachRow)]

    def moves(self) -> list[str]:
        return [fact.note for fact in self.case.facts if fact.what == "due_moved"]


# --- when it is due -------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 3.2")
@pytest.mark.parametrize(
    ("agreed", "due"),
    [
        (ENDS - MOMENT, ENDS - MOMENT),
        (ENDS, ENDS),
        (ENDS + MOMENT, ENDS),
        (at("2026-10-24 12:00", KYIV), at("2026-10-24 12:00", KYIV)),  # a Saturday, if people agree on it
        (START, START),
        (START - MOMENT, ENDS),  # nothing was owed yet
    ],
)
def test_due_is_the_earlier_of_the_agreed_time_and_the_term(agreed: datetime, due: datetime) -> None:
    duty = Duty().agree(agreed)
    assert duty.o.due == due
    assert duty.o.due_text == local_text(duty.calendar.local(due), "uk")
    [row] = [row for row in duty.case.rows if isinstance(row, ObligationRow)]
    assert row.due == due


instants = st.integers(0, 240 * 86_400_000_000).map(lambda moment: at("2026-09-01 00:00", KYIV) + moment * MOMENT)
terms = st.sampled_from(
    [
        TERM,
        "24 working hours",
        "5 calendar days",
        "10 calendar days, rolled",
        "12:00 2nd working day",
        "last working day of month",
        "48 hours",
    ]
)
KYIV_HOURS = working_time(KYIV_OFFICE)


def counted(calendar: WorkingTime, item: TermToPlan) -> PlannedTerm:
    [answer] = count(calendar, PlanRequest(calendar="company", warn_fraction=0.75, language="uk", terms=(item,))).terms
    return answer


@given(instants, terms, instants, st.none() | st.tuples(instants, st.timedeltas(timedelta(0), timedelta(days=9))))
def test_any_term_any_agreed_time_any_pause(start: datetime, term: str, agreed: datetime, pause: tuple[datetime, timedelta] | None) -> None:
    pauses = () if pause is None else (Span(start=pause[0], end=pause[0] + pause[1]),)
    item = TermToPlan(key="k", term=term, start=start, pauses=pauses)
    alone, both = counted(KYIV_HOURS, item), counted(KYIV_HOURS, item.model_copy(update={"not_later_than": agreed}))
    assert both.due == (min(alone.due, agreed) if agreed >= start else alone.due)
    assert both.due_text == local_text(KYIV_HOURS.local(both.due), "uk")
    assert both.tell_at == KYIV_HOURS.next_open(both.due)
    assert both.warn_at is not None
    assert start <= both.warn_at <= both.due
    assert (both.span_from, both.span_to) == (alone.span_from, alone.span_to)
    if both.due == alone.due:
        assert both == alone.model_copy(update={"not_later_than": agreed})


days = st.dates(date(2026, 10, 1), date(2026, 11, 15))


@given(instants, instants, st.sets(days, max_size=4), st.sets(days, max_size=4))
def test_no_calendar_moves_what_is_agreed_but_for_a_term_that_ends_before_it(
    start: datetime, agreed: datetime, closed: set[date], opened: set[date]
) -> None:
    hours = ((9 * 3600, 18 * 3600),)
    other = working_time(replace(KYIV_OFFICE, closed=tuple(sorted(closed - opened)), open=tuple((day, hours) for day in sorted(opened))))
    item = TermToPlan(key="k", term=TERM, start=start, not_later_than=agreed)
    alone = counted(other, item.model_copy(update={"not_later_than": None})).due
    assert counted(other, item).due == (min(agreed, alone) if agreed >= start else alone)


def test_what_is_agreed_is_in_doubt_only_where_the_days_before_it_are() -> None:
    """Russia's decree for 2028 is not out: a term that runs into it is provisional, a time agreed before it is not."""
    hours = working_time(OFFICE)
    item = TermToPlan(key="k", term="6 working days", start=at("2027-12-28 10:00"))
    assert counted(hours, item).provisional
    known, unknown = at("2027-12-31 12:00"), at("2028-01-04 12:00")
    assert not counted(hours, item.model_copy(update={"not_later_than": known})).provisional
    assert counted(hours, item.model_copy(update={"not_later_than": unknown})).provisional


@pytest.mark.clause("onboarding 3.2")
@pytest.mark.parametrize(("after", "standing"), [(-MOMENT, "met"), (timedelta(0), "met"), (MOMENT, "met_late")])
def test_done_just_before_at_and_just_after_the_agreed_time(after: timedelta, standing: str) -> None:
    duty = Duty().agree(AGREED).go_to(AGREED + timedelta(hours=1)).do(AGREED + after)
    assert duty.o.standing == standing
    recorded = [("recorded", "2026-10-23 11:30"), ("met_late" if after > timedelta(0) else "withdrawn", "2026-10-23 11:30")]
    assert duty.entries() == recorded


def test_at_the_agreed_time_it_is_no_breach_yet_as_long_as_the_moment_lasts() -> None:
    duty = Duty().agree(AGREED)
    assert duty.go_to(AGREED - MOMENT).o.standing is Standing.OPEN
    assert duty.go_to(AGREED).o.standing is Standing.OVERDUE
    assert duty.entries() == [("recorded", "2026-10-23 11:30")]


# --- another agreement ----------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.lists(instants, min_size=1, max_size=5))
def test_after_any_agreements_the_last_one_stands_and_the_trail_tells_of_every_move(agreements: list[datetime]) -> None:
    duty, dues = Duty(), [ENDS]
    for agreed in agreements:
        if agreed <= START:
            agreed += timedelta(days=60)
        duty.agree(agreed)
        dues.append(min(ENDS, agreed))
        assert duty.o.due == dues[-1]
    moves = sum(before != due for before, due in pairwise(dues))
    assert len(duty.moves()) == moves


def test_the_trail_and_the_register_tell_of_the_move_and_why() -> None:
    duty = Duty().agree(AGREED)
    assert duty.moves() == ["3.2: пн 26.10.2026 18:00 (+02:00) → пт 23.10.2026 11:30 (+03:00) (домовлено про інший час)"]
    assert duty.case.pressing, "the digests read the register"
    duty.agree(AGREED)
    assert len(duty.moves()) == 1


def test_who_was_reminded_of_the_earlier_time_is_reminded_of_the_later_one_and_not_the_other_way() -> None:
    duty = Duty().agree(AGREED)
    duty.o.warned = True
    assert not duty.agree(ENDS).o.warned
    assert reminder_due(duty.case, duty.o, at("2026-10-26 13:00", KYIV)) is not None
    duty.o.warned = True
    assert duty.agree(at("2026-10-26 17:00", KYIV)).o.warned


def test_until_it_is_counted_anew_nothing_is_held_against_the_old_instant() -> None:
    duty = Duty().go_to(AGREED + timedelta(hours=2))
    agree(duty.case, duty.o, AGREED + timedelta(hours=1), duty.now)
    duty.case.evidence["3.2/1"] = Evidence(happened_at=duty.now, key="done")
    settle_open(duty.case, duty.now)
    assert duty.o.standing is Standing.OPEN
    assert duty.count().o.standing is Standing.MET_LATE
    assert duty.entries() == [("recorded", "2026-10-23 12:30"), ("met_late", "2026-10-23 12:30")]


def test_an_answer_to_what_was_asked_before_the_agreement_is_let_go() -> None:
    duty = Duty()
    duty.o.plan = None
    asked = duty.ask()
    agree(duty.case, duty.o, AGREED, duty.now)
    for answer in asked:
        planned(duty.case, answer, duty.now)
    assert duty.o.plan is None
    assert duty.count().o.due == AGREED


@pytest.mark.parametrize(
    ("learnt", "standing", "entries"),
    [
        (AGREED - timedelta(minutes=31), "met_late", ["recorded", "met_late"]),  # it was done half an hour before AGREED
        (AGREED - timedelta(minutes=30), "met", []),
        (AGREED - timedelta(minutes=29), "met", []),
    ],
)
def test_what_was_done_in_time_is_held_against_an_earlier_agreement_learnt_late(
    learnt: datetime, standing: str, entries: list[str]
) -> None:
    duty = Duty().go_to(AGREED).do(AGREED - timedelta(minutes=30))
    assert duty.o.standing is Standing.MET
    duty.agree(learnt)
    assert (duty.o.standing, [entry for entry, _ in duty.entries()]) == (standing, entries)


def test_a_later_agreement_learnt_late_undoes_the_breach_and_an_earlier_one_leaves_it() -> None:
    duty = Duty().agree(AGREED).go_to(AGREED + timedelta(hours=1))
    duty.agree(AGREED - timedelta(hours=1))
    assert duty.entries() == [("recorded", "2026-10-23 11:30")]
    duty.agree(AGREED + timedelta(hours=4))
    assert [entry for entry, _ in duty.entries()] == ["recorded", "withdrawn"]
    assert (duty.o.standing, duty.due) == (Standing.OPEN, "2026-10-23 15:30")
    assert duty.go_to(AGREED + timedelta(hours=4)).entries()[-1] == ("recorded", "2026-10-23 15:30")


def test_done_late_it_is_met_by_a_later_agreement_learnt_late_and_no_calendar_is_blamed() -> None:
    duty = Duty().agree(AGREED).go_to(AGREED + timedelta(hours=1)).do(AGREED + timedelta(minutes=30))
    assert duty.o.standing is Standing.MET_LATE
    assert duty.go_to(AGREED + timedelta(hours=4)).agree(AGREED + timedelta(hours=2)).o.standing is Standing.MET
    assert not moved_into_the_past(duty.o)


def test_what_was_let_go_is_no_matter_of_agreement() -> None:
    duty = Duty()
    waive(duty.case, duty.o, duty.now, "w")
    before = duty.case.model_dump_json()
    assert duty.agree(AGREED).case.model_dump_json() == before


def test_what_was_agreed_for_a_time_before_the_start_binds_once_the_start_is_learnt_to_have_been_earlier() -> None:
    duty = Duty().agree(START - timedelta(hours=1))
    assert duty.o.due == ENDS
    start_earlier(duty.case, duty.o, START - timedelta(hours=1), duty.now)
    assert duty.count().entries() == [("recorded", "2026-10-21 14:00")]


# --- with what else moves a term ------------------------------------------------------------------------------------


def test_an_extension_sets_the_agreed_time_aside_and_an_agreement_after_it_counts() -> None:
    later = at("2026-10-28 12:00", KYIV)
    duty = Duty().agree(AGREED).say(Extend, new_due=later)
    assert duty.o.due == later
    assert duty.agree(later - timedelta(hours=2)).o.due == later - timedelta(hours=2)
    assert duty.agree(later + timedelta(hours=2)).o.due == later
    duty.agree(later - timedelta(hours=1)).go_to(later - timedelta(hours=1))
    assert duty.entries() == [("recorded", "2026-10-28 11:00")]


def test_a_pause_moves_the_term_and_not_the_agreed_time() -> None:
    agreed = at("2026-10-26 09:30", KYIV)
    duty = Duty().agree(agreed).go_to(at("2026-10-22 10:00", KYIV)).say(Pause)
    assert duty.o.due is None
    duty.go_to(at("2026-10-23 10:00", KYIV)).say(Resume)
    assert duty.due == "2026-10-26 09:30"
    assert duty.agree(at("2026-11-30 10:00", KYIV)).due == "2026-10-28 18:00", "two working days were paused"


@pytest.mark.parametrize(("resumed", "due"), [("2026-10-23 11:29", "2026-10-23 11:30"), ("2026-10-23 11:30", "2026-10-28 18:00")])
def test_an_agreed_time_at_which_the_clock_stood_binds_nobody(resumed: str, due: str) -> None:
    duty = Duty().agree(AGREED).go_to(at("2026-10-22 10:00", KYIV)).say(Pause)
    duty.go_to(at(resumed, KYIV)).say(Resume)
    assert duty.due == due
    assert duty.entries() == ([("recorded", due)] if duty.now >= at(due, KYIV) else [])


def test_agreed_while_the_clock_stands_it_counts_when_the_clock_goes_on() -> None:
    duty = Duty().go_to(at("2026-10-22 10:00", KYIV)).say(Pause).agree(at("2026-10-26 10:00", KYIV))
    assert duty.o.due is None
    assert duty.go_to(at("2026-10-23 10:00", KYIV)).say(Resume).due == "2026-10-26 10:00"


def test_done_before_the_pause_it_is_done_whatever_was_agreed_in_it() -> None:
    duty = Duty().go_to(at("2026-10-22 10:00", KYIV)).say(Pause).agree(AGREED)
    assert duty.do(at("2026-10-22 09:30", KYIV)).o.standing is Standing.MET


@pytest.mark.parametrize(
    ("agreed", "closed", "opened", "due"),
    [
        ("2026-10-23 11:30", ("2026-10-23",), (), "2026-10-23 11:30"),  # the agreed day itself
        ("2026-10-26 17:00", ("2026-10-22",), (), "2026-10-26 17:00"),  # only the term ends later
        ("2026-10-27 10:00", ("2026-10-22",), (), "2026-10-27 10:00"),  # and now what was agreed is the earlier one
        ("2026-10-26 17:00", (), ("2026-10-24",), "2026-10-24 18:00"),  # now the term ends before it
    ],
)
def test_a_calendar_published_anew(agreed: str, closed: tuple[str, ...], opened: tuple[str, ...], due: str) -> None:
    duty = Duty().agree(at(agreed, KYIV))
    moves = len(duty.moves())
    before = duty.due
    duty.publish(*map(date.fromisoformat, closed), opened=tuple(map(date.fromisoformat, opened)))
    assert duty.due == due
    assert len(duty.moves()) - moves == (before != due)


def test_a_breach_of_what_was_agreed_stands_though_its_day_is_a_day_off_now() -> None:
    duty = Duty().agree(AGREED).go_to(AGREED + timedelta(hours=1)).publish(date(2026, 10, 23))
    assert duty.entries() == [("recorded", "2026-10-23 11:30")]
    assert duty.o.plan is not None
    assert duty.o.plan.calendar_version == duty.calendar.version
