"""A partner's intake that runs its course in memory: the docket's pure functions, really counted terms, with a clock of its own."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest

from regulations.calendar_spec import CalendarSpec
from regulations.case import Obligation, Refusal
from regulations.clocks import planned, terms_to_plan
from regulations.counting import count
from regulations.editions import load_editions
from regulations.effects import CaseMessageToTell, Told
from regulations.messages import Actor, Message
from regulations.partner.intake_decisions import decide
from regulations.partner.intake_facts import apply, learn_account
from regulations.partner.intake_messages import (
    AgreementsNamed,
    HandedToMarketing,
    IntakePaid,
    MovedToWork,
    OfIntake,
    PartnerAccepted,
)
from regulations.partner.intake_state import KIND, IntakeStage, IntakeState
from regulations.plans import Address, Opening, PlanRequest
from regulations.rows import AnyRow, BreachRow, IncidentRow, NoticeRow
from regulations.working_time import working_time
from tests.regulations.careful import decided

OFFICE = CalendarSpec.simple("Europe/Moscow", "RU", "10:00-19:00", name="company")
EDITIONS = load_editions()
SALES, HEAD_OF_SALES = Actor(id="s1", role="sales_manager"), Actor(id="s9", role="head_of_sales")
SUPPORT, HEAD_OF_SUPPORT = Actor(id="m1", role="support_manager"), Actor(id="m9", role="head_of_support")
PARTNER = {"id": "p-77", "name": "ООО «Ромашка»", "email": "romashka@partner.example", "contact": "c-9"}
ALL_PARTS = {"extra_payments": "нет", "speed": "10 заявок в день", "geography": "Казань и область"}
MONDAY = "2026-11-16 12:00"
ROLES = ("sales_manager", "head_of_sales", "support_manager", "head_of_support", "sales_manager:s1", "support_manager:m1")


def at(text: str) -> datetime:
    """A local instant of Moscow, written ``2026-11-16 10:00[:SS]``."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Moscow")).astimezone(UTC)


def local(moment: datetime | None) -> str:
    """An instant as `at` reads it; empty where there is none."""
    return "" if moment is None else moment.astimezone(ZoneInfo("Europe/Moscow")).strftime("%Y-%m-%d %H:%M")


class Intake:
    """One intake with its own clock."""

    def __init__(self, start: str | datetime = MONDAY) -> None:
        self.now = at(start) if isinstance(start, str) else start
        self.state = IntakeState(kind=KIND, address="partner/D-1/intake", uid="uid-1", stage=IntakeStage.AWAITING_ACCEPTANCE)
        self.roles = set(ROLES)
        """The roles that the company's file names."""
        self.answer: Told | None = Told(result="done")
        """What the account answers; ``silent``: nothing yet."""
        self.silent = False
        self.told: list[CaseMessageToTell] = []
        self.rows: list[AnyRow] = []
        self.wake_at: datetime | None = None
        self._keys = itertools.count(1)

    # --- what happens

    def message(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Message:
        """A message of a kind with a fresh key, to this intake."""
        given: dict[str, Any] = {"key": f"k{next(self._keys)}", "happened_at": happened or self.now, **fields}
        if issubclass(kind, OfIntake):
            given = {"deal": "D-1", **given}
        return kind.model_validate(given)

    def deliver(self, message: Message) -> None:
        """Applies a message at the present moment; a refusal is raised and leaves no trace."""
        state = self.state.model_copy(deep=True)
        apply(state, message, self.now)
        self.state = state
        self.run()

    def say(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Self:
        """Delivers a message of a kind with a fresh key."""
        self.deliver(self.message(kind, happened, **fields))
        return self

    def refused(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> str:
        """The type of the refusal; the state must be as before."""
        before = self.state.model_dump_json()
        with pytest.raises(Refusal) as refusal:
            self.deliver(self.message(kind, happened, **fields))
        assert self.state.model_dump_json() == before
        return refusal.value.type

    def begin(self, happened: datetime | None = None, agreements: Mapping[str, str] | None = None, **fields: Any) -> Self:
        """1.1: with the whole main comment, unless said otherwise."""
        given = {"partner": PARTNER, "sales_manager": "s1", "support_manager": "m1"}
        return self.say(MovedToWork, happened, agreements=ALL_PARTS if agreements is None else agreements, **{**given, **fields})

    def hand_over(self, happened: datetime | None = None, status: str = "Ждем инфо", **fields: Any) -> Self:
        return self.say(HandedToMarketing, happened, status=status, **fields)

    def name(self, happened: datetime | None = None, **parts: str) -> Self:
        return self.say(AgreementsNamed, happened, agreements=parts)

    def pay(self, happened: datetime | None = None) -> Self:
        return self.say(IntakePaid, happened)

    def accept(self, happened: datetime | None = None) -> Self:
        return self.say(PartnerAccepted, happened, by=SUPPORT)

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

    def hear(self) -> Self:
        """The account that was silent answers."""
        learn_account(self.state, self.answer, self.now)
        self.run()
        return self

    # --- the docket's steps

    def run(self) -> None:
        """Counts, decides and acts until nothing is left to do now."""
        for _ in range(50):
            self._open_and_count()
            decision = decided(decide, self.state, self.now)
            self.state = decision.state
            self.rows += self.state.rows
            self.state.rows = []
            self.wake_at = decision.wake_at
            if decision.begin_account is not None:
                self.told.append(decision.begin_account)
                if not self.silent:
                    learn_account(self.state, self.answer, self.now)
            if not decision.acts and not any(True for _ in terms_to_plan(self.state, self.now)):
                assert self.wake_at is None or self.wake_at > self.now
                return
        raise AssertionError("the case does not come to rest")

    def _open_and_count(self) -> None:
        if self.state.opening is None:
            asked = self.state.opening_request(self.now)
            edition, language = EDITIONS.in_force(asked.regulation, asked.at)
            roles = {role: Address(email=f"{role.replace(':', '.')}@company.example") for role in sorted(self.roles)}
            self.state.opening = Opening(
                edition=edition, company="Моя компания", language=language, calendar="company", zone="Europe/Moscow", roles=roles
            )
        while items := tuple(terms_to_plan(self.state, self.now)):
            answer = count(working_time(OFFICE), PlanRequest.of(self.state.opening, items))
            self.state.offset = answer.offset
            for term in answer.terms:
                planned(self.state, term, self.now)

    # --- what is asked in tests

    @property
    def stage(self) -> str:
        return self.state.stage

    def duty(self, clause: str) -> Obligation:
        """The obligation of a clause."""
        duty = self.state.newest(clause)
        assert duty is not None
        return duty

    def standings(self) -> dict[str, str]:
        """Clause of each obligation → where it stands."""
        return {o.clause: o.standing.value for o in self.state.obligations}

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def told_to(self, role: str, kind: str | None = None) -> list[str]:
        """The texts of the notices to a role, of one kind where one is named."""
        return [r.text for r in self.rows if isinstance(r, NoticeRow) and r.role == role and kind in (None, r.kind)]
