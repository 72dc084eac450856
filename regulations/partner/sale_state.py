"""What an order of additional services and a renewal know; they share chapters 5 to 7: invoice, payments, the word to the partner."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from regulations.case import Evidence, Obligation
from regulations.effects import KeptFile
from regulations.partner.case import SUPPORT_MANAGER, PartnerCase
from regulations.partner.effects import DraftLine, InvoiceDraft, InvoiceOrder, InvoiceQuestion
from regulations.partner.invoice import defect_words
from regulations.partner.messages import Contract, Ordered, Payer
from regulations.partner.rows import DealRow
from regulations.partner.sale_messages import OrderConsented, RenewalConsented
from regulations.partner.services import ZERO
from regulations.plans import OpeningRequest, role_of
from regulations.wire import Wire

ORDER, RENEWAL = "partner-order", "partner-renewal"
Step = Literal["sold", "must_pay", "closed", "next"]
"""What is entered into the CRM: the deal of an order (5.4); of a renewal that it is to be paid (6.2), that it is closed, the next deal
(6.3)."""


FORM, INVOICE, SMS, CARD, VOID = "partner/form", "partner/invoice", "partner/sms", "partner/card", "partner/invoice_void"
"""What is said to people outside: the form's link (5.1), the invoice by letter and by SMS (5.2), the card (7.3), that it is void."""


class SaleStage(StrEnum):
    """Where it stands; the second half are ends."""

    AWAITING_FORM = "awaiting_form"
    INVOICING = "invoicing"
    """The invoice is made, or waits for what 7.1 found missing."""
    AWAITING_PAYMENT = "awaiting_payment"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    DONE = "done"
    WITHDRAWN = "withdrawn"


ENDS = frozenset({SaleStage.DONE, SaleStage.WITHDRAWN})


class Invoice(Wire):
    """The one invoice of the deal, as it was made."""

    key: str
    """Of the fact that made it."""
    number: str
    total: Decimal
    currency: str
    purpose: str
    lines: tuple[DraftLine, ...]
    contract: Contract
    payer: Payer
    city: str | None
    file: KeptFile | None
    """The PDF; None: a person made it in billing."""
    issued_on: date | None
    """In the company's zone; None: a person made it, at `issued_at`."""
    issued_at: datetime


class Share(Wire):
    """A payment, or a part of one, that was allocated to the invoice."""

    key: str
    payment: str
    amount: Decimal
    paid: Decimal
    """What was paid on the invoice in all by then."""
    posted_at: datetime


class HandOver(Wire):
    """5.6: what was paid by then is handed over for execution."""

    duty: str
    """Key of the obligation."""
    paid: Decimal
    executors: tuple[str, ...]
    confirmed: dict[str, datetime] = {}
    """By the executor's role, when it was executed."""


class CardRequest(Wire):
    """7.3: a payment to a card is asked for."""

    key: str
    bank: str
    asked_at: datetime
    decided: bool = False


class Withdrawal(Wire):
    """The head of support has withdrawn the case while billing was making the invoice: it ends once billing has said what became of it."""

    key: str
    reason: str
    at: datetime


