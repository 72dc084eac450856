"""The doors of partner support, first half: a partner's intake, and its account for the years after."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue
from temporalio.common import SearchAttributePair

from regulations.catalogue import text
from regulations.partner import account_messages as am
from regulations.partner import intake_messages as im
from regulations.partner.account_facts import account_address, check_account
from regulations.partner.account_state import KIND as ACCOUNT_KIND
from regulations.partner.account_state import AccountStage
from regulations.partner.case import HEAD_OF_SUPPORT, MARKETING, SALES_MANAGER, SUPPORT_MANAGER
from regulations.partner.intake_facts import check_intake, intake_address
from regulations.partner.intake_state import KIND as INTAKE_KIND
from regulations.partner.intake_state import IntakeStage
from starter.doors import partner_checks
from starter.doors.door import CaseKind
from workflows import attributes
from workflows.partner_account import PartnerAccount
from workflows.partner_intake import PartnerIntake


def shown(stage: str, partner: str) -> list[SearchAttributePair[Any]]:
    """The first search attributes of a partner's case."""
    return [SearchAttributePair(attributes.STAGE, stage), SearchAttributePair(attributes.PARTNER, partner)]


PARTNER: dict[str, JsonValue] = {
    "id": "p-77",
    "name": "ООО «Ромашка»",
    "email": "romashka@partner.example.org",
    "phone": "+79990000000",
    "contact": "c-77",
}
SUPPORT: dict[str, JsonValue] = {"id": "u12", "role": SUPPORT_MANAGER}
HEAD: dict[str, JsonValue] = {"id": "u40", "role": HEAD_OF_SUPPORT}
_SALES: dict[str, JsonValue] = {"id": "u15", "role": SALES_MANAGER}
_MARKETING: dict[str, JsonValue] = {"id": "u33", "role": MARKETING}


# --- the intake: 1.1 to 1.4, 3.1 --------------------------------------------------------------------------------------

INTAKE = CaseKind(
    kind=INTAKE_KIND,
    workflow=PartnerIntake,
    escalation=HEAD_OF_SUPPORT,
    name="deal",
    address=lambda message, _: intake_address(message),
    attributes=lambda moved, _: shown(IntakeStage.AWAITING_ACCEPTANCE, moved.partner.id),
    summary=lambda moved: text("ru", "door", "summary", INTAKE_KIND, partner=moved.partner.name, deal=moved.deal),
    again=lambda outcome: outcome == IntakeStage.WITHDRAWN,
    after_end="the partner of this deal has been taken in: what is new goes to its account",
    example={"deal": "D-310"},
)


INTAKE_DOORS = (
    INTAKE.door(
        "moved_to_work",
        im.MovedToWork,
        "Sales has moved the deal to `Передан в Работу` (1.1): begins the intake",
        {
            "partner": PARTNER,
            "sales_manager": "u15",
            "support_manager": "u12",
            "agreements": {"extra_payments": "настройка CRM, оплачена", "speed": "10 заявок в день"},
        },
        starts=True,
        check=check_intake,
    ),
    INTAKE.door(
        "handed_to_marketing",
        im.HandedToMarketing,
        "The partner stands in the table `Передача в ОМ` with the status `Ждем инфо` (1.2)",
        {"status": "Ждем инфо", "paid_at": "2026-11-20T12:30:00+03:00"},
    ),
    INTAKE.door(
        "agreements_named",
        im.AgreementsNamed,
        "Parts of the deal's main comment; a part may come alone, `нет` is an answer (1.3)",
        {"agreements": {"geography": "Казань и область"}},
    ),
    INTAKE.door("paid", im.IntakePaid, "The partner's payment was posted at `occurred_at`: 3.1 runs from it", {}),
    INTAKE.door(
        "question_asked",
        im.QuestionAsked,
        "The support manager asks sales; the term of 3.1 keeps running (1.4)",
        {"question": "q-1", "text": "Какая скидка обещана на второй месяц?", "by": SUPPORT},
    ),
    INTAKE.door(
        "question_answered",
        im.QuestionAnswered,
        "Sales answers the question (1.4)",
        {"question": "q-1", "text": "Скидки нет", "by": _SALES},
    ),
    INTAKE.door(
        "accepted",
        im.PartnerAccepted,
        "The support manager accepts the partner into work (3.1): its account begins",
        {"by": SUPPORT},
    ),
    *INTAKE.decisions("3.1", HEAD, (im.WaiveOfIntake, im.ExtendOfIntake, im.PauseOfIntake, im.ResumeOfIntake)),
    INTAKE.door(
        "withdrawn",
        im.WithdrawOfIntake,
        "The head of support or of sales ends the intake; the deal may be moved to work again",
        {"reason": "moved by mistake", "by": HEAD},
    ),
)


