"""What billing's word means for a lead: whether it contradicts the type (4.1.1, 4.1.3), whether it books the client (5.2.1, 5.2.2)."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta, timezone

from regulations.lead.effects import ClientStanding
from regulations.lead.messages import LeadType


def contradiction(type: LeadType, standing: ClientStanding, since: datetime, unused_months: int, offset: timedelta) -> str:
    """Why a lead cannot have had this type since an instant, with the clause; empty: it can.

    A *connection* needs a client who did not use the product within so many months before, on the lead's local calendar. What was used
    after it says nothing: that is what the lead was for. An *upsell* needs a paid period that runs.
    """
    used = standing.last_used_at
    if type == "connection" and used is not None and months_before(since, unused_months, offset) <= used <= since:
        return f"lead 4.1.1: the client used the product within the last {unused_months} months, so that this is no new sale"
    if type == "upsell" and (standing.paid_until is None or standing.paid_until <= since):
        return "lead 4.1.3: the client has no current paid period, so that nothing can be sold in addition to it"
    return ""


def books_client(standing: ClientStanding, at: datetime) -> bool:
    """5.2.1, 5.2.2: whether an invoice or a paid period books the client at an instant."""
    return any(until is not None and at < until for until in (standing.invoice_until, standing.paid_until))


def months_before(at: datetime, months: int, offset: timedelta) -> datetime:
    """The same local time so many months earlier, or the last day of that month where it has no such day."""
    local = at.astimezone(timezone(offset))
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(at.tzinfo)
