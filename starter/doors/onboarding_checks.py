"""The checks of events of onboarding and service before they are kept."""

from __future__ import annotations

from datetime import datetime

from regulations.company import CompanyError
from regulations.onboarding.diary_messages import DiaryBegun
from regulations.onboarding.plan_messages import PlanBegun
from regulations.onboarding.slip_messages import HandedOver
from starter.doors.door import LookUps
from starter.inbox.outcome import DeliveryError


async def zone_has_a_calendar(message: HandedOver | PlanBegun | DiaryBegun, address: str, registers: LookUps, now: datetime) -> None:
    """The terms can be counted: a calendar of the company has the zone in which the client is served.

    Raises:
        DeliveryError: ``refused``: ``UnknownZone``; ``unavailable``: the company's file cannot be read.
    """
    try:
        served = await registers.serves(message.zone)
    except CompanyError as e:
        raise DeliveryError("unavailable", "Company", f"{e}; reglament doctor looks into it", address) from None
    if not served:
        text = "no calendar of the company has this zone: name another one, or add a calendar with it to the company's file"
        raise DeliveryError.of_data("UnknownZone", "zone", text, address)
