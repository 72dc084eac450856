"""Who may get a lead: what is in force against a centre, to the instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from regulations.case import Refusal
from regulations.lead.distribution import Way, check_centre_takes

QUARTER = datetime(2026, 12, 31, 14, tzinfo=UTC)
"""The end of the quarter in Vladivostok."""
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class ACentre:
    code: str = "vlad-1"
    products: tuple[str, ...] = ("bureau", "reports")
    left_out: bool = False
    left_out_until: datetime | None = None
    disconnected: bool = False


def refusal(centre: ACentre, product: str = "bureau", way: Way = "given", now: datetime = QUARTER) -> str | None:
    """The clause with which a lead is refused; None: the centre may get it."""
    try:
        check_centre_takes(centre, product, way, now)
    except Refusal as r:
        return str(r).partition(":")[0]
    return None


@pytest.mark.clause("lead 9.1.2")
@pytest.mark.parametrize(("now", "clause"), [(QUARTER - SECOND, "lead 9.1.2"), (QUARTER, None), (QUARTER + SECOND, None)])
def test_left_out_until_the_end_of_the_quarter_to_the_second(now: datetime, clause: str | None) -> None:
    centre = ACentre(left_out=True, left_out_until=QUARTER)
    assert refusal(centre, now=now) == clause
    assert refusal(centre, way="created_by_centre", now=now) is None, "its own leads it may bring"


@pytest.mark.clause("lead 9.1.3")
def test_left_out_for_good() -> None:
    assert refusal(ACentre(left_out=True), now=QUARTER + timedelta(days=3650)) == "lead 9.1.3"


@pytest.mark.clause("lead 9.1.5")
@pytest.mark.parametrize("way", ["given", "created_by_centre"])
def test_a_product_that_it_may_not_sell(way: Way) -> None:
    assert refusal(ACentre(products=("reports",)), way=way) == "lead 9.1.5"
    assert refusal(ACentre(products=("reports",)), "reports", way) is None


@pytest.mark.clause("lead 9.2")
@pytest.mark.parametrize("way", ["given", "created_by_centre"])
def test_a_disconnected_centre_gets_none_and_brings_none(way: Way) -> None:
    assert refusal(ACentre(disconnected=True), way=way) == "lead 9.2"


@pytest.mark.parametrize("centre", [ACentre(disconnected=True), ACentre(products=()), ACentre(left_out=True)])
def test_a_refusal_says_what_would_do(centre: ACentre) -> None:
    with pytest.raises(Refusal, match=r"the service centre vlad-1 .*name another one"):
        check_centre_takes(centre, "bureau", "given", QUARTER)
