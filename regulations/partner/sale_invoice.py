"""5.2, 6.1, 7.1: the invoice of a sale, made once. Composed, checked, issued by billing or made by hand; nothing is sent while it is wrong.

Whoever may correct it hears of every defect by name. An order that billing has neither confirmed nor refused keeps its key and what it says
until somebody knows: so billing never has two invoices of one deal from us.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations.case import Evidence, Refusal
from regulations.clause_case import prove
from regulations.obligations import check_instant, incident, not_before, only
from regulations.partner.case import HEAD_OF_SUPPORT, PARTNER, SUPPORT_MANAGER
from regulations.partner.effects import DraftLine, InvoiceDraft, InvoiceIssued, InvoiceOrder, InvoiceQuestion
from regulations.partner.invoice import defect_words, purpose_defects
from regulations.partner.messages import Contract, Payer
from regulations.partner.money import half_up
from regulations.partner.sale_duties import put_invoice, stage_of, tell_informed, withdraw
from regulations.partner.sale_messages import Corrected, FormReceived, InvoiceLine, InvoiceMade
from regulations.partner.sale_state import ENDS, INVOICE, SMS, Invoice, SaleState
from regulations.partner.services import CURRENCY, ZERO

SUPPORT = (SUPPORT_MANAGER, HEAD_OF_SUPPORT)
"""Who sells, corrects and tells."""
_LONGEST_REASON = 200


# --- what it is made of ---------------------------------------------------------------------------------------------


def receive_form(state: SaleState, message: FormReceived, now: datetime) -> str:
    """5.1, 5.2: the customer's form. A later one corrects it as long as there is no invoice."""
    _not_made(state)
    check_instant(message.happened_at, now, "the arrival of the form")
    if state.formed is None:
        state.formed = Evidence(happened_at=message.happened_at, key=message.key)
    state.payer = message.payer
    state.services = message.services or state.services
    state.city = message.city or state.city
    want_invoice(state, message.key)
    return ""


def want_invoice(state: SaleState, cause: str) -> None:
    """What the invoice is to be made of is known, or has changed: it is composed, and anew."""
    state.cause, state.compose_wanted, state.composed = cause, True, False


def correct(state: SaleState, message: Corrected, now: datetime) -> str:
    """7.1: mends what the check has found; without a change it tries again. An invoice that is made keeps what it says: only where it goes
    may change, and then it goes there too."""
    only(SUPPORT, message.by, "correct an invoice")
    not_before(message.happened_at, state.begun.happened_at, "the consent")
    changed = [name for name in ("contract", "payer", "services", "city") if getattr(message, name)]
    if state.invoice is not None:
        return _readdress(state, state.invoice, message, changed, now)
    if state.payer is None:
        raise Refusal("AwaitingForm", "partner 5.1: the customer's form is not there yet; it says who pays and for what")
    if state.order is not None:
        _try_again(state, changed)
        return ""
    state.contract = message.contract or state.contract
    state.payer = message.payer or state.payer
    state.services = message.services or state.services
    state.city = message.city or state.city
    want_invoice(state, message.key)
    return ", ".join(changed)


def _readdress(state: SaleState, invoice: Invoice, message: Corrected, changed: list[str], now: datetime) -> str:
    payer = message.payer
    if payer is None or changed != ["payer"] or _named(payer) != _named(invoice.payer):
        raise Refusal(
            "Invoiced",
            f"partner 5.2: invoice {invoice.number} is made and says what it says; only the payer's e-mail and phone may change still: "
            "give the payer as it stands, with these",
        )
    state.payer, state.invoice = payer, invoice.model_copy(update={"payer": payer})
    send_invoice(state, message.key, now)
    return "payer"


def _named(payer: Payer) -> Payer:
    """The payer without where it is reached."""
    return payer.model_copy(update={"email": "", "phone": None})


