"""The obligations of a handoff, clause by clause: what opens them, who owes them, what an acceptance and its reversal write down."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from regulations.case import Evidence, Standing
from regulations.effects import CrmRecord
from regulations.handoff.rows import AcceptedClientRow, PaymentRegisterRow, SaleRow
from regulations.handoff.state import (
    CC,
    CC_HEAD,
    ENDS,
    KIND,
    PARTNER,
    REGIONAL_DIRECTORATE,
    SENIOR_REGIONAL_MANAGER,
    SUPPORT,
    HandoffState,
    Stage,
)
from regulations.messages import Accepted
from regulations.obligations import close, open_obligation, settle_open, waive

OWNERS: dict[str, tuple[str, str]] = {
    "2.1.1": (PARTNER, SENIOR_REGIONAL_MANAGER),
    "2.1.2": (PARTNER, SENIOR_REGIONAL_MANAGER),
    "2.1.3": (PARTNER, SENIOR_REGIONAL_MANAGER),
    "2.1.4": (PARTNER, SENIOR_REGIONAL_MANAGER),
    "2.2.1": (CC, CC_HEAD),
    "2.2.2": (CC, CC_HEAD),
    "2.2.3": (CC, CC_HEAD),
    "2.2.4": (CC, CC_HEAD),
    "2.2.5": (CC, CC_HEAD),
    "2.2.7": (CC, CC_HEAD),
    "4.4": (SUPPORT, CC_HEAD),
    "5.3 (2)": (CC_HEAD, REGIONAL_DIRECTORATE),
}
"""Clause → who owes the duty, who is told of its breach (5.1–5.3). 4.4 is the duty of a month, kept in `report_case`."""


def _open(state: HandoffState, clause: str, started_at: datetime, now: datetime, *, per_round: bool = True) -> None:
    owner, escalation = OWNERS[clause]
    key = f"{clause}/{state.round}" if per_round else clause
    open_obligation(state, key, clause=clause, owner=owner, escalation=escalation, started_at=started_at, now=now, term=state.term(clause))


def on_opening(state: HandoffState, now: datetime) -> None:
    """2.1.1 is owed from the sale on. It has no term of its own: the acceptance check asks for it."""
    if state.stage in ENDS:
        return  # withdrawn before anything was decided: what has ended owes nothing
    _open(state, "2.1.1", state.sold.happened_at, now, per_round=False)


def on_payment(state: HandoffState, now: datetime) -> None:
    """The payment reached the account: access (2.1.2), request (2.1.3) and attachments (2.1.4) are due from its day on."""
    if state.payment is None:
        return
    state.stage = Stage.AWAITING_TRANSFER
    for clause in ("2.1.2", "2.1.3", "2.1.4"):
        _open(state, clause, state.payment.reached_at, now, per_round=False)


def advance(state: HandoffState, now: datetime) -> None:
    """What the facts open by themselves: the transfer, and the closing documents.

    The transfer is the latest of payment on the account, request received, all required attachments there; files that have yet to be
    read are waited for.
    """
    open_closing_documents(state, now)
    request = state.request
    waits_for_it = state.stage in (Stage.AWAITING_TRANSFER, Stage.RETURNED)
    if not waits_for_it or state.payment is None or request is None or request.complete_at is None or state.unread:
        return
    state.waits.pop(f"resubmission/{state.round}", None)
    state.round += 1
    state.transfer_at = max(state.payment.reached_at, request.complete_at)
    state.stage = Stage.CHECKING
    for clause in ("2.2.2", "2.2.3", "2.2.4", "2.2.5", "5.3 (2)"):
        _open(state, clause, state.transfer_at, now)


def on_acceptance(state: HandoffState, message: Accepted, now: datetime) -> None:
    """`Принят`: 2.2.2 and 2.2.3 are met, 2.2.1 opens, the registers (2.2.6, 4.1, 4.2) and the CRM (2.2.5) get the client."""
    at = message.happened_at
    state.stage = Stage.ACCEPTED
    state.accepted_at = at
    for clause in ("2.2.2", "2.2.3"):
        state.evidence[f"{clause}/{state.round}"] = Evidence(happened_at=at, key=message.key)
    if state.sold.contract == "written":
        _open(state, "2.2.1", at, now)
    told = state.obligation("2.1.1")
    if told is not None and told.standing is Standing.OPEN and "2.1.1" not in state.evidence:
        close(state, told, Standing.WAIVED, note="undeclared")
    _enter_login(state, "entered", at)
    enter_into_crm(state, message.key, at)


def open_closing_documents(state: HandoffState, now: datetime) -> None:
    """2.2.7 runs from the access grant or the acceptance, whichever is later: both must be known, unless the access was waived."""
    if state.stage != Stage.ACCEPTED or state.accepted_at is None:
        return
    access = state.obligation("2.1.2")
    if state.access is not None:
        _open(state, "2.2.7", max(state.accepted_at, state.access.granted_at), now)
    elif access is not None and access.standing is Standing.WAIVED:
        _open(state, "2.2.7", state.accepted_at, now)


def register_client(state: HandoffState) -> None:
    """Keeps the row of the accepted client as the case knows it now (4.1, 4.2). A first contact alone rides along with the next record."""
    if state.accepted_at is None:
        return
    before = state.registered
    row = _client_row(state, "accepted", state.accepted_at, "", seq=before.seq if before else 0)
    if before == row:
        return
    contact_alone = before is not None and before.model_copy(update={"first_contact_at": row.first_contact_at}) == row
    state.registered = row.model_copy(update={"seq": state.next_seq()})
    state.put(state.registered, pressing=not contact_alone)


def register_sale(state: HandoffState) -> None:
    """2.1.3: the row by which an e-mail of the partner finds its deal while that takes requests. The first one is waited for by e-mails;
    that the deal takes no more, or takes them again, rides along with the next record."""
    open_for_requests = state.stage not in ENDS and state.stage != Stage.ACCEPTED
    before = state.findable
    if before is not None and before.open == open_for_requests:
        return
    sale = state.sold
    state.findable = SaleRow(
        seq=state.next_seq(),
        deal=sale.deal,
        partner_email=sale.partner.email,
        partner_name=sale.partner.name,
        client_login=sale.client.login,
        client_name=sale.client.name,
        tariff_line=sale.tariff_line,
        open=open_for_requests,
    )
    state.put(state.findable, pressing=before is None)


def reverse_acceptance(state: HandoffState, at: datetime, key: str, reason: str, now: datetime) -> None:
    """An acceptance is undone by second rows; the first ones stay. The CRM learns of it."""
    register_client(state)  # an acceptance undone at the same moment has its first row all the same
    state.put(_client_row(state, "reversed", at, reason, seq=state.next_seq()))
    _enter_login(state, "reversed", at)
    state.accepted_at = state.registered = None
    state.evidence.pop("2.2.7", None)  # closing documents of an acceptance that is undone close nothing
    enter_into_crm(state, key, now)


def waive_round(state: HandoffState, at: datetime, note: str) -> None:
    """A return: the open obligations of the round are waived; breaches already recorded stay; the partner's 2.1.x stay as they were."""
    for o in list(state.unmet()):
        if o.key.endswith(f"/{state.round}") and state.proof(o) is None:
            waive(state, o, at, note)


