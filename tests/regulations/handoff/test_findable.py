"""2.1.3: an e-mail of the partner finds its deal by a row, from the sale on, for as long as the deal takes requests."""

from __future__ import annotations

import pytest

from regulations.handoff.rows import SaleRow
from regulations.messages import Withdraw
from tests.regulations.course import at
from tests.regulations.handoff.course import CC_HEAD_PERSON, Course

pytestmark = pytest.mark.clause("handoff 2.1.3")


def _sold() -> Course:
    course = Course(at("2026-11-16 10:00"))
    course.careful = True
    course.deliver_sale()
    return course


def _rows(course: Course) -> list[SaleRow]:
    return [row for row in course.rows if isinstance(row, SaleRow)]


def _takes_requests(course: Course) -> list[bool]:
    return [row.open for row in _rows(course)]


def test_the_row_is_there_from_the_sale_on_and_names_partner_and_client() -> None:
    course = _sold()
    (row,) = _rows(course)
    assert row.model_dump(exclude={"seq", "table"}) == {
        "deal": "D-1",
        "partner_email": "partner@example.org",
        "partner_name": "ИП Петров",
        "client_login": "client@example.org",
        "client_name": "ООО Ромашка",
        "tariff_line": "bureau",
        "open": True,
    }


def test_the_first_row_is_written_at_once_and_the_others_ride_along() -> None:
    course = _sold()
    assert course.state.pressing
    course.state.pressing = False
    course.pay()
    course.look_up()
    course.request()
    course.go(hours=1)
    course.give_back("3.3")
    assert _takes_requests(course) == [True]


def test_an_accepted_client_takes_no_requests_until_the_acceptance_is_undone() -> None:
    course = _sold()
    course.pay()
    course.look_up()
    course.request()
    course.accept()
    assert _takes_requests(course) == [True, False]
    course.give_back("3.1")
    assert _takes_requests(course) == [True, False, True]
    seqs = [row.seq for row in _rows(course)]
    assert seqs == sorted(set(seqs))


def test_a_deal_that_has_ended_takes_no_requests() -> None:
    withdrawn = _sold()
    withdrawn.say(Withdraw, by=CC_HEAD_PERSON, reason="entered twice")
    assert _takes_requests(withdrawn) == [True, False]
    unpaid = _sold()
    unpaid.go(days=40)
    assert unpaid.state.outcome == "not_paid"
    assert _takes_requests(unpaid) == [True, False]
