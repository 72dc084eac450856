"""The messages of a client manager's diary (``service-diary/{manager}``): the report and the plans of 4.4, which are the manager's, not
a client's."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from regulations import messages as m
from regulations.onboarding.messages import KYIV
from regulations.onboarding.slip_messages import Zone

Paper = Literal["day_report", "day_plan", "week_plan", "month_plan"]
"""4.4.1; 4.4.2 thrice. The monthly plan is that of 4.4.3 as well: drawn up and handed over at once."""


class OfDiary(m.Message):
    """A message to the diary of one client manager."""

    manager: m.Ident


class DiaryBegun(OfDiary):
    """The manager serves clients from now on; told by its first service plan, or through a door. Told again, the newest data stand."""

    group_head: m.Ident | None = None
    zone: Zone = KYIV


class VisitPlanned(OfDiary):
    """4.4.2: a visit is planned, with its time. The same visit again: it was moved."""

    visit: m.Ident
    client: m.Ident
    at: m.Instant
    minutes: int | None = Field(None, ge=1, le=1440)
    purpose: m.Line | None = None
    by: m.Actor


class VisitCancelled(OfDiary):
    """A planned visit does not take place."""

    visit: m.Ident
    reason: m.Reason
    by: m.Actor


class PaperConfirmed(OfDiary):
    """4.4: the manager confirms what the machine has drawn up; it goes to the group head."""

    paper: Paper
    first: date
    """The day of the report; the first day of the plan's period."""
    remark: m.Text = ""
    by: m.Actor


class DiaryEnded(OfDiary):
    """The manager serves no clients any more, by the group head."""

    reason: m.Reason
    by: m.Actor


class WaiveOfDiary(m.Waive, OfDiary):
    """Lets an obligation go."""


class ExtendOfDiary(m.Extend, OfDiary):
    """Sets a later due instant."""


class PauseOfDiary(m.Pause, OfDiary):
    """Stops the clock of an obligation."""


class ResumeOfDiary(m.Resume, OfDiary):
    """The clock goes on."""
