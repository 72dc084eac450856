"""The doors of partner support, second half: orders, renewals, payments, meetings. ``Allocated`` has none: a payment tells it."""

from __future__ import annotations

from pydantic import JsonValue
from temporalio.common import SearchAttributePair

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
from starter.doors.door import CaseKind, Door
from starter.doors.partners import HEAD, PARTNER, SUPPORT, shown
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
    example={"deal": "D-402"},
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
    example={"deal": "D-310"},
)


def _of_any_sale(kind: CaseKind, clause: str, invoice: dict[str, JsonValue], told: dict[str, JsonValue]) -> tuple[Door, ...]:
    """What an order and a renewal take alike; given the examples of what differs."""
    return (
        kind.door(
            "corrected",
            sm.Corrected,
            "Mends what the check of the invoice has found; only what is given changes (7.1)",
            {"contract": _CONTRACT, "payer": _PAYER, "by": SUPPORT},
        ),
        kind.door(
            "invoice_made",
            sm.InvoiceMade,
            "An invoice that a person made by hand in billing: refused where it is wrong (5.2, 7.1)",
            {**invoice, "by": SUPPORT},
        ),
        kind.door(
            "told",
            sm.PartnerTold,
            "The manager has told the partner that the money came; on a partial payment also why it is partial (5.3)",
            {**told, "by": SUPPORT},
        ),
        kind.door(
            "card_asked",
            sm.CardAsked,
            "The client insists on paying to a card: one of two directors must approve (7.3)",
            {"bank": "bank-1", "reason": "the client has no account with a bank", "by": SUPPORT},
        ),
        kind.door(
            "card_decided",
            sm.CardDecided,
            "The director or the director for partners decides on a payment to a card (7.3)",
            {"decision": "approved", "by": _DIRECTOR},
        ),
        *kind.decisions(clause, HEAD, (sm.WaiveOfSale, sm.ExtendOfSale, sm.PauseOfSale, sm.ResumeOfSale)),
        kind.door(
            "withdrawn",
            sm.WithdrawOfSale,
            "Ends the case in an orderly way; the same deal may begin it again",
            {"reason": "the partner will not pay", "by": HEAD},
        ),
    )


ORDER_DOORS = (
    ORDER.door(
        "consented",
        sm.OrderConsented,
        "The partner agrees to pay for additional services (5.1): begins the order",
        {"partner": PARTNER, "manager": "u12", "contract": _CONTRACT, "services": _ORDERED},
        starts=True,
        check=check_sale,
    ),
    ORDER.door(
        "form_received",
        sm.FormReceived,
        "The customer's form `Заявка Заказчика` came at `occurred_at`: the invoice is owed (5.1, 5.2)",
        {"payer": _PAYER, "services": _ORDERED},
    ),
    ORDER.door(
        "executed",
        sm.Executed,
        "The executor confirms: the access is open, or the service is taken over (5.6)",
        {"by": {"id": "u60", "role": "technical"}, "note": "доступ открыт"},
    ),
    *_of_any_sale(
        ORDER,
        "5.6",
        {
            "number": "INV-2041",
            "purpose": "Оплата по договору-оферте 0-114 от 02.02.2026, приложение 2, услуга 2.3. БЕЗ НДС",
            "lines": [{"name": "Настройка CRM", "appendix": "2", "number": "2.3", "quantity": 1, "sum": "45000.00"}],
        },
        {"reason": "вторую половину оплатят в декабре", "hand_over": True},
    ),
)
RENEWAL_DOORS = (
    RENEWAL.door(
        "consented",
        sm.RenewalConsented,
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
    RENEWAL.door(
        "next_deal_opened",
        sm.NextDealOpened,
        "The CRM's automation has opened the next deal after a paid renewal (6.3)",
        {"next_deal": "D-511"},
    ),
    *_of_any_sale(
        RENEWAL,
        "6.1",
        {
            "number": "INV-2042",
            "purpose": "Оплата по договору-оферте 0-114 от 02.02.2026, приложение 1, услуга 1.2. БЕЗ НДС",
            "lines": [{"name": "Пакет «Стандарт»", "appendix": "1", "number": "1.2", "quantity": 3, "sum": "342000.00"}],
        },
        {},
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
    example={"reference": "bank-9001"},
)


PAYMENT_DOORS = (
    PAYMENT.door(
        "arrived",
        pm.PaymentArrived,
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
    PAYMENT.door(
        "assigned",
        pm.Assigned,
        "Finance allocates what the rules could not (7.2)",
        {"invoice": "INV-2041", "amount": "59000.50", "reason": "the payer has confirmed it by letter", "by": _FINANCE},
    ),
    PAYMENT.door(
        "refunded",
        pm.Refunded,
        "Finance has returned money as paid in error (7.2)",
        {"refund": "bank-9107", "amount": "59000.50", "by": _FINANCE},
    ),
    *PAYMENT.decisions("7.2", _HEAD_OF_FINANCE, (pm.WaiveOfPayment, pm.ExtendOfPayment, pm.PauseOfPayment, pm.ResumeOfPayment)),
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
    example={"manager": "u12"},
)


MEETING_DOORS = (
    MEETINGS.door(
        "scheduled",
        mm.MeetingsScheduled,
        "The manager's own schedule of meetings, local time of the company; told again, the newest stands (8.1)",
        {"weekday": "tue", "at": "12:00", "every_weeks": 2, "by": HEAD},
        starts=True,
        check=check_meeting,
    ),
    MEETINGS.door(
        "moved",
        mm.MeetingMoved,
        "The meeting of a day takes place at another time, not in the past (8.1)",
        {"meeting": "2026-11-24", "to": "2026-11-25T15:00:00+03:00", "by": HEAD},
    ),
    MEETINGS.door(
        "cancelled",
        mm.MeetingCancelled,
        "The meeting of a day does not take place: no pack is owed for it (8.1)",
        {"meeting": "2026-11-24", "reason": "the head of support is ill", "by": HEAD},
    ),
    *MEETINGS.decisions("8.1", HEAD, (mm.WaiveOfMeetings, mm.ExtendOfMeetings, mm.PauseOfMeetings, mm.ResumeOfMeetings)),
    MEETINGS.door(
        "withdrawn",
        mm.WithdrawOfMeetings,
        "The manager has no meetings any more",
        {"reason": "the manager has left", "by": HEAD},
    ),
)
SALE_DOORS = (*ORDER_DOORS, *RENEWAL_DOORS, *PAYMENT_DOORS, *MEETING_DOORS)
