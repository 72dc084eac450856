"""What stands in a manager's report and in its plans (onboarding 4.4): rows of the registers in, the lines out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from regulations.onboarding.effects import PaperToDraw
from regulations.onboarding.rows import PlannedVisitRow, ServiceClientRow, ServiceRecordRow
from regulations.wire import Wire


class Done(Wire):
    """Something that the manager did, and when its case wrote it down."""

    row: ServiceRecordRow
    learnt_at: datetime


class Kept(Wire):
    """What the registers hold of one manager."""

    manager: str
    """Its id."""
    clients: tuple[ServiceClientRow, ...]
    """Those that it serves now."""
    names: dict[str, str]
    """Id of every client that its visits name → the client's name."""
    done: tuple[Done, ...]
    """Also visits that others have made in its place."""
    visits: tuple[PlannedVisitRow, ...]
    """Also the cancelled ones."""

    def name(self, client: str) -> str:
        """The client's name; its id, where no service plan knows it."""
        return self.names.get(client, client)


class Report(Wire):
    """4.4.1: what was done."""

    done: tuple[Done, ...]
    """On the days of the report, by their hours."""
    earlier: tuple[Done, ...]
    """Before, and learnt only after the report before."""
    missed: tuple[PlannedVisitRow, ...]
    """Visits that were planned for these days, and nobody has made."""

    @property
    def minutes(self) -> int:
        """How long everything took of which that is known."""
        return sum(done.row.minutes or 0 for done in self.done)


class Plan(Wire):
    """4.4.2, 4.4.3: what is to be done."""

    visits: tuple[PlannedVisitRow, ...]
    """By their hours."""
    without_visit: tuple[ServiceClientRow, ...]
    """Clients whose update is due by the end of the period, or overdue, and to whom no visit is planned until then."""


Local = Callable[[datetime], datetime]


def report(paper: PaperToDraw, kept: Kept, reported_at: datetime | None, now: datetime, local: Local) -> Report:
    """The report of a day, as of now.

    Args:
        paper: Its days.
        kept: What the registers hold.
        reported_at: When the report before was drawn up; None: there was none.
        now: As of when.
        local: An instant in the manager's zone.
    """
    own = [done for done in kept.done if done.row.manager == kept.manager and done.row.at <= now]
    by_hour = sorted(own, key=lambda done: (done.row.at, done.row.what, done.row.id))
    return Report(
        done=tuple(done for done in by_hour if _within(paper, done.row.at, local)),
        earlier=tuple(
            done for done in by_hour if reported_at is not None and done.learnt_at > reported_at and local(done.row.at).date() < paper.since
        ),
        missed=tuple(
            visit
            for visit in _planned(kept.visits)
            if visit.at < now and _within(paper, visit.at, local) and not _made(visit, kept.done, local)
        ),
    )


def plan(paper: PaperToDraw, kept: Kept, now: datetime, local: Local) -> Plan:
    """The plan of a period, as of now; the arguments are those of `report`."""
    planned = _planned(kept.visits)
    visited = {visit.client for visit in planned if visit.at >= now and local(visit.at).date() <= paper.last}
    due = [c for c in kept.clients if c.next_update_due is not None and local(c.next_update_due).date() <= paper.last]
    return Plan(
        visits=tuple(visit for visit in planned if _within(paper, visit.at, local)),
        without_visit=tuple(
            sorted((c for c in due if c.client not in visited), key=lambda c: (c.next_update_due or now, c.name.casefold(), c.client))
        ),
    )


def _planned(visits: Iterable[PlannedVisitRow]) -> list[PlannedVisitRow]:
    """Those that are not cancelled, by their hours."""
    return sorted((visit for visit in visits if visit.state == "planned"), key=lambda visit: (visit.at, visit.client, visit.visit))


def _within(paper: PaperToDraw, at: datetime, local: Local) -> bool:
    day: date = local(at).date()
    return paper.since <= day <= paper.last


def _made(visit: PlannedVisitRow, done: Sequence[Done], local: Local) -> bool:
    """Whether it was made: under its own id whenever, or by another visit to the client on its day."""
    day = local(visit.at).date()
    made = (one.row for one in done if one.row.what == "visit" and one.row.client == visit.client)
    return any(row.id == visit.visit or local(row.at).date() == day for row in made)