def _try_again(state: SaleState, changed: list[str]) -> None:
    if state.issuing:
        raise Refusal("Invoicing", "partner 5.2: billing is making the invoice; deliver this again once it has answered")
    if changed:
        raise Refusal(
            "Unanswered",
            "partner 5.2: nobody knows whether billing has made the invoice; have it tried again unchanged, by a correction that changes "
            "nothing, or deliver partner-order.invoice_made or partner-renewal.invoice_made with the number that billing has",
        )
    state.issue_wanted = True


def _not_made(state: SaleState) -> None:
    if state.invoice is not None:
        raise Refusal("Invoiced", f"partner 5.2: invoice {state.invoice.number} is made; for another one withdraw the deal and begin anew")
    if state.order is not None:
        raise Refusal("Invoicing", "partner 5.2: billing has been asked for the invoice; deliver this again once it has answered")


# --- composed and checked -------------------------------------------------------------------------------------------


def next_question(state: SaleState) -> InvoiceQuestion | None:
    """What is to be composed now: one at a time, the newest of what was said."""
    if not state.compose_wanted or state.composing is not None:
        return None
    state.compose_wanted = False
    state.composing = InvoiceQuestion(
        contract=state.contract,
        payer=state.payer,
        services=state.services,
        city=state.city,
        renewal=state.renewal,
        language=state.language,
    )
    return state.composing


def learn_draft(state: SaleState, draft: InvoiceDraft, now: datetime) -> None:
    """Takes what was composed. What has changed meanwhile is composed anew."""
    state.composing = None
    if state.at in ENDS or state.compose_wanted:
        return
    state.draft, state.composed = draft, not draft.defects
    if draft.defects:
        codes = ", ".join(dict.fromkeys(d.code for d in draft.defects))
        state.note("defects", now, now, key=f"defects#{state.cause}", note=codes)
    for n, words in enumerate(defect_words(state.language, draft.defects)):
        values: dict[str, JsonValue] = {"clause": state.invoicing_clause, "defect": words, "kind": state.kind}
        tell_informed(state, "invoice_defect", f"defect#{state.cause}#{n}", now, values)


# --- issued by billing ----------------------------------------------------------------------------------------------


def next_invoice(state: SaleState, now: datetime) -> InvoiceOrder | None:
    """What billing is to issue now: what was composed and has no defect, once; what it has not answered, again under the same key."""
    if state.order is None:
        _order(state, now)
    if state.order is None or not state.issue_wanted or state.issuing:
        return None
    state.issue_wanted, state.issuing = False, True
    return state.order


def _order(state: SaleState, now: datetime) -> None:
    draft, contract, payer = state.draft, state.contract, state.payer
    if not state.composed or draft is None or contract is None or payer is None:
        return
    state.composed = False
    state.order = InvoiceOrder(
        key=f"{state.uid}#{state.invoicing_clause}#{state.cause}",
        draft=draft,
        contract=contract,
        payer=payer,
        issuer=state.begun.issuer or state.begun.manager,
        language=state.language,
        case=state.address,
        now=now,
    )
    state.issue_wanted = True


def learn_issued(state: SaleState, order: InvoiceOrder, issued: InvoiceIssued | None, now: datetime) -> None:
    """Takes what billing said; None: it could not be asked to the end, so that nobody knows.

    An invoice that comes after the withdrawal of its deal is recorded as void, and goes to nobody.
    """
    state.issuing = False
    if issued is not None and issued.result == "issued":
        state.order = None
        invoice = Invoice(
            key=state.cause,
            number=issued.number,
            total=order.draft.total,
            currency=order.draft.currency,
            purpose=order.draft.purpose,
            lines=order.draft.lines,
            contract=order.contract,
            payer=order.payer,
            city=order.draft.city,
            file=issued.file,
            issued_on=issued.issued_on,
            issued_at=now,
        )
        state.note("invoice", now, now, key=order.key, source="billing", note=issued.number)
        _take_invoice(state, invoice, now)
    else:
        _not_issued(state, order, issued, now)
    if state.withdrawal is not None:
        withdraw(state, state.withdrawal, now)
    else:
        state.stage = stage_of(state)


