"""The checks of events of partner support before they are kept."""

from __future__ import annotations

from datetime import datetime

from regulations.case import Refusal
from regulations.company import CompanyError
from regulations.editions import EditionError, UnknownEdition
from regulations.obligations import check_instant
from regulations.partner.account_messages import ActivitySet
from regulations.partner.account_rhythm import MINUTE
from regulations.partner.case import REGULATION
from regulations.time.calendar_spec import CalendarError
from starter.doors.door import LookUps
from starter.inbox.outcome import DeliveryError

BY_PEOPLE = frozenset({"cli", "ui"})
"""The doors at which somebody reads the answer and can add what is missing. What the CRM tells has been done already: it is a breach."""


async def activity_not_too_far(message: ActivitySet, address: str, registers: LookUps, now: datetime) -> None:
    """4.1: whoever sets an activity here sets it within the term of the clause, to the minute, or says why not.

    Raises:
        DeliveryError: ``refused``: ``TooFarAhead`` without a reason, or a date that cannot be; ``unavailable``: the company's file or the
            edition of the account cannot be read.
    """
    if message.source not in BY_PEOPLE or message.reason:
        return
    try:
        check_instant(message.happened_at, now, "occurred_at")
        limit = await registers.due(address, REGULATION, "4.1", message.happened_at)
    except Refusal as r:
        raise DeliveryError("refused", r.type, str(r), address) from None
    except (CompanyError, EditionError, UnknownEdition, CalendarError) as e:
        raise DeliveryError("unavailable", "Company", f"{e}; reglament doctor looks into it", address) from None
    if limit is not None and message.planned_at >= limit + MINUTE:
        text = "partner 4.1: the activity lies further ahead than the edition allows: set it earlier, or say why in 'reason'"
        raise DeliveryError.of_data("TooFarAhead", "reason", text, address)
