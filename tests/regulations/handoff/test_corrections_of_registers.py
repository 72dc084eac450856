"""What a late fact leaves alone, what it changes in the register of accepted clients, and that order and repeats do not matter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulations.handoff.corrections import (
    CLAUSES,
)
from regulations.handoff.rows import AcceptedClientRow
from regulations.messages import (
    AccessGranted,
    Actor,
    ClosingDocumentsSigned,
    ContractSigned,
    FirstContact,
    Message,
    RequestReceived,
    TrainingDone,
    Waive,
)
from regulations.rows import BreachEntry, BreachRow, CorrectionRow, IncidentRow, NoticeRow, ObligationRow
from tests.regulations.course import at
from tests.regulations.handoff.corrected import (
    CONTACT_DUE,
    MONDAY,
    REQUEST_DUE,
    SECOND,
    Registers,
    fact,
    withdraw,
    without_contact,
    without_request,
)
from tests.regulations.handoff.course import Course

# --- nothing to correct ------------------------------------------------------------------------------------------------


def test_a_fact_about_a_duty_that_was_met_is_written_down_only() -> None:
    course = Course(MONDAY).transferred()
    course.say(FirstContact)
    registers = withdraw(course)
    rows = registers.correct(fact(FirstContact, MONDAY + timedelta(days=6))).rows
    assert [type(row) for row in rows] == [CorrectionRow]
    assert registers.state("2.2.4/1") == "met"


def test_a_duty_let_go_in_time_stays_let_go() -> None:
    registers = withdraw(Course(MONDAY).transferred())
    rows = registers.correct(fact(FirstContact, MONDAY + timedelta(hours=2))).rows
    assert [type(row) for row in rows] == [CorrectionRow]
    assert registers.state("2.2.4/1") == "waived"


def test_a_duty_that_the_case_never_had() -> None:
    registers = without_request()
    correction = registers.correct(fact(ContractSigned, MONDAY))
    assert (correction.corrected.results, len(correction.rows)) == ({"2.2.1": "recorded"}, 1)


@pytest.mark.parametrize(("before", "result"), [(86400, "withdrawn"), (86401, "recorded")])
def test_a_date_before_the_sale_by_more_than_a_day_corrects_nothing(before: int, result: str) -> None:
    registers = without_contact()
    correction = registers.correct(fact(FirstContact, MONDAY - timedelta(seconds=before)))
    assert correction.corrected.results == {"2.2.4": result}
    assert registers.state("2.2.4/1") == ("met" if result == "withdrawn" else "waived")
    whats = [r.what for r in registers.of(IncidentRow)]
    told = [n.role for n in registers.of(NoticeRow) if n.kind == "incident"]
    assert (whats, told) == (([], []) if result == "withdrawn" else (["fact_before_sale"], ["cc_head"]))


# --- the register of accepted clients -----------------------------------------------------------------------------------


def _done() -> Course:
    """A handoff accepted and done, without access."""
    course = Course(MONDAY).transferred()
    course.accept()
    course.go(hours=1)
    course.say(Waive, clause="2.1.2", reason="клиент отказался", by=Actor(id="u5", role="senior_regional_manager"))
    for kind in (FirstContact, ContractSigned, TrainingDone, ClosingDocumentsSigned):
        course.say(kind)
    course.run()
    assert course.state.outcome == "done"
    return course


@pytest.mark.clause("handoff 4.2")
def test_an_access_learnt_of_after_the_end_stands_in_the_register() -> None:
    registers = Registers(_done())
    granted = at("2026-11-20 09:00")
    registers.correct(fact(AccessGranted, granted, starts_on="2026-12-01"))
    [client] = registers.of(AcceptedClientRow)
    assert (client.access_granted_at, client.tariff, str(client.tariff_starts_on)) == (granted, "bureau-12", "2026-12-01")
    earlier = registers.correct(fact(AccessGranted, granted - timedelta(days=1), key="fact-2"))
    assert any(isinstance(row, AcceptedClientRow) for row in earlier.rows)
    later = registers.correct(fact(AccessGranted, granted, key="fact-3"))
    assert not any(isinstance(row, AcceptedClientRow) for row in later.rows), "the earliest grant stands"
    assert registers.of(AcceptedClientRow)[0].access_granted_at == granted - timedelta(days=1)


@pytest.mark.clause("handoff 4.4")
def test_an_earlier_first_contact_stands_in_the_register() -> None:
    registers = Registers(_done())
    registers.correct(fact(FirstContact, MONDAY + timedelta(minutes=5)))
    assert registers.of(AcceptedClientRow)[0].first_contact_at == MONDAY + timedelta(minutes=5)
    registers.correct(fact(FirstContact, MONDAY + timedelta(minutes=50), key="fact-2"))
    assert registers.of(AcceptedClientRow)[0].first_contact_at == MONDAY + timedelta(minutes=5)


def test_a_reversed_acceptance_is_not_touched() -> None:
    course = Course(MONDAY).transferred()
    course.accept()
    registers = withdraw(course)
    rows = registers.correct(fact(AccessGranted, MONDAY + timedelta(hours=1))).rows
    assert not any(isinstance(row, AcceptedClientRow) for row in rows)


# --- twice, in any order, and as if it had been known -------------------------------------------------------------------


@pytest.mark.parametrize("message", [fact(FirstContact, CONTACT_DUE), fact(FirstContact, CONTACT_DUE + SECOND)])
def test_a_repeat_gives_the_same_answer_and_changes_nothing(message: Message) -> None:
    registers = without_contact()
    first = registers.correct(message).corrected
    again = registers.correct(message)
    assert (again.rows, again.corrected) == ([], first)


def test_a_repeat_gives_the_same_letter() -> None:
    registers = without_request()
    first = registers.correct(fact(RequestReceived, REQUEST_DUE)).corrected
    again = registers.correct(fact(RequestReceived, REQUEST_DUE))
    assert (again.rows, again.corrected.letter) == ([], first.letter)


@given(
    facts=st.lists(
        st.tuples(st.sampled_from([FirstContact, RequestReceived, AccessGranted, TrainingDone]), st.integers(-86400, 6 * 86400)),
        min_size=2,
        max_size=4,
    ).flatmap(lambda facts: st.tuples(st.just(list(enumerate(facts))), st.permutations(list(enumerate(facts)))))
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_facts_in_any_order_give_the_same_end(facts: Any) -> None:
    ends = []
    for order in facts:
        registers = Registers(_MISSED)
        for number, (kind, seconds) in order:
            registers.correct(fact(kind, MONDAY + timedelta(seconds=seconds), key=f"fact-{number}"))
        ends.append(
            (
                {o.key: (o.state, o.met_at) for o in registers.of(ObligationRow)},
                {b.key for b in registers.of(BreachRow) if b.entry is BreachEntry.WITHDRAWN},
                {c.key: c.what for c in registers.of(CorrectionRow)},
            )
        )
    assert ends[0] == ends[1]


def _missed() -> Course:
    course = Course(MONDAY).paid()
    course.go_to(at("2026-11-18 09:00"))
    course.request()
    course.go_to(at("2026-12-10 09:00"))
    return withdraw(course).course


_MISSED = _missed()


@pytest.mark.clause("handoff 2.2.4")
@pytest.mark.parametrize("play", ["one round", "two rounds"])
@pytest.mark.parametrize("happened", ["2026-11-16 11:00", "2026-11-18 16:00", "2026-11-25 10:00", "2026-11-30 12:00"])
def test_it_comes_out_as_if_it_had_been_known_before_the_end(play: str, happened: str) -> None:
    """What stands against a duty does not hang on whether its fact came before the end of the case or after it."""

    def run(course: Course) -> Course:
        course.go_to(at("2026-11-19 12:00"))
        if play == "two rounds":
            course.give_back()
            course.go_to(at("2026-11-23 10:00"))
            course.request()
        course.go_to(at("2026-12-07 10:00"))
        return course

    def standing(registers: Registers) -> dict[str, bool]:
        entries: Callable[[str], list[str]] = registers.entries
        return {o.key: "withdrawn" not in entries(o.key) for o in registers.of(ObligationRow) if entries(o.key) and o.clause == "2.2.4"}

    told = run(Course(MONDAY).transferred())
    told.say(FirstContact, at(happened))
    known = withdraw(told)
    learnt_late = withdraw(run(Course(MONDAY).transferred()))
    learnt_late.correct(fact(FirstContact, at(happened)))
    last = "2.2.4/2" if play == "two rounds" else "2.2.4/1"
    assert learnt_late.state(last) == known.state(last)
    assert standing(learnt_late)[last] == standing(known)[last]


def test_every_fact_has_its_words() -> None:
    from regulations.catalogue import text

    for what in CLAUSES:
        assert text("ru", "handoff", "fact", what) != what
