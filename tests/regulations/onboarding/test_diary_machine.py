"""Whatever is confirmed, missed and let go in whatever order: each paper reaches the group head once confirmed, or once as a draft."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.case import UNMET, Refusal, Standing
from regulations.messages import CalendarChanged
from regulations.onboarding.diary_messages import PaperConfirmed, WaiveOfDiary
from regulations.time.working_time import working_time
from tests.regulations.course import KYIV_OFFICE
from tests.regulations.onboarding.diaries import HEAD, Diary, diary

STEPS = st.one_of(
    st.tuples(st.just("pass"), st.integers(1, 40), st.just(0)),
    st.tuples(st.just("pass"), st.integers(1, 40), st.just(0)),
    st.tuples(st.just("away"), st.integers(1, 80), st.just(0)),
    st.tuples(st.just("confirm"), st.integers(0, 9), st.integers(0, 20)),
    st.tuples(st.just("confirm_all"), st.integers(0, 9), st.integers(0, 20)),
    st.tuples(st.just("waive"), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("visit"), st.integers(0, 3), st.integers(1, 60)),
    st.tuples(st.just("close"), st.integers(0, 2), st.just(0)),
    st.tuples(st.sampled_from(["draw", "post", "calendar", "registers"]), st.just(0), st.just(0)),
)


def step(case: Diary, what: str, first: int, second: int) -> None:
    """One thing that happens; what the rules refuse happens not."""
    papers = case.state.papers
    paper = papers[first % len(papers)] if papers else None
    match what:
        case "pass":
            case.go(hours=first)
        case "away":
            case.asleep_until(case.now + timedelta(hours=first))
        case "confirm" | "confirm_all" if paper is not None:
            name, day = (paper.due.paper, paper.due.first) if what == "confirm" else (None, paper.day)
            case.say(PaperConfirmed, case.now - timedelta(hours=second), paper=name, first=day)
        case "waive" if paper is not None:
            clause = case.state.duty_of(paper).clause
            case.say(WaiveOfDiary, clause=clause, paper=paper.due.paper, first=paper.due.first, reason="хвороба", by=HEAD)
        case "visit":
            case.visit(f"v-{first}", case.local(case.now + timedelta(hours=second)))
        case "close":
            days = (*case.calendar.spec.closed, (case.now + timedelta(days=first)).date())
            case.calendar = working_time(replace(KYIV_OFFICE, closed=tuple(sorted(set(days)))))
            told = {"calendar": "company", "version": case.calendar.version}
            case.say(CalendarChanged, None, settle=True, changed=days[-1:], closed=days[-1:], **told)
        case "draw" | "post" | "calendar" | "registers":
            case.silent ^= {what}
            if what not in case.silent:
                case.answer(what)


@pytest.mark.clause("onboarding 4.4")
@settings(max_examples=40)
@given(st.lists(STEPS, min_size=1, max_size=14))
def test_each_paper_is_handed_over_confirmed_or_shown_as_a_draft_and_never_twice(steps: list[tuple[str, int, int]]) -> None:
    case = diary()
    case.careful = False
    for what, first, second in steps:
        try:
            step(case, what, first, second)
        except Refusal as refusal:
            if refusal.type not in ("ImpossibleDate", "Outdated", "NoSuchPaper"):
                raise
    case.back().run()
    keys = [letter.key for letter in case.letters]
    assert len(keys) == len(set(keys))
    handed = Counter((mark, letter.template.partition("/")[2]) for letter in case.letters for mark in letter.key.split("#")[2].split("+"))
    assert max(handed.values(), default=1) == 1, "each paper stands in one draft, one confirmed and one unconfirmed letter at most"
    for paper in case.state.papers:
        standing = case.state.duty_of(paper).standing
        assert standing in UNMET
        assert paper.confirmed_at is None, "what is confirmed has been handed over, and is over"
        assert paper.shown or standing is Standing.OPEN, "what is overdue has been shown to the group head"
    for duty in case.state.obligations:
        confirmed = handed[f"{duty.key}@confirmed", "papers"]
        assert confirmed == (duty.standing in (Standing.MET, Standing.MET_LATE))
        assert handed[f"{duty.key}@unconfirmed", "papers"] <= bool(case.entries(duty.key))
    assert case.state.open_papers(), "there are always papers that are owed"
    assert case.wake_at is not None
    closed = set(case.calendar.spec.closed)
    assert not {paper.day for paper in case.state.open_papers()} & closed, "a day off owes nothing"
