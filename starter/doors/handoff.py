"""The doors of handoffs."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue
from temporalio.common import SearchAttributePair

from regulations import messages as m
from regulations.catalogue import text
from regulations.handoff.checks import check_start
from regulations.handoff.state import CC_HEAD, KIND, Stage
from regulations.pseudonym import pseudonym
from starter.doors.door import CaseKind
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
    example={"deal": "D-1041"},
)


_BY: dict[str, JsonValue] = {"id": "u17", "role": "cc"}
_HEAD: dict[str, JsonValue] = {"id": "u1", "role": "cc_head"}

HANDOFF_DOORS = (
    HANDOFF.door(
        "sold",
        m.Sold,
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
    HANDOFF.door("payment_received", m.PaymentReceived, "Money came: it is looked up in billing (3.2)", {}),
    HANDOFF.door(
        "access_granted",
        m.AccessGranted,
        "The client's paid tariff was opened in billing (2.1.2)",
        {"reference": "acc-77", "tariff": "bureau-12", "starts_on": "2026-12-01"},
    ),
    HANDOFF.door(
        "request_received",
        m.RequestReceived,
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
    HANDOFF.door("accepted", m.Accepted, "Принят: the contact centre accepts the client (2.2.3)", {"by": _BY}),
    HANDOFF.door(
        "returned",
        m.Returned,
        "Не принят: returned for rework (2.2.3), or the client declines the terms at the first contact (3.1, 3.4)",
        {"by": _BY, "reasons": [{"clause": "3.3", "text": ""}], "comment": "please fill in the questionnaire"},
    ),
    HANDOFF.door("first_contact", m.FirstContact, "The first contact with the client was made (2.2.4)", {"by": _BY}),
    HANDOFF.door("contract_signed", m.ContractSigned, "The written contract is signed (2.2.1)", {"by": _BY}),
    HANDOFF.door(
        "entered_into_crm",
        m.EnteredIntoCrm,
        "A person entered the client into the CRM by hand (2.2.5)",
        {"by": _BY, "record": "4876876000000624001"},
    ),
    HANDOFF.door("training_done", m.TrainingDone, "The client has been trained (5.3)", {"by": _BY}),
    HANDOFF.door(
        "closing_documents_signed",
        m.ClosingDocumentsSigned,
        "The closing documents are signed (2.2.7)",
        {"by": _BY},
    ),
    *HANDOFF.decisions("2.2.4", _HEAD, (m.Waive, m.Extend, m.Pause, m.Resume)),
    HANDOFF.door("withdrawn", m.Withdraw, "Ends the handoff in an orderly way", {"reason": "entered twice", "by": _HEAD}),
)
