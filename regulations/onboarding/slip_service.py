"""Chapter 3: the payment, the first contact with its agreed time, the installation and its report; who serves the client from then on."""

from __future__ import annotations

from datetime import datetime

from regulations.case import Evidence, Refusal
from regulations.catalogue import text
from regulations.clause_case import owe
from regulations.effects import BillingAnswer, BillingQuestion, CrmOutcome, CrmRecord, Payment, Told
from regulations.messages import Actor, Message
from regulations.moved_terms import agree, start_earlier
from regulations.obligations import AHEAD, LONGEST, check_instant, incident, not_before
from regulations.onboarding.case import ACCOUNTANT, CLIENT_MANAGER, GROUP_HEAD, HEAD_OF_CLIENT_DEPARTMENT, SERVICE, SERVICE_GROUP_HEAD
from regulations.onboarding.rows import ServiceRecordRow
from regulations.onboarding.slip_messages import FirstContact, InstallationReported, Installed, ManagerAssigned, PaymentPosted
from regulations.onboarding.slip_state import CONTACT, ENDS, INSTALLATION, KIND, PAID_ITEM, REPORT, Agreement, SlipState
from regulations.onboarding.slip_visas import STANDS, documents

KEPT = "kept"
"""The answer to an agreement that moves nothing."""


def owe_service(state: SlipState, now: datetime) -> None:
    """3.1 is owed from the later of the client's information and the payment, 3.2 from the payment, 3.3 from the installation.

    What is learnt to have begun earlier runs from there; 3.2 heeds the agreed time.
    """
    if state.opening is None:  # the terms are the edition's
        return
    if state.paid is not None:
        if state.closed_at is not None:
            _owe(state, CONTACT, max(state.closed_at, state.paid.happened_at), now)
        _owe(state, INSTALLATION, state.paid.happened_at, now)
    if state.installed is not None:
        _owe(state, REPORT, state.installed.happened_at, now)
    _heed_agreement(state, now)


def _owe(state: SlipState, clause: str, start: datetime, now: datetime) -> None:
    o = owe(state, clause, start, now, mark="1")
    if start < o.started_at:
        start_earlier(state, o, start, now)


def _heed_agreement(state: SlipState, now: datetime) -> None:
    """Each agreement once: a later extension sets it aside."""
    o, agreed = state.newest(INSTALLATION), state.agreed
    if o is not None and agreed is not None and agreed.installation_at != state.heeded:
        state.heeded = agreed.installation_at
        agree(state, o, agreed.installation_at, now)


# --- the payment ------------------------------------------------------------------------------------------------------


def post_payment(state: SlipState, message: PaymentPosted, now: datetime) -> str:
    """3.1, 3.2: the payment was posted."""
    check_instant(message.happened_at, now, "happened_at")
    _pay(state, message.happened_at, message.key, message.reference, now)
    return message.reference


def learn_payment(state: SlipState, answer: BillingAnswer | None, now: datetime) -> None:
    """Takes what billing knows; None: it cannot be asked. A payment with an impossible date is an incident and counts for nothing."""
    state.polling = "" if answer is not None else "failed"
    if state.at in ENDS:
        return
    if answer is None:
        incident(state, "billing", "payment_not_awaited", now, "onboarding 3.1")
        state.tell(ACCOUNTANT, "payment_not_awaited", "billing", now, {"clause": PAID_ITEM})
        return
    for payment in sorted(answer.payments, key=lambda one: (one.reached_at, one.reference)):
        if payment.reference in state.judged:
            continue
        if not now - LONGEST <= payment.reached_at <= now + AHEAD:
            _doubt(state, payment, now)
            continue
        if state.paid is None or payment.reached_at < state.paid.happened_at:
            key = f"billing#{payment.reference}"
            state.note("payment", payment.reached_at, now, key=key, source="billing", note=payment.reference)
            _pay(state, payment.reached_at, key, payment.reference, now)
            owe_service(state, now)
        return


def _pay(state: SlipState, at: datetime, key: str, reference: str, now: datetime) -> None:
    """Of several tellings the earliest counts, and moves the starts of 3.1 and 3.2. The first one is proposed to the accountant: a payment
    is nobody's visa."""
    known = state.paid
    if known is not None and at >= known.happened_at:
        return
    state.paid = Evidence(happened_at=at, key=key)
    if known is not None:
        state.note("payment_earlier", at, now, key=f"payment#{key}", note=f"{state.local(known.happened_at)} → {state.local(at)}")
    elif not state.stands(PAID_ITEM):
        values = {"clause": PAID_ITEM, "reference": reference, "at": state.local(at)}
        state.tell(ACCOUNTANT, "payment_found", f"payment#{key}", now, {**values})


def _doubt(state: SlipState, payment: Payment, now: datetime) -> None:
    state.judged.append(payment.reference)
    incident(state, payment.reference, "payment_impossible", now, f"onboarding 3.1: {payment.reference}")
    state.tell(ACCOUNTANT, "payment_impossible", payment.reference, now, {"clause": PAID_ITEM, "reference": payment.reference})