def waive_all(state: HandoffState, at: datetime, note: str, now: datetime) -> None:
    """The case ends: what is proven is met, the rest is let go."""
    settle_open(state, now)
    for o in list(state.unmet()):
        waive(state, o, at, note)


def _enter_login(state: HandoffState, entry: Literal["entered", "reversed"], at: datetime) -> None:
    """2.2.6: the client's login in the register of payments; an acceptance that is undone is reversed by a second row."""
    state.put(
        PaymentRegisterRow(
            seq=state.next_seq(),
            round=state.round,
            entry=entry,
            at=at,
            client_login=state.sold.client.login,
            payment_reference=state.payment.reference if state.payment else None,
        )
    )


def enter_into_crm(state: HandoffState, key: str, now: datetime) -> None:
    """2.2.5: one record for the client of this deal; a later call updates the same record."""
    sale, access = state.sold, state.access
    state.records.append(
        CrmRecord(
            key=f"{state.uid}#2.2.5/{state.round}#{key}",
            external_id=f"{KIND}-{sale.deal}",
            fields={
                "deal": sale.deal,
                "client_name": sale.client.name,
                "client_login": sale.client.login,
                "client_inn": sale.client.inn,
                "partner_id": sale.partner.id,
                "partner_name": sale.partner.name,
                "tariff_line": sale.tariff_line,
                "contract": sale.contract,
                "status": "accepted" if state.accepted_at else "reversed",
                "accepted_at": state.accepted_at.isoformat() if state.accepted_at else None,
                "access_granted_at": access.granted_at.isoformat() if access else None,
                "tariff": access.tariff if access else (state.price.tariff if state.price else None),
                "questionnaire": dict(state.request.questionnaire) if state.request else {},
            },
            now=now,
        )
    )


def _client_row(state: HandoffState, entry: str, at: datetime, reason: str, *, seq: int) -> AcceptedClientRow:
    sale, access, payment = state.sold, state.access, state.payment
    contact = state.evidence.get("2.2.4")
    return AcceptedClientRow.model_validate(
        {
            "seq": seq,
            "round": state.round,
            "entry": entry,
            "at": at,
            "deal": sale.deal,
            "partner_id": sale.partner.id,
            "partner_name": sale.partner.name,
            "client_login": sale.client.login,
            "client_name": sale.client.name,
            "tariff_line": sale.tariff_line,
            "tariff": access.tariff if access else (state.price.tariff if state.price else None),
            "access_granted_at": access.granted_at if access else None,
            "tariff_starts_on": access.starts_on if access else None,
            "payment_reference": payment.reference if payment else None,
            "payment_amount": payment.amount if payment else None,
            "payment_currency": payment.currency if payment else None,
            "payment_reached_at": payment.reached_at if payment else None,
            "first_contact_at": contact.happened_at if contact else None,
            "reason": reason,
        }
    )
