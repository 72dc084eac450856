"""A lead watch that runs its course in memory: the docket's pure functions and a clock of its own, its steps answered as told."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from regulations.calendar_spec import CalendarSpec
from regulations.clocks import planned, terms_to_plan
from regulations.counting import count
from regulations.editions import load_editions
from regulations.effects import Letter, LetterOutcome
from regulations.messages import Message
from regulations.plans import Address, Opening, PlanRequest
from regulations.replacement import messages as rm
from regulations.replacement import watch_facts
from regulations.replacement.effects import PassingAnswer, PassingQuestion, WatchStep, WatchStepDone
from regulations.replacement.state import HEAD_OFFICE
from regulations.replacement.watch_decisions import Decision, decide
from regulations.replacement.watch_state import KIND, WatchStage, WatchState
from regulations.rows import AnyRow
from regulations.working_time import working_time
from tests.regulations.careful import decided

ACCOUNT, PERIOD = "a-2071", "2026-10"
ADDRESS = f"{KIND}/{ACCOUNT}/{PERIOD}"
ZONE = "Asia/Vladivostok"
HEAD: dict[str, str] = {"id": "u1", "role": HEAD_OFFICE}
COMPANY = CalendarSpec.simple("Europe/Moscow", "RU")
STARTED: dict[str, Any] = {
    "identifications": 1_000,
    "zone": ZONE,
    "manager": "manager@client.example",
    "franchisee": {"email": "partner@franchise.example", "name": "ИП Петров"},
}


class Course:
    """One watch; ``now`` is its clock. Steps and counts wait until they are answered."""

    def __init__(self, now: datetime, *, begin: bool = True, **started: Any) -> None:
        self.now = now
        self.state = WatchState(kind=KIND, address=ADDRESS, uid="uid-1", stage=WatchStage.RUNNING)
        self.steps: list[WatchStep] = []
        self.counts: list[PassingQuestion] = []
        self.letters: list[Letter] = []
        self.rows: list[AnyRow] = []
        self.decision: Decision
        self._keys = itertools.count(1)
        if begin:
            self.tell(rm.WatchStarted, **{**STARTED, **started})

    def message(self, kind: type[Message], **fields: Any) -> Message:
        given = {"key": f"k-{next(self._keys)}", "happened_at": self.now, "account": ACCOUNT, "period": PERIOD}
        return kind.model_validate({name: value for name, value in {**given, **fields}.items() if name in kind.model_fields})

    def tell(self, kind: type[Message], **fields: Any) -> Message:
        """Tells it, as an Update does. Raises Refusal."""
        message = self.message(kind, **fields)
        self.send(message)
        return message

    def send(self, message: Message) -> None:
        state = self.state.model_copy(deep=True)
        watch_facts.apply(state, message, self.now)
        self.state = state
        self.decide()

    def decide(self) -> Decision:
        """Counts what has to be counted, and decides until nothing more is begun."""
        while True:
            self._open()
            self.decision = decided(decide, self.state, self.now)
            self.state = self.decision.state
            self.steps += [self.decision.step] if self.decision.step else []
            self.counts += [self.decision.count] if self.decision.count else []
            self.letters += self.decision.letters
            self.rows += self.state.rows
            self.state.rows = []
            if not any(True for _ in terms_to_plan(self.state, self.now)):
                return self.decision

    def _open(self) -> None:
        if self.state.opening is None:
            asked = self.state.opening_request(self.now)
            edition, language = load_editions().in_force(asked.regulation, asked.at)
            roles = {HEAD_OFFICE: Address(email="head@company.example")}
            self.state.opening = Opening(
                edition=edition, company="Компания", language=language, calendar="company", zone="Europe/Moscow", roles=roles
            )
        while items := list(terms_to_plan(self.state, self.now)):
            for term in count(working_time(COMPANY), PlanRequest.of(self.state.opening, items)).terms:
                planned(self.state, term, self.now)

    def answer(self, **done: Any) -> WatchStep:
        """The step that is under way is done."""
        step = self.steps[-1]
        assert self.state.stepping
        state = self.state.model_copy(deep=True)
        watch_facts.learn_step(state, step, WatchStepDone.model_validate({"next_at": None, **done}), self.now)
        self.state = state
        self.decide()
        return step

    def counted(self, replace: int = 3, listen: int = 1, reject: int = 2) -> None:
        """The count that is under way is done."""
        state = self.state.model_copy(deep=True)
        watch_facts.learn_passing(state, PassingAnswer(replace=replace, listen=listen, reject=reject), self.now)
        self.state = state
        self.decide()

    def posted(self, result: str | None = "sent") -> None:
        """The newest letter was handed over, is held, or was refused for good."""
        letter = self.letters[-1]
        outcome = None if result is None else LetterOutcome.model_validate({"result": result, "message_id": "<m@x>", "subject": "s"})
        state = self.state.model_copy(deep=True)
        watch_facts.learn_letter(state, letter, outcome, self.now)
        self.state = state
        self.decide()

    def later(self, **ahead: float) -> Decision:
        self.now += timedelta(**ahead)
        return self.decide()

    def leads(self, *leads: str, at: datetime | None = None) -> Message:
        return self.tell(rm.LeadsAppeared, leads=[{"lead": lead, "at": at or self.now} for lead in leads])

    def calls(self, *calls: str, lead: str = "L-1", at: datetime | None = None) -> Message:
        made = [{"call": call, "lead": lead, "at": at or self.now, "answered": False, "recorded": True} for call in calls]
        return self.tell(rm.CallsMade, calls=made)
