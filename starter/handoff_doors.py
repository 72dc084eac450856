"""The doors of handoffs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import JsonValue, create_model
from temporalio.common import SearchAttributePair

from regulations import messages as m
from regulations.catalogue import text
from regulations.handoff.checks import check_start
from regulations.handoff.state import CC_HEAD, KIND, Stage
from regulations.pseudonym import pseudonym
from starter.door import CaseKind, Door
from workflows import attributes
from workflows.client_handoff import ClientHandoff

WITHOUT_RESULT = frozenset({Stage.NOT_PAID, Stage.REFUSED, Stage.WITHDRAWN})
"""Ends after which a new sale of the same deal may begin a new case."""


def client_reference(sold: m.Sold, hash_key: str) -> str:
    """What stands for the client in search attributes: its number, else a keyed hash of its login, never the login."""
    return sold.client.number or pseudonym(sold.client.login.lower(), hash_key)


def _attributes(sold: m.Sold, hash_key: str) -> list[SearchAttributePair[Any]]:
    return [
        SearchAttributePair(attributes.STAGE, Stage.AWAITING_PAYMENT),
        SearchAttributePair(attributes.PARTNER, sold.partner.id),
        SearchAttributePair(attributes.CLIENT, client_reference(sold, hash_key)),
    ]


def _summary(sold: m.Sold) -> str:
    return text("ru", "case", "summary", client=sold.client.name, partner=sold.partner.name)


HANDOFF = CaseKind(
    kind=KIND,
    workflow=ClientHandoff,
    escalation=CC_HEAD,
    name="deal",
    address=lambda message, _: f"{KIND}/{message.deal}",
    attributes=_attributes,
    summary=_summary,
    again=lambda outcome: outcome in WITHOUT_RESULT,
    after_end="a deal is handed over once",
    corrects=True,
)


def _handoff(
    name: str,
    message: type[m.Message],
    update: str,
    description: str,
    example: dict[str, JsonValue],
    *,
    starts: bool = False,
    check: Callable[[Any, datetime], None] | None = None,
) -> Door:
    wire = message
    if "deal" not in message.model_fields:
        wire = create_model(f"{message.__name__}OfDeal", __base__=message, deal=(m.Ident, ...))
    return Door(f"{KIND}.{name}", HANDOFF, update, message, wire, description, {"deal": "D-1041", **example}, starts, check)


_BY: dict[str, JsonValue] = {"id": "u17", "role": "cc"}
_HEAD: dict[str, JsonValue] = {"id": "u1", "role": "cc_head"}
_ABOUT: dict[str, JsonValue] = {"clause": "2.2.4", "reason": "the client asked to be called next week", "by": _HEAD}

HANDOFF_DOORS = (
    _handoff(
        "sold",
        m.Sold,
        "sold",
        "A partner sold a deal: begins the handoff (1.2, 2.1.1)",
        {
            "partner": {"id": "p7", "name": "ИП Петров", "email": "partner@example.org", "collects_payments": False},
            "client": {"login": "client@example.org", "name": "ООО Ромашка", "inn": "7707083893", "number": "c-311"},
            "tariff_line": "bureau",
            "contract": "written",
            "told_client": True,
        },
        starts=True,
        check=check_start,
    ),
    _handoff("payment_received", m.PaymentReceived, "payment_received", "Money came: it is looked up in billing (3.2)", {}),
    _handoff(
        "access_granted",
        m.AccessGranted,
        "access_granted",
        "The client's paid tariff was opened in billing (2.1.2)",
        {"reference": "acc-77", "tariff": "bureau-12", "starts_on": "2026-12-01"},
    ),
    _handoff(
        "request_received",
        m.RequestReceived,
        "request_received",
        "The partner's training request with its attachments (2.1.3, 2.1.4)",
        {
            "subject": "Обучение клиента от ИП Петров",
            "message_id": "<req-1@partner.example.org>",
            "files": [
                {"name": "Анкета клиента client@example.org.docx", "kind": "questionnaire"},
                {"name": "Договор.docx", "kind": "contract"},
            ],
            "questionnaire": {"name": "ООО Ромашка", "inn": "7707083893"},
            "told_client": True,
        },
    ),
    _handoff("accepted", m.Accepted, "accepted", "Принят: the contact centre accepts the client (2.2.3)", {"by": _BY}),
    _handoff(
        "returned",
        m.Returned,
        "returned",
        "Не принят: returned for rework (2.2.3), or the client declines the terms at the first contact (3.1, 3.4)",
        {"by": _BY, "reasons": [{"clause": "3.3", "text": ""}], "comment": "please fill in the questionnaire"},
    ),
    _handoff("first_contact", m.FirstContact, "first_contact", "The first contact with the client was made (2.2.4)", {"by": _BY}),
    _handoff("contract_signed", m.ContractSigned, "contract_signed", "The written contract is signed (2.2.1)", {"by": _BY}),
    _handoff(
        "entered_into_crm",
        m.EnteredIntoCrm,
        "entered_into_crm",
        "A person entered the client into the CRM by hand (2.2.5)",
        {"by": _BY, "record": "4876876000000624001"},
    ),
    _handoff("training_done", m.TrainingDone, "training_done", "The client has been trained (5.3)", {"by": _BY}),
    _handoff(
        "closing_documents_signed",
        m.ClosingDocumentsSigned,
        "closing_documents_signed",
        "The closing documents are signed (2.2.7)",
        {"by": _BY},
    ),
    _handoff("waived", m.Waive, "waive", "The escalation role lets an obligation go", _ABOUT),
    _handoff(
        "extended",
        m.Extend,
        "extend",
        "The escalation role sets a later due instant",
        {**_ABOUT, "new_due": "2026-12-04T18:00:00+03:00"},
    ),
    _handoff("paused", m.Pause, "pause", "The escalation role stops the clock of an obligation", _ABOUT),
    _handoff("resumed", m.Resume, "resume", "The clock of a paused obligation goes on", {"clause": "2.2.4", "by": _HEAD}),
    _handoff("withdrawn", m.Withdraw, "withdraw", "Ends the handoff in an orderly way", {"reason": "entered twice", "by": _HEAD}),
)
