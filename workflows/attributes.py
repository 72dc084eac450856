"""The search attributes of every case: what the Temporal UI can filter by. Never encrypted, so no person and no address in them."""

from __future__ import annotations

from temporalio.common import SearchAttributeKey

CASE_KIND = SearchAttributeKey.for_keyword("CaseKind")
STAGE = SearchAttributeKey.for_keyword("Stage")
PARTNER = SearchAttributeKey.for_keyword("Partner")
"""The partner's id in the CRM."""
CLIENT = SearchAttributeKey.for_keyword("Client")
"""The client's number in the CRM or in billing, else a keyed hash of its login."""
SERVICE_CENTRE = SearchAttributeKey.for_keyword("ServiceCentre")
CLAUSE = SearchAttributeKey.for_keyword("Clause")
"""Clause of the oldest unmet obligation, e.g. ``handoff 2.2.4``."""
NEXT_DUE = SearchAttributeKey.for_datetime("NextDue")
OVERDUE = SearchAttributeKey.for_bool("Overdue")
EDITION = SearchAttributeKey.for_keyword("Edition")
SCHEDULED_START = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""Set by the server on what a schedule starts: the time of the schedule, also where the run started later. It needs no registering."""

ALL = (CASE_KIND, STAGE, PARTNER, CLIENT, SERVICE_CENTRE, CLAUSE, NEXT_DUE, OVERDUE, EDITION)
"""What `reglament doctor --fix` registers."""