class SaleState(PartnerCase):
    """The whole durable state of a `ServiceOrder` or a `Renewal`."""

    started: OrderConsented | RenewalConsented | None = None
    contract: Contract | None = None
    """This and the following: what the invoice is to be made of, as it stands."""
    payer: Payer | None = None
    services: tuple[Ordered, ...] = ()
    city: str | None = None
    formed: Evidence | None = None
    """5.1, 5.2: the customer's form, the first one."""
    cause: str = ""
    """Key of the message that said last what the invoice is to be made of."""
    compose_wanted: bool = False
    composing: InvoiceQuestion | None = None
    """What is being composed."""
    draft: InvoiceDraft | None = None
    """What was composed last. While it has defects nothing is sent (7.1)."""
    composed: bool = False
    """It is of what was said last and has no defect, and billing has yet to be asked for the invoice."""
    order: InvoiceOrder | None = None
    """What billing was asked for and has neither confirmed nor refused: nobody knows, so it keeps its key and what it says."""
    issue_wanted: bool = False
    issuing: bool = False
    """Whether the order is under way."""
    invoice: Invoice | None = None
    invoice_told: bool = False
    """The letter with the invoice has been handed on."""
    shares: list[Share] = []
    handed_over: list[HandOver] = []
    card: CardRequest | None = None
    entered: dict[str, str] = {}
    """Step → id of the CRM's record."""
    entering: Step | None = None
    """What is being entered into the CRM: one thing at a time, so that none comes over a later one."""
    crm_refuses: bool = False
    """The CRM has refused what is to be entered, and the manager was told."""
    next_deal: str | None = None
    """6.3"""
    seeking: bool = False
    """The next deal is being looked for."""
    sought_in_vain: bool = False
    """The manager was told that it is not there."""
    withdrawal: Withdrawal | None = None
    closed_at: datetime | None = None
    row: DealRow | None = None
    """The register row as last written."""

    @property
    def begun(self) -> OrderConsented | RenewalConsented:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started

    @property
    def at(self) -> SaleStage:
        return SaleStage(self.stage)

    @property
    def renewal(self) -> bool:
        return self.kind == RENEWAL

    @property
    def people(self) -> dict[str, str]:
        return {} if self.started is None else {SUPPORT_MANAGER: self.started.manager}

    @property
    def invoicing_clause(self) -> str:
        """The clause by which the invoice is owed."""
        return "6.1" if self.renewal else "5.2"

    @property
    def informed(self) -> list[str]:
        """5.2: the manager, and the colleague who issues the invoice, where there is one: the roles that hear what is wrong with it."""
        issuer = self.begun.issuer
        roles = [self.manager_role, *([role_of(SUPPORT_MANAGER, issuer)] if issuer is not None else [])]
        return list(dict.fromkeys(roles))

    @property
    def manager_role(self) -> str:
        """The role of the manager who owns the case."""
        return self.role(SUPPORT_MANAGER)

    @property
    def executors(self) -> tuple[str, ...]:
        """5.6: the roles that execute what was sold; where no service names one, support itself."""
        named = self.draft.executors if self.draft is not None else ()
        return named or (SUPPORT_MANAGER,)

    @property
    def paid(self) -> Decimal:
        """What is paid on the invoice in all, as the ledger of payments told: its messages may come in another order than its steps."""
        return max((s.paid for s in self.shares), default=ZERO)

    @property
    def open_sum(self) -> Decimal:
        """What is still to be paid on the invoice; nothing where there is none."""
        return max(ZERO, self.invoice.total - self.paid) if self.invoice is not None else ZERO

    @property
    def paid_in_full(self) -> bool:
        return self.invoice is not None and self.paid >= self.invoice.total

    @property
    def paid_at(self) -> datetime | None:
        """The posting time of the last payment."""
        return max((s.posted_at for s in self.shares), default=None)

    def remarks(self, o: Obligation) -> list[str]:
        """What stands against the invoice, in its reminder and its breach (7.1)."""
        wrong = self.draft.defects if self.draft is not None and self.invoice is None and o.clause == self.invoicing_clause else ()
        return defect_words(self.language, wrong)

    def opening_request(self, now: datetime) -> OpeningRequest:
        asked = super().opening_request(now)
        issuer = self.begun.issuer
        people = {*asked.people, issuer} if issuer is not None else {*asked.people}
        return asked.model_copy(update={"people": tuple(sorted(people))})


def paid_by(state: SaleState, at: datetime) -> Decimal:
    """What was on the account for the invoice at an instant. What the ledger has counted and not told yet is taken to have been there."""
    told = sum((s.amount for s in state.shares), ZERO)
    return sum((s.amount for s in state.shares if s.posted_at <= at), state.paid - told)
