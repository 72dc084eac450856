"""Look-ups in billing: what was paid, what was to be paid, and whether access was granted."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from temporalio import activity

from activities import errors
from activities.keyed import database_errors
from regulations.effects import AccessGrant, BillingAnswer, BillingQuestion, Payment, Price
from runtime.billing import BillingReader, BillingRows, Grant, PostedPayment

# Access may be granted a little before the invoice is written; what is older belongs to an earlier purchase.
_GRANT_BEFORE_INVOICE = timedelta(days=1)


class Billing:
    """Reads billing. Finding nothing is an answer; not being able to look is an error, never an empty answer."""

    def __init__(self, reader: BillingReader) -> None:
        """The reader's engine is closed by whoever made it."""
        self._reader = reader

    @activity.defn(name="look_up_billing")
    async def look_up_billing(self, question: BillingQuestion) -> BillingAnswer:
        """All that billing knows of the deal now.

        Args:
            question: The deal, the client's login, and the zone in which a date without a time is meant.

        Returns:
            Payments by the time at which they reached the account, the price, and the access grant that belongs to the deal.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal), or ``Invalid`` for an unknown zone.
        """
        zone = _zone(question.zone)
        with database_errors():
            rows = await self._reader.rows(question.deal, question.login)
        payments = sorted((_payment(payment, zone) for payment in rows.payments), key=lambda one: (one.reached_at, one.reference))
        access = _access(rows, question.deal, zone)
        return BillingAnswer(payments=tuple(payments), price=_price(rows, access), access=access)

    @activity.defn(name="await_payment")
    async def await_payment(self, question: BillingQuestion) -> BillingAnswer:
        """The answer of ``look_up_billing`` once it holds a payment that is not yet known.

        Until then each attempt fails with an expected error, and Temporal repeats it at the interval of the retry policy: the
        history of a case that waits for weeks does not grow.

        Args:
            question: As for ``look_up_billing``; ``known`` are references of payments to look past.

        Returns:
            The whole answer, known payments included.

        Raises:
            ApplicationError: ``NotYet`` (expected) and ``Unavailable``, both repeated; ``Invalid`` for an unknown zone.
        """
        answer = await self.look_up_billing(question)
        if all(payment.reference in question.known for payment in answer.payments):
            raise errors.transient("no payment yet", type=errors.NOT_YET, expected=True)
        return answer


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, malformed, a directory of the zone database
        raise errors.permanent("billing: the zone of the question is unknown", type=errors.INVALID) from None


def _payment(posted: PostedPayment, zone: ZoneInfo) -> Payment:
    reached_at = posted.posted_at or datetime.combine(posted.posted_on, time(), zone).astimezone(UTC)
    return Payment(
        reference=posted.reference,
        amount=posted.amount,
        currency=posted.currency,
        reached_at=reached_at,
        date_only=posted.posted_at is None,
    )


def _access(rows: BillingRows, deal: str, zone: ZoneInfo) -> AccessGrant | None:
    """The earliest grant that names the deal, or, for the login alone, is not older than the first invoice by more than a day."""
    earliest: datetime | None = None
    if rows.invoices:
        earliest = datetime.combine(rows.invoices[0].issued_on, time(), zone) - _GRANT_BEFORE_INVOICE

    def belongs(grant: Grant) -> bool:
        return grant.deal == deal or (earliest is not None and grant.granted_at >= earliest)

    grant = next((grant for grant in rows.grants if belongs(grant)), None)
    if grant is None:
        return None
    return AccessGrant(reference=grant.reference, granted_at=grant.granted_at, tariff=grant.tariff, starts_on=grant.starts_on)


def _price(rows: BillingRows, access: AccessGrant | None) -> Price | None:
    """The newest invoice, for an invoice written again replaces the first; without one, the price of the granted tariff."""
    if rows.invoices:
        invoice = rows.invoices[-1]
        return Price(tariff=invoice.tariff, amount=invoice.amount, currency=invoice.currency)
    for tariff in rows.prices:
        if access is not None and tariff.code == access.tariff:
            return Price(tariff=tariff.code, amount=tariff.price, currency=tariff.currency)
    return None
