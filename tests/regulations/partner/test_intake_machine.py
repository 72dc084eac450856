"""An intake under any sequence of messages: what always holds, whatever is said to it and in whatever order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.case import UNMET, Refusal, Standing
from regulations.messages import Message
from regulations.partner.intake_messages import ExtendOfIntake, PauseOfIntake, ResumeOfIntake, WaiveOfIntake, WithdrawOfIntake
from regulations.partner.intake_state import CLAUSES, PARTS
from regulations.rows import BreachRow
from tests.regulations.partner.intakes import HEAD_OF_SALES, HEAD_OF_SUPPORT, MONDAY, Intake

BOSS = {"1.2": HEAD_OF_SALES, "1.3": HEAD_OF_SALES, "3.1": HEAD_OF_SUPPORT}
DECISIONS: dict[str, type[Message]] = {"waive": WaiveOfIntake, "extend": ExtendOfIntake, "pause": PauseOfIntake, "resume": ResumeOfIntake}
REFUSED = {
    *("Ended", "ImpossibleDate", "NoSuchObligation", "NoClock", "NotPaused", "TermPassed", "Extended", "Paused"),
    *("NoPauseLeft", "NoExtensionLeft", "NotLater", "TooEarly"),
}
"""The refusals that have a reason in the rules; any other one would be a message that the rules did not foresee."""
STEPS = st.one_of(
    st.tuples(st.just("pay"), st.integers(0, 90)),
    st.tuples(st.just("hand_over"), st.integers(0, 30)),
    st.tuples(st.sampled_from(PARTS), st.integers(0, 30)),
    st.tuples(st.just("accept"), st.integers(0, 30)),
    st.tuples(st.just("go"), st.integers(1, 30)),
    st.tuples(st.sampled_from(sorted(DECISIONS)), st.sampled_from(CLAUSES)),
    st.tuples(st.just("withdraw"), st.just(0)),
)


def step(intake: Intake, what: str, how: int | str) -> None:
    """One step; ``how`` is how many hours ago it happened, or the clause that it is about."""
    happened = intake.now - timedelta(hours=how if isinstance(how, int) else 0)
    match what:
        case "pay":
            intake.pay(happened)
        case "hand_over":
            intake.hand_over(happened)
        case "accept":
            intake.accept(happened)
        case "go":
            intake.go_to(intake.now + (intake.now - happened))
        case "withdraw":
            intake.say(WithdrawOfIntake, by=HEAD_OF_SALES, reason="по ошибке")
        case "waive" | "pause" | "resume" | "extend":
            given: dict[str, Any] = {"clause": how, "by": BOSS[str(how)]}
            given |= {} if what == "resume" else {"reason": "просьба партнёра"}
            given |= {"new_due": intake.now + timedelta(days=3)} if what == "extend" else {}
            intake.say(DECISIONS[what], **given)
        case _:
            intake.name(happened, **{what: "нет"})


@pytest.mark.clause("partner 1.2")
@pytest.mark.clause("partner 1.3")
@pytest.mark.clause("partner 3.1")
@settings(max_examples=60)
@given(st.lists(STEPS, max_size=14))
def test_whatever_is_said_to_it(steps: list[tuple[str, int | str]]) -> None:
    intake, refused = Intake(MONDAY).begin(agreements={}), set[str]()
    for what, how in steps:
        try:
            step(intake, what, how)
        except Refusal as refusal:
            refused.add(refusal.type)
        state = intake.state
        assert len(intake.messages) == (state.acceptance is not None)
        for o in state.obligations:
            if o.standing is Standing.MET and o.plan is not None:
                assert o.met_at is not None
                assert o.met_at <= o.plan.due
            if o.standing is Standing.MET_LATE:
                assert o.met_at is not None
                assert o.breached_at is not None
                assert o.met_at > o.breached_at
            if o.standing in UNMET and not o.paused:
                assert state.proof(o) is None
                assert (o.standing is Standing.OVERDUE) is (o.due is not None and intake.now >= o.due)
        recorded = [(r.key, r.due, r.entry) for r in intake.rows if isinstance(r, BreachRow)]
        assert len(recorded) == len(set(recorded)), "every entry about a breach counts once"
        unmet = [o.clause for o in state.obligations if o.standing in UNMET]
        if state.ended:
            assert not unmet
            assert state.stage == ("withdrawn" if any(f.what == "WithdrawOfIntake" for f in state.facts) else "done")
        elif state.acceptance is not None and state.paid is not None:
            assert unmet
    assert refused <= REFUSED
