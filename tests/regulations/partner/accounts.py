"""A partner's account that runs its course in memory.

The check of a comment is stood in for: a part is there when its name is in the text, and empty when it stands in brackets.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from regulations.messages import Actor
from regulations.partner.account_decisions import Decision, decide
from regulations.partner.account_facts import apply, learn_comment
from regulations.partner.account_messages import (
    AccountBegun,
    AccountEnded,
    ActivityDone,
    ActivityReasonGiven,
    ActivitySet,
    CallMade,
    Commented,
)
from regulations.partner.account_state import KIND, AccountStage, AccountState
from regulations.partner.effects import PARTS, CommentQuestion, CommentVerdict
from regulations.partner.rows import CallRow, PartnerRow
from regulations.rows import NoticeRow, ObligationRow
from regulations.time.calendar_spec import CalendarSpec
from tests.regulations.course import OFFICE, Course

MONDAY = "2026-11-16 12:00"
MANAGER, OTHER = Actor(id="u12", role="support_manager"), Actor(id="u15", role="support_manager")
HEAD = Actor(id="u1", role="head_of_support")
MARKETER, HEAD_OF_MARKETERS = Actor(id="m1", role="marketing"), Actor(id="m9", role="head_of_marketing")
ROLES = ("support_manager", "support_manager:u12", "support_manager:u15", "head_of_support", "marketing", "head_of_marketing")
ROMASHKA: dict[str, Any] = {"id": "p-7", "name": "ООО «Ромашка»", "email": "partner@example.org"}
GOOD, POOR = "was now plans", "was (now)"
"""A comment that counts; one whose second part is empty, and whose third is missing."""


def verdict_of(question: CommentQuestion) -> CommentVerdict:
    """What the check says."""
    empty = tuple(part for part in PARTS if f"({part})" in question.text)
    return CommentVerdict(missing=tuple(part for part in PARTS if part not in question.text), empty=empty)


class Account(Course[AccountState, Decision]):
    """One account with its own clock. Silent may be: check."""

    def __init__(self, start: str | datetime = MONDAY, calendar: CalendarSpec = OFFICE, *, begin: bool = True) -> None:
        state = AccountState(kind=KIND, address="partner/p-7/account", uid="uid-1", stage=AccountStage.ACTIVE)
        super().__init__(start, state, apply, decide, ROLES, {"partner": "p-7"}, calendar)
        self.checks: list[CommentQuestion] = []
        if begin:
            self.begin()

    def act(self, decision: Decision) -> None:
        if (check := decision.check) is not None:
            self.checks.append(check)
            self.when("check", lambda: learn_comment(self.state, check, verdict_of(check), self.now))

    def begin(self, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(AccountBegun, happened, **{"person": ROMASHKA, "manager": "u12", **fields})

    def set(self, activity: str, planned_at: datetime, happened: datetime | None = None, reason: str = "") -> Self:
        return self.say(ActivitySet, happened, activity=activity, planned_at=planned_at, reason=reason)

    def soon(self, activity: str = "a-soon") -> Self:
        """An activity in order, so that the rhythm is kept."""
        return self.set(activity, self.now + timedelta(days=1))

    def explain(self, activity: str, happened: datetime | None = None) -> Self:
        return self.say(ActivityReasonGiven, happened, activity=activity, reason="партнёр в отпуске")

    def done(self, activity: str, happened: datetime | None = None) -> Self:
        return self.say(ActivityDone, happened, activity=activity)

    def call(self, call: str = "c-1", happened: datetime | None = None) -> Self:
        return self.say(CallMade, happened, call=call)

    def comment(self, text: str = GOOD, call: str | None = "c-1", happened: datetime | None = None) -> Self:
        return self.say(Commented, happened, call=call, text=text)

    def end(self, happened: datetime | None = None) -> Self:
        return self.say(AccountEnded, happened, reason="партнёр ушёл", by=HEAD)

    # --- what is asked in tests

    def far(self, activity: str) -> list[str]:
        """Where the settings of an activity that were too far ahead stand, in order."""
        prefix = f"4.1/far/{activity}/"
        return [o.standing.value for o in self.state.obligations if o.key.startswith(prefix)]

    def said(self, role: str, kinds: Sequence[str] = ("warning", "ended")) -> list[str]:
        """The texts of the notices to a role that are about what was said: those of these kinds, without reminders."""
        return [row.text for row in self.of(NoticeRow) if row.role == role and row.kind in kinds and "#" in row.key]

    def opened(self) -> frozenset[str]:
        """Keys of all duties that ever were."""
        return frozenset(row.key for row in self.of(ObligationRow))

    def partner(self) -> PartnerRow:
        """The partner's row as it stands in its register."""
        return max(self.of(PartnerRow), key=lambda row: row.seq)

    def call_row(self, call: str = "c-1") -> CallRow:
        """The call's row as it stands in its register."""
        return max((row for row in self.of(CallRow) if row.call == call), key=lambda row: row.seq)
