"""Activities take ``now`` as an argument: with a clock of their own, virtual time and real time would part company."""

from __future__ import annotations

import ast
from pathlib import Path

CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic"}


def clocks_read(code: str) -> list[str]:
    calls = [n.func for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Call)]
    return [
        ast.unparse(f)
        for f in calls
        if isinstance(f, ast.Attribute) and f.attr in CLOCKS and ast.unparse(f.value) in ("datetime", "date", "time")
    ]


def test_no_activity_reads_a_wall_clock() -> None:
    activities = Path(__file__).parents[2] / "activities"
    found = {p.name: clocks_read(p.read_text("utf-8")) for p in activities.glob("*.py")}
    assert {name: read for name, read in found.items() if read} == {}


def test_the_lint_sees_one() -> None:
    assert clocks_read("x = datetime.now(UTC)") == ["datetime.now"]
