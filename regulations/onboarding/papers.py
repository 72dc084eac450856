"""Which papers a client manager owes next, and when the machine draws them up (onboarding 4.4).

Reads working time, so it is not for workflow code: a diary asks an activity.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from regulations.onboarding.diary_messages import CLAUSES, Paper
from regulations.onboarding.effects import DuePaper, PapersAnswer, PapersQuestion
from regulations.time.working_time import WorkingTime

DRAFT_BEFORE = "1 working hours before"
"""How long the manager has between the draft and the end of the day, or of the term where that is earlier."""
_DAY = timedelta(days=1)


def next_papers(question: PapersQuestion, calendar: WorkingTime) -> PapersAnswer:
    """4.4: the papers of the first working day on which a draft is drawn up after an instant.

    That is the report of the day (4.4.1) and the plan of the next working day (4.4.2); where that day begins another week or another month,
    the plans of that week (4.4.2) and of that month (4.4.3) too. A day off owes nothing: what is done on it, or planned for it, stands in
    the report and in the day plan of the working day after it.

    Raises:
        TermError: a term of a clause cannot be read.
        HorizonError: the calendar does not cover these years, or has no working day.
    """
    hours = calendar.hours
    day = hours.nth_working_day(calendar.local(question.after).toordinal() - 1, 1)
    while True:
        close = calendar.due("close of business", _opening(calendar, day)).at.astimezone(UTC)
        papers = tuple(paper for paper in _papers_of(calendar, day, close, question.terms) if paper.draft_at > question.after)
        if papers:
            off = tuple(known for known in question.known if hours.close_of(known.toordinal()) is None)
            return PapersAnswer(day=date.fromordinal(day), papers=papers, after=close, off=off)
        day = hours.nth_working_day(day, 1)


def _papers_of(calendar: WorkingTime, day: int, close: datetime, terms: dict[str, str]) -> list[DuePaper]:
    """All papers of a working day, by ordinal; those whose clause has no term are owed by nobody."""
    today = date.fromordinal(day)
    following = date.fromordinal(calendar.hours.nth_working_day(day, 1))
    before = date.fromordinal(calendar.hours.nth_working_day(day, -1))
    periods: list[tuple[Paper, date, date, date]] = [
        ("day_report", before + _DAY, today, today),
        ("day_plan", today + _DAY, following, following),
    ]
    if (week := following - following.weekday() * _DAY) > today:
        periods.append(("week_plan", week, week, week + 6 * _DAY))
    if (month := following.replace(day=1)) > today:
        periods.append(("month_plan", month, month, (month + 31 * _DAY).replace(day=1) - _DAY))
    start = _opening(calendar, day)
    return [
        DuePaper(
            paper=paper,
            since=since,
            first=first,
            last=last,
            draft_at=_draft_at(calendar, terms[CLAUSES[paper]], start, close),
            start=start,
        )
        for paper, since, first, last in periods
        if CLAUSES[paper] in terms
    ]


def _opening(calendar: WorkingTime, day: int) -> datetime:
    """The first working instant of a working day."""
    midnight = calendar.local(datetime.combine(date.fromordinal(day), time()))
    return calendar.next_open(midnight).astimezone(UTC)


def _draft_at(calendar: WorkingTime, term: str, start: datetime, close: datetime) -> datetime:
    """A working hour before the paper is due, or before the day closes where it is due later; never before the day begins."""
    end = min(calendar.due(term, start).at.astimezone(UTC), close)
    return max(calendar.due(DRAFT_BEFORE, end).at.astimezone(UTC), start)
