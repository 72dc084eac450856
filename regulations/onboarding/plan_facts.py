"""What happens to a service plan: messages from outside, and what its own activities answered.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy.
"""

from __future__ import annotations

from datetime import datetime

from regulations.case import Refusal
from regulations.messages import Message
from regulations.obligations import admit, check_instant
from regulations.onboarding.plan_messages import OfPlan, PlanBegun
from regulations.onboarding.plan_state import PlanState


def plan_address(message: OfPlan) -> str:
    """The workflow id that a message goes to."""
    return f"service-plan/{message.client}"


def check_plan(message: PlanBegun, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: with the type and the words for the sender.
    """
    check_instant(message.happened_at, now, "happened_at")


def apply(state: PlanState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    admit(state, message, now)
    raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of this case")
