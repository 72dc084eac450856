"""What happens to an incoming payment: messages from outside, and what its own activities answered."""

from __future__ import annotations

from datetime import datetime

from regulations.messages import Message
from regulations.partner.payment_messages import OfPayment, PaymentArrived
from regulations.partner.payment_state import PaymentState


def payment_address(message: OfPayment) -> str:
    """The workflow id that a message goes to."""
    return f"partner-payment/{message.reference}"


def check_payment(message: PaymentArrived, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: with the type and the words for the sender.
    """
    raise NotImplementedError


def apply(state: PaymentState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    raise NotImplementedError