# --- the account: 2.1, 2.2, 4.1, 4.2, 8.1 -----------------------------------------------------------------------------

ACCOUNT = CaseKind(
    kind=ACCOUNT_KIND,
    workflow=PartnerAccount,
    escalation=HEAD_OF_SUPPORT,
    name="partner",
    address=lambda message, _: account_address(message),
    attributes=lambda begun, _: shown(AccountStage.ACTIVE, begun.partner),
    summary=lambda begun: text("ru", "door", "summary", ACCOUNT_KIND, partner=begun.person.name),
    again=lambda outcome: outcome == AccountStage.ENDED,
    after_end="the partner is no longer supported; partner-account.begun begins its account anew",
    example={"partner": "p-77"},
)


ACCOUNT_DOORS = (
    ACCOUNT.door(
        "begun",
        am.AccountBegun,
        "The partner is supported from now on; told again, the newest data stand. An accepted intake begins it by itself",
        {"person": PARTNER, "manager": "u12", "paid_until": "2026-12-31"},
        starts=True,
        check=check_account,
    ),
    ACCOUNT.door(
        "activity_set",
        am.ActivitySet,
        "An activity is planned in the CRM, or moved; more than seven days ahead only with a reason (4.1)",
        {"activity": "act-5", "planned_at": "2026-11-26T12:00:00+03:00"},
        look_up=partner_checks.activity_not_too_far,
    ),
    ACCOUNT.door(
        "activity_reason_given",
        am.ActivityReasonGiven,
        "The reason of an activity that lies further ahead, added to its comment (4.1)",
        {"activity": "act-5", "reason": "партнёр в отпуске до декабря"},
    ),
    ACCOUNT.door("activity_done", am.ActivityDone, "The activity is over, done or cancelled (4.1)", {"activity": "act-5"}),
    ACCOUNT.door("call_made", am.CallMade, "A call with the partner ended at `occurred_at`: a comment is owed (4.2)", {"call": "call-9"}),
    ACCOUNT.door(
        "commented",
        am.Commented,
        "The comment after a call: what was, what is, what is planned (4.2)",
        {
            "call": "call-9",
            "text": "Было: разобрали скрипт. Сейчас: 12 заявок, 3 встречи. Планирует: прислать записи звонков до пятницы.",
        },
    ),
    ACCOUNT.door(
        "wish_noted",
        am.WishNoted,
        "Something of the partner that marketing must hear (2.1)",
        {"wish": "w-1", "what": "fewer_leads", "text": "не успевают обработать"},
    ),
    ACCOUNT.door(
        "wish_reported",
        am.WishReported,
        "The support manager has told marketing in the chat `Маркетинг и Сотрудник`: an answer is owed (2.1, 2.2)",
        {"wish": "w-1", "by": SUPPORT},
    ),
    ACCOUNT.door(
        "wish_answered",
        am.WishAnswered,
        "Marketing answers the wish (2.2)",
        {"wish": "w-1", "text": "снизим с понедельника", "by": _MARKETING},
    ),
    ACCOUNT.door(
        "need_reported",
        am.NeedReported,
        "Marketing needs a further network or a budget top-up: support owes an answer (2.2)",
        {"need": "n-1", "what": "budget_top_up", "text": "бюджет кончится в среду", "by": _MARKETING},
    ),
    ACCOUNT.door(
        "need_answered",
        am.NeedAnswered,
        "What the partner says to it, reported to marketing (2.1)",
        {"need": "n-1", "agreed": True, "by": SUPPORT},
    ),
    ACCOUNT.door(
        "campaign_told",
        am.CampaignTold,
        "Marketing tells which campaign will be made for the partner (2.1)",
        {"text": "поиск и сети, Казань, старт 25 ноября", "by": _MARKETING},
    ),
    ACCOUNT.door(
        "state_noted",
        am.StateNoted,
        "The state of the partner for the meeting pack; what is left out stays as it was (8.1)",
        {
            "leads": 30,
            "meetings": 4,
            "contracts": 1,
            "contracts_sum": "100000.00",
            "next_step": "проверить, внедрён ли скрипт",
            "outlook": "sure",
            "renewal_sum": "120000.00",
            "by": SUPPORT,
        },
    ),
    ACCOUNT.door(
        "ended",
        am.AccountEnded,
        "The partner is no longer supported; its account may begin again",
        {"reason": "the partner has closed its business", "by": HEAD},
    ),
    *ACCOUNT.decisions("2.1", HEAD, (am.WaiveOfAccount, am.ExtendOfAccount, am.PauseOfAccount, am.ResumeOfAccount)),
)
PARTNER_DOORS = (*INTAKE_DOORS, *ACCOUNT_DOORS)
