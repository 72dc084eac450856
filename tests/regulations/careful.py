"""Deciding under watch: what every regulation's ``decide`` promises, whatever it decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from regulations.case import CaseState
from regulations.clocks import terms_to_plan
from workflows.docket import Decision

S = TypeVar("S", bound=CaseState)
D = TypeVar("D", bound=Decision[Any])


def decided(decide: Callable[[S, datetime], D], state: S, now: datetime) -> D:
    """The decision; it changes no given state, survives being written down, and, asked again without news, changes nothing more."""
    written = state.model_dump_json()
    decision = decide(state, now)
    assert state.model_dump_json() == written, "deciding changed the state that it was given"
    again = decide(type(state).model_validate_json(written), now)
    assert again == decision, "the state does not survive being written down"
    if not any(True for _ in terms_to_plan(decision.state, now)):
        calm = decide(decision.state, now)
        assert not calm.acts, f"deciding again acts again: {calm}"
        assert calm.state == decision.state, "deciding again without news changes the state"
        assert (calm.wake_at, calm.wake_for) == (decision.wake_at, decision.wake_for)
    return decision
