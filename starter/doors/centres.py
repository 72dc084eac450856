"""The doors of service centres and of bulk actions over their leads."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue
from temporalio.common import SearchAttributePair

from regulations.catalogue import text
from regulations.lead import messages as lm
from regulations.lead.bulk_case import KIND as BULK_KIND
from regulations.lead.bulk_case import check_start
from regulations.lead.centre import KIND as CENTRE_KIND
from regulations.lead.centre_facts import check_centre
from regulations.lead.state import SALES_SUPPORT
from starter.doors import lead_checks
from starter.doors.door import CaseKind
from starter.doors.lead_checks import centre_address
from workflows import attributes
from workflows.bulk_action import BulkAction
from workflows.service_centre import ServiceCentre

CENTRE = CaseKind(
    kind=CENTRE_KIND,
    workflow=ServiceCentre,
    escalation=SALES_SUPPORT,
    name="code",
    address=lambda message, _: centre_address(message.code),
    attributes=lambda defined, _: [SearchAttributePair(attributes.SERVICE_CENTRE, defined.code)],
    summary=lambda defined: text("ru", "door", "summary", CENTRE_KIND, name=defined.name),
    again=lambda _: False,  # a centre has no end
    after_end="a service centre has no end: somebody closed it by hand",
    example={"code": "vlad-1"},
)


def _bulk_attributes(started: lm.BulkStarted, _: str) -> list[SearchAttributePair[Any]]:
    return [] if started.centre is None else [SearchAttributePair(attributes.SERVICE_CENTRE, started.centre)]


BULK = CaseKind(
    kind=BULK_KIND,
    workflow=BulkAction,
    escalation=SALES_SUPPORT,
    name="bulk",
    address=lambda message, _: f"{BULK_KIND}/{message.bulk}",
    attributes=_bulk_attributes,
    summary=lambda started: text("ru", "door", "summary", BULK_KIND, action=text("ru", "bulk", "action", started.action)),
    again=lambda _: False,
    after_end="a bulk action runs once: give another one an id of its own",
    example={"bulk": "b-2026-11-20"},
)

_SUPPORT: dict[str, JsonValue] = {"id": "u30", "role": SALES_SUPPORT}
_PROPOSAL: dict[str, JsonValue] = {"proposal": "1f0c7a52-0b5c-4b0e-9f57-3c2d1e5a7b90/7.2.1/1"}


CENTRE_DOORS = (
    CENTRE.door(
        "defined",
        lm.CentreDefined,
        "A service centre as it is from now on: zone, addresses, managers, products (3.3, 3.4)",
        {
            "name": "СЦ Владивосток",
            "zone": "Asia/Vladivostok",
            "email": "leads@vlad.example.org",
            "head": "head@vlad.example.org",
            "managers": [{"id": "m4", "name": "Ольга", "email": "olga@vlad.example.org"}],
            "products": ["bureau"],
        },
        starts=True,
        check=check_centre,
        look_up=lead_checks.zone_is_known,
    ),
    CENTRE.door(
        "measure_decided",
        lm.MeasureDecided,
        "The sales support service decides on a proposal: which measures are taken, or none (9.4)",
        {**_PROPOSAL, "measures": ["left_out_for_quarter"], "reason": "the third hot lead in a week", "by": _SUPPORT},
        look_up=lead_checks.about_proposal,
    ),
    CENTRE.door(
        "objected",
        lm.Objected,
        "The centre objects to a proposal or a measure: it is suspended until that is decided (10.1)",
        {**_PROPOSAL, "text": "the client asked to be called later", "by": {"id": "u90", "role": "centre"}},
        look_up=lead_checks.about_proposal,
    ),
    CENTRE.door(
        "objection_decided",
        lm.ObjectionDecided,
        "The sales support service decides on an objection (10.1)",
        {**_PROPOSAL, "upheld": True, "reason": "the call is on record", "by": _SUPPORT},
        look_up=lead_checks.about_proposal,
    ),
    CENTRE.door(
        "measure_lifted",
        lm.MeasureLifted,
        "The sales support service ends a measure that is in force",
        {**_PROPOSAL, "reason": "the centre has new staff", "by": _SUPPORT},
        look_up=lead_checks.about_proposal,
    ),
)

BULK_DOORS = (
    BULK.door(
        "started",
        lm.BulkStarted,
        "One action over many leads: assign, spread, postpone, create (6.1 to 6.3, 3.2)",
        {
            "action": "assign",
            "by": {"id": "u30", "role": SALES_SUPPORT},
            "centre": "vlad-1",
            "query": "ServiceCentre = 'vlad-1' AND Stage = 'new'",
            "quotas": [{"manager": "m4", "leads": 20}],
        },
        starts=True,
        check=check_start,
        look_up=lead_checks.bulk,
    ),
    BULK.door(
        "cancelled",
        lm.BulkCancelled,
        "Stops a bulk action after the page at work",
        {"by": {"id": "u30", "role": SALES_SUPPORT}, "reason": "the wrong list"},
    ),
)
