"""The doors of onboarding and service: a client's visa slip, its service plan for the years after, and its manager's diary."""

from __future__ import annotations

import base64
from typing import Any

from pydantic import JsonValue
from temporalio.common import SearchAttributePair

from regulations.catalogue import text
from regulations.onboarding import diary_messages as dm
from regulations.onboarding import plan_messages as pm
from regulations.onboarding import slip_messages as sm
from regulations.onboarding.case import (
    CLIENT_MANAGER,
    GROUP_HEAD,
    HEAD_OF_CLIENT_DEPARTMENT,
    HEAD_OF_SALES,
    LAWYER,
    SALES_MANAGER,
    SERVICE,
    SERVICE_GROUP_HEAD,
)
from regulations.onboarding.diary_facts import check_diary, diary_address
from regulations.onboarding.diary_state import KIND as DIARY_KIND
from regulations.onboarding.diary_state import DiaryStage
from regulations.onboarding.plan_facts import check_plan, plan_address
from regulations.onboarding.plan_state import KIND as PLAN_KIND
from regulations.onboarding.plan_state import PlanStage
from regulations.onboarding.slip_facts import check_slip, slip_address
from regulations.onboarding.slip_state import KIND as SLIP_KIND
from regulations.onboarding.slip_state import SlipStage
from starter.doors.door import CaseKind
from starter.doors.onboarding_checks import zone_has_a_calendar
from workflows import attributes
from workflows.client_onboarding import ClientOnboarding
from workflows.service_diary import ServiceDiary
from workflows.service_plan import ServicePlan

_HEAD_OF_SALES: JsonValue = {"id": "u1", "role": HEAD_OF_SALES}
_SALES: JsonValue = {"id": "u31", "role": SALES_MANAGER}
_LAWYER: JsonValue = {"id": "u11", "role": LAWYER}
_GROUP_HEAD: JsonValue = {"id": "u21", "role": GROUP_HEAD}
_SERVICE_HEAD: JsonValue = {"id": "u51", "role": SERVICE_GROUP_HEAD}
_SERVICE: JsonValue = {"id": "u52", "role": SERVICE}
_MANAGER: JsonValue = {"id": "u41", "role": CLIENT_MANAGER}
_HEAD_OF_DEPARTMENT: JsonValue = {"id": "u2", "role": HEAD_OF_CLIENT_DEPARTMENT}
_CLIENT: JsonValue = {
    "id": "c-18",
    "name": "ТОВ «Барвінок»",
    "contact": "Ірина Коваль",
    "email": "office@barvinok.example.org",
    "phone": "+380440000000",
}
_TERMS: dict[str, JsonValue] = {"payment_day": 15, "update_every": "7 calendar days", "update_set": "повний комплект", "users": 3}


def _document(name: str) -> JsonValue:
    return [{"name": name, "content": base64.b64encode(name.encode()).decode()}]


def _shown(stage: str, client: str) -> list[SearchAttributePair[Any]]:
    return [SearchAttributePair(attributes.STAGE, stage), SearchAttributePair(attributes.CLIENT, client)]


# --- the visa slip: chapters 1 to 3 -----------------------------------------------------------------------------------

SLIP = CaseKind(
    kind=SLIP_KIND,
    workflow=ClientOnboarding,
    escalation=HEAD_OF_CLIENT_DEPARTMENT,
    name="contract",
    address=lambda message, _: slip_address(message),
    attributes=lambda over, _: _shown(SlipStage.COLLECTING_VISAS, over.client.id),
    summary=lambda over: text("uk", "door", "summary", SLIP_KIND, client=over.client.name, contract=over.contract),
    again=lambda outcome: outcome == SlipStage.WITHDRAWN,
    after_end="the client of this contract is in service: what is new goes to its service plan",
    example={"contract": "K-204"},
)

