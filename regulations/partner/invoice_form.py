"""What stands in a printed invoice (5.2, 6.1, 7.1): every figure and word, as the form sets them."""

from __future__ import annotations

from datetime import date

from pydantic import JsonValue

from regulations.amounts import grouped
from regulations.catalogue import text
from regulations.dates import day_text
from regulations.partner.effects import InvoiceOrder
from regulations.partner.messages import Payer
from regulations.partner.money import in_words, rubles
from regulations.partner.requisites import Requisites

_LABELS = (
    *("bank", "bic", "correspondent_account", "account", "inn", "kpp", "recipient", "supplier", "payer", "ground", "number", "service"),
    *("place", "quantity", "price", "sum", "total", "vat", "without_vat", "purpose", "purpose_note", "signature", "page"),
)


def file_name(language: str, number: str) -> str:
    """The name of the file."""
    return _words(language, "file", number=number)


def printed(order: InvoiceOrder, number: str, issued_on: date, company: Requisites) -> dict[str, JsonValue]:
    """The content of the form.

    Args:
        order: The invoice; without defects.
        number: Billing's.
        issued_on: Billing's, in the company's zone; the date of the file as well.
        company: The recipient of the payment.
    """
    say, draft = order.language, order.draft
    lines: list[JsonValue] = [
        [str(place), line.name, f"{line.appendix} / {line.number}", str(line.quantity), grouped(line.price), grouped(line.sum)]
        for place, line in enumerate(draft.lines, 1)
    ]
    return {
        "labels": {label: _words(say, label) for label in _LABELS},
        "language": say,
        "number": number,
        "issued_on": [issued_on.year, issued_on.month, issued_on.day],
        "title": _words(say, "title", number=number, date=day_text(issued_on)),
        "recipient": company.model_dump(mode="json"),
        "supplier": _party(say, company),
        "payer": _party(say, order.payer),
        "ground": _words(say, "contract", number=order.contract.number, date=day_text(order.contract.date)),
        "lines": lines,
        "total": grouped(draft.total),
        "listed": _words(say, "listed", count=len(lines), sum=rubles(draft.total)),
        "in_words": in_words(draft.total),
        "purpose": draft.purpose,
    }


def _party(language: str, who: Requisites | Payer) -> str:
    """Name, numbers and address on one line."""
    kpp = f"{_words(language, 'kpp')} {who.kpp}" if who.kpp else ""
    return ", ".join(filter(None, (who.name, f"{_words(language, 'inn')} {who.inn}", kpp, who.address)))


def _words(language: str, place: str, **values: object) -> str:
    return text(language, "partner-invoice", "pdf", place, **values)
