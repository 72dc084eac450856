"""Rows of the registers for a manager's report and plans: clients, what was done, planned visits."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from regulations.onboarding.effects import PaperToDraw
from regulations.onboarding.paper_lines import Done, Kept
from regulations.onboarding.rows import PlannedVisitRow, ServiceClientRow, ServiceRecordRow
from tests.regulations.course import KYIV, at

NOW = at("2026-11-17 17:00", KYIV)
"""A Tuesday, an hour before the close."""
NAMES = {"c-1": "ТОВ «Ромашка»", "c-2": "ПП «Волошка»"}


def kyiv(moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(KYIV))


def client(id: str = "c-1", due: str | None = "2026-11-20 18:00", **fields: Any) -> ServiceClientRow:
    """A client whose update is due on Friday."""
    given = {
        "seq": 1,
        "client": id,
        "name": NAMES.get(id, id),
        "contract": "D-1",
        "manager": "u41",
        "group_head": "u21",
        "zone": KYIV,
        "active": True,
        "begun_at": NOW - timedelta(days=60),
        "installed_at": NOW - timedelta(days=60),
        "update_set": "комплект «Законодавство»",
        "next_update_due": at(due, KYIV) if due else None,
    }
    return ServiceClientRow.model_validate({**given, **fields})


def record(when: str, what: str = "visit", id: str = "v-1", **fields: Any) -> ServiceRecordRow:
    given = {
        "seq": 1,
        "what": what,
        "id": id,
        "client": "c-1",
        "client_name": NAMES["c-1"],
        "manager": "u41",
        "at": at(when, KYIV),
        "text": "оновлено комплект",
    }
    return ServiceRecordRow.model_validate({**given, **fields})


def done(when: str, what: str = "visit", id: str = "v-1", learnt: str | None = None, **fields: Any) -> Done:
    """Written down at once, unless it is said when it was learnt."""
    row = record(when, what, id, **fields)
    return Done(row=row, learnt_at=at(learnt, KYIV) if learnt else row.at)


def visit(when: str, id: str = "v-1", **fields: Any) -> PlannedVisitRow:
    given = {"seq": 1, "visit": id, "manager": "u41", "client": "c-1", "at": at(when, KYIV)}
    return PlannedVisitRow.model_validate({**given, **fields})


def kept(clients: tuple[ServiceClientRow, ...] = (), done: tuple[Done, ...] = (), visits: tuple[PlannedVisitRow, ...] = ()) -> Kept:
    return Kept(manager="u41", clients=clients, names=NAMES, done=done, visits=visits)


def report_of(day: str = "2026-11-17", since: str | None = None) -> PaperToDraw:
    on = date.fromisoformat(day)
    return PaperToDraw(paper="day_report", since=date.fromisoformat(since) if since else on, first=on, last=on)


def week_of(day: str = "2026-11-23") -> PaperToDraw:
    first = date.fromisoformat(day)
    return PaperToDraw(paper="week_plan", since=first, first=first, last=first + timedelta(days=6))


def day_of(day: str = "2026-11-18", since: str | None = None) -> PaperToDraw:
    first = date.fromisoformat(day)
    return PaperToDraw(paper="day_plan", since=date.fromisoformat(since) if since else first, first=first, last=first)
