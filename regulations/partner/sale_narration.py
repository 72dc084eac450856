"""An order or a renewal as people read it: the read-out of the ``case`` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from decimal import Decimal

from regulations.case import Fact
from regulations.catalogue import text
from regulations.partner.case import REGULATION
from regulations.partner.invoice import defect_words
from regulations.partner.money import rubles
from regulations.partner.sale_duties import services_in_words
from regulations.partner.sale_state import ENDS, SaleState
from regulations.read_out import Counts, ReadOut, cell, counts, fact_lines, obligation_lines, pairs, read_case


class SaleResult(Counts):
    """How it ended."""

    outcome: str
    invoice: str | None
    total: Decimal | None
    """As invoiced."""
    paid: Decimal
    next_deal: str | None
    """6.3"""


def read_out(state: SaleState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, 1)


def result(state: SaleState) -> SaleResult:
    """The counts with which it ends."""
    invoice = state.invoice
    return SaleResult(
        outcome=state.outcome or state.stage,
        invoice=invoice.number if invoice is not None else None,
        total=invoice.total if invoice is not None else None,
        paid=state.paid,
        next_deal=state.next_deal,
        **counts(state).model_dump(),
    )


def details(state: SaleState) -> str:
    """The case as Markdown for the Temporal UI, in its language; without whom it concerns, but for the partner's id."""
    lines = [f"### {_title(state)}", _standing(state), "", _money(state)]
    lines += [f"\n> {hint}" for hint in _hints(state)]
    lines += obligation_lines(state)
    lines += fact_lines(state, _note)
    return "\n".join(lines)


def _word(state: SaleState, *place: str, **values: object) -> str:
    return text(state.language, state.kind, *place, **values)


def _title(state: SaleState) -> str:
    if state.started is None:
        return state.address
    return _word(state, "case", "title", deal=state.started.deal, partner=state.started.partner.id)


def _standing(state: SaleState) -> str:
    """Stage, what is sold, edition."""
    return pairs(
        [
            (text(state.language, "case", "stage"), _word(state, "stage", state.stage)),
            (_word(state, "case", "services"), cell(services_in_words(state))),
            (text(state.language, "case", "edition"), cell(state.opening.edition.id) if state.opening else ""),
        ]
    )


def _money(state: SaleState) -> str:
    """The invoice, and what is paid on it."""
    invoice = state.invoice
    return pairs(
        [
            (_word(state, "case", "invoice"), cell(invoice.number) if invoice is not None else ""),
            (_word(state, "case", "total"), rubles(invoice.total) if invoice is not None else ""),
            (_word(state, "case", "paid"), rubles(state.paid) if state.shares else ""),
            (_word(state, "case", "next_deal"), state.next_deal or ""),
        ]
    )


def _hints(state: SaleState) -> list[str]:
    """What somebody who works on it should know."""
    if state.at in ENDS:
        return []
    wrong = state.draft.defects if state.draft is not None and state.invoice is None else ()
    hints = [_word(state, "case", "defect", defect=cell(words)) for words in defect_words(state.language, wrong)]
    if state.order is not None and not state.issuing:
        hints.append(_word(state, "case", "unanswered"))
    if state.card is not None and not state.card.decided and state.open_sum:
        hints.append(_word(state, "case", "card"))
    if state.crm_refuses:
        hints.append(_word(state, "case", "crm_refuses"))
    if state.sought_in_vain and state.next_deal is None:
        hints.append(_word(state, "case", "sought_in_vain"))
    if state.withdrawal is not None:
        hints.append(_word(state, "case", "withdrawal"))
    return hints


def _note(f: Fact) -> str:
    """The note of a fact in words: some facts were written for the register, and the hints say it."""
    return "" if f.what.startswith("incident.") and f.note.startswith(f"{REGULATION} ") else f.note
