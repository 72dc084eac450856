"""Invoices (7.1): composed from the catalogue of services, each service a line of its own; what is wrong is named and nothing guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from regulations.catalogue import text
from regulations.dates import day_text
from regulations.partner.case import SUPPORT_MANAGER
from regulations.partner.effects import Defect, DraftLine, InvoiceDraft, InvoiceQuestion
from regulations.partner.messages import Contract, Ordered
from regulations.partner.money import half_up
from regulations.partner.purpose import LONGEST, purpose_defects
from regulations.partner.services import CURRENCY, ZERO, Service

__all__ = ["compose", "defect_words", "purpose_defects"]

_FORMS = ("full", "short")
"""The purposes of the catalogue, the first that is not too long is taken."""


def compose(question: InvoiceQuestion, services: Mapping[str, Service]) -> InvoiceDraft:
    """An invoice from the catalogue, with everything that keeps it from being sent.

    The price of one unit has its discount taken off and is rounded to the kopeck, half a kopeck upwards; sums and total are exact
    products and sums of these prices. Services stand in the order in which they were ordered.

    The purpose names every service in full words; where that is longer than the 210 characters that a payment order takes (field 24
    of the Bank of Russia's form), the words are shortened, and only if that is too long as well it is a defect.

    Args:
        question: What is ordered, by whom, under which contract.
        services: The company's catalogue, by code.

    Returns:
        The draft; lines and total hold what is known even where something is wrong.
    """
    known = [(ordered, services[ordered.service]) for ordered in question.services if ordered.service in services]
    lines = tuple(_line(ordered, service) for ordered, service in known)
    marketing = [service for _, service in known if service.marketing]
    city = question.city if marketing else None
    defects = list(_defects(question, services))
    if marketing and question.city is None:
        defects.append(Defect(code="no_city", values={"name": marketing[0].name}))
    purpose = ""
    if question.contract is not None and lines:
        purpose = _purpose(question.contract, lines, city, question.language)
        defects += (defect for defect in purpose_defects(purpose, question.contract, lines, city) if defect not in defects)
    return InvoiceDraft(
        lines=lines,
        total=sum((line.sum for line in lines), ZERO),
        currency=CURRENCY,
        purpose=purpose,
        city=city,
        executors=tuple(dict.fromkeys(service.executor or SUPPORT_MANAGER for _, service in known)),
        defects=tuple(defects),
    )


def defect_words(language: str, defects: Iterable[Defect]) -> list[str]:
    """The defects as people read them, in their order."""
    return [text(language, "partner", "defect", defect.code, **defect.values) for defect in defects]


def _line(ordered: Ordered, service: Service) -> DraftLine:
    price = half_up(service.price * (100 - ordered.discount_percent) / 100)
    return DraftLine(
        service=service.code,
        name=service.name,
        appendix=service.appendix,
        number=service.number,
        quantity=ordered.quantity,
        price=price,
        sum=price * ordered.quantity,
    )


def _defects(question: InvoiceQuestion, services: Mapping[str, Service]) -> Iterable[Defect]:
    """What is wrong with what is asked for, before there is a purpose."""
    if question.contract is None:
        yield Defect(code="no_contract")
    if question.payer is None:
        yield Defect(code="no_payer")
    if not question.services:
        yield Defect(code="no_package" if question.renewal else "no_service")
    seen: list[str] = []
    for ordered in question.services:
        service = services.get(ordered.service)
        if service is None:
            yield Defect(code="service_unknown", values={"service": ordered.service})
            continue
        about = {"name": service.name}
        if seen.count(service.code) == 1:
            yield Defect(code="service_twice", values=about)
        seen.append(service.code)
        if question.renewal and not service.package:
            yield Defect(code="not_package", values=about)
        if _line(ordered, service).price == ZERO:
            yield Defect(code="no_price", values=about)


# --- the purpose ------------------------------------------------------------------------------------------------------


def _purpose(contract: Contract, lines: Sequence[DraftLine], city: str | None, language: str) -> str:
    """The first form that is not too long; the shortest one, where all are."""
    for form in _FORMS:
        purpose = _in_form(form, contract, lines, city, language)
        if len(purpose) <= LONGEST:
            break
    return purpose


def _in_form(form: str, contract: Contract, lines: Sequence[DraftLine], city: str | None, language: str) -> str:
    def words(name: str, **values: object) -> str:
        return text(language, "partner-invoice", "purpose", form, name, **values)

    numbers: dict[str, list[str]] = {}
    for line in lines:
        numbers.setdefault(line.appendix, []).append(line.number)
    places = (
        words("appendix", appendix=appendix, services=words("service" if len(named) == 1 else "services", numbers=", ".join(named)))
        for appendix, named in numbers.items()
    )
    whole = words("contract", number=contract.number, date=day_text(contract.date), places="; ".join(places))
    return whole + (words("city", city=city) if city is not None else "") + words("vat")
