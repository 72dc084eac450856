"""A partner's account that runs its course in memory: the docket's pure functions, really counted terms, with a clock of its own.

The check of a comment is stood in for: a part is there when its name is in the text, and empty when it stands in brackets.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Self

import pytest

from regulations.calendar_spec import CalendarSpec
from regulations.case import Obligation, Refusal
from regulations.clocks import planned, terms_to_plan
from regulations.counting import count
from regulations.messages import Actor, Message
from regulations.partner.account_decisions import decide
from regulations.partner.account_facts import apply, learn_comment
from regulations.partner.account_messages import (
    AccountBegun,
    AccountEnded,
    ActivityDone,
    ActivityReasonGiven,
    ActivitySet,
    CallMade,
    Commented,
    OfAccount,
)
from regulations.partner.account_state import KIND, AccountStage, AccountState
from regulations.partner.effects import PARTS, CommentQuestion, CommentVerdict
from regulations.plans import Address, Opening, OpeningRequest, PlanRequest, person_of
from regulations.rows import AnyRow, BreachRow, CallRow, IncidentRow, NoticeRow, ObligationRow, PartnerRow
from regulations.working_time import working_time
from tests.regulations.careful import decided
from tests.regulations.partner.intakes import EDITIONS, OFFICE, at

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


class Account:
    """One account with its own clock."""

    def __init__(self, start: str | datetime = MONDAY, calendar: CalendarSpec = OFFICE, *, begin: bool = True) -> None:
        self.now = at(start) if isinstance(start, str) else start
        self.calendar = working_time(calendar)
        self.state = AccountState(kind=KIND, address="partner/p-7/account", uid="uid-1", stage=AccountStage.ACTIVE)
        self.roles = set(ROLES)
        """The roles that the company's file names."""
        self.silent = False
        """The check of comments takes its time: `answer` gives what it says."""
        self.careful = True
        """Proves at every step that deciding is pure, does nothing twice, and survives being written down."""
        self.checks: list[CommentQuestion] = []
        self.asked: list[OpeningRequest] = []
        self.rows: list[AnyRow] = []
        self.wake_at: datetime | None = None
        self.keys = itertools.count(1)
        if begin:
            self.begin()

    # --- what happens

    def message(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Message:
        """A message of a kind with a fresh key, to this account."""
        given: dict[str, Any] = {"key": f"k{next(self.keys)}", "happened_at": happened or self.now, **fields}
        if issubclass(kind, OfAccount):
            given = {"partner": "p-7", **given}
        return kind.model_validate(given)

    def deliver(self, *messages: Message) -> Self:
        """Applies messages at the present moment, all of them before anything is decided; a refusal is raised and leaves no trace."""
        for message in messages:
            state = self.state.model_copy(deep=True)
            apply(state, message, self.now)
            self.state = state
        return self.run()

    def say(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Self:
        """Delivers a message of a kind with a fresh key."""
        return self.deliver(self.message(kind, happened, **fields))

    def refused(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> str:
        """The type of the refusal; the state must be as before."""
        before = self.state.model_dump_json()
        with pytest.raises(Refusal) as refusal:
            self.deliver(self.message(kind, happened, **fields))
        assert self.state.model_dump_json() == before
        return refusal.value.type

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

    def go_to(self, moment: str | datetime) -> Self:
        """Moves the clock, stopping at every instant at which the case wakes by itself."""
        until = at(moment) if isinstance(moment, str) else moment
        while self.wake_at is not None and self.wake_at <= until:
            self.now = self.wake_at
            self.run()
        self.now = until
        return self

    def go(self, **delta: float) -> Self:
        return self.go_to(self.now + timedelta(**delta))

    def answer(self) -> Self:
        """The check under way says what it found."""
        learn_comment(self.state, self.checks[-1], verdict_of(self.checks[-1]), self.now)
        return self.run()

    # --- the docket's steps

    def run(self) -> Self:
        """Counts, decides and acts until nothing is left to do now."""
        for _ in range(2_000):
            self._open_and_count()
            decision = decided(decide, self.state, self.now) if self.careful else decide(self.state, self.now)
            self.state, self.wake_at = decision.state, decision.wake_at
            if any(True for _ in terms_to_plan(self.state, self.now)):
                self._act(decision.check)
                continue
            self.rows += self.state.rows
            self.state.rows, self.state.pressing = [], False
            if not self._act(decision.check):
                assert self.wake_at is None or self.wake_at > self.now
                return self
        raise AssertionError("the case does not come to rest")

    def _act(self, check: CommentQuestion | None) -> bool:
        if check is None:
            return False
        self.checks.append(check)
        if not self.silent:
            learn_comment(self.state, check, verdict_of(check), self.now)
        return not self.silent

    def _open_and_count(self) -> None:
        if self.state.opening is None or self.state.opening_stale:
            request = self.state.opening_request(self.now)
            self.asked.append(request)
            known = self.state.opening
            self.state.opening = self._opening(request)
            if known is not None:
                self.state.opening = self.state.opening.model_copy(update={"roles": known.roles | self.state.opening.roles})
            self.state.opening_stale = False
        while items := tuple(terms_to_plan(self.state, self.now)):
            answer = count(self.calendar, PlanRequest.of(self.state.opening, items))
            self.state.offset = answer.offset
            for term in answer.terms:
                planned(self.state, term, self.now)

    def _opening(self, request: OpeningRequest) -> Opening:
        edition, language = EDITIONS.in_force(request.regulation, request.at)
        roles = sorted(role for role in self.roles if person_of(role) in ("", *request.people))
        return Opening(
            edition=edition,
            company="Моя компания",
            language=language,
            calendar="company",
            zone=self.calendar.spec.tz,
            roles={role: Address(email=f"{role.replace(':', '-')}@company.example") for role in roles},
        )

    # --- what is asked in tests

    def duty(self, key: str) -> Obligation:
        """The obligation with this key."""
        duty = self.state.obligation(key)
        assert duty is not None
        return duty

    def standings(self, clause: str = "") -> dict[str, str]:
        """Key of each obligation of a clause → where it stands."""
        return {o.key: o.standing.value for o in self.state.obligations if clause in ("", o.clause)}

    def far(self, activity: str) -> list[str]:
        """Where the settings of an activity that were too far ahead stand, in order."""
        prefix = f"4.1/far/{activity}/"
        return [o.standing.value for o in self.state.obligations if o.key.startswith(prefix)]

    def breaches(self, key: str = "") -> list[str]:
        """The entries of the register of breaches whose obligation's key begins so."""
        return [r.entry.value for r in self.rows if isinstance(r, BreachRow) and r.key.startswith(key)]

    def notices(self, kind: str) -> list[tuple[str, str]]:
        """Clause and role of each notice of a kind."""
        return [(r.clause, r.role) for r in self.rows if isinstance(r, NoticeRow) and r.kind == kind]

    def told(self, role: str, kinds: Sequence[str] = ("warning", "ended")) -> list[str]:
        """The texts of the notices to a role that are about what was said: those of these kinds, without reminders."""
        mine = [r for r in self.rows if isinstance(r, NoticeRow) and r.role == role and r.kind in kinds]
        return [r.text for r in mine if "#" in r.key]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def opened(self) -> frozenset[str]:
        """Keys of all duties that ever were."""
        return frozenset(r.key for r in self.rows if isinstance(r, ObligationRow))

    def partner(self) -> PartnerRow:
        """The partner's row as it stands in its register."""
        return max((r for r in self.rows if isinstance(r, PartnerRow)), key=lambda r: r.seq)

    def call_row(self, call: str = "c-1") -> CallRow:
        """The call's row as it stands in its register."""
        return max((r for r in self.rows if isinstance(r, CallRow) and r.call == call), key=lambda r: r.seq)
