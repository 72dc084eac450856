"""What a sale says: letters and a short message to people outside, notices to people inside."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations import breaches
from regulations.breaches import hour_has_come, tell_inside
from regulations.case import UNMET, Obligation, Tell
from regulations.catalogue import text
from regulations.dates import day_text
from regulations.effects import Letter, OnUnknown
from regulations.partner.case import PARTNER
from regulations.partner.effects import Sms
from regulations.partner.money import rubles
from regulations.partner.sale_duties import DUTY, unrecorded
from regulations.partner.sale_state import CARD, ENDS, FORM, INVOICE, SMS, VOID, Invoice, SaleState
from regulations.rows import NoticeKind

KINDS: dict[str, NoticeKind] = breaches.KINDS | dict.fromkeys(
    ("invoice_defect", "money_came", "money_came_partly", "handed_over", "handed_over_partly", "card_asked", "card_refused"), "warning"
)
"""What is told → kind of notice; everything else is an incident. What somebody is to do stands among the reminders."""


def say(state: SaleState, now: datetime) -> tuple[list[Letter], list[Sms]]:
    """Hands on every telling whose hour has come: what goes outside from the case itself, notices to the rounds, which keep the hours."""
    letters: list[Letter] = []
    messages: list[Sms] = []
    waiting: list[Tell] = []
    for tell in state.tells:
        if _out_of_date(state, tell):
            state.waits.pop(tell.wait or "", None)
            continue
        if not _ripe(state, tell, now):
            waiting.append(tell)
            continue
        state.waits.pop(tell.wait or "", None)
        if tell.what == SMS:
            messages += _message(state, tell, now)
        elif tell.role == PARTNER:
            letters.append(_letter(state, tell, now))
        else:
            tell_inside(state, _with_term(state, tell), now, KINDS)
    state.tells = waiting
    return letters, messages


def _duty(state: SaleState, tell: Tell) -> Obligation | None:
    """The obligation that a telling is about."""
    key = tell.values.get(DUTY)
    return state.obligation(key) if isinstance(key, str) else None


def _out_of_date(state: SaleState, tell: Tell) -> bool:
    """What has been overtaken is not said: a wish for a form that is there, an invoice that is paid or void, what is done already."""
    over, duty = state.at in ENDS, _duty(state, tell)
    if tell.what == FORM:
        return over or state.formed is not None
    if tell.what in (SMS, CARD):
        return over or not state.open_sum
    if tell.what in (INVOICE, "invoice_defect", "card_asked"):
        return over
    return duty is not None and duty.standing not in UNMET


def _ripe(state: SaleState, tell: Tell, now: datetime) -> bool:
    if not hour_has_come(state, tell, now) or (tell.what in (INVOICE, SMS) and unrecorded(state)):
        return False
    duty = _duty(state, tell)
    return duty is None or duty.plan is not None or duty.paused


def _with_term(state: SaleState, tell: Tell) -> Tell:
    """A notice about a duty names its term."""
    duty = _duty(state, tell)
    if duty is None:
        return tell
    due = duty.due_text or text(state.language, "case", "no_term")
    return tell.model_copy(update={"values": {**tell.values, "due": due}})


# --- letters and messages -------------------------------------------------------------------------------------------


def _letter(state: SaleState, tell: Tell, now: datetime) -> Letter:
    """A letter; its key tells what it is about, so that the same letter never goes twice. A card is never sent twice by chance either."""
    invoice = state.invoice
    file = invoice.file if invoice is not None else None
    if tell.what == INVOICE:
        state.invoice_told = True
    return Letter(
        key=f"{state.uid}#{tell.what}#{tell.key}",
        template=tell.what,
        language=state.language,
        to=(state.begun.partner.email if invoice is None or tell.what == FORM else invoice.payer.email,),
        values={"company": state.company, "name": _name(state, tell), **tell.values, **_values(state, tell, invoice)},
        on_unknown=OnUnknown.HOLD if tell.what == CARD else OnUnknown.REPEAT,
        files=(file,) if tell.what == INVOICE and file is not None else (),
        now=now,
    )


def _name(state: SaleState, tell: Tell) -> str:
    """Who is addressed: the partner is asked for its form, the payer for its money."""
    return state.begun.partner.name if state.invoice is None or tell.what == FORM else state.invoice.payer.name


def _values(state: SaleState, tell: Tell, invoice: Invoice | None) -> dict[str, JsonValue]:
    """What a letter tells besides what all tell."""
    if tell.what == FORM:
        return {"link": state.settings.form_link}
    if invoice is None or tell.what == VOID:
        return {}
    values: dict[str, JsonValue] = {"invoice": invoice.number, "purpose": invoice.purpose}
    if tell.what == CARD:
        assert state.card is not None  # noqa: S101 - it was asked for
        return {**values, "sum": rubles(state.open_sum), "bank": state.card.bank}
    lines: list[JsonValue] = [{"name": line.name, "quantity": line.quantity, "sum": rubles(line.sum)} for line in invoice.lines]
    on = day_text(invoice.issued_on) if invoice.issued_on is not None else ""
    return {**values, "date": on, "sum": rubles(invoice.total), "lines": lines, "file": invoice.file is not None, "renewal": state.renewal}


def _message(state: SaleState, tell: Tell, now: datetime) -> list[Sms]:
    """5.2: the notice to the payer's phone, else to the partner's."""
    invoice = state.invoice
    to = (invoice.payer.phone or state.begun.partner.phone) if invoice is not None else None
    if invoice is None or to is None:
        return []
    return [
        Sms(
            key=f"{state.uid}#{tell.what}#{tell.key}",
            to=to,
            template="invoice",
            values={"number": invoice.number, "sum": rubles(invoice.total), "company": state.company},
            language=state.language,
            now=now,
        )
    ]
