"""A small burst of events, the webhooks killed and Temporal away in the middle; `tests.benchmarks.burst` runs the large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.burst import burst
from tests.end_to_end.warm_stage import WarmStage

pytestmark = pytest.mark.xdist_group("end_to_end")


async def test_what_was_answered_is_in_its_case_once_and_in_order(tmp_path: Path) -> None:
    outcome = await burst(tmp_path, 200, kills=1, away=3, parts=WarmStage)
    print(outcome.words())
    assert outcome.wrong == []
    assert (outcome.events, outcome.cases, outcome.kills) == (200, 20, 1)
    assert outcome.doubled > 0
