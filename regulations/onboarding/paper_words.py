"""A manager's report and plans as people read them (onboarding 4.4): the sheets of the workbook, and the words of the e-mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import JsonValue

from regulations.onboarding.diary_state import KIND
from regulations.onboarding.effects import PaperToDraw
from regulations.onboarding.paper_lines import Done, Kept, Plan, Report
from regulations.onboarding.paper_titles import title
from regulations.onboarding.rows import PlannedVisitRow, ServiceClientRow
from regulations.pages import LISTED, Pages, short
from regulations.sheets import Kind, Sheet, Table


@dataclass(frozen=True)
class Heading(Pages):
    """What every page of a paper tells: whose it is, which, as of when."""

    section: ClassVar[str] = KIND
    manager: str
    paper: PaperToDraw
    made_at: datetime
    language: str
    local: Callable[[datetime], datetime]
    """An instant in the manager's zone."""

    @property
    def title(self) -> str:
        return title(self.language, self.paper)


def file_name(heading: Heading) -> str:
    """The name of a workbook. It names no person: it stands in headers of e-mails."""
    return heading.word("file", heading.paper.paper, day=f"{heading.paper.first:%Y-%m-%d}", month=f"{heading.paper.first:%Y-%m}")


# --- the workbook ---------------------------------------------------------------------------------------------------


def report_sheets(report: Report, kept: Kept, heading: Heading) -> tuple[Sheet, ...]:
    """4.4.1: what was done, what was not, what was done before and learnt only now."""
    tables = [_done(report.done, heading, "done"), _visits(report.missed, kept, heading, "missed")]
    if report.earlier:
        tables.append(_done(report.earlier, heading, "earlier"))
    return (_sheet(heading, tables),)


def plan_sheets(plan: Plan, kept: Kept, heading: Heading) -> tuple[Sheet, ...]:
    """4.4.2, 4.4.3: the visits with their times, and the clients to whom one is yet to be planned."""
    columns: tuple[tuple[str, Kind, int], ...] = (
        ("due", "instant", 17),
        ("client", "text", 36),
        ("client_id", "text", 14),
        ("last_update", "instant", 17),
        ("update_set", "text", 60),
    )
    without = Table(
        columns=tuple(heading.column(*column) for column in columns),
        rows=tuple(
            (heading.shown(c.next_update_due), c.name, c.client, heading.shown(c.last_update_at), c.update_set) for c in plan.without_visit
        ),
        caption=heading.word("caption", "without_visit"),
    )
    return (_sheet(heading, [_visits(plan.visits, kept, heading, "visits"), without]),)


def _sheet(heading: Heading, tables: Sequence[Table]) -> Sheet:
    above = (
        heading.title,
        heading.word("page", "manager", manager=heading.manager),
        heading.word("page", "made", at=heading.words_of(heading.made_at)),
    )
    return Sheet(heading.word("sheet", heading.paper.paper), tuple(tables), above)


def _done(done: Sequence[Done], heading: Heading, caption: str) -> Table:
    columns: tuple[tuple[str, Kind, int], ...] = (
        ("at", "instant", 17),
        ("client", "text", 36),
        ("client_id", "text", 14),
        ("what", "text", 24),
        ("text", "text", 60),
        ("minutes", "count", 10),
    )
    return Table(
        columns=tuple(heading.column(*column) for column in columns),
        rows=tuple(
            (heading.shown(row.at), row.client_name, row.client, heading.word("what", row.what), row.text, row.minutes)
            for row in (one.row for one in done)
        ),
        caption=heading.word("caption", caption),
    )


def _visits(visits: Sequence[PlannedVisitRow], kept: Kept, heading: Heading, caption: str) -> Table:
    columns: tuple[tuple[str, Kind, int], ...] = (
        ("at", "instant", 17),
        ("client", "text", 36),
        ("client_id", "text", 14),
        ("until", "instant", 17),
        ("purpose", "text", 60),
    )
    return Table(
        columns=tuple(heading.column(*column) for column in columns),
        rows=tuple((heading.shown(v.at), kept.name(v.client), v.client, heading.shown(_until(v)), v.purpose) for v in visits),
        caption=heading.word("caption", caption),
    )


def _until(visit: PlannedVisitRow) -> datetime | None:
    return visit.at + timedelta(minutes=visit.minutes) if visit.minutes else None


# --- the e-mail -----------------------------------------------------------------------------------------------------


def report_values(report: Report, kept: Kept, heading: Heading) -> dict[str, JsonValue]:
    """What the e-mail says of a report."""
    hours, minutes = divmod(report.minutes, 60)
    taken = heading.word("page", "taken" if hours else "taken_minutes", hours=hours, minutes=minutes) if report.minutes else ""
    sections = [_section(heading, "done", [_done_line(one, heading) for one in report.done], taken)]
    if report.missed:
        sections.append(_section(heading, "missed", [_visit_line(visit, kept, heading) for visit in report.missed]))
    if report.earlier:
        sections.append(_section(heading, "earlier", [_done_line(one, heading) for one in report.earlier]))
    return _values(heading, sections)


def plan_values(plan: Plan, kept: Kept, heading: Heading) -> dict[str, JsonValue]:
    """What the e-mail says of a plan."""
    sections = [_section(heading, "visits", [_visit_line(visit, kept, heading) for visit in plan.visits])]
    if plan.without_visit:
        sections.append(_section(heading, "without_visit", [_due_line(client, heading) for client in plan.without_visit]))
    return _values(heading, sections)


def _values(heading: Heading, sections: list[JsonValue]) -> dict[str, JsonValue]:
    return {"title": heading.title, "made": heading.words_of(heading.made_at), "sections": sections}


def _section(heading: Heading, caption: str, lines: list[str], note: str = "") -> JsonValue:
    """A list of the e-mail; one without lines says so."""
    listed: list[JsonValue] = list(lines[:LISTED])
    return {
        "caption": heading.word("caption", caption),
        "note": note,
        "lines": listed,
        "more": max(len(lines) - LISTED, 0),
        "none": "" if lines else heading.word("none", caption),
    }


def _done_line(one: Done, heading: Heading) -> str:
    row = one.row
    return short(heading.word("line", "done", at=_when(row.at, heading), client=row.client_name, what=_what(one, heading), text=row.text))


def _what(one: Done, heading: Heading) -> str:
    what = heading.word("what", one.row.what)
    return heading.word("line", "lasted", what=what, minutes=one.row.minutes) if one.row.minutes else what


def _visit_line(visit: PlannedVisitRow, kept: Kept, heading: Heading) -> str:
    until = _until(visit)
    at = _when(visit.at, heading) + (f"–{heading.local(until):%H:%M}" if until is not None else "")
    words = heading.word("line", "visit", at=at, client=kept.name(visit.client))
    return short(f"{words}: {visit.purpose}" if visit.purpose else words)


def _due_line(client: ServiceClientRow, heading: Heading) -> str:
    due = client.next_update_due
    late = due is not None and due < heading.made_at
    return short(
        heading.word("line", "overdue" if late else "due", client=client.name, due=heading.words_of(due), update_set=client.update_set)
    )


def _when(at: datetime, heading: Heading) -> str:
    """The hour alone on the day that the paper is about; else with its day."""
    local, paper = heading.local(at), heading.paper
    return f"{local:%H:%M}" if paper.first == paper.last == local.date() else heading.words_of(at)
