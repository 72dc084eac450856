"""The doors of partner support, second half: orders, renewals, payments, meetings. ``Allocated`` has none: a payment tells it."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue
from temporalio.common import SearchAttributePair

from regulations import messages as m
from regulations.catalogue import text
from regulations.partner import meeting_messages as mm
from regulations.partner import payment_messages as pm
from regulations.partner import sale_messages as sm
from regulations.partner.case import DIRECTOR, FINANCE, HEAD_OF_FINANCE, HEAD_OF_SUPPORT
from regulations.partner.meeting_facts import check_meeting, meeting_address
from regulations.partner.meeting_state import KIND as MEETINGS_KIND
from regulations.partner.meeting_state import MeetingStage
from regulations.partner.payment_facts import check_payment, payment_address
from regulations.partner.payment_state import KIND as PAYMENT_KIND
from regulations.partner.payment_state import PaymentStage
from regulations.partner.sale_facts import check_sale, order_address, renewal_address
from regulations.partner.sale_state import ORDER as ORDER_KIND
from regulations.partner.sale_state import RENEWAL as RENEWAL_KIND
from regulations.partner.sale_state import SaleStage
from starter.door import CaseKind, Door
from starter.partner_doors import HEAD, PARTNER, SUPPORT, decisions, shown
from workflows import attributes
from workflows.incoming_payment import IncomingPayment
from workflows.manager_meetings import ManagerMeetings
from workflows.renewal import Renewal
from workflows.service_order import ServiceOrder

_FINANCE: dict[str, JsonValue] = {"id": "u50", "role": FINANCE}
_HEAD_OF_FINANCE: dict[str, JsonValue] = {"id": "u51", "role": HEAD_OF_FINANCE}
_DIRECTOR: dict[str, JsonValue] = {"id": "u1", "role": DIRECTOR}
_CONTRACT: dict[str, JsonValue] = {"number": "0-114", "date": "2026-02-02"}
_PAYER: dict[str, JsonValue] = {"name": "ООО «Ромашка»", "inn": "7707083893", "kpp": "773601001", "email": "pay@partner.example.org"}
_ORDERED: JsonValue = [{"service": "crm", "discount_percent": "10.00"}, {"service": "scripts"}]


# --- orders and renewals: 5, 6, 7.1, 7.3 ------------------------------------------------------------------------------

ORDER = CaseKind(
    kind=ORDER_KIND,
    workflow=ServiceOrder,
    escalation=HEAD_OF_SUPPORT,
    name="deal",
    address=lambda message, _: order_address(message),
    attributes=lambda consented, _: shown(SaleStage.AWAITING_FORM, consented.partner.id),
    summary=lambda consented: text("ru", "door", "summary", ORDER_KIND, partner=consented.partner.name, deal=consented.deal),
    again=lambda outcome: outcome == SaleStage.WITHDRAWN,
    after_end="the order of this deal is executed: a further one is a deal of its own",
)
RENEWAL = CaseKind(
    kind=RENEWAL_KIND,
    workflow=Renewal,
    escalation=HEAD_OF_SUPPORT,
    name="deal",
    address=lambda message, _: renewal_address(message),
    attributes=lambda consented, _: shown(SaleStage.INVOICING, consented.partner.id),
    summary=lambda consented: text("ru", "door", "summary", RENEWAL_KIND, partner=consented.partner.name, deal=consented.deal),
    again=lambda outcome: outcome == SaleStage.WITHDRAWN,
    after_end="this deal is renewed: the next renewal belongs to the next deal",
)


def _order(name: str, message: type[m.Message], update: str, description: str, example: dict[str, JsonValue], **more: Any) -> Door:
    return Door(f"{ORDER_KIND}.{name}", ORDER, update, message, message, description, {"deal": "D-402", **example}, **more)


def _renewal(name: str, message: type[m.Message], update: str, description: str, example: dict[str, JsonValue], **more: Any) -> Door:
    return Door(f"{RENEWAL_KIND}.{name}", RENEWAL, update, message, message, description, {"deal": "D-310", **example}, **more)


_CORRECTED = "Mends what the check of the invoice has found; only what is given changes (7.1)"
_INVOICE_MADE = "An invoice that a person made by hand in billing: refused where it is wrong (5.2, 7.1)"
_TOLD = "The manager has told the partner that the money came; on a partial payment also why it is partial (5.3)"
_CARD_ASKED = "The client insists on paying to a card: one of two directors must approve (7.3)"
_CARD_DECIDED = "The director or the director for partners decides on a payment to a card (7.3)"
_CARD_WISH: dict[str, JsonValue] = {"bank": "bank-1", "reason": "the client has no account with a bank", "by": SUPPORT}
_CARD_RULING: dict[str, JsonValue] = {"decision": "approved", "by": _DIRECTOR}
_WITHDRAWN: dict[str, JsonValue] = {"reason": "the partner will not pay", "by": HEAD}

ORDER_DOORS = (
    _order(
        "consented",
        sm.OrderConsented,
        "consented",
        "The partner agrees to pay for additional services (5.1): begins the order",
        {"partner": PARTNER, "manager": "u12", "contract": _CONTRACT, "services": _ORDERED},
        starts=True,
        check=check_sale,
    ),
    _order(
        "form_received",
        sm.FormReceived,
        "form_received",
        "The customer's form `Заявка Заказчика` came at `occurred_at`: the invoice is owed (5.1, 5.2)",
        {"payer": _PAYER, "services": _ORDERED},
    ),
    _order("corrected", sm.Corrected, "corrected", _CORRECTED, {"contract": _CONTRACT, "by": SUPPORT}),
    _order(
        "invoice_made",
        sm.InvoiceMade,
        "invoice_made",
        _INVOICE_MADE,
        {
            "number": "INV-2041",
            "purpose": "Оплата по договору-оферте 0-114 от 02.02.2026, приложение 2, услуга 2.3. БЕЗ НДС",
            "lines": [{"name": "Настройка CRM", "appendix": "2", "number": "2.3", "quantity": 1, "sum": "45000.00"}],
            "by": SUPPORT,
        },
    ),
    _order(
        "told",
        sm.PartnerTold,
        "told",
        _TOLD,
        {"by": SUPPORT, "reason": "вторую половину оплатят в декабре", "hand_over": True},
    ),
    _order(
        "executed",
        sm.Executed,
        "executed",
        "The executor confirms: the access is open, or the service is taken over (5.6)",
        {"by": {"id": "u60", "role": "technical"}, "note": "доступ открыт"},
    ),
    _order("card_asked", sm.CardAsked, "card_asked", _CARD_ASKED, _CARD_WISH),
    _order("card_decided", sm.CardDecided, "card_decided", _CARD_DECIDED, _CARD_RULING),
    *decisions(_order, "5.6", HEAD, sm.WaiveOfSale, sm.ExtendOfSale, sm.PauseOfSale, sm.ResumeOfSale),
    _order("withdrawn", sm.WithdrawOfSale, "withdraw", "Ends the order in an orderly way; its deal may be ordered again", _WITHDRAWN),
)
RENEWAL_DOORS = (
    _renewal(
        "consented",
        sm.RenewalConsented,
        "consented",
        "The partner is ready to pay for the renewal (6.1): begins the renewal",
        {
            "partner": PARTNER,
            "manager": "u12",
            "contract": _CONTRACT,
            "package": "standard",
            "quantity": 3,
            "discount_percent": "5.00",
            "payer": _PAYER,
        },
        starts=True,
        check=check_sale,
    ),
    _renewal("corrected", sm.Corrected, "corrected", _CORRECTED, {"payer": _PAYER, "by": SUPPORT}),
    _renewal(
        "invoice_made",
        sm.InvoiceMade,
        "invoice_made",
        _INVOICE_MADE,
        {
            "number": "INV-2042",
            "purpose": "Оплата по договору-оферте 0-114 от 02.02.2026, приложение 1, услуга 1.2. БЕЗ НДС",
            "lines": [{"name": "Пакет «Стандарт»", "appendix": "1", "number": "1.2", "quantity": 3, "sum": "342000.00"}],
            "by": SUPPORT,
        },
    ),
    _renewal("told", sm.PartnerTold, "told", _TOLD, {"by": SUPPORT}),
    _renewal(
        "next_deal_opened",
        sm.NextDealOpened,
        "next_deal_opened",
        "The CRM's automation has opened the next deal after a paid renewal (6.3)",
        {"next_deal": "D-511"},
    ),
    _renewal("card_asked", sm.CardAsked, "card_asked", _CARD_ASKED, _CARD_WISH),
    _renewal("card_decided", sm.CardDecided, "card_decided", _CARD_DECIDED, _CARD_RULING),
    *decisions(_renewal, "6.1", HEAD, sm.WaiveOfSale, sm.ExtendOfSale, sm.PauseOfSale, sm.ResumeOfSale),
    _renewal(
        "withdrawn", sm.WithdrawOfSale, "withdraw", "Ends the renewal in an orderly way; its deal may be renewed after all", _WITHDRAWN
    ),
)


# --- incoming payments: 7.2 -------------------------------------------------------------------------------------------

PAYMENT = CaseKind(
    kind=PAYMENT_KIND,
    workflow=IncomingPayment,
    escalation=HEAD_OF_FINANCE,
    name="reference",
    address=lambda message, _: payment_address(message),
    attributes=lambda arrived, _: [SearchAttributePair(attributes.STAGE, PaymentStage.MATCHING)],
    summary=lambda arrived: text("ru", "door", "summary", PAYMENT_KIND, reference=arrived.reference),
    again=lambda _: False,  # money comes once under its reference
    after_end="this payment is settled, in the ledger of payments",
)


def _payment(name: str, message: type[m.Message], update: str, description: str, example: dict[str, JsonValue], **more: Any) -> Door:
    return Door(f"{PAYMENT_KIND}.{name}", PAYMENT, update, message, message, description, {"reference": "bank-9001", **example}, **more)


PAYMENT_DOORS = (
    _payment(
        "arrived",
        pm.PaymentArrived,
        "arrived",
        "Money was posted at `occurred_at`: it is matched with the open invoices (7.2)",
        {
            "amount": "59000.50",
            "purpose": "Оплата по счёту INV-2041, договор-оферта 0-114 от 02.02.2026. БЕЗ НДС",
            "payer_inn": "7707083893",
            "payer_name": "ООО «Ромашка»",
        },
        starts=True,
        check=check_payment,
    ),
    _payment(
        "assigned",
        pm.Assigned,
        "assigned",
        "Finance allocates what the rules could not (7.2)",
        {"invoice": "INV-2041", "amount": "59000.50", "reason": "the payer has confirmed it by letter", "by": _FINANCE},
    ),
    _payment(
        "refunded",
        pm.Refunded,
        "refunded",
        "Finance has returned money as paid in error (7.2)",
        {"refund": "bank-9107", "amount": "59000.50", "by": _FINANCE},
    ),
    *decisions(_payment, "7.2", _HEAD_OF_FINANCE, pm.WaiveOfPayment, pm.ExtendOfPayment, pm.PauseOfPayment, pm.ResumeOfPayment),
)


# --- meetings: 8.1 ----------------------------------------------------------------------------------------------------

MEETINGS = CaseKind(
    kind=MEETINGS_KIND,
    workflow=ManagerMeetings,
    escalation=HEAD_OF_SUPPORT,
    name="manager",
    address=lambda message, _: meeting_address(message),
    attributes=lambda scheduled, _: [SearchAttributePair(attributes.STAGE, MeetingStage.SCHEDULED)],
    summary=lambda scheduled: text("ru", "door", "summary", MEETINGS_KIND, manager=scheduled.manager),
    again=lambda outcome: outcome == MeetingStage.WITHDRAWN,
    after_end="this manager has no meetings any more; partner-meetings.scheduled sets a new schedule",
)


def _meetings(name: str, message: type[m.Message], update: str, description: str, example: dict[str, JsonValue], **more: Any) -> Door:
    return Door(f"{MEETINGS_KIND}.{name}", MEETINGS, update, message, message, description, {"manager": "u12", **example}, **more)


MEETING_DOORS = (
    _meetings(
        "scheduled",
        mm.MeetingsScheduled,
        "scheduled",
        "The manager's own schedule of meetings, local time of the company; told again, the newest stands (8.1)",
        {"weekday": "tue", "at": "12:00", "every_weeks": 2, "by": HEAD},
        starts=True,
        check=check_meeting,
    ),
    _meetings(
        "moved",
        mm.MeetingMoved,
        "moved",
        "The meeting of a day takes place at another time, not in the past (8.1)",
        {"meeting": "2026-11-24", "to": "2026-11-25T15:00:00+03:00", "by": HEAD},
    ),
    _meetings(
        "cancelled",
        mm.MeetingCancelled,
        "cancelled",
        "The meeting of a day does not take place: no pack is owed for it (8.1)",
        {"meeting": "2026-11-24", "reason": "the head of support is ill", "by": HEAD},
    ),
    *decisions(_meetings, "8.1", HEAD, mm.WaiveOfMeetings, mm.ExtendOfMeetings, mm.PauseOfMeetings, mm.ResumeOfMeetings),
    _meetings(
        "withdrawn",
        mm.WithdrawOfMeetings,
        "withdraw",
        "The manager has no meetings any more",
        {"reason": "the manager has left", "by": HEAD},
    ),
)
SALE_DOORS = (*ORDER_DOORS, *RENEWAL_DOORS, *PAYMENT_DOORS, *MEETING_DOORS)