def payment_question(state: SlipState) -> BillingQuestion:
    """What billing is asked: the contract stands for the deal; there is no login."""
    zone = state.opening.zone if state.opening is not None else state.begun.zone
    return BillingQuestion(deal=state.begun.contract, login="", zone=zone, known=tuple(state.judged))


# --- contact, installation, report ------------------------------------------------------------------------------------


def contact(state: SlipState, message: FirstContact) -> str:
    """3.1: the newest agreement stands, while the time agreed before has not passed; one made after it is kept and moves nothing."""
    state.may((SERVICE_GROUP_HEAD,), message.by, message.happened_at)
    not_before(message.happened_at, state.begun.happened_at, "the hand-over")
    not_before_contact = message.installation_at < message.happened_at - AHEAD
    if not_before_contact or message.installation_at > message.happened_at + LONGEST:
        raise Refusal(
            "ImpossibleDate", f"onboarding 3.1: the agreed time must lie after the contact, by at most {LONGEST.days} days; correct it"
        )
    state.contacted = _earliest(state.contacted, message)
    made = Agreement(made_at=message.happened_at, installation_at=message.installation_at, parameters=message.parameters)
    state.agreements = sorted([*state.agreements, made], key=lambda one: one.made_at)
    if state.agreed != made:
        state.answer = KEPT
    return f"{state.local(message.installation_at)} {message.parameters}".strip()


def install(state: SlipState, message: Installed) -> str:
    """3.2: the earliest record counts."""
    state.may((SERVICE, SERVICE_GROUP_HEAD), message.by, message.happened_at)
    not_before(message.happened_at, state.begun.happened_at, "the hand-over")
    state.answer = STANDS if state.installed is not None else ""
    state.installed = _earliest(state.installed, message)
    _register(state)
    return message.remark


def report(state: SlipState, message: InstallationReported) -> str:
    """3.3: the earliest report counts, the newest documents are shown."""
    state.may((GROUP_HEAD,), message.by, message.happened_at)
    if state.installed is None:
        raise Refusal("NotInstalled", "onboarding 3.3: record the installation first (onboarding.installed), then deliver this again")
    not_before(message.happened_at, state.installed.happened_at, "the installation")
    state.reported = _earliest(state.reported, message)
    state.report_documents = documents(message.files)
    _register(state)
    return "; ".join([*(file.name for file in message.files), *([message.remark] if message.remark else [])])


def _register(state: SlipState) -> None:
    """The installation among what was done for the client, with its report once there is one."""
    assert state.installed is not None  # noqa: S101 - it is what was done
    begun, sent = state.begun, ", ".join(f"{name} (SHA-256 {digest})" for name, digest in state.report_documents)
    said = text(state.language, KIND, "record", "reported" if sent else "installed", documents=sent)
    state.put(
        ServiceRecordRow(
            seq=state.next_seq(),
            what="installation",
            id=begun.contract,
            client=begun.client.id,
            client_name=begun.client.name,
            manager=state.client_manager or "",
            at=state.installed.happened_at,
            text=said,
        )
    )


def _earliest(known: Evidence | None, message: Message) -> Evidence:
    found = Evidence(happened_at=message.happened_at, key=message.key)
    return found if known is None or found.happened_at < known.happened_at else known


# --- who serves, and where the client is entered ----------------------------------------------------------------------


def assign(state: SlipState, message: ManagerAssigned) -> str:
    """The group head says who serves the client; once the service plan runs, that is said to the plan."""
    state.may((GROUP_HEAD,), message.by, message.happened_at)
    if state.plan:
        raise Refusal("PlanBegun", "the service plan of this client runs: name its manager there, with service-plan.begun")
    state.may((CLIENT_MANAGER,), Actor(id=message.manager, role=CLIENT_MANAGER), message.happened_at)
    state.manager = message.manager
    state.opening_stale = True
    return message.manager


def learn_crm(state: SlipState, record: CrmRecord, outcome: CrmOutcome | None, now: datetime) -> None:
    """2.5: the CRM took the record; None: it refuses it for good, and a person enters it."""
    state.entering = False
    if outcome is None:
        incident(state, record.key, "client_not_entered", now, "onboarding 2.5")
        values = {"clause": "2.5", "status": str(record.fields["status"])}
        state.tell(state.role(GROUP_HEAD), "client_not_entered", record.key, now, {**values})
        return
    state.note("crm", now, now, key=record.key, source="crm", note=outcome.record_id)
    if outcome.duplicates:
        incident(state, f"{record.key}#duplicates", "crm_duplicates", now, f"{outcome.record_id}: {', '.join(outcome.duplicates)}")


def learn_plan(state: SlipState, told: Told | None, now: datetime) -> None:
    """Takes what the service plan answered; None: nobody was reached for a day. Where it did not begin, a person begins it."""
    if told is not None and told.result in ("done", "repeated"):
        state.plan = "begun"
        state.note("plan", now, now, key="plan", note=state.begun.client.id)
        return
    state.plan = "failed"
    reason = f"{told.result} {told.type}: {told.text}" if told is not None else "Unavailable"
    incident(state, "plan", "plan_not_begun", now, reason[:300])
    state.tell(HEAD_OF_CLIENT_DEPARTMENT, "plan_not_begun", "plan", now, {"clause": "4", "client": state.begun.client.id})
