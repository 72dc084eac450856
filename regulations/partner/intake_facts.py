"""What happens to a partner's intake: messages from outside, and what its own activities answered."""

from __future__ import annotations

from datetime import datetime

from regulations.messages import Message
from regulations.partner.intake_messages import MovedToWork, OfIntake
from regulations.partner.intake_state import IntakeState


def intake_address(message: OfIntake) -> str:
    """The workflow id that a message goes to."""
    return f"partner/{message.deal}/intake"


def check_intake(message: MovedToWork, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: with the type and the words for the sender.
    """
    raise NotImplementedError


def apply(state: IntakeState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    raise NotImplementedError
