"""An order or a renewal that runs its course in memory: the docket's pure functions, really counted terms, with a clock of its own.

Invoices are really composed; billing, the post, the gateway and the CRM answer as the fields of `Sale` say; what is switched off waits for
`answer`. What the workflows add is tested on a server.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Self

import pytest

from regulations.case import Obligation, Refusal
from regulations.clocks import planned, terms_to_plan
from regulations.counting import count
from regulations.effects import CrmOutcome, CrmRecord, KeptFile, Letter, LetterOutcome
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
from regulations.partner.sale_decisions import Decision, decide
from regulations.partner.sale_facts import apply
from regulations.partner.sale_state import INVOICE, ORDER, RENEWAL, SaleStage, SaleState
from regulations.partner.services import Service
from regulations.plans import Address, Opening, PlanRequest
from regulations.rows import AnyRow, BreachRow, DealRow, IncidentRow, InvoiceRow, NoticeRow
from regulations.working_time import working_time
from tests.regulations.careful import decided
from tests.regulations.partner.intakes import EDITIONS, HEAD_OF_SUPPORT, OFFICE, PARTNER, SUPPORT, at

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
SENT = LetterOutcome(result="sent", message_id="<m@x>", subject="sent")


class Sale:
    """One order or renewal with its own clock."""

    def __init__(self, start: str | datetime = MONDAY, *, renewal: bool = False) -> None:
        self.now = at(start) if isinstance(start, str) else start
        kind, address = (RENEWAL, "partner/D-1/renewal") if renewal else (ORDER, "partner/D-1/order")
        stage = SaleStage.INVOICING if renewal else SaleStage.AWAITING_FORM
        self.state = SaleState(kind=kind, address=address, uid="uid-1", stage=stage)
        self.settings: dict[str, Any] = {}
        """Settings of the edition that are others than published."""
        self.silent: set[str] = set()
        """Who does not answer: draft, billing, post, sms, crm, search, and the registers."""
        self.billing: str | None = "issued"
        """What billing says of an invoice; None: nobody knows."""
        self.post: LetterOutcome | None = SENT
        self.gateway: SmsOutcome | None = SmsOutcome(result="sent")
        self.crm_up = True
        """Whether the CRM takes records; else it refuses them."""
        self.deals: NextDealAnswer | None = NextDealAnswer(deals=("D-2",))
        """What the CRM's automation has opened; None: the CRM refuses the search."""
        self.questions: list[InvoiceQuestion] = []
        self.orders: list[InvoiceOrder] = []
        self.letters: list[Letter] = []
        self.messages: list[Sms] = []
        self.records: list[CrmRecord] = []
        self.searches: list[datetime] = []
        self.rows: list[AnyRow] = []
        self.careful = True
        """Proves at every step that deciding is pure, does nothing twice, and survives being written down."""
        self.wake_at: datetime | None = None
        self.wake_for = ""
        self._open: list[tuple[str, Callable[[], None]]] = []
        self._keys = itertools.count(1)

    # --- what happens

    def message(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Message:
        """A message of a kind with a fresh key, to this deal."""
        given: dict[str, Any] = {"key": f"k{next(self._keys)}", "happened_at": happened or self.now, **fields}
        if issubclass(kind, m.OfSale):
            given = {"deal": "D-1", **given}
        return kind.model_validate(given)

    def deliver(self, message: Message) -> None:
        """Applies a message at the present moment; a refusal is raised and leaves no trace."""
        state = self.state.model_copy(deep=True)
        apply(state, message, self.now)
        self.state = state
        self.run()

    def say(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Self:
        """Delivers a message of a kind with a fresh key."""
        self.deliver(self.message(kind, happened, **fields))
        return self

    def refusal(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> Refusal:
        """The refusal; the state must be as before."""
        before = self.state.model_dump_json()
        with pytest.raises(Refusal) as refusal:
            self.deliver(self.message(kind, happened, **fields))
        assert self.state.model_dump_json() == before
        return refusal.value

    def refused(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> str:
        """The type of the refusal."""
        return self.refusal(kind, happened, **fields).type

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
        number = next(self._keys)
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

    def go_to(self, moment: str | datetime) -> Self:
        """Moves the clock, stopping at every instant at which the case wakes by itself."""
        until = at(moment) if isinstance(moment, str) else moment
        while self.wake_at is not None and self.wake_at <= until:
            self.now = self.wake_at
            self.run()
        self.now = until
        return self

    def go(self, **delta: float) -> Self:
        return self.go_to(self.now + timedelta(**delta))

    def answer(self, who: str | None = None, *, rest: bool = True) -> Self:
        """Whoever was silent answers what was asked meanwhile, in order; all of them, unless one is named. Then the case decides, unless
        it shall not ``rest``."""
        ready = [what for whose, what in self._open if who in (None, whose)]
        self._open = [(whose, what) for whose, what in self._open if who not in (None, whose)]
        for what in ready:
            what()
        if rest:
            self.run()
        return self

    # --- the docket's steps

    def run(self) -> None:
        """Counts, decides, records and acts until nothing is left to do now."""
        for _ in range(60):
            self._open_and_count()
            decision = decided(decide, self.state, self.now) if self.careful else decide(self.state, self.now)
            self.state = decision.state
            more = any(True for _ in terms_to_plan(self.state, self.now))
            recorded = bool(self.state.rows) and not more and "registers" not in self.silent
            self.wake_at, self.wake_for = decision.wake_at, decision.wake_for
            written = list(self.state.rows) if recorded else []
            self._act(decision)
            self.rows += written
            self.state.rows = [row for row in self.state.rows if row not in written]
            if not decision.acts and not more and not recorded:
                assert self.wake_at is None or self.wake_at > self.now
                return
        raise AssertionError("the case does not come to rest")

    def _open_and_count(self) -> None:
        if self.state.opening is None:
            asked = self.state.opening_request(self.now)
            edition, language = EDITIONS.in_force(asked.regulation, asked.at)
            self.state.opening = Opening(
                edition=edition.model_copy(update={"settings": {**edition.settings, **self.settings}}),
                company="Моя компания",
                language=language,
                calendar="company",
                zone="Europe/Moscow",
                roles={role: Address(email=f"{role.replace(':', '-')}@example.org") for role in ROLES},
            )
        while items := tuple(terms_to_plan(self.state, self.now)):
            answer = count(working_time(OFFICE), PlanRequest.of(self.state.opening, items))
            self.state.offset = answer.offset
            for term in answer.terms:
                planned(self.state, term, self.now)

    def _act(self, decision: Decision) -> None:
        """What the workflow starts, and what becomes of it."""
        if (question := decision.compose) is not None:
            self.questions.append(question)
            self._when("draft", lambda: answers.learn_draft(self.state, compose(question, SERVICES), self.now))
        if (order := decision.issue) is not None:
            self.orders.append(order)
            self._when("billing", lambda: answers.learn_issued(self.state, order, self._issued(order), self.now))
        for letter in decision.letters:
            if letter.template == INVOICE:
                assert (letter.values["invoice"], "open") in self.invoices(), "the register comes first"
            self.letters.append(letter)
            self._when("post", lambda letter=letter: answers.learn_letter(self.state, letter, self.post, self.now))  # type: ignore[misc]
        for sms in decision.messages:
            self.messages.append(sms)
            self._when("sms", lambda sms=sms: answers.learn_sms(self.state, sms, self.gateway, self.now))  # type: ignore[misc]
        if (record := decision.enter) is not None:
            self.records.append(record)
            self._when("crm", lambda: answers.learn_crm(self.state, record, self._entered(record), self.now))
        if (search := decision.seek) is not None:
            self.searches.append(self.now)
            self._when("search", lambda: self._search(search))

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

    def _when(self, who: str, happens: Callable[[], None]) -> None:
        if who in self.silent:
            self._open.append((who, happens))
        else:
            happens()

    # --- what is asked in tests

    @property
    def stage(self) -> str:
        return self.state.stage

    def duty(self, key: str) -> Obligation:
        """The obligation with this key."""
        duty = self.state.obligation(key)
        assert duty is not None
        return duty

    def due(self, key: str) -> datetime:
        due = self.duty(key).due
        assert due is not None
        return due

    def standings(self) -> dict[str, str]:
        """Key of each obligation → where it stands."""
        return {o.key: o.standing.value for o in self.state.obligations}

    def templates(self) -> list[str]:
        return [letter.template.removeprefix("partner/") for letter in self.letters]

    def letter(self, template: str) -> Letter:
        """The only letter of a template."""
        (found,) = [letter for letter in self.letters if letter.template == f"partner/{template}"]
        return found

    def breaches(self) -> list[tuple[str, str]]:
        return [(r.clause, r.entry.value) for r in self.rows if isinstance(r, BreachRow)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]

    def notices(self, kind: str) -> list[tuple[str, str]]:
        """Clause and role of each notice of a kind."""
        return [(r.clause, r.role) for r in self.rows if isinstance(r, NoticeRow) and r.kind == kind]

    def told(self, role: str) -> list[str]:
        """The texts of the notices to a role."""
        return [r.text for r in self.rows if isinstance(r, NoticeRow) and r.role == role]

    def statuses(self) -> list[tuple[str, object]]:
        """What the CRM was asked to enter: external id, status."""
        return [(record.external_id, record.fields.get("status")) for record in self.records]

    def register(self) -> DealRow:
        """The row of the register of deals as it stands."""
        return max((r for r in self.rows if isinstance(r, DealRow)), key=lambda r: r.seq)

    def invoices(self) -> list[tuple[str, str]]:
        """Number and state of each row of the register of invoices, in order."""
        return [(r.number, r.state) for r in self.rows if isinstance(r, InvoiceRow)]
