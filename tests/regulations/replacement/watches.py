"""A lead watch that runs its course in memory; its steps, counts and letters wait until they are answered as told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from regulations.effects import LetterOutcome
from regulations.messages import Message
from regulations.replacement import messages as rm
from regulations.replacement import watch_facts
from regulations.replacement.effects import PassingAnswer, PassingQuestion, WatchStep, WatchStepDone
from regulations.replacement.state import HEAD_OFFICE
from regulations.replacement.watch_decisions import Decision, decide
from regulations.replacement.watch_state import KIND, WatchStage, WatchState
from regulations.time.calendar_spec import CalendarSpec
from tests.regulations import course

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


class Course(course.Course[WatchState, Decision]):
    """One watch with its own clock."""

    def __init__(self, now: datetime, *, begin: bool = True, **started: Any) -> None:
        state = WatchState(kind=KIND, address=ADDRESS, uid="uid-1", stage=WatchStage.RUNNING)
        to = {"account": ACCOUNT, "period": PERIOD}
        super().__init__(now, state, watch_facts.apply, decide, (HEAD_OFFICE,), to, COMPANY)
        self.steps: list[WatchStep] = []
        self.counts: list[PassingQuestion] = []
        if begin:
            self.say(rm.WatchStarted, **{**STARTED, **started})

    def act(self, decision: Decision) -> None:
        self.steps += [decision.step] if decision.step else []
        self.counts += [decision.count] if decision.count else []
        self.letters += decision.letters

    def tell(self, kind: type[Message], **fields: Any) -> Message:
        """Tells it; what was told."""
        message = self.message(kind, **fields)
        self.deliver(message)
        return message

    def stepped(self, **done: Any) -> WatchStep:
        """The step that is under way is done."""
        step = self.steps[-1]
        assert self.state.stepping
        watch_facts.learn_step(self.state, step, WatchStepDone.model_validate({"next_at": None, **done}), self.now)
        self.run()
        return step

    def counted(self, replace: int = 3, listen: int = 1, reject: int = 2) -> None:
        """The count that is under way is done."""
        watch_facts.learn_passing(self.state, PassingAnswer(replace=replace, listen=listen, reject=reject), self.now)
        self.run()

    def posted(self, result: str | None = "sent") -> None:
        """The newest letter was handed over, is held, or was refused for good."""
        outcome = None if result is None else LetterOutcome.model_validate({"result": result, "message_id": "<m@x>", "subject": "s"})
        watch_facts.learn_letter(self.state, self.letters[-1], outcome, self.now)
        self.run()

    def later(self, **ahead: float) -> Self:
        """So much later, with every worker away meanwhile."""
        return self.asleep_until(self.now + timedelta(**ahead))

    def leads(self, *leads: str, at: datetime | None = None) -> Message:
        return self.tell(rm.LeadsAppeared, leads=[{"lead": lead, "at": at or self.now} for lead in leads])

    def calls(self, *calls: str, lead: str = "L-1", at: datetime | None = None) -> Message:
        made = [{"call": call, "lead": lead, "at": at or self.now, "answered": False, "recorded": True} for call in calls]
        return self.tell(rm.CallsMade, calls=made)