SLIP_DOORS = (
    SLIP.door(
        "handed_over",
        sm.HandedOver,
        "The head of sales hands a new regular client over to the client department (1.1): begins the onboarding",
        {
            "client": _CLIENT,
            "regular": True,
            "programs": ["Мережева версія, 3 робочі місця"],
            "price_agreement": "№ 12 від 16.11.2026",
            **_TERMS,
            "installation_term": "5 working days",
            "group_head": "u21",
            "sales_manager": "u31",
            "client_manager": "u41",
            "by": _HEAD_OF_SALES,
        },
        starts=True,
        check=check_slip,
        look_up=zone_has_a_calendar,
    ),
    SLIP.door(
        "visa_given",
        sm.VisaGiven,
        "A visa of its item by a person in its role; 2.6 and 2.7 come with the document (2.1 to 2.7)",
        {"item": "2.6", "files": _document("Картка передачі K-204.docx"), "by": _GROUP_HEAD},
        whole_files=True,
    ),
    SLIP.door(
        "visa_refused",
        sm.VisaRefused,
        "An item is refused with the reason: it goes back to its author (2.1 to 2.7)",
        {"item": "2.1", "reason": "у договорі немає однієї з програм", "by": _LAWYER},
    ),
    SLIP.door(
        "visa_withdrawn",
        sm.VisaWithdrawn,
        "A visa is taken back, while the slip is open (2.1 to 2.7)",
        {"item": "2.2", "reason": "додаткову угоду підписала не та особа", "by": _LAWYER},
    ),
    SLIP.door(
        "item_mended",
        sm.ItemMended,
        "The author has mended what was refused: the item is up for its visa again (2.1 to 2.7)",
        {"item": "2.1", "files": _document("Договір K-204.pdf"), "by": _SALES},
        whole_files=True,
    ),
    SLIP.door(
        "payment_posted",
        sm.PaymentPosted,
        "The client's payment was posted at `occurred_at`: 3.1 and 3.2 run from it; the earliest told counts",
        {"reference": "bank-9302"},
    ),
    SLIP.door(
        "first_contact",
        sm.FirstContact,
        "The client's responsible person was spoken to, and the installation agreed; told again, the newest agreement stands (3.1)",
        {"installation_at": "2026-11-24T11:00:00+02:00", "parameters": "3 робочі місця, сервер клієнта", "by": _SERVICE_HEAD},
    ),
    SLIP.door("installed", sm.Installed, "The system is installed at the client's (3.2)", {"by": _SERVICE}),
    SLIP.door(
        "installation_reported",
        sm.InstallationReported,
        "The report on the installation, with its document (3.3)",
        {"files": _document("Звіт про встановлення K-204.pdf"), "by": _GROUP_HEAD},
        whole_files=True,
    ),
    SLIP.door(
        "manager_assigned",
        sm.ManagerAssigned,
        "The group head says who serves the client from now on",
        {"manager": "u41", "by": _GROUP_HEAD},
    ),
    *SLIP.decisions("3.2", _HEAD_OF_DEPARTMENT, (sm.WaiveOfOnboarding, sm.ExtendOfOnboarding, sm.PauseOfOnboarding, sm.ResumeOfOnboarding)),
    SLIP.door(
        "withdrawn",
        sm.WithdrawOfOnboarding,
        "The client is not handed over after all; its contract may be handed over again",
        {"reason": "the client has changed its mind", "by": _HEAD_OF_SALES},
    ),
)


# --- the service plan: chapter 4 --------------------------------------------------------------------------------------

PLAN = CaseKind(
    kind=PLAN_KIND,
    workflow=ServicePlan,
    escalation=GROUP_HEAD,
    name="client",
    address=lambda message, _: plan_address(message),
    attributes=lambda begun, _: _shown(PlanStage.ACTIVE, begun.client),
    summary=lambda begun: text("uk", "door", "summary", PLAN_KIND, client=begun.person.name),
    again=lambda outcome: outcome == PlanStage.ENDED,
    after_end="the client is no longer served; service-plan.begun begins its plan anew",
    example={"client": "c-18"},
)

