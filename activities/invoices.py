"""Invoices: composed from the catalogue, checked (partner 7.1), numbered by billing, printed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from pydantic import TypeAdapter, ValidationError
from temporalio import activity

from activities import errors
from activities.keyed import api_errors, database_errors, once
from regulations.effects import KeptFile
from regulations.messages import Ident
from regulations.partner.effects import InvoiceDraft, InvoiceIssued, InvoiceOrder, InvoiceQuestion
from regulations.partner.invoice import compose
from regulations.partner.invoice_form import file_name, printed
from regulations.partner.requisites import Requisites
from regulations.partner.services import Service
from runtime.billing_api import BillingApi, Invoice, InvoiceLine, NumberedInvoice
from runtime.effect_ledger import EffectLedger
from runtime.files import FileStore
from runtime.invoice_pdf import CONTENT_TYPE, InvoicePrinter
from runtime.keyed_api import ApiMisconfiguredError, ApiRefusedError, ApiUnavailableError

_KIND = "invoice"
_NUMBER: TypeAdapter[str] = TypeAdapter(Ident)


class Invoices:
    """Makes invoices."""

    def __init__(
        self,
        services: Mapping[str, Service],
        requisites: Requisites | None,
        ledger: EffectLedger,
        billing: BillingApi | None,
        files: FileStore,
        printer: InvoicePrinter,
    ) -> None:
        """All stay with whoever made them. ``requisites`` or ``billing`` None: invoices wait until they are set."""
        self._services = services
        self._requisites = requisites
        self._ledger = ledger
        self._billing = billing
        self._files = files
        self._printer = printer

    @activity.defn
    async def compose_invoice(self, question: InvoiceQuestion) -> InvoiceDraft:
        """7.1: compose an invoice from the company's catalogue and check it. Only reads.

        Args:
            question: What is ordered, by whom, under which contract.

        Returns:
            The draft, with everything that keeps it from being sent.
        """
        return compose(question, self._services)

    @activity.defn
    async def issue_invoice(self, order: InvoiceOrder) -> InvoiceIssued:
        """5.2, 6.1: have billing number the invoice, print it and keep the file; the same key is one invoice.

        After a crash the same call is made again under the same key, which billing answers with the same number and day, so that the
        file has the same bytes.

        Args:
            order: The invoice; without defects.

        Returns:
            ``issued`` with number, day and file, or ``refused`` with billing's reason: then it is ordered again under another key.

        Raises:
            ApplicationError: ``Unavailable`` or ``InProgress`` (repeated by Temporal); ``Conflict``, ``Misconfigured`` or ``Invalid``
                (for good).
        """
        if order.draft.defects:
            raise errors.permanent("invoice: it has defects", type=errors.INVALID)
        return await once(self._ledger, order.key, _KIND, order, InvoiceIssued, lambda: self._issued(order), partial(api_errors, "billing"))

    async def _issued(self, order: InvoiceOrder) -> InvoiceIssued:
        if self._billing is None:
            raise ApiUnavailableError("REGLAMENT_BILLING_API__URL is not set")
        if self._requisites is None:
            raise ApiUnavailableError("the company's file has no [requisites] to be paid to")
        try:
            numbered = await self._billing.invoice(order.key, _invoice(order))
            _NUMBER.validate_python(numbered.number)
        except ApiRefusedError as refusal:
            return InvoiceIssued(result="refused", reason=errors.safe_text(str(refusal)))
        except ValidationError:
            raise ApiMisconfiguredError("numbers its invoices otherwise than in Latin letters, digits, '.', '_' and '-'") from None
        file = await self._kept(order, numbered, self._requisites)
        return InvoiceIssued(result="issued", number=numbered.number, issued_on=numbered.issued_on, file=file)

    async def _kept(self, order: InvoiceOrder, numbered: NumberedInvoice, requisites: Requisites) -> KeptFile:
        content = printed(order, numbered.number, numbered.issued_on, requisites)
        pdf = await asyncio.to_thread(self._printer.printed, content)
        with database_errors():
            sha256 = await self._files.keep(pdf, order.now)
        return KeptFile(name=file_name(order.language, numbered.number), content_type=CONTENT_TYPE, sha256=sha256)


def _invoice(order: InvoiceOrder) -> Invoice:
    """As billing takes it."""
    draft = order.draft
    return Invoice(
        payer=order.payer.model_dump(mode="json", include={"name", "inn", "kpp", "address"}, exclude_none=True),
        contract=order.contract.number,
        contract_date=order.contract.date.isoformat(),
        lines=[InvoiceLine(line.name, line.appendix, line.number, line.quantity, str(line.price), str(line.sum)) for line in draft.lines],
        total=str(draft.total),
        currency=draft.currency,
        purpose=draft.purpose,
        issuer=order.issuer,
        case=order.case,
    )
