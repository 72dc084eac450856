"""What a partner's account knows: what is open now. Calls, breaches and the partner's own data are rows in registers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from regulations.case import UNMET, Evidence, Obligation
from regulations.catalogue import text
from regulations.long_clause_case import LongClauseCase
from regulations.partner.account_messages import AccountBegun, Need, Outlook, Wish
from regulations.partner.case import SUPPORT_MANAGER, PartnerCase

KIND = "partner-account"
MOST_ACTIVITIES, MOST_CALLS, MOST_EARLY, MOST_WISHES = 50, 60, 20, 20
"""What is kept: open activities, and as many that are over; calls whose duty is over; comments whose call is not known; wishes and needs of
each kind, the newest of each."""
MOST_OPEN = 100
"""Terms that may run at a time: a flood is let in part by part."""
LONGEST_TEXT = 300
"""What is kept of a wish until it is reported; the trail of what was said has no more."""


class AccountStage(StrEnum):
    """Where it stands."""

    ACTIVE = "active"
    ENDED = "ended"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Owed(_Part):
    """A duty that is opened with the case's opening, since the edition has its term."""

    key: str
    clause: str
    started_at: datetime
    learnt_at: datetime
    lost_at: datetime | None = None
    """4.1: when the last open activity ended."""


# --- 4.1 ------------------------------------------------------------------------------------------------------------


class Activity(_Part):
    """4.1: an activity of the CRM that is not over."""

    set_at: datetime
    """When it was set, or moved last."""
    planned_at: datetime
    amends: tuple[Evidence, ...] = ()
    """The newest facts that would amend a setting too far ahead."""


class Setting(_Part):
    """4.1: an activity was set, or moved: held against the limit by itself."""

    activity: str
    set_at: datetime
    planned_at: datetime
    key: str
    """Of the message."""
    amended: Evidence | None = None
    """The earliest fact after it that amends it: a reason, a setting in order, its end."""


# --- 4.2 ------------------------------------------------------------------------------------------------------------


class Call(_Part):
    """4.2: a call with the partner, and the check of its comment."""

    at: datetime
    manager: str
    commented_at: datetime | None = None
    counts: bool = False
    missing: tuple[str, ...] = ()


class Comment(_Part):
    """4.2: a comment that has come; without its text, once it has been checked."""

    key: str
    call: str | None
    at: datetime
    text: str = ""
    missing: tuple[str, ...] = ()


# --- 2.1, 2.2 -------------------------------------------------------------------------------------------------------


class Wished(_Part):
    """2.1, 2.2: a wish of the partner on its way to marketing and back."""

    what: Wish
    text: str = ""
    noted_at: datetime
    reported_at: datetime | None = None
    answered: bool = False


class Needed(_Part):
    """2.2, 2.1: what marketing needs, on its way to the partner and back."""

    what: Need
    reported_at: datetime
    answered: bool = False


# --- 8.1 ------------------------------------------------------------------------------------------------------------


class Noted(_Part):
    """8.1: the newest state of the partner."""

    noted_at: datetime
    leads: int | None = None
    meetings: int | None = None
    contracts: int | None = None
    contracts_sum: Decimal | None = None
    problem: str = ""
    urgent: bool = False
    answer: str = ""
    next_step: str = ""
    outlook: Outlook | None = None
    renewal_sum: Decimal | None = None
    renewal_on: date | None = None
    additional: str = ""
    additional_sum: Decimal | None = None


class AccountState(LongClauseCase, PartnerCase):
    """The whole durable state of a `PartnerAccount`."""

    started: AccountBegun | None = None
    """The newest data."""
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    last_contact_at: datetime | None = None
    """The last call, at first the beginning."""
    owed: list[Owed] = []
    activities: dict[str, Activity] = {}
    over: dict[str, datetime] = {}
    """Activities that are over, and since when."""
    judging: dict[str, Setting] = {}
    """By the wait at whose end the limit of 4.1 lies: settings whose limit has yet to be counted."""
    far: dict[str, Setting] = {}
    """By obligation key: settings too far ahead."""
    lapses: int = 0
    """How often the account was without an open activity."""
    calls: dict[str, Call] = {}
    calls_made: int = 0
    poor_comments: int = 0
    to_check: list[Comment] = []
    checking: str | None = None
    """Key of the comment that is being checked."""
    early: list[Comment] = []
    """Checked comments whose call is not known."""
    wishes: dict[str, Wished] = {}
    needs: dict[str, Needed] = {}
    noted: Noted | None = None
    filed: str = ""
    """Digest of the row of the register of partners as it was written last."""

    @property
    def at(self) -> AccountStage:
        return AccountStage(self.stage)

    @property
    def begun(self) -> AccountBegun:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started

    @property
    def people(self) -> dict[str, str]:
        return {SUPPORT_MANAGER: self.started.manager} if self.started is not None else {}

    def sure(self, o: Obligation) -> bool:
        """A comment that was made in time and is still being checked may yet meet 4.2."""
        if o.clause != "4.2" or o.due is None:
            return True
        return not any(c.at <= o.due and c.call in (None, o.key.partition("/")[2]) for c in self.to_check)

    def remarks(self, o: Obligation) -> list[str]:
        """Whose duty it is about, and which: there are many of one clause."""
        what, _, rest = o.key.partition("/")[2].partition("/")
        if o.clause == "4.2":
            call = self.calls.get(what)
            lacks = ", ".join(text(self.language, KIND, "part", part) for part in call.missing) if call is not None else ""
            said = text(self.language, KIND, "remark", "lacking" if lacks else "call", call=what, lacks=lacks)
        else:
            said = text(self.language, KIND, "remark", what, id=rest.partition("/")[0])
        return [self.begun.person.name, said]

    def owes(self, key: str) -> bool:
        """Whether a duty is not met yet, also one that has yet to be opened."""
        o = self.obligation(key)
        return o.standing in UNMET if o is not None else any(owed.key == key for owed in self.owed)
