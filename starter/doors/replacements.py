"""The doors of replacements."""

from __future__ import annotations

import base64
from typing import Any

from pydantic import JsonValue
from temporalio.common import SearchAttributePair

from regulations.catalogue import text
from regulations.replacement import messages as rm
from regulations.replacement.facts import check_start
from regulations.replacement.state import HEAD_OFFICE, KIND, QUALITY_CONTROL, TECHNICAL, Stage
from starter.doors import replacement_checks
from starter.doors.door import CaseKind, SecretField
from workflows import attributes
from workflows.lead_replacement import LeadReplacement


def _attributes(begun: rm.OfReplacement, _: str) -> list[SearchAttributePair[Any]]:
    return [
        SearchAttributePair(attributes.STAGE, Stage.CHECKING),
        SearchAttributePair(attributes.CLIENT, begun.account),
    ]


def _summary(begun: rm.OfReplacement) -> str:
    values = {"account": begun.account, "period": begun.period, "n": begun.n}
    if isinstance(begun, rm.Requested):
        return text("ru", "door", "summary", KIND, asked=begun.asked, **values)
    return text("ru", "door", "summary", "replacement_top_up", **values)


REPLACEMENT = CaseKind(
    kind=KIND,
    workflow=LeadReplacement,
    escalation=HEAD_OFFICE,
    name="account",
    address=lambda message, _: f"{KIND}/{message.account}/{message.period}/{message.n}",
    attributes=_attributes,
    summary=_summary,
    again=lambda outcome: outcome not in replacement_checks.USED,
    after_end="6.3: this number of the tariff period is used up; a further replacement comes with a prolongation, under the next 'n'",
    example={"account": "a-2071", "period": "2026-10", "n": 1},
)

PASSWORD = SecretField(
    place=("crm",),
    given="password",
    kept="secret",
    description="The client's password to its own CRM (5.1). It is kept sealed, and destroyed when the case ends.",
)

_CONTROL: dict[str, JsonValue] = {"id": "u51", "role": QUALITY_CONTROL}
_OFFICE: dict[str, JsonValue] = {"id": "u7", "role": HEAD_OFFICE}
_ROWS = "record,lead,appeared_at,status,comment\ncard,l-1,2026-10-05T10:00:00+03:00,на замену,недозвон\n"
_EXPORT: JsonValue = [{"name": "export.csv", "content": base64.b64encode(_ROWS.encode()).decode()}]


REPLACEMENT_DOORS = (
    REPLACEMENT.door(
        "requested",
        rm.Requested,
        "The franchisee asks for a replacement: begins the case; `crm` with the access to the client's own CRM is the long form (5.1)",
        {
            "asked": 40,
            "login": "romashka",
            "script": "https://docs.example.org/scripts/leads",
            "franchisee": {"email": "ivanov@franchise.example.org", "name": "Иванов"},
        },
        starts=True,
        check=check_start,
        look_up=replacement_checks.unused,
        secrets=(PASSWORD,),
    ),
    REPLACEMENT.door(
        "topped_up",
        rm.ToppedUp,
        "The account was topped up: a client with its own CRM and telephony gets 30 % more at once, and no replacements (6.1)",
        {"n": rm.TOP_UP},
        starts=True,
        check=check_start,
        look_up=replacement_checks.unused,
    ),
    REPLACEMENT.door(
        "export_received",
        rm.ExportReceived,
        "The technical specialists' export of cards, calls, recordings and tickets: it is audited (5.2)",
        {"by": {"id": "u40", "role": TECHNICAL}, "files": _EXPORT},
        whole_files=True,
    ),
    REPLACEMENT.door(
        "decided",
        rm.Decided,
        "Quality control decides: by the audit's sheet in `files`, or by accepting the clear verdicts as they are (5.2)",
        {"by": _CONTROL, "accept_clear": True},
        whole_files=True,
    ),
    REPLACEMENT.door(
        "barred",
        rm.Barred,
        "A person bars the request: the client does not take up feedback (3.6)",
        {"by": _CONTROL, "reason": "the remarks of two checks were not taken up"},
    ),
    REPLACEMENT.door("account_changed", rm.AccountChanged, "Billing has changed, say a debt was paid (2): look again", {}),
    *REPLACEMENT.decisions(
        "5.2", _OFFICE, (rm.WaiveOfReplacement, rm.ExtendOfReplacement, rm.PauseOfReplacement, rm.ResumeOfReplacement), "The head office"
    ),
    REPLACEMENT.door(
        "withdrawn",
        rm.WithdrawOfReplacement,
        "Ends the replacement in an orderly way; its number may be used again",
        {"reason": "asked for by mistake", "by": _OFFICE},
    ),
)
