"""The manager's own report (partner 8.2): received, expected and potential payments by month and kind, to the kopeck."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.partner.report import KINDS, NO_MONTH, Deal, ManagerReport, Receipt, build
from regulations.partner.rows import PartnerRow
from tests.regulations.partner.portfolios import NOW, deal, local, partner, receipt

KOPECKS = st.decimals("0.01", "9999999.99", places=2)


def report(partners: tuple[PartnerRow, ...] = (), deals: tuple[Deal, ...] = (), receipts: tuple[Receipt, ...] = ()) -> ManagerReport:
    return build(partners, deals, receipts, local)


def sums(made: ManagerReport) -> list[tuple[str, str, str, int, Decimal]]:
    return [(one.kind, one.month, one.what, one.count, one.amount) for one in made.sums]


@pytest.mark.clause("partner 8.2")
def test_what_was_received_what_is_expected_and_what_is_possible() -> None:
    made = report(
        (
            partner(1, outlook="sure", renewal_sum=Decimal("120000.10"), renewal_on=date(2027, 1, 15)),
            partner(2, outlook="doubtful", renewal_sum=Decimal("80000.20"), additional="CRM", additional_sum=Decimal("0.30")),
        ),
        (deal(1), deal(2, what="renewal", partner="p-3", total=Decimal("100.05"))),
        (receipt(1, "20000.00"), receipt(2, "100.05")),
    )
    assert sums(made) == [
        ("received", "2026-11", "order", 1, Decimal("20000.00")),
        ("received", "2026-11", "renewal", 1, Decimal("100.05")),
        ("expected", "2026-11", "order", 1, Decimal("25000.00")),
        ("potential", NO_MONTH, "renewal_doubtful", 1, Decimal("80000.20")),
        ("potential", NO_MONTH, "additional", 1, Decimal("0.30")),
        ("potential", "2027-01", "renewal_sure", 1, Decimal("120000.10")),
    ]
    assert [made.total(kind) for kind in KINDS] == [Decimal("20100.05"), Decimal("25000.00"), Decimal("200000.60")]
    assert made.total("received", "2026-10") == 0


@pytest.mark.clause("partner 8.2")
def test_a_month_is_one_of_the_companys_zone() -> None:
    """21:00 UTC is midnight in Moscow."""
    last, first = datetime(2026, 10, 31, 20, 59, 59, tzinfo=UTC), datetime(2026, 10, 31, 21, tzinfo=UTC)
    made = report(deals=(deal(1),), receipts=(receipt(1, "1.00", last, "a"), receipt(1, "2.00", first, "b")))
    assert [(month, amount) for kind, month, _, _, amount in sums(made) if kind == "received"] == [
        ("2026-10", Decimal("1.00")),
        ("2026-11", Decimal("2.00")),
    ]


@pytest.mark.clause("partner 8.2")
@pytest.mark.parametrize(
    "fields", [{"invoice": None, "total": None}, {"closed_at": NOW}, {"total": None}], ids=["no invoice", "closed", "no sum"]
)
def test_nothing_is_expected_of_a_deal_without_an_invoice_or_that_is_over(fields: dict[str, object]) -> None:
    assert report(deals=(deal(1, **fields),)).total("expected") == 0


@pytest.mark.clause("partner 8.2")
def test_a_closed_deal_keeps_what_it_received() -> None:
    made = report(deals=(deal(1, closed_at=NOW),), receipts=(receipt(1, "45000.00"),))
    assert [made.total(kind) for kind in KINDS] == [Decimal("45000.00"), 0, 0]


@pytest.mark.clause("partner 8.2")
@pytest.mark.parametrize(
    ("fields", "possible"),
    [
        ({"invoiced_at": NOW - timedelta(days=1)}, False),
        ({"invoiced_at": NOW - timedelta(days=1), "closed_at": NOW}, False),
        ({"invoiced_at": NOW - timedelta(days=2), "closed_at": NOW}, True),
        ({"invoiced_at": NOW - timedelta(days=2)}, False),
        ({"invoice": None, "total": None, "invoiced_at": None}, True),
        ({"what": "order"}, True),
        ({"partner": "p-2"}, True),
    ],
    ids=["open", "invoiced since", "invoiced before", "open since long ago", "not invoiced", "another kind", "another partner"],
)
def test_an_invoice_turns_a_possible_renewal_into_an_expected_one(fields: dict[str, object], possible: bool) -> None:
    """The state was noted a day ago, when a renewal of 120 000 roubles was sure."""
    hopeful = partner(1, outlook="sure", renewal_sum=Decimal(120_000), noted_at=NOW - timedelta(days=1))
    made = report((hopeful,), (deal(1, **{"what": "renewal", **fields}),))
    assert made.total("potential") == (120_000 if possible else 0)


@pytest.mark.clause("partner 8.2")
def test_additional_services_are_possible_until_they_are_invoiced() -> None:
    hopeful = partner(1, additional="CRM", additional_sum=Decimal("45000.00"))
    assert report((hopeful,)).total("potential") == Decimal("45000.00")
    assert report((hopeful,), (deal(1),)).total("potential") == 0


@pytest.mark.clause("partner 8.2")
@given(
    st.lists(st.tuples(KOPECKS, st.booleans(), st.lists(st.integers(1, 100), max_size=4)), max_size=12),
    st.lists(st.tuples(st.sampled_from(["sure", "doubtful", "none"]), KOPECKS, KOPECKS), max_size=12),
)
def test_no_kopeck_is_lost_or_counted_twice(
    deals: list[tuple[Decimal, bool, list[int]]], partners: list[tuple[str, Decimal, Decimal]]
) -> None:
    """Each deal is paid in shares of its total, none or all of it; partners have no deals."""
    rows, receipts = [], []
    for number, (total, closed, shares) in enumerate(deals):
        rows.append(deal(number, total=total, closed_at=NOW if closed else None))
        left = total
        for place, share in enumerate(shares):
            amount = (left * share / 100).quantize(Decimal("0.01"))
            left -= amount
            if amount:
                receipts.append(receipt(number, str(amount), NOW - timedelta(days=40 * place), f"bank-{number}-{place}"))
    hopeful = tuple(
        partner(100 + number, outlook=outlook, renewal_sum=renewal, additional_sum=more)
        for number, (outlook, renewal, more) in enumerate(partners)
    )
    made = report(hopeful, tuple(rows), tuple(receipts))
    received = sum((one.amount for one in receipts), Decimal(0))
    assert made.total("received") == received
    still_open = {one.uid for one in rows if one.row.closed_at is None}
    totals = sum((one.row.total or Decimal(0) for one in rows if one.uid in still_open), Decimal(0))
    assert made.total("expected") + sum((r.amount for r in receipts if r.deal in still_open), Decimal(0)) == totals
    renewals = sum((row.renewal_sum or Decimal(0) for row in hopeful if row.outlook != "none"), Decimal(0))
    assert made.total("potential") == renewals + sum((row.additional_sum or Decimal(0) for row in hopeful), Decimal(0))
    assert sum((line.amount for line in made.lines), Decimal(0)) == sum((one.amount for one in made.sums), Decimal(0))
    assert sum(one.count for one in made.sums) == len(made.lines)
