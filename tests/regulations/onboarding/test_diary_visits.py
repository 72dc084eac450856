"""Visits that a manager plans (onboarding 4.4.2): moved, cancelled, and written before any paper is drawn up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulations.messages import Actor
from regulations.onboarding.diary_decisions import MOST_ROWS
from regulations.onboarding.diary_messages import VisitCancelled, VisitPlanned
from regulations.onboarding.diary_state import MOST_VISITS
from regulations.onboarding.rows import PlannedVisitRow
from tests.regulations.onboarding.diaries import HEAD, Diary, diary

MON, TUE = "2026-11-16", "2026-11-17"


def visits(case: Diary) -> list[tuple[str, str, str]]:
    """The rows of the register as they were written: visit, when, state."""
    return [(row.visit, case.local(row.at), row.state) for row in case.of(PlannedVisitRow)]


@pytest.mark.clause("onboarding 4.4.2")
def test_a_visit_is_planned_moved_and_cancelled() -> None:
    case = diary().visit("v-1", f"{TUE} 10:00", minutes=60, purpose="оновлення")
    (row,) = case.of(PlannedVisitRow)
    assert (row.manager, row.client, row.minutes, row.purpose) == ("u41", "c-1", 60, "оновлення")
    case.visit("v-1", f"{TUE} 15:00", by=HEAD).cancel("v-1")
    assert visits(case) == [("v-1", f"{TUE} 10:00", "planned"), ("v-1", f"{TUE} 15:00", "planned"), ("v-1", f"{TUE} 15:00", "cancelled")]
    assert len({row.seq for row in case.of(PlannedVisitRow)}) == 3
    assert case.visit("v-1", f"{TUE} 16:00").state.visits.keys() == {"v-1"}


@pytest.mark.clause("onboarding 4.4.2")
def test_a_plan_is_drawn_up_from_registers_that_hold_every_visit() -> None:
    """The row of a visit rides along; the drafts wait for it, and for nothing else."""
    case = diary()
    case.silent.add("registers")
    case.visit("v-1", f"{TUE} 10:00").visit("v-1", f"{TUE} 11:00")
    assert not case.state.pressing
    case.go_to(f"{MON} 17:00")
    assert case.state.pressing
    assert (case.draws, case.sent()) == ([], [])
    case.silent.discard("registers")
    case.run()
    assert visits(case) == [("v-1", f"{TUE} 11:00", "planned")], "the newest alone is written"
    assert len(case.draws) == 1


@pytest.mark.clause("onboarding 4.4.2")
def test_rows_that_ride_along_are_written_once_there_are_many() -> None:
    case = diary()
    case.silent.add("registers")
    written = len(case.state.rows)
    for number in range(MOST_ROWS - written - 1):
        case.visit(f"v-{number}", f"{TUE} 10:00")
    assert not case.state.pressing
    assert case.visit("v-last", f"{TUE} 10:00").state.pressing


@pytest.mark.clause("onboarding 4.4.2")
def test_what_is_no_plan_of_a_visit_is_refused() -> None:
    case = diary()
    assert case.refused(VisitPlanned, visit="v-1", client="c-1", at=case.at(f"{MON} 09:54:59")) == "PastVisit"
    assert case.refused(VisitPlanned, visit="v-1", client="c-1", at=case.now + timedelta(days=367)) == "TooFar"
    stranger = Actor(id="a1", role="accountant")
    assert case.refused(VisitPlanned, visit="v-1", client="c-1", at=case.now, by=stranger) == "NotYours"
    assert case.refused(VisitCancelled, visit="v-1", reason="клієнт попросив") == "NoSuchVisit"
    case.visit("v-1", f"{TUE} 10:00")
    assert case.refused(VisitCancelled, visit="v-1", reason="клієнт попросив", by=stranger) == "NotYours"
    earlier = case.now - timedelta(minutes=1)
    assert case.refused(VisitPlanned, earlier, visit="v-1", client="c-1", at=case.at(f"{TUE} 09:00")) == "Outdated"


@pytest.mark.clause("onboarding 4.4.2")
def test_a_visit_is_forgotten_a_week_after_its_hour() -> None:
    case = diary().visit("v-1", f"{TUE} 10:00")
    case.go_to("2026-11-24 09:59:59").run()
    assert list(case.state.visits) == ["v-1"]
    case.go_to("2026-11-24 10:00:00").run()
    assert case.state.visits == {}
    assert case.refused(VisitCancelled, visit="v-1", reason="клієнт попросив") == "NoSuchVisit"


@pytest.mark.clause("onboarding 4.4.2")
def test_no_manager_plans_more_visits_than_a_case_can_carry() -> None:
    case = diary()
    case.careful = False
    state = case.visit("v-0", f"{TUE} 10:00").state
    state.visits |= {f"v-{number}": state.visits["v-0"] for number in range(MOST_VISITS)}
    assert case.refused(VisitPlanned, visit="v-more", client="c-1", at=case.at(f"{TUE} 10:00")) == "TooManyVisits"
    assert len(case.visit("v-7", f"{TUE} 12:00").cancel("v-8").visit("v-more", f"{TUE} 10:00").state.visits) == MOST_VISITS
    assert len(case.state.carried().model_dump_json()) < 150_000
