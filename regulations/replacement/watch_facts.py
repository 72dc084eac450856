"""What a lead watch learns: messages from outside, and what its own activities answered."""

from __future__ import annotations

from datetime import datetime

from regulations.effects import Letter, LetterOutcome
from regulations.messages import Message
from regulations.replacement.effects import PassingAnswer, WatchStep, WatchStepDone
from regulations.replacement.messages import WatchStarted
from regulations.replacement.watch_state import WatchState


def check_watch(message: WatchStarted, now: datetime) -> None:
    """The starting checks. Raises Refusal."""
    raise NotImplementedError


def apply(state: WatchState, message: Message, now: datetime) -> None:
    """Applies one message from outside. Raises Refusal."""
    raise NotImplementedError


def learn_step(state: WatchState, step: WatchStep, answer: WatchStepDone, now: datetime) -> None:
    """Takes what came of a step."""
    raise NotImplementedError


def learn_passing(state: WatchState, answer: PassingAnswer, now: datetime) -> None:
    """Takes how many cards would pass today (1)."""
    raise NotImplementedError


def learn_letter(state: WatchState, letter: Letter, outcome: LetterOutcome | None, now: datetime) -> None:
    """Takes what became of the letter to the franchisee."""
    raise NotImplementedError