PLAN_DOORS = (
    PLAN.door(
        "begun",
        pm.PlanBegun,
        "The client has passed to service; told again, the newest data stand. An installed client's onboarding begins it by itself",
        {
            "contract": "K-204",
            "person": _CLIENT,
            "manager": "u41",
            "group_head": "u21",
            "installed_at": "2026-11-20T14:00:00+02:00",
            **_TERMS,
        },
        starts=True,
        check=check_plan,
        look_up=zone_has_a_calendar,
    ),
    PLAN.door(
        "visit_made",
        pm.VisitMade,
        "A visit at the client's: whether the system was updated, what the users were given (4.1, 4.7)",
        {"visit": "v-71", "updated": True, "materials": ["огляд змін за листопад"], "minutes": 40, "by": _MANAGER},
    ),
    PLAN.door(
        "certificate_issued",
        pm.CertificateIssued,
        "A user has been trained and certified (4.2)",
        {"certificate": "cert-5", "user": "usr-3", "by": _MANAGER},
    ),
    PLAN.door(
        "payment_posted",
        pm.PlanPaymentPosted,
        "The client's payment was posted at `occurred_at` (4.3)",
        {"reference": "bank-9417", "amount": "2400.00"},
    ),
    PLAN.door(
        "competitor_acted",
        pm.CompetitorActed,
        "The manager tells the group head of a competitor's action against the client (4.5)",
        {"learnt_at": "2026-11-20T14:20:00+02:00", "action": "пропонують перехід зі знижкою", "by": _MANAGER},
    ),
    PLAN.door(
        "need_found",
        pm.NeedFound,
        "The client needs more than it has: begins a sale in the CRM (4.6)",
        {"need": "n-4", "what": "ще два робочі місця", "sum": "7800.00", "by": _MANAGER},
    ),
    PLAN.door(
        "contact_noted",
        pm.ContactNoted,
        "The client was advised or informed (4.9)",
        {"contact": "call-33", "topics": ["use", "news"], "by": _MANAGER},
    ),
    PLAN.door(
        "document_passed",
        pm.DocumentPassed,
        "A document has gone to the client or come from it, or within the company (4.8)",
        {"document": "act-1120", "kind": "act", "direction": "from_client", "by": _MANAGER},
    ),
    PLAN.door(
        "figures_noted",
        pm.FiguresNoted,
        "The client in figures; what is left out stays as it was (4.10 to 4.13)",
        {"users": 5, "monthly_sum": "2400.00", "loyalty": 8, "by": _MANAGER},
    ),
    PLAN.door(
        "ended",
        pm.PlanEnded,
        "The client is no longer served; its plan may begin again",
        {"reason": "the contract has ended", "by": _GROUP_HEAD},
    ),
    *PLAN.decisions("4.1", _GROUP_HEAD, (pm.WaiveOfPlan, pm.ExtendOfPlan, pm.PauseOfPlan, pm.ResumeOfPlan)),
)


# --- the manager's diary: 4.4 -----------------------------------------------------------------------------------------

DIARY = CaseKind(
    kind=DIARY_KIND,
    workflow=ServiceDiary,
    escalation=GROUP_HEAD,
    name="manager",
    address=lambda message, _: diary_address(message),
    attributes=lambda begun, _: [SearchAttributePair(attributes.STAGE, DiaryStage.KEPT)],
    summary=lambda begun: text("uk", "door", "summary", DIARY_KIND, manager=begun.manager),
    again=lambda outcome: outcome == DiaryStage.ENDED,
    after_end="this manager serves no clients any more; service-diary.begun begins the diary anew",
    example={"manager": "u41"},
)

DIARY_DOORS = (
    DIARY.door(
        "begun",
        dm.DiaryBegun,
        "The manager serves clients from now on; told again, the newest data stand. A service plan begins it by itself (4.4)",
        {"group_head": "u21"},
        starts=True,
        check=check_diary,
        look_up=zone_has_a_calendar,
    ),
    DIARY.door(
        "visit_planned",
        dm.VisitPlanned,
        "A visit is planned, with its time; the same visit again: it was moved (4.4.2)",
        {"visit": "v-72", "client": "c-18", "at": "2026-11-24T10:00:00+02:00", "minutes": 60, "purpose": "оновлення", "by": _MANAGER},
    ),
    DIARY.door(
        "visit_cancelled",
        dm.VisitCancelled,
        "A planned visit does not take place (4.4.2)",
        {"visit": "v-72", "reason": "клієнт попросив перенести", "by": _MANAGER},
    ),
    DIARY.door(
        "paper_confirmed",
        dm.PaperConfirmed,
        "The manager confirms a report or a plan: it goes to the group head (4.4)",
        {"paper": "day_report", "first": "2026-11-20", "by": _MANAGER},
    ),
    DIARY.door(
        "ended",
        dm.DiaryEnded,
        "The manager serves no clients any more; the diary may begin again",
        {"reason": "the manager has left", "by": _GROUP_HEAD},
    ),
    *DIARY.decisions("4.4.1", _GROUP_HEAD, (dm.WaiveOfDiary, dm.ExtendOfDiary, dm.PauseOfDiary, dm.ResumeOfDiary)),
)
ONBOARDING_DOORS = (*SLIP_DOORS, *PLAN_DOORS, *DIARY_DOORS)
