"""The doors of lead watches: a tariff begins, its leads, calls and cards, its balance, its end."""

from __future__ import annotations

from typing import Any

from temporalio.common import SearchAttributePair

from regulations.catalogue import text
from regulations.replacement import messages as rm
from regulations.replacement.state import HEAD_OFFICE
from regulations.replacement.watch_facts import check_watch, watch_address
from regulations.replacement.watch_state import KIND, WatchStage
from starter.doors import lead_checks
from starter.doors.door import CaseKind
from workflows import attributes
from workflows.lead_watch import LeadWatch


def _attributes(started: rm.WatchStarted, _: str) -> list[SearchAttributePair[Any]]:
    return [SearchAttributePair(attributes.STAGE, WatchStage.RUNNING), SearchAttributePair(attributes.CLIENT, started.account)]


WATCH = CaseKind(
    kind=KIND,
    workflow=LeadWatch,
    escalation=HEAD_OFFICE,
    name="account",
    address=lambda message, _: watch_address(message),
    attributes=_attributes,
    summary=lambda started: text("ru", "door", "summary", KIND, account=started.account, period=started.period),
    again=lambda outcome: outcome == WatchStage.WITHDRAWN,
    after_end="a tariff is watched once: what is told of it now does not count",
    example={"account": "a-2071", "period": "2026-10"},
)


WATCH_DOORS = (
    WATCH.door(
        "started",
        rm.WatchStarted,
        "A tariff runs: its leads are watched; told again, the newest data stand",
        {
            "identifications": 1000,
            "zone": "Asia/Vladivostok",
            "manager": "manager@client.example",
            "manager_name": "Ольга",
            "franchisee": {"email": "partner@franchise.example", "name": "ИП Петров"},
            "mode": "ours",
        },
        starts=True,
        check=check_watch,
        look_up=lead_checks.zone_is_known,
    ),
    WATCH.door(
        "leads_appeared",
        rm.LeadsAppeared,
        f"Leads have appeared, at most {rm.MOST} in one event: 3.3 and 3.4 run",
        {"leads": [{"lead": "L-1", "at": "2026-11-20T14:59:00+03:00"}]},
    ),
    WATCH.door(
        "calls_made",
        rm.CallsMade,
        f"Calls as the telephony tells them, at most {rm.MOST} in one event (3.2 to 3.4)",
        {
            "calls": [
                {
                    "call": "c-77",
                    "lead": "L-1",
                    "at": "2026-11-20T14:59:30+03:00",
                    "answered": False,
                    "recorded": True,
                    "comment": "недозвон",
                }
            ]
        },
    ),
    WATCH.door(
        "cards_changed",
        rm.CardsChanged,
        f"Status and comment of cards, at most {rm.MOST} in one event (3.1): of each the newest stands",
        {"cards": [{"lead": "L-1", "at": "2026-11-20T14:59:45+03:00", "status": "на замену", "comment": "недозвон"}]},
    ),
    WATCH.door("balance_noted", rm.BalanceNoted, "What is left of the tariff; at 25 % a request is possible (1)", {"balance": 250}),
    WATCH.door("tariff_ended", rm.TariffEnded, "The tariff has run out: the watch ends with the last term of its leads", {}),
    WATCH.door(
        "withdrawn",
        rm.WithdrawOfWatch,
        "The head office ends the watch",
        {"reason": "entered twice", "by": {"id": "u1", "role": HEAD_OFFICE}},
    ),
)