def _not_issued(state: SaleState, order: InvoiceOrder, issued: InvoiceIssued | None, now: datetime) -> None:
    """Billing refuses it, or cannot be asked: a person sorts it out, and a correction tries again."""
    what = "invoice_unanswered" if issued is None else "invoice_refused"
    reason = issued.reason[:_LONGEST_REASON] if issued is not None else ""
    key = f"{what}#{order.key}#{now.isoformat()}"
    if issued is not None:
        state.order = None
    incident(state, key, what, now, f"partner {state.invoicing_clause}: {reason}".removesuffix(": "))
    tell_informed(state, what, key, now, {"clause": state.invoicing_clause, "reason": reason or "—", "kind": state.kind})


def _take_invoice(state: SaleState, invoice: Invoice, now: datetime) -> None:
    state.invoice = invoice
    put_invoice(state, invoice)
    if state.withdrawal is None:
        send_invoice(state, invoice.key, now)


def send_invoice(state: SaleState, key: str, now: datetime) -> None:
    """5.2: the letter at once; the message to the phone in working time. Neither before the register has the invoice (`unrecorded`)."""
    invoice = state.invoice
    state.tell(PARTNER, INVOICE, key, now, at_once=True)
    if invoice is not None and (invoice.payer.phone or state.begun.partner.phone):
        state.tell(PARTNER, SMS, key, now)


# --- made by hand ---------------------------------------------------------------------------------------------------


def make_by_hand(state: SaleState, message: InvoiceMade, now: datetime) -> str:
    """5.2: an invoice that a person made in billing. It is checked as ours is (7.1), and meets the duty at the time it was made.

    Raises:
        Refusal: ``WrongInvoice``, which names everything that is wrong with it.
    """
    only(SUPPORT, message.by, "make an invoice")
    not_before(message.happened_at, state.begun.happened_at, "the consent")
    if state.invoice is not None:
        raise Refusal("Invoiced", f"partner 5.2: the deal has an invoice already, {state.invoice.number}")
    payer, draft = state.payer, state.draft
    if payer is None:
        raise Refusal("AwaitingForm", "partner 5.1: the customer's form is not there yet; it says who pays and for what")
    if state.issuing:
        raise Refusal("Invoicing", "partner 5.2: billing is making the invoice; deliver this again once it has answered")
    if draft is None or state.compose_wanted or state.composing is not None:
        raise Refusal("Composing", "partner 7.1: what the invoice has to name is being looked up; deliver this again in a minute")
    lines = tuple(_line_by_hand(line) for line in message.lines)
    contract = _checked(state, draft, message.purpose, lines)
    state.order, state.issue_wanted, state.composed = None, False, False
    prove(state, state.newest(state.invoicing_clause), message.happened_at, message.key, now)
    invoice = Invoice(
        key=message.key,
        number=message.number,
        total=sum((line.sum for line in lines), ZERO),
        currency=CURRENCY,
        purpose=message.purpose,
        lines=lines,
        contract=contract,
        payer=payer,
        city=draft.city,
        file=None,
        issued_on=None,
        issued_at=message.happened_at,
    )
    _take_invoice(state, invoice, now)
    return message.number


def _line_by_hand(line: InvoiceLine) -> DraftLine:
    return DraftLine(
        service="",
        name=line.name,
        appendix=line.appendix,
        number=line.number,
        quantity=line.quantity,
        price=half_up(line.sum / line.quantity),
        sum=line.sum,
    )


def _checked(state: SaleState, draft: InvoiceDraft, purpose: str, lines: tuple[DraftLine, ...]) -> Contract:
    """The contract that the invoice rightly names. What the machine itself would have to know first, it has to know here too."""
    contract = state.contract
    defects = [d for d in draft.defects if d.code in ("no_contract", "no_city")]
    if contract is not None:
        defects += purpose_defects(purpose, contract, lines, draft.city)
    if defects or contract is None:
        named = "; ".join(defect_words(state.language, defects))
        raise Refusal("WrongInvoice", f"partner 7.1: the invoice must not be sent as it is: {named}; mend it and deliver it again")
    return contract
