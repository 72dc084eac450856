"""The table of messages: every event type once, and what it means to Temporal. All doors serve from it alike."""

from __future__ import annotations

from starter.doors.centres import BULK_DOORS, CENTRE_DOORS
from starter.doors.door import Door
from starter.doors.handoff import HANDOFF_DOORS
from starter.doors.leads import LEAD_DOORS
from starter.doors.onboarding import ONBOARDING_DOORS
from starter.doors.partner_sales import SALE_DOORS
from starter.doors.partners import PARTNER_DOORS
from starter.doors.replacements import REPLACEMENT_DOORS
from starter.doors.watches import WATCH_DOORS

_ALL = (
    *(*HANDOFF_DOORS, *LEAD_DOORS, *CENTRE_DOORS, *BULK_DOORS, *REPLACEMENT_DOORS, *WATCH_DOORS),
    *(*PARTNER_DOORS, *SALE_DOORS, *ONBOARDING_DOORS),
)
DOORS: dict[str, Door] = {door.event: door for door in _ALL}
STARTS = frozenset(door.event for door in DOORS.values() if door.starts)
"""The types of event that begin a case."""
ESCALATION = {door.kind.kind: door.kind.escalation for door in DOORS.values()}
"""Who is told, by kind of case, of an event that no case took."""
