"""What happens to an order or a renewal: messages from outside, and what its own activities answered."""

from __future__ import annotations

from datetime import datetime

from regulations.messages import Message
from regulations.partner.sale_messages import OfSale, OrderConsented, RenewalConsented
from regulations.partner.sale_state import SaleState


def order_address(message: OfSale) -> str:
    """The workflow id of the order that a message goes to."""
    return f"partner/{message.deal}/order"


def renewal_address(message: OfSale) -> str:
    """The workflow id of the renewal that a message goes to."""
    return f"partner/{message.deal}/renewal"


def check_sale(message: OrderConsented | RenewalConsented, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: with the type and the words for the sender.
    """
    raise NotImplementedError


def apply(state: SaleState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    raise NotImplementedError
