"""What happens to a manager's meetings: messages from outside, and what its own activities answered."""

from __future__ import annotations

from datetime import datetime

from regulations.messages import Message
from regulations.partner.meeting_messages import MeetingsScheduled, OfMeetings
from regulations.partner.meeting_state import MeetingState


def meeting_address(message: OfMeetings) -> str:
    """The workflow id that a message goes to."""
    return f"partner-meetings/{message.manager}"


def check_meeting(message: MeetingsScheduled, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: with the type and the words for the sender.
    """
    raise NotImplementedError


def apply(state: MeetingState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    raise NotImplementedError
