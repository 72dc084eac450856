"""6.1: a client that insists on its own CRM and telephony gets 30 % more at each top-up, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.replacement.effects import AccountAnswer
from regulations.replacement.messages import Barred, Decided, ExportReceived, Requested, WithdrawOfReplacement
from tests.regulations.course import at
from tests.regulations.replacement.course import CONTROL_PERSON, EXPORT, FINE, OFFICE_PERSON, TECHNICAL_PERSON, Course, refused_credit

OUTSIDE = FINE.model_copy(update={"mode": "outside"})


def topped_up(account: AccountAnswer = OUTSIDE) -> Course:
    course = Course(n=0)
    course.account = account
    return course.top_up()


@pytest.mark.clause("replacement 6.1")
def test_an_account_in_mode_outside_gets_30_percent_more() -> None:
    course = topped_up()
    (order,) = course.orders
    assert (order.key, order.entry, order.identifications, order.period) == ("uid-1#6.1#top_up/1", "top_up", 3_000, "2026-10")
    assert course.credits() == [("top_up", 3_000, "2026-10", "2026-10")]
    assert (course.state.outcome, course.state.ended, course.letters, course.standings()) == ("credited", True, [], {})
    row = course.register()
    assert (row.n, row.asked, row.credited) == (0, None, 3_000)


@pytest.mark.clause("replacement 6.1")
@settings(max_examples=50)
@given(n=st.integers(0, 100_000))
def test_the_share_is_rounded_down(n: int) -> None:
    course = Course(n=0)
    course.careful = False
    course.account = OUTSIDE.model_copy(update={"identifications": n})
    course.top_up()
    assert sum(c[1] for c in course.credits()) == int(n * 30 / 100 + 1e-9)
    assert course.state.outcome == ("credited" if n >= 4 else "not_due")


@pytest.mark.clause("replacement 6.1")
@pytest.mark.parametrize("mode", ["ours", "integrated"])
def test_other_accounts_get_replacements_instead(mode: str) -> None:
    course = topped_up(FINE.model_copy(update={"mode": mode}))
    assert (course.state.outcome, course.orders, course.state.ended) == ("not_due", [], True)


@pytest.mark.clause("replacement 6.1")
def test_a_top_up_that_billing_does_not_know_is_refused_and_told() -> None:
    course = topped_up(AccountAnswer())
    assert (course.state.outcome, course.grounds()) == ("refused", [("6.1", "account_unknown")])
    assert course.notices("incident") == [("6.1", "technical")]


@pytest.mark.clause("replacement 2")
@pytest.mark.clause("replacement 6.1")
def test_a_debt_holds_a_top_up_too() -> None:
    course = topped_up(OUTSIDE.model_copy(update={"past_due_since": at("2026-11-01 00:00")}))
    assert (course.stage, course.orders, course.letters) == ("held", [], [])
    assert course.notices("incident") == [("2", "technical")]
    course.account = OUTSIDE
    course.go_to("2026-11-17 10:00")
    assert (course.stage, course.credits()) == ("credited", [("top_up", 3_000, "2026-10", "2026-10")])


@pytest.mark.clause("replacement 2")
def test_a_top_up_is_given_up_like_a_replacement() -> None:
    course = topped_up(OUTSIDE.model_copy(update={"past_due_since": at("2026-11-01 00:00")}))
    course.go_to("2026-12-16 10:00")
    assert (course.state.outcome, course.grounds(), course.letters) == ("refused", [("2", "not_paid")], [])


@pytest.mark.clause("replacement 6.1")
def test_a_top_up_that_billing_refuses_waits_for_a_change() -> None:
    course = Course(n=0)
    course.account, course.credit = OUTSIDE, refused_credit
    course.top_up()
    assert (course.stage, course.incidents()) == ("crediting", ["credit_refused"])
    course.say(WithdrawOfReplacement, by=OFFICE_PERSON, reason="начислено вручную")
    assert (course.state.outcome, course.state.ended, course.letters) == ("withdrawn", True, [])


@pytest.mark.clause("replacement 6.1")
@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (ExportReceived, {"by": TECHNICAL_PERSON, "files": [{"name": "e.csv", "sha256": EXPORT}]}),
        (Decided, {"by": CONTROL_PERSON, "accept_clear": True}),
        (Barred, {"by": CONTROL_PERSON, "reason": "не принимает замечаний"}),
    ],
)
def test_a_top_up_has_nothing_to_audit(kind: Any, fields: dict[str, Any]) -> None:
    course = Course(n=0)
    course.silent = {"account"}
    course.top_up()
    assert course.refused(kind, **fields) == "TopUp"


@pytest.mark.clause("replacement 6.1")
def test_a_request_is_no_top_up() -> None:
    course = Course(n=0)
    course.silent = {"account"}
    course.top_up()
    given: dict[str, Any] = {"asked": 1, "login": "x", "script": "https://x.example.org", "franchisee": {"email": "i@f.example.org"}}
    assert course.refused(Requested, **given, n=1) == "OtherReplacement"
