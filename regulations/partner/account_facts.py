"""What happens to a partner's account: messages from outside, and what its own activities answered."""

from __future__ import annotations

from datetime import datetime

from regulations.messages import Message
from regulations.partner.account_messages import AccountBegun, OfAccount
from regulations.partner.account_state import AccountState


def account_address(message: OfAccount) -> str:
    """The workflow id that a message goes to."""
    return f"partner/{message.partner}/account"


def check_account(message: AccountBegun, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: with the type and the words for the sender.
    """
    raise NotImplementedError


def apply(state: AccountState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    raise NotImplementedError
