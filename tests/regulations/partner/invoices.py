"""Invoices for tests: a catalogue, a contract, a payer, and orders made of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from regulations.partner.effects import InvoiceDraft, InvoiceOrder, InvoiceQuestion
from regulations.partner.invoice import compose
from regulations.partner.messages import Contract, Ordered, Payer
from regulations.partner.requisites import Requisites
from regulations.partner.services import Service

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CONTRACT = Contract(number="ОФ-17/2026", date=date(2026, 11, 21))
PAYER = Payer(
    name="ООО «Ромашка»",
    inn="7707083893",
    kpp="770701001",
    address="644099, г. Омск, ул. Ленина, д. 3",
    email="buh@romashka.example",
    phone="+79130000000",
)
REQUISITES = Requisites(
    name="ООО «Моё дело»",
    inn="5003052454",
    kpp="500301001",
    address="101000, г. Москва, Мясницкая ул., д. 1",
    bank="АО «Пример Банк», г. Москва",
    bic="044525999",
    account="40702810900000000001",
    correspondent_account="30101810400000000999",
    signatory="Генеральный директор И. И. Иванов",
)


def service(code: str, place: str, price: str, **changes: Any) -> Service:
    appendix, number = place.split("/")
    return Service.model_validate(
        {"code": code, "name": f"Услуга {code}", "price": price, "appendix": appendix, "number": number, **changes}
    )


CATALOGUE = {
    made.code: made
    for made in (
        service("crm", "2/2.3", "45000.00", name="Настройка CRM", executor="technical"),
        service("scripts", "2/2.7", "18500.50", name="Материалы «Отдел продаж»"),
        service("network", "3/3.1", "30000.00", name="Рекламная сеть", marketing=True, executor="marketing"),
        service("standard", "1/1.2", "120000.00", name="Пакет «Стандарт»", package=True),
        service("penny", "4/1", "0.01"),
    )
}


def question(*codes: str, **changes: Any) -> InvoiceQuestion:
    """Services of the catalogue, one of each, for a payer under a contract."""
    services = tuple(Ordered(service=code) for code in codes)
    plain: dict[str, Any] = {"contract": CONTRACT, "payer": PAYER, "city": "Омск", "renewal": False, "language": "ru"}
    return InvoiceQuestion.model_validate({**plain, "services": services, **changes})


def draft(*codes: str, **changes: Any) -> InvoiceDraft:
    return compose(question(*codes, **changes), CATALOGUE)


def order(made: InvoiceDraft | None = None, **changes: Any) -> InvoiceOrder:
    """An invoice to be issued."""
    plain: dict[str, Any] = {"key": "4f6c1a52#partner 5.2#form-1", "contract": CONTRACT, "payer": PAYER, "issuer": "u12", "language": "ru"}
    made = made or draft("crm", "scripts", "network")
    return InvoiceOrder.model_validate({**plain, "draft": made, "case": "partner/D-1/order", "now": NOW, **changes})
