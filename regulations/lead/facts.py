"""What happens to a lead: every message applied by its clause, and what our own activities answered."""

from __future__ import annotations

from datetime import datetime

from regulations.effects import Letter, LetterOutcome
from regulations.lead.effects import ClientStanding, InvoiceAnswer, InvoiceQuestion
from regulations.lead.messages import Created
from regulations.lead.state import LeadState
from regulations.messages import Message


def check_start(created: Created, now: datetime) -> None:
    """The checks that a door makes before a lead begins. Raises `Refusal`."""
    raise NotImplementedError


def apply(state: LeadState, message: Message, now: datetime) -> None:
    """Applies a message, or refuses it by name."""
    raise NotImplementedError


def succeed(state: LeadState, uid: str, now: datetime) -> LeadState:
    """3.6: the lead of the centre that takes the address over, begun by its own creation."""
    raise NotImplementedError


def learn_standing(state: LeadState, answer: ClientStanding, now: datetime) -> None:
    raise NotImplementedError


def learn_invoice(state: LeadState, question: InvoiceQuestion, answer: InvoiceAnswer, now: datetime) -> None:
    raise NotImplementedError


def learn_letter(state: LeadState, letter: Letter, outcome: LetterOutcome | None, now: datetime) -> None:
    raise NotImplementedError
