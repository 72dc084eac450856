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
CLAUSES: dict[Paper, str] = {"day_report": "4.4.1", "day_plan": "4.4.2", "week_plan": "4.4.2", "month_plan": "4.4.3"}
"""Under which clause each is owed."""


class OfDiary(m.Message):
    """A message to the diary of one client manager."""

    manager: m.Ident


class DiaryBegun(OfDiary):
    """The manager serves clients from now on; told by its first service plan, or through a door. Told again, the newest data stand."""

    group_head: m.Ident | None = None
    """To whom its papers go; None: whoever was named before, else whoever has the role."""
    zone: Zone = KYIV
    """Whose calendar says which days are the manager's working days. That of the first telling stands, wherever later clients are."""


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
    """4.4: the manager confirms what the machine has drawn up; it goes to the group head. Before the draft, it is drawn up at once."""

    paper: Paper | None = None
    """None: the report of a day and every plan that is owed on it."""
    first: date
    """The day of the report; the first day of the plan's period; without ``paper`` the working day."""
    remark: m.Text = ""
    by: m.Actor


class DiaryEnded(OfDiary):
    """The manager serves no clients any more, by the group head."""

    reason: m.Reason
    by: m.Actor


class OfPaper(OfDiary):
    """A decision about one of the papers that a clause has; without a name the one whose clock stands, else that of today."""

    paper: Paper | None = None
    first: date | None = None
    """As `PaperConfirmed` has it."""


class WaiveOfDiary(m.Waive, OfPaper):
    """Lets an obligation go."""


class ExtendOfDiary(m.Extend, OfPaper):
    """Sets a later due instant."""


class PauseOfDiary(m.Pause, OfPaper):
    """Stops the clock of an obligation."""


class ResumeOfDiary(m.Resume, OfPaper):
    """The clock goes on."""
