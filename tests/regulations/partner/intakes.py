"""A partner's intake that runs its course in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from regulations.effects import CaseMessageToTell, Told
from regulations.messages import Actor
from regulations.partner.intake_decisions import Decision, decide
from regulations.partner.intake_facts import apply, learn_account
from regulations.partner.intake_messages import (
    AgreementsNamed,
    HandedToMarketing,
    IntakePaid,
    MovedToWork,
    PartnerAccepted,
)
from regulations.partner.intake_state import KIND, IntakeStage, IntakeState
from tests.regulations.course import Course

SALES, HEAD_OF_SALES = Actor(id="s1", role="sales_manager"), Actor(id="s9", role="head_of_sales")
SUPPORT, HEAD_OF_SUPPORT = Actor(id="m1", role="support_manager"), Actor(id="m9", role="head_of_support")
PARTNER = {"id": "p-77", "name": "ООО «Ромашка»", "email": "romashka@partner.example", "contact": "c-9"}
ALL_PARTS = {"extra_payments": "нет", "speed": "10 заявок в день", "geography": "Казань и область"}
MONDAY = "2026-11-16 12:00"
ROLES = ("sales_manager", "head_of_sales", "support_manager", "head_of_support", "sales_manager:s1", "support_manager:m1")


class Intake(Course[IntakeState, Decision]):
    """One intake with its own clock."""

    def __init__(self, start: str | datetime = MONDAY) -> None:
        state = IntakeState(kind=KIND, address="partner/D-1/intake", uid="uid-1", stage=IntakeStage.AWAITING_ACCEPTANCE)
        super().__init__(start, state, apply, decide, ROLES, {"deal": "D-1"})
        self.account: Told | None = Told(result="done")
        """What the account answers."""
        self.messages: list[CaseMessageToTell] = []

    def act(self, decision: Decision) -> None:
        if decision.begin_account is not None:
            self.messages.append(decision.begin_account)
            self.when("account", lambda: learn_account(self.state, self.account, self.now))

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
