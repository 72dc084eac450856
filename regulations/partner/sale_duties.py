"""What every part of a sale needs: what is owed, what is told, its rows in the registers, its stage, its ends."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations.case import UNMET, Obligation
from regulations.clause_case import owe, prove
from regulations.obligations import waive_all
from regulations.partner.case import FINANCE, PARTNER
from regulations.partner.money import rubles
from regulations.partner.rows import DealRow, InvoiceRow
from regulations.partner.sale_state import ENDS, VOID, Invoice, SaleStage, SaleState, Withdrawal

DUTY = "of"
"""The value of a telling that names the obligation which it is about: it waits until that is counted, and tells its term."""


# --- what is owed, what is told -------------------------------------------------------------------------------------


def open_first(state: SaleState, now: datetime) -> None:
    """What is owed from the consent and from the form on: 5.1 and 5.2, or 6.1 and 6.2. The others are opened by what happens later.

    5.2 runs from the arrival of the form, and not from before the consent; whoever sends the form has been asked for it.
    """
    if state.at in ENDS:
        return
    at = state.begun.happened_at
    for clause in ("6.1", "6.2") if state.renewal else ("5.1",):
        owe(state, clause, at, now, mark="consent")
    if state.formed is not None:
        owe(state, "5.2", max(at, state.formed.happened_at), now, mark="form")
        prove(state, state.newest("5.1"), state.formed.happened_at, state.formed.key, now)


def owed(state: SaleState, clause: str) -> Obligation | None:
    """The newest obligation of a clause, where it is unmet."""
    o = state.newest(clause)
    return o if o is not None and o.standing in UNMET else None


def tell_informed(state: SaleState, what: str, key: str, now: datetime, values: dict[str, JsonValue]) -> None:
    """Tells the manager, and the colleague who issues the invoice, something of it (5.2)."""
    for role in state.informed:
        state.tell(role, what, key, now, values)


# --- the registers ---------------------------------------------------------------------------------------------------


def services_in_words(state: SaleState) -> str:
    """What is sold: the lines of the invoice; before there is one, of what was composed, or the codes."""
    lines = state.invoice.lines if state.invoice is not None else state.draft.lines if state.draft is not None else ()
    named = [(line.name, line.quantity) for line in lines] or [(s.service, s.quantity) for s in state.services]
    return "; ".join(name if quantity == 1 else f"{name} × {quantity}" for name, quantity in named)


def deal_row(state: SaleState) -> DealRow:
    """The deal as the register shall have it (5.5); ``seq`` is that of the row written last."""
    begun, invoice = state.begun, state.invoice
    return DealRow(
        seq=state.row.seq if state.row is not None else 0,
        deal=begun.deal,
        what="renewal" if state.renewal else "order",
        partner=begun.partner.id,
        partner_name=begun.partner.name,
        manager=begun.manager,
        stage=state.stage,
        services=services_in_words(state),
        total=invoice.total if invoice is not None else None,
        currency=invoice.currency if invoice is not None else "RUB",
        invoice=invoice.number if invoice is not None else None,
        invoiced_at=invoice.issued_at if invoice is not None else None,
        paid=state.paid,
        paid_at=state.paid_at,
        begun_at=begun.happened_at,
        closed_at=state.closed_at,
    )


def register(state: SaleState) -> None:
    """Queues the row when it has changed; an older one that is still unwritten is replaced."""
    row = deal_row(state)
    if row == state.row:
        return
    state.row = row.model_copy(update={"seq": state.next_seq()})
    state.rows = [r for r in state.rows if not isinstance(r, DealRow)]
    state.put(state.row)


def put_invoice(state: SaleState, invoice: Invoice, *, void: bool = False) -> None:
    """Queues the row by which payments find the invoice (7.1, 7.2); of one that is void they are returned."""
    state.put(
        InvoiceRow(
            seq=state.next_seq(),
            number=invoice.number,
            deal=state.begun.deal,
            what="renewal" if state.renewal else "order",
            partner=state.begun.partner.id,
            payer_inn=invoice.payer.inn,
            payer_name=invoice.payer.name,
            total=invoice.total,
            currency=invoice.currency,
            purpose=invoice.purpose,
            contract_number=invoice.contract.number,
            contract_date=invoice.contract.date,
            places=tuple((line.appendix, line.number) for line in invoice.lines),
            city=invoice.city,
            state="void" if void else "open",
            issued_at=invoice.issued_at,
        )
    )


def unrecorded(state: SaleState) -> bool:
    """Whether the register has the invoice yet: before that it does not leave, or its payment would find nothing."""
    return any(isinstance(row, InvoiceRow) for row in state.rows)


# --- stages and ends ------------------------------------------------------------------------------------------------


def stage_of(state: SaleState) -> SaleStage:
    """Where a sale stands that is not over."""
    if state.invoice is None:
        return SaleStage.AWAITING_FORM if state.payer is None else SaleStage.INVOICING
    if state.paid_in_full:
        return SaleStage.PAID
    return SaleStage.PARTLY_PAID if state.shares else SaleStage.AWAITING_PAYMENT


def handed_over(state: SaleState) -> bool:
    """5.6: whether all that is paid by now has been handed over."""
    return bool(state.handed_over) and state.handed_over[-1].paid == state.paid


def executed(state: SaleState) -> bool:
    """5.6: whether all that is paid by now has been handed over, and its executors have confirmed."""
    return handed_over(state) and all(set(h.executors) <= set(h.confirmed) for h in state.handed_over)


def finish(state: SaleState, now: datetime) -> None:
    """A sale is done when all of its invoice is paid, and nothing is owed any more."""
    if state.at not in ENDS and state.paid_in_full and not list(state.unmet()):
        end(state, SaleStage.DONE, now, "")


def end(state: SaleState, stage: SaleStage, at: datetime, note: str) -> None:
    """The sale is over: nothing is owed any more, nothing waited for."""
    waive_all(state, at, note)
    state.stage, state.closed_at = stage, at
    state.compose_wanted = state.composed = False
    for name in [name for name in state.waits if not name.startswith("tell:")]:
        del state.waits[name]


def withdraw(state: SaleState, withdrawal: Withdrawal, now: datetime) -> None:
    """Ends it in an orderly way: the invoice is void, and what came on it is finance's to return.

    An order of which everything that was paid is executed is done with that: the head of support gives up the rest.
    """
    kept = executed(state)
    if (invoice := state.invoice) is not None:
        put_invoice(state, invoice, void=True)
        if state.invoice_told and not state.paid_in_full:
            values: dict[str, JsonValue] = {"invoice": invoice.number, "sum": rubles(state.open_sum)}
            state.tell(PARTNER, VOID, withdrawal.key, now, values)
        if state.shares and not kept:
            left: dict[str, JsonValue] = {"invoice": invoice.number, "paid": rubles(state.paid), "reason": withdrawal.reason}
            state.tell(FINANCE, "money_left", withdrawal.key, now, left)
    end(state, SaleStage.DONE if kept else SaleStage.WITHDRAWN, withdrawal.at, "withdrawn")
