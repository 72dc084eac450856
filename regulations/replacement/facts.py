"""What a replacement learns: messages from outside, and what its own activities answered."""

from __future__ import annotations

from datetime import datetime

from regulations.effects import Letter, LetterOutcome
from regulations.messages import Message
from regulations.replacement.effects import (
    AccountAnswer,
    AuditAnswer,
    AuditQuestion,
    CreditOrder,
    CreditOutcome,
    DecisionAnswer,
    DecisionQuestion,
    LinksAnswer,
    SecretToDestroy,
)
from regulations.replacement.messages import Requested, ToppedUp
from regulations.replacement.state import ReplacementState


def check_start(message: Requested | ToppedUp, now: datetime) -> None:
    """The starting checks, made by the door before anything is kept, and by the case. Raises Refusal."""
    raise NotImplementedError


def apply(state: ReplacementState, message: Message, now: datetime) -> None:
    """Applies one message from outside. Raises Refusal."""
    raise NotImplementedError


def learn_account(state: ReplacementState, answer: AccountAnswer, now: datetime) -> None:
    """Takes what billing says of the account."""
    raise NotImplementedError


def learn_links(state: ReplacementState, answer: LinksAnswer | None, now: datetime) -> None:
    """Takes what was found of the links; None: nobody could say."""
    raise NotImplementedError


def learn_audit(state: ReplacementState, question: AuditQuestion, answer: AuditAnswer | None, now: datetime) -> None:
    """Takes the audit; None: it could not be made."""
    raise NotImplementedError


def learn_decision(state: ReplacementState, question: DecisionQuestion, answer: DecisionAnswer | None, now: datetime) -> None:
    """Takes what came of a decision of quality control; None: it could not be read."""
    raise NotImplementedError


def learn_credit(state: ReplacementState, order: CreditOrder, outcome: CreditOutcome | None, now: datetime) -> None:
    """Takes what billing said of a credit; None: refused for good."""
    raise NotImplementedError


def learn_letter(state: ReplacementState, letter: Letter, outcome: LetterOutcome | None, now: datetime) -> None:
    """Takes what became of a letter."""
    raise NotImplementedError


def learn_destroyed(state: ReplacementState, secret: SecretToDestroy, now: datetime) -> None:
    """The client's password is gone."""
    raise NotImplementedError
