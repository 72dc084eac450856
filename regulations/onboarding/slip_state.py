"""What an onboarding knows: the slip with its seven visas, the payment, the first contact, the installation and its report."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import StrEnum

from regulations.case import Refusal
from regulations.messages import Actor
from regulations.onboarding.case import COMPANY_ROLES, OnboardingCase
from regulations.onboarding.slip_messages import HandedOver
from regulations.plans import OpeningRequest
from regulations.roster import Authority, authority

KIND = "onboarding"


class SlipStage(StrEnum):
    """Where it stands."""

    COLLECTING_VISAS = "collecting_visas"
    IN_SERVICE = "in_service"
    """All seven stand: the slip is closed, the client has passed to service."""
    DONE = "done"
    WITHDRAWN = "withdrawn"


ENDS = frozenset({SlipStage.DONE, SlipStage.WITHDRAWN})


class SlipState(OnboardingCase):
    """The whole durable state of a `ClientOnboarding`."""

    started: HandedOver | None = None

    @property
    def begun(self) -> HandedOver:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started

    @property
    def at(self) -> SlipStage:
        return SlipStage(self.stage)

    @property
    def zone(self) -> str | None:
        return self.started.zone if self.started is not None else None

    def opening_request(self, now: datetime) -> OpeningRequest:
        return super().opening_request(now).model_copy(update={"roster": COMPANY_ROLES})

    def right(self, role: str, by: Actor, at: datetime) -> Authority:
        """In whose right somebody acted at an instant, in one of the roles of the company's register of people.

        Raises:
            Refusal: ``NotYours``: that is another role's; ``NotInRole``: the person has not the role and stands in for nobody who has.
        """
        if by.role != role:
            raise Refusal("NotYours", f"only the role {role} may do this")
        opening = self.opening
        day = at.astimezone(timezone(self.offset)).date()
        found = authority(opening.roster, by.id, role, day) if opening is not None else None
        if found is None:
            raise Refusal(
                "NotInRole",
                f"this person has not the role {role} on that day, nor stands in for somebody who has: reglament people shows who has it",
            )
        return found
