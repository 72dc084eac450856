"""9.4, 10.1: what becomes of a proposal: nothing without a decision, nothing while an objection is open, and each step once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.lead.effects import ProposalQuestion
from regulations.lead.measures import LASTING, Proposed, rule
from regulations.lead.messages import MeasureKind
from tests.regulations.lead.centres import CODE, KNOWN, PROPOSAL, Other, proposed

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
KINDS: tuple[MeasureKind, ...] = get_args(MeasureKind)
WHATS = ("decide", "object", "uphold", "reject", "lift", "lapse")


def question(what: str, now: datetime = NOW, **fields: Any) -> ProposalQuestion:
    given = {"key": "k1", "centre": CODE, "proposal": PROPOSAL, "what": what, "reason": "why", "by": "sales_support:u30", "now": now}
    return ProposalQuestion.model_validate({**given, **fields})


def played(found: Proposed, *steps: str | tuple[str, ...]) -> tuple[Proposed, list[str]]:
    """The proposal after these steps (of a decision with its measures), and what each was answered."""
    answers: list[str] = []
    for n, step in enumerate(steps):
        what, *measures = (step,) if isinstance(step, str) else step
        found, answer = rule(found, question(what, NOW + timedelta(minutes=n), measures=tuple(measures)), None)
        answers.append(answer.result)
    return found, answers


@pytest.mark.clause("lead 9.4")
def test_nothing_is_in_force_before_a_decision() -> None:
    assert proposed().in_force == ()
    assert rule(proposed(), question("object"), None)[1].in_force == ()


@pytest.mark.clause("lead 9.4")
@pytest.mark.parametrize("kind", KINDS)
def test_a_decision_takes_what_the_proposal_allows_and_only_that(kind: MeasureKind) -> None:
    to = "kgd-1" if kind in ("move", "move_client") else None
    asked = question("decide", measures=(kind, kind), to=to)
    after, answer = rule(proposed(allows=(kind,)), asked, KNOWN.get(to or ""))
    assert (answer.result, after.state, after.taken) == ("settled", "decided", (kind,))
    assert answer.in_force == ((kind,) if kind in LASTING else ())
    assert (after.ruled_at, after.ruled_by, after.reason, after.moved_to) == (NOW, "sales_support:u30", "why", to)
    others = tuple(k for k in KINDS if k != kind)
    same, refused = rule(proposed(allows=others), asked, KNOWN.get(to or ""))
    assert (refused.result, same) == ("not_allowed", proposed(allows=others))


@pytest.mark.clause("lead 9.4")
def test_a_decision_without_measures_declines() -> None:
    after, answers = played(proposed(), "decide", ("decide", "close_product"))
    assert (after.state, after.in_force, answers) == ("declined", (), ["settled", "already_decided"])


@pytest.mark.clause("lead 9.2")
def test_a_fine_is_entered_by_a_person_and_for_the_one_clause_that_has_it() -> None:
    fine = question("decide", fine=Decimal("5000.00"))
    after, answer = rule(proposed(clause="8.2.1"), fine, None)
    assert (answer.result, after.state, after.fine) == ("settled", "decided", Decimal("5000.00"))
    assert rule(proposed(clause="8.2.4"), fine, None)[1].result == "not_allowed"


@pytest.mark.clause("lead 9.1.1")
@pytest.mark.parametrize(
    ("receiver", "result"),
    [
        (None, "unknown_centre"),
        (KNOWN["kgd-1"], "settled"),
        (KNOWN["kgd-2"], "unfit_centre"),
        (KNOWN["kgd-3"], "unfit_centre"),
        (Other(left_out=True), "unfit_centre"),
        (Other(left_out=True, left_out_until=NOW + timedelta(seconds=1)), "unfit_centre"),
        (Other(left_out=True, left_out_until=NOW), "settled"),
    ],
)
def test_a_lead_moves_only_to_a_centre_that_may_get_it(receiver: Other | None, result: str) -> None:
    after, answer = rule(proposed(), question("decide", measures=("move",), to="kgd-1"), receiver)
    assert answer.result == result
    assert (after.state == "decided") == (result == "settled")


@pytest.mark.clause("lead 10.1")
@pytest.mark.parametrize(
    ("steps", "state", "in_force", "answers"),
    [
        (["object", ("decide", "disconnect")], None, (), ["settled", "objection_open"]),
        (["object", "reject", ("decide", "disconnect")], "decided", ("disconnect",), ["settled"] * 3),
        (["object", "uphold", ("decide", "disconnect")], "withdrawn", (), ["settled", "settled", "already_decided"]),
        ([("decide", "disconnect"), "object"], "decided", (), ["settled"] * 2),
        ([("decide", "disconnect"), "object", "object"], "decided", (), ["settled", "settled", "objection_open"]),
        ([("decide", "disconnect"), "object", "reject"], "decided", ("disconnect",), ["settled"] * 3),
        ([("decide", "disconnect"), "object", "reject", "object"], "decided", ("disconnect",), ["settled"] * 3 + ["already_objected"]),
        (["object", "reject", "object"], None, (), ["settled", "settled", "already_objected"]),
        (["object", "reject", ("decide", "disconnect"), "object"], "decided", (), ["settled"] * 4),
        ([("decide", "disconnect"), "object", "uphold"], "withdrawn", (), ["settled"] * 3),
        ([("decide", "disconnect"), "object", "uphold", "object"], "withdrawn", (), ["settled"] * 3 + ["not_in_force"]),
        ([("decide", "disconnect"), "lift"], "lifted", (), ["settled"] * 2),
        ([("decide", "disconnect"), "object", "lift", "reject"], "lifted", (), ["settled"] * 3 + ["no_objection"]),
        ([("decide", "disconnect"), "lift", "lift"], "lifted", (), ["settled", "settled", "not_in_force"]),
        (["lift"], None, (), ["not_in_force"]),
        (["uphold"], None, (), ["no_objection"]),
        ([("decide", "disconnect"), "reject"], "decided", ("disconnect",), ["settled", "no_objection"]),
        ([("decide", "left_out_for_quarter"), "lapse"], "lapsed", (), ["settled"] * 2),
        ([("decide", "left_out_for_quarter"), "object", "lapse"], "decided", (), ["settled", "settled", "objection_open"]),
        ([("decide", "left_out_for_quarter", "close_product"), "lapse"], "decided", ("close_product",), ["settled"] * 2),
        (
            [("decide", "left_out_for_quarter", "close_product"), "lapse", "object", "reject", "lapse"],
            "decided",
            ("close_product",),
            [*["settled"] * 4, "not_in_force"],
        ),
        ([("decide", "disconnect"), "lapse"], "decided", ("disconnect",), ["settled", "not_in_force"]),
    ],
)
def test_an_objection_suspends_until_it_is_decided(
    steps: list[str | tuple[str, ...]], state: str | None, in_force: tuple[str, ...], answers: list[str]
) -> None:
    after, said = played(proposed(allows=KINDS), *steps)
    assert (after.state, after.in_force, said) == (state, in_force, answers)


@pytest.mark.clause("lead 10.1")
@given(st.lists(st.tuples(st.sampled_from(WHATS), st.sets(st.sampled_from(LASTING), max_size=3)), max_size=10))
def test_no_order_of_messages_puts_anything_in_force_without_a_decision_or_under_an_objection(
    steps: list[tuple[str, set[MeasureKind]]],
) -> None:
    found = proposed(allows=KINDS)
    for what, measures in steps:
        before = found
        found, answer = rule(found, question(what, measures=tuple(sorted(measures)) if what == "decide" else ()), None)
        assert (answer.result == "settled") or found == before
        assert answer.in_force == found.in_force
        if found.in_force:
            assert found.state == "decided"
            assert not found.suspended
            assert set(found.in_force) <= set(found.taken)
        if before.state not in (None, "decided"):
            assert found.state == before.state, "an end is an end"
