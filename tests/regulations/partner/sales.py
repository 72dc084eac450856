"""An order or a renewal that runs its course in memory: invoices are really composed; billing, the post, the gateway and the CRM answer as
the fields of `Sale` say.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from regulations.effects import CrmOutcome, CrmRecord, KeptFile
from regulations.messages import Actor, Message
from regulations.partner import sale_answers as answers
from regulations.partner import sale_messages as m
from regulations.partner.effects import (
    InvoiceIssued,
    InvoiceOrder,
    InvoiceQuestion,
    NextDealAnswer,
    NextDealQuestion,
    Sms,
    SmsOutcome,
)
from regulations.partner.invoice import compose
from regulations.partner.rows import DealRow, InvoiceRow
from regulations.partner.sale_decisions import Decision, decide
from regulations.partner.sale_facts import apply
from regulations.partner.sale_state import INVOICE, ORDER, RENEWAL, SaleStage, SaleState
from regulations.partner.services import Service
from tests.regulations.course import Course
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT, PARTNER, SUPPORT

DIRECTOR, PARTNERS_DIRECTOR = Actor(id="d1", role="director"), Actor(id="d2", role="director_for_partners")
TECHNICAL, MARKETING = Actor(id="t1", role="technical"), Actor(id="k1", role="marketing")
CONTRACT = {"number": "О-17", "date": "2026-10-01"}
PAYER = {"name": "ООО «Лютик»", "inn": "7707083893", "email": "buh@lutik.example", "phone": "+79991234567"}
CRM, SCRIPTS, NETWORK = {"service": "crm"}, {"service": "scripts", "quantity": 2}, {"service": "network"}
SERVICES = {
    s.code: s
    for s in (
        Service(code="crm", name="Настройка CRM", price=Decimal("45000.00"), appendix="2", number="2.3", executor="technical"),
        Service(code="scripts", name="Материалы", price=Decimal("9250.25"), appendix="2", number="2.7"),
        Service(
            code="network",
            name="Рекламная сеть",
            price=Decimal("30000.00"),
            appendix="3",
            number="3.1",
            marketing=True,
            executor="marketing",
        ),
        Service(code="standard", name="Пакет «Стандарт»", price=Decimal("120000.00"), appendix="1", number="1.2", package=True),
    )
}
TOTAL, HALF = Decimal("45000.00"), Decimal("22500.00")
PACKAGE = Decimal("108000.00")
"""Of a renewal: the package with its discount."""
PURPOSE = "Оплата по договору оферты № О-17 от 01.10.2026: приложение 2, услуга 2.3. БЕЗ НДС"
MADE: dict[str, Any] = {
    "number": "H-5",
    "purpose": PURPOSE,
    "lines": [{"name": "Настройка CRM", "appendix": "2", "number": "2.3", "quantity": 1, "sum": "45000"}],
}
ROLES = (
    *("support_manager", "support_manager:m1", "support_manager:m2", "head_of_support", "finance", "director", "director_for_partners"),
    *("technical", "marketing"),
)
MONDAY = "2026-11-16 12:00"


class Sale(Course[SaleState, Decision]):
    """One order or renewal with its own clock. Silent may be: draft, billing, post, sms, crm, search, and the registers."""

    waits_for_registers = True

    def __init__(self, start: str | datetime = MONDAY, *, renewal: bool = False) -> None:
        kind, address = (RENEWAL, "partner/D-1/renewal") if renewal else (ORDER, "partner/D-1/order")
        stage = SaleStage.INVOICING if renewal else SaleStage.AWAITING_FORM
        state = SaleState(kind=kind, address=address, uid="uid-1", stage=stage)
        super().__init__(start, state, apply, decide, ROLES, {"deal": "D-1"})
        self.billing: str | None = "issued"
        """What billing says of an invoice; None: nobody knows."""
        self.gateway: SmsOutcome | None = SmsOutcome(result="sent")
        self.crm_up = True
        """Whether the CRM takes records; else it refuses them."""
        self.deals: NextDealAnswer | None = NextDealAnswer(deals=("D-2",))
        """What the CRM's automation has opened; None: the CRM refuses the search."""
        self.questions: list[InvoiceQuestion] = []
        self.orders: list[InvoiceOrder] = []
        self.messages: list[Sms] = []
        self.records: list[CrmRecord] = []
        self.searches: list[datetime] = []

    def act(self, decision: Decision) -> None:
        if (question := decision.compose) is not None:
            self.questions.append(question)
            self.when("draft", lambda: answers.learn_draft(self.state, compose(question, SERVICES), self.now))
        if (order := decision.issue) is not None:
            self.orders.append(order)
            self.when("billing", lambda: answers.learn_issued(self.state, order, self._issued(order), self.now))
        for letter in decision.letters:
            if letter.template == INVOICE:
                assert (letter.values["invoice"], "open") in self.invoices(), "the register comes first"
            self.send(letter, answers.learn_letter)
        for sms in decision.messages:
            self._text(sms)
        if (record := decision.enter) is not None:
            self.records.append(record)
            self.when("crm", lambda: answers.learn_crm(self.state, record, self._entered(record), self.now))
        if (search := decision.seek) is not None:
            self.searches.append(self.now)
            self.when("search", lambda: self._search(search))

    def _text(self, sms: Sms) -> None:
        self.messages.append(sms)
        self.when("sms", lambda: answers.learn_sms(self.state, sms, self.gateway, self.now))

    def _issued(self, order: InvoiceOrder) -> InvoiceIssued | None:
        if self.billing is None:
            return None
        if self.billing == "refused":
            return InvoiceIssued(result="refused", reason="счёт закрыт")
        file = KeptFile(name="Счёт 17.pdf", content_type="application/pdf", sha256="a" * 64)
        return InvoiceIssued(result="issued", number="17", issued_on=self.now.date(), file=file)

    def _entered(self, record: CrmRecord) -> CrmOutcome | None:
        return CrmOutcome(record_id=f"z-{record.external_id}", action="inserted") if self.crm_up else None

    def _search(self, question: NextDealQuestion) -> None:
        assert question.status == "Всё хорошо, получает заявки"
        answers.learn_next_deal(self.state, self.deals, self.now)

    # --- the way of a sale, in few words

    def order(self, happened: datetime | None = None, **fields: Any) -> Self:
        """The partner agrees to pay for the CRM."""
        given = {"partner": PARTNER, "manager": "m1", "contract": CONTRACT, "services": [CRM]}
        return self.say(m.OrderConsented, happened, **{**given, **fields})

    def form(self, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(m.FormReceived, happened, **{"payer": PAYER, **fields})

    def renew(self, happened: datetime | None = None, **fields: Any) -> Self:
        """The partner is ready to pay for another month, at ten percent less."""
        given = {"partner": PARTNER, "manager": "m1", "contract": CONTRACT, "package": "standard", "discount_percent": "10", "payer": PAYER}
        return self.say(m.RenewalConsented, happened, **{**given, **fields})

    def correct(self, **fields: Any) -> Self:
        return self.say(m.Corrected, **{"by": SUPPORT, **fields})

    def pays(self, amount: Decimal, happened: datetime | None = None, **fields: Any) -> Self:
        """A payment is allocated to the invoice."""
        self.deliver(self.payment(amount, happened, **fields))
        return self

    def payment(self, amount: Decimal, happened: datetime | None = None, **fields: Any) -> Message:
        number = next(self.keys)
        assert self.state.invoice is not None
        given = {
            "key": f"allocated#b-{number}#match",
            "payment": f"b-{number}",
            "invoice": self.state.invoice.number,
            "amount": amount,
            "paid": self.state.paid + amount,
        }
        return self.message(m.Allocated, happened, **{**given, **fields})

    def tells(self, happened: datetime | None = None, **fields: Any) -> Self:
        return self.say(m.PartnerTold, happened, **{"by": SUPPORT, **fields})

    def executes(self, by: Actor = TECHNICAL, happened: datetime | None = None) -> Self:
        return self.say(m.Executed, happened, by=by)

    def withdraw(self) -> Self:
        return self.say(m.WithdrawOfSale, by=HEAD_OF_SUPPORT, reason="партнёр передумал")

    def invoiced(self, **fields: Any) -> Self:
        """Consented, formed where it is an order, and invoiced."""
        return self.renew(**fields) if self.state.renewal else self.order(**fields).form()

    # --- what is asked in tests

    def statuses(self) -> list[tuple[str, object]]:
        """What the CRM was asked to enter: external id, status."""
        return [(record.external_id, record.fields.get("status")) for record in self.records]

    def register(self) -> DealRow:
        """The row of the register of deals as it stands."""
        return max(self.of(DealRow), key=lambda row: row.seq)

    def invoices(self) -> list[tuple[str, str]]:
        """Number and state of each row of the register of invoices, in order."""
        return [(row.number, row.state) for row in self.of(InvoiceRow)]
