"""The commands that workflow code can issue, read from its syntax in source order, with the hash of the histories recorded for them."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

COMMANDS = Path(__file__).parent / "commands.json"
HISTORIES = Path(__file__).parent / "histories"
WORKFLOWS = Path(__file__).parents[2] / "workflows"
ISSUING = frozenset(
    {
        "cancel",
        "continue_as_new",
        "create_task",
        "deprecate_patch",
        "get_external_workflow_handle",
        "learn",
        "patched",
        "start",
        "start_activity",
        "start_activity_method",
        "start_child_workflow",
        "start_local_activity",
        "start_local_activity_method",
        "upsert_memo",
        "upsert_search_attributes",
        "uuid4",
    }
)
"""Calls whose order is part of the history, or that the order hangs on, and that need not be awaited. What is awaited counts anyway."""


def commands_of(path: Path) -> list[str]:
    """``function: call(first argument)`` for every awaited and every issuing call of a file, in source order."""
    found: list[tuple[int, int, str]] = []
    for function in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        awaited = {id(n.value) for n in ast.walk(function) if isinstance(n, ast.Await)}
        for call in (n for n in ast.walk(function) if isinstance(n, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
            if name in ISSUING or id(call) in awaited:
                first = ast.unparse(call.args[0]) if call.args else ""
                found.append((call.lineno, call.col_offset, f"{function.name}: {name}({first[:60]})"))
    return [command for _, _, command in sorted(found)]


def commands_of_workflows() -> dict[str, object]:
    """The commands of every workflow file, and which histories were recorded with them."""
    return {
        "histories": {p.name: hashlib.sha256(p.read_bytes()).hexdigest()[:16] for p in sorted(HISTORIES.glob("*.json"))},
        "commands": {p.name: commands_of(p) for p in sorted(WORKFLOWS.glob("*.py")) if commands_of(p)},
    }
