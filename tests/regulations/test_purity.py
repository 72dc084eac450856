"""The rules are pure: passed-through modules lose every determinism check of the sandbox, so their syntax trees are read here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "regulations"
MODULES = sorted(PACKAGE.rglob("*.py"))
LOADERS = {"catalogue.py", "company.py", "editions.py", "production_calendars.py", "zones.py"}
"""Who reads files: data of the package, once, or the company's own configuration, in a process that is no workflow."""

FLOORS_ABOVE = {"activities", "deploy", "runtime", "starter", "tests", "worker", "workflows"}
WORLD = {
    *("asyncio", "concurrent", "multiprocessing", "queue", "signal", "subprocess", "threading", "time"),
    *("ftplib", "http", "httpx", "httpx2", "imaplib", "requests", "smtplib", "socket", "ssl", "urllib"),
    *("glob", "io", "logging", "os", "platform", "random", "secrets", "shutil", "sys", "tempfile", "uuid"),
    *("aiosmtplib", "alembic", "asyncpg", "sqlalchemy", "temporalio", "typer"),
}
CALLS = {"__import__", "breakpoint", "eval", "exec", "hash", "input", "open", "print"}
CLOCKS = {"now", "today", "utcnow", "fromtimestamp", "utcfromtimestamp"}
"""Methods that read the clock or the machine's zone; `fromtimestamp` with a zone given is neither."""
FILES = {"exists", "glob", "is_dir", "iterdir", "mkdir", "open", "read_bytes", "read_text", "rglob", "unlink", "write_bytes", "write_text"}
NOT_FOR_WORKFLOWS = {
    "counting",
    "editions",
    "control_time",
    "lead.watch",
    "partner.comment",
    "partner.meetings",
    "replacement.attempts",
    "replacement.audit",
    "replacement.export_content",
    "replacement.export_reading",
    "replacement.export_values",
    "replacement.judging",
    "replacement.local_times",
    "replacement.watching",
    "notices",
    "onboarding.papers",
    "time.calendar_spec",
    "time.open_hours",
    "time.production_calendars",
    "time.working_time",
    "time.year_tables",
    "time.zones",
}
"""What depends on data that change: workflow code asks a local activity instead."""
REPLACEMENT_DATA = {"attempts", "audit", "export_content", "export_reading", "export_values", "judging", "local_times", "watching"}
ONBOARDING_DATA = {"papers"}
PARTNER_DATA = {"comment", "meetings"}
FOR_WORKFLOWS = [
    "breaches",
    "case",
    "clause_case",
    "catalogue",
    "clocks",
    "dates",
    "effects",
    "long_case",
    "long_clause_case",
    "messages",
    "moved_terms",
    "obligations",
    "plans",
    "read_out",
    "roster",
    "rounds",
    "rows",
    "wire",
    "handoff",
    *sorted(f"lead/{path.stem}" for path in (PACKAGE / "lead").glob("*.py") if path.stem != "watch"),
    *sorted(f"onboarding/{path.stem}" for path in (PACKAGE / "onboarding").glob("*.py") if path.stem not in ONBOARDING_DATA),
    *sorted(f"partner/{path.stem}" for path in (PACKAGE / "partner").glob("*.py") if path.stem not in PARTNER_DATA),
    *sorted(f"replacement/{path.stem}" for path in (PACKAGE / "replacement").glob("*.py") if path.stem not in REPLACEMENT_DATA),
]


def violations(source: str, *, loader: bool = False) -> Iterator[str]:
    """What in a module is not pure, with its line."""
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        for module in _imported(node):
            if module.split(".")[0] in WORLD | FLOORS_ABOVE:
                yield f"{line}: imports {module}"
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield f"{line}: calls {name}()"
            case (
                ast.Call(func=ast.Attribute(attr="fromtimestamp"), args=[_, _, *_])
                | ast.Call(func=ast.Attribute(attr="fromtimestamp"), keywords=[ast.keyword(arg="tz")])
            ):
                pass
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCKS:
                yield f"{line}: reads the clock by {name}()"
            case ast.Call(func=ast.Attribute(attr=name)) if name in FILES and not loader:
                yield f"{line}: touches files by {name}()"
            case ast.Global() | ast.Nonlocal():
                yield f"{line}: keeps state outside its arguments"
            case ast.AsyncFunctionDef() | ast.Await():
                yield f"{line}: waits"
            case ast.For(iter=over) | ast.comprehension(iter=over) if _is_set(over):
                yield f"{getattr(over, 'lineno', 0)}: goes through a set, whose order differs from process to process; sort it"


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [n.name for n in names]
        case ast.ImportFrom(module=str(module), names=names):
            return [module, *(f"{module}.{n.name}" for n in names)]
    return []


def _is_set(node: ast.expr) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub(), right=right):
            return _is_set(left) or _is_set(right)
    return False


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(PACKAGE)))
def test_a_rule_reads_no_clock_no_world_and_no_floor_above(module: Path) -> None:
    assert list(violations(module.read_text("utf-8"), loader=module.name in LOADERS)) == []


@pytest.mark.parametrize("part", FOR_WORKFLOWS)
def test_what_workflows_import_knows_no_calendar_and_no_edition(part: str) -> None:
    files = sorted((PACKAGE / part).glob("*.py")) if (PACKAGE / part).is_dir() else [PACKAGE / f"{part}.py"]
    for file in files:
        imported = {m for node in ast.walk(ast.parse(file.read_text("utf-8"))) for m in _imported(node)}
        assert {m.removeprefix("regulations.") for m in imported if m.startswith("regulations.")} & NOT_FOR_WORKFLOWS == set(), file


@pytest.mark.parametrize(
    "planted",
    [
        "from datetime import datetime\nx = datetime.now()",
        "from datetime import datetime, UTC\nx = datetime.now(UTC)",
        "import datetime\nx = datetime.datetime.utcnow()",
        "from datetime import date\nx = date.today()",
        "from datetime import datetime\nx = datetime.fromtimestamp(5)",
        "import time\nx = time.time()",
        "from time import monotonic",
        "import random",
        "from uuid import uuid4",
        "import os\nx = os.environ['A']",
        "x = open('a')",
        "from pathlib import Path\nx = Path('a').read_text()",
        "import socket",
        "import requests",
        "import httpx",
        "import asyncio",
        "async def f(): ...",
        "print('x')",
        "x = hash('a')",
        "def f():\n    import runtime.database",
        "from workflows import attributes",
        "from temporalio import workflow",
        "import sqlalchemy.orm",
        "n = 0\ndef f():\n    global n\n    n += 1",
        "for x in {'a', 'b'}:\n    y = x",
        "y = [x for x in {'a'} | set(z)]",
        "y = __import__('os')",
    ],
)
def test_the_check_finds_what_is_planted(planted: str) -> None:
    assert list(violations(planted))


@pytest.mark.parametrize(
    "fine",
    [
        "from datetime import datetime, UTC\nx = datetime.fromtimestamp(5, UTC)",
        "from datetime import time\nx = time(9)",
        "for x in sorted({'a', 'b'}):\n    y = x",
        "def f(now):\n    return now.astimezone()",
    ],
)
def test_the_check_leaves_alone_what_is_pure(fine: str) -> None:
    assert list(violations(fine)) == []


def test_only_a_loader_reads_files() -> None:
    reading = "x = path.read_text('utf-8')"
    assert list(violations(reading))
    assert not list(violations(reading, loader=True))
    assert {m.name for m in MODULES} >= LOADERS
