"""What a manager's meetings knows."""

from __future__ import annotations

from enum import StrEnum

from regulations.partner.case import PartnerCase
from regulations.partner.meeting_messages import MeetingsScheduled

KIND = "partner-meetings"


class MeetingStage(StrEnum):
    """Where it stands."""

    SCHEDULED = "scheduled"
    WITHDRAWN = "withdrawn"


class MeetingState(PartnerCase):
    """The whole durable state of a `ManagerMeetings`."""

    started: MeetingsScheduled | None = None

    @property
    def begun(self) -> MeetingsScheduled:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started
