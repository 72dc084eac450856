"""The automatic checks of a handoff: who falls under the regulation (1.2), the payment (3.2), the request (2.1.4, 3.3)."""

from __future__ import annotations

from datetime import datetime, timedelta

from regulations.case import Refusal
from regulations.effects import AccessGrant, Payment, Price
from regulations.handoff.state import HandoffState, Request
from regulations.messages import RequestFile, Sold, is_inn
from regulations.obligations import AHEAD, LONGEST

BEFORE_SALE = timedelta(days=1)
"""How long before the sale a fact of its handoff may lie: a tariff is sometimes opened the evening before the deal is booked."""


def check_start(sale: Sold, now: datetime) -> None:
    """The checks that a door and the workflow make before a handoff begins.

    Raises:
        Refusal: ``OutsideRegulation`` (clause 1.2), ``FromTheFuture`` or ``ImpossibleDate``.
    """
    if sale.partner.collects_payments:
        raise Refusal(
            "OutsideRegulation",
            "handoff 1.2: the regulation holds only for partners whose contract does not let them collect the clients' payments",
        )
    if sale.happened_at > now + AHEAD:
        raise Refusal("FromTheFuture", "the sale lies in the future by more than 5 minutes; send when it happened, with its offset")
    if sale.happened_at < now - LONGEST:
        raise Refusal("ImpossibleDate", f"the sale lies more than {LONGEST.days} days back; correct its date")


def check_not_before_sale(sale: Sold, at: datetime) -> None:
    """Refuses a fact that lies before the sale by more than a day, by name ``ImpossibleDate``."""
    if at < sale.happened_at - BEFORE_SALE:
        raise Refusal("ImpossibleDate", "happened_at lies before the sale by more than a day; correct the date, or the deal")


def judge_payment(payment: Payment, price: Price | None, now: datetime) -> str | None:
    """Why a payment does not count, as a stable code; None when it does (3.2, bad input)."""
    if payment.reached_at > now + AHEAD:
        return "payment_from_the_future"
    if payment.reached_at < now - 2 * LONGEST:
        return "payment_too_old"
    if price is not None and payment.currency != price.currency:
        return "payment_in_another_currency"
    if price is not None and payment.amount < price.amount:
        return "payment_too_small"
    return None


def judge_access(sale: Sold, access: AccessGrant, now: datetime) -> str | None:
    """Why a grant that billing names does not count, as a stable code; None when it does (2.1.2, bad input)."""
    if access.granted_at > now + AHEAD:
        return "access_from_the_future"
    if access.granted_at < sale.happened_at - BEFORE_SALE:
        return "access_before_sale"
    return None


def counts(file: RequestFile) -> bool:
    """Whether an attachment is what it is sent for: readable, and a contract in Word format (2.1.4), by its name where nobody looks in."""
    word = file.kind != "contract" or file.sha256 is not None or file.name.lower().endswith((".doc", ".docx"))
    return file.problem is None and word


def wanted_files(sale: Sold) -> list[str]:
    """The attachments that a request must bring (2.1.4): the contract only where there is a written one."""
    return ["questionnaire", "contract"] if sale.contract == "written" else ["questionnaire"]


def missing_files(state: HandoffState, request: Request) -> list[str]:
    """What the request lacks before it counts as a transfer (2.1.4): codes, with the reason where a file was there but does not count."""
    missing: list[str] = []
    for kind in wanted_files(state.sold):
        files = [f for f in request.files if f.kind == kind]
        if not any(counts(f) for f in files):
            problem = next((f.problem for f in files if f.problem), "not_word" if files else None)
            missing.append(kind if problem is None else f"{kind}:{problem}")
    return missing


def missing_fields(state: HandoffState) -> list[str]:
    """The fields of the questionnaire that are empty or wrong (3.3), in the order of the form."""
    answers = state.request.questionnaire if state.request else {}
    missing = [field for field in state.settings.questionnaire if not answers.get(field, "").strip()]
    if "inn" not in missing and "inn" in state.settings.questionnaire and not is_inn(answers["inn"].strip()):
        missing.append("inn:wrong")
    login = answers.get("login", "").strip()
    if login and "login" in state.settings.questionnaire and login.casefold() != state.sold.client.login.casefold():
        missing.append("login:other")
    return missing
