"""A manager's own report (partner 5.5, 8.2): received, expected and potential payments, to the kopeck. Always as the registers stand. Pure.

Received is what the ledger of payments has allocated to the manager's deals, by the month of its posting. Expected is what is invoiced in
an open deal and not paid. Potential is what the manager expects of a partner beyond that: a renewal, surely or doubtfully, and additional
services; an invoice made since the state was noted, or still open, has turned it into one of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from regulations.partner.rows import DealRow, PartnerRow
from regulations.partner.services import ZERO
from regulations.wire import Wire

Kind = Literal["received", "expected", "potential"]
What = Literal["order", "renewal", "renewal_sure", "renewal_doubtful", "additional"]
KINDS: tuple[Kind, ...] = ("received", "expected", "potential")
WHATS: tuple[What, ...] = ("order", "renewal", "renewal_sure", "renewal_doubtful", "additional")
NO_MONTH = ""
"""Of what has no date yet."""


class Deal(Wire):
    """A row of the register of deals, and whose it is."""

    uid: str
    row: DealRow


class Receipt(Wire):
    """Money of the ledger that was allocated to a deal."""

    deal: str
    """Uid of the deal's case."""
    invoice: str
    reference: str
    amount: Decimal
    posted_at: datetime


class ReportLine(Wire):
    """One sum of the report."""

    kind: Kind
    what: What
    month: str
    """``2026-11``; `NO_MONTH`: no date is known."""
    on: date | None
    """Of the posting, of the invoice, of the planned renewal."""
    partner: str
    partner_name: str
    deal: str = ""
    invoice: str = ""
    reference: str = ""
    """Of the payment."""
    amount: Decimal


class MonthSum(Wire):
    """What one kind of payments comes to in one month."""

    month: str
    kind: Kind
    what: What
    count: int
    amount: Decimal


class ManagerReport(Wire):
    """The report of one manager as of now."""

    lines: tuple[ReportLine, ...]
    """By kind, month and date."""
    sums: tuple[MonthSum, ...]
    """By kind, month and what is paid for."""

    def total(self, kind: Kind, month: str | None = None) -> Decimal:
        """The sum of one kind, in all or of one month."""
        return sum((s.amount for s in self.sums if s.kind == kind and month in (None, s.month)), ZERO)


def build(
    partners: Iterable[PartnerRow], deals: Sequence[Deal], receipts: Sequence[Receipt], local: Callable[[datetime], datetime]
) -> ManagerReport:
    """The report of a manager.

    Args:
        partners: The partners that it supports.
        deals: Its deals, open and closed.
        receipts: What the ledger has allocated to them.
        local: An instant in the company's zone, in which the months are.
    """
    lines = [
        *_received(deals, receipts, local),
        *_expected(deals, receipts, local),
        *(line for partner in partners for line in _potential(partner, deals)),
    ]
    lines.sort(key=_order)
    return ManagerReport(lines=tuple(lines), sums=_sums(lines))


def _received(deals: Sequence[Deal], receipts: Iterable[Receipt], local: Callable[[datetime], datetime]) -> Iterable[ReportLine]:
    by_uid = {deal.uid: deal.row for deal in deals}
    for receipt in receipts:
        row = by_uid.get(receipt.deal)
        if row is not None:
            yield _line(row, "received", local(receipt.posted_at).date(), receipt.amount, receipt.invoice, receipt.reference)


def _expected(deals: Iterable[Deal], receipts: Iterable[Receipt], local: Callable[[datetime], datetime]) -> Iterable[ReportLine]:
    """What is invoiced and unpaid. The ledger says what is paid: the deal may hear of it a moment later."""
    paid: dict[str, Decimal] = {}
    for receipt in receipts:
        paid[receipt.deal] = paid.get(receipt.deal, ZERO) + receipt.amount
    for deal in deals:
        row = deal.row
        if row.closed_at is None and row.invoice is not None and row.total is not None:
            rest = row.total - paid.get(deal.uid, ZERO)
            on = local(row.invoiced_at).date() if row.invoiced_at is not None else None
            if rest > 0:
                yield _line(row, "expected", on, rest, row.invoice)


def _line(row: DealRow, kind: Kind, on: date | None, amount: Decimal, invoice: str, reference: str = "") -> ReportLine:
    return ReportLine(
        kind=kind,
        what=row.what,
        month=_month(on),
        on=on,
        partner=row.partner,
        partner_name=row.partner_name,
        deal=row.deal,
        invoice=invoice,
        reference=reference,
        amount=amount,
    )


def _potential(partner: PartnerRow, deals: Sequence[Deal]) -> Iterable[ReportLine]:
    """What the manager expects of a partner beyond the invoices."""
    what: What
    if partner.outlook in ("sure", "doubtful") and partner.renewal_sum and not _invoiced(partner, "renewal", deals):
        what = "renewal_sure" if partner.outlook == "sure" else "renewal_doubtful"
        yield _hope(partner, what, partner.renewal_on, partner.renewal_sum)
    if partner.additional_sum and not _invoiced(partner, "order", deals):
        yield _hope(partner, "additional", None, partner.additional_sum)


def _hope(partner: PartnerRow, what: What, on: date | None, amount: Decimal) -> ReportLine:
    return ReportLine(
        kind="potential", what=what, month=_month(on), on=on, partner=partner.partner, partner_name=partner.name, amount=amount
    )


def _invoiced(partner: PartnerRow, what: str, deals: Sequence[Deal]) -> bool:
    """Whether a deal of this kind is invoiced and open, or was invoiced after the partner's state had been noted."""
    for deal in deals:
        row = deal.row
        if (row.partner, row.what) == (partner.partner, what) and row.invoice is not None:
            noted_before = row.invoiced_at is not None and partner.noted_at is not None and partner.noted_at <= row.invoiced_at
            if row.closed_at is None or noted_before:
                return True
    return False


def _month(on: date | None) -> str:
    return f"{on:%Y-%m}" if on is not None else NO_MONTH


def _order(line: ReportLine) -> tuple[int, str, str, str, str, str, str, str, int]:
    on = line.on.isoformat() if line.on is not None else ""
    names = (line.partner_name.casefold(), line.partner, line.deal, line.invoice, line.reference)
    return (KINDS.index(line.kind), line.month, on, *names, WHATS.index(line.what))


def _sums(lines: Iterable[ReportLine]) -> tuple[MonthSum, ...]:
    groups: dict[tuple[Kind, str, What], list[Decimal]] = {}
    for line in lines:
        groups.setdefault((line.kind, line.month, line.what), []).append(line.amount)
    ordered = sorted(groups.items(), key=lambda group: (KINDS.index(group[0][0]), group[0][1], WHATS.index(group[0][2])))
    return tuple(
        MonthSum(month=month, kind=kind, what=what, count=len(amounts), amount=sum(amounts, ZERO))
        for (kind, month, what), amounts in ordered
    )
