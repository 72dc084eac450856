"""How fast an export of many calls is audited, and in how much memory: ``python -m tests.benchmarks audit [LEADS]``.

Ten calls a lead, with every kind of outcome, as CSV, JSON Lines and XLSX. The pure audit alone is timed in this process; then the process
that judges an export is given each file, three times: it reads, audits, and writes quality control's workbook. Told are its seconds from
start to end, of which on the processor, its peak of memory, and whether the three runs said the same bytes; the verdicts must be those that
the export was made for, whatever its format.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

from regulations.replacement.effects import AuditQuestion
from regulations.replacement.export import Row
from runtime.confined import PYTHON
from runtime.process import leave
from tests.regulations.replacement.exports import (
    CALLS,
    KINDS,
    MOSCOW,
    NOW,
    as_csv,
    as_json_lines,
    audited,
    kind_of,
    large,
    lead_of,
    settings,
)

LEADS = 10_000
RUNS = 3
ROOT = Path(__file__).parents[2]
CHILD = (*PYTHON, str(ROOT / "activities" / "audit_child.py"))
SHEETS = {"card": "cards", "call": "calls", "recording": "recordings", "ticket": "tickets"}
MEASURED = (
    "import json, os, sys, time; begun = time.perf_counter(); child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ);"
    " _, status, used = os.wait4(child, 0);"
    " print(json.dumps([time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss, status]), file=sys.stderr)"
)
"""Starts a process and tells what it took. A process of its own, and a small one: at its start a process counts its parent's memory as its
own peak."""


def as_xlsx(rows: Sequence[Row], file: Path) -> None:
    """Four sheets; instants as Excel's dates, by the client's clocks."""
    zone = ZoneInfo(MOSCOW)
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for record, name in SHEETS.items():
            sheet, heading = book.add_worksheet(name), None
            of_kind = [row for row in rows if type(row).__name__.lower() == record]
            for number, row in enumerate(of_kind, 1):
                values = row._asdict()
                if heading is None:
                    heading = list(values)
                    sheet.write_row(0, 0, heading)
                for column, value in enumerate(values.values()):
                    if isinstance(value, datetime):
                        sheet.write_datetime(number, column, value.astimezone(zone).replace(tzinfo=None), instant)
                    elif isinstance(value, bool):
                        sheet.write_boolean(number, column, value)
                    else:
                        sheet.write_string(number, column, value)


def files(folder: Path, leads: int) -> list[Path]:
    """The same export in three formats."""
    rows = list(large(leads))
    (folder / "export.csv").write_bytes(as_csv(rows))
    (folder / "export.jsonl").write_bytes(as_json_lines(rows))
    as_xlsx(rows, folder / "export.xlsx")
    return sorted(folder.iterdir())


def pure(leads: int) -> None:
    """The audit alone, of rows that are there."""
    rows = list(large(leads))
    taken = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        found = audited(rows)
        taken.append(time.perf_counter() - begun)
    print(f"{leads:,} leads, {CALLS * leads:,} calls, {len(rows):,} rows; judged {len(found.judged):,}, doubtful {len(found.doubtful):,}")
    print(f"  the audit alone, in process: best {min(taken):.2f} s, worst {max(taken):.2f} s of {RUNS}")


def child(export: Path) -> tuple[tuple[float, float, float], bytes]:
    """Seconds, seconds on the processor, and MiB at the peak, of the process that judges an export; and what it said."""
    question = AuditQuestion(
        case_uid="bench",
        export="0" * 64,
        export_name=export.name,
        asked=100,
        identifications=LEADS,
        settings=settings(),
        language="ru",
        now=NOW,
    )
    head = json.dumps({"kind": "audit", "question": question.model_dump(mode="json")}) + "\n"
    environment = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    told = subprocess.run(
        [sys.executable, "-S", "-c", MEASURED, *CHILD],
        input=head.encode() + export.read_bytes(),
        capture_output=True,
        env=environment,
        check=True,
    )
    seconds, processor, kilobytes, status = json.loads(told.stderr.splitlines()[-1])
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"the process ended with {os.waitstatus_to_exitcode(status)}: {told.stderr.decode()}")
    return (seconds, processor, kilobytes / 1024), told.stdout


def said(answer: bytes) -> tuple[dict[str, Any], dict[str, tuple[str, tuple[str, ...]]], int]:
    """The answer, the verdicts by lead, and the bytes of the workbook."""
    with io.BytesIO(answer) as lines:
        lines.readline()
        head = json.loads(lines.readline())
        if not head["lines"]:
            raise SystemExit(f"the export was not judged: {head}")
        verdicts = {
            one["lead"]: (one["verdict"], tuple(one["clauses"])) for one in (json.loads(lines.readline()) for _ in range(head["lines"]))
        }
        return head["answer"], verdicts, len(lines.read())


def main(leads: int = LEADS) -> None:
    """Measure and print."""
    pure(leads)
    expected = {lead_of(n): kind for n in range(leads) if (kind := KINDS[kind_of(n)]) is not None}
    with tempfile.TemporaryDirectory(prefix="reglament-bench-") as folder:
        for export in files(Path(folder), leads):
            runs, answers = zip(*(child(export) for _ in range(RUNS)), strict=True)
            answer, verdicts, size = said(answers[0])
            if verdicts != expected:
                raise SystemExit(f"{export.name}: {len(Counter(verdicts.items()) - Counter(expected.items()))} verdicts are wrong")
            seconds, processor, memory = (sorted(column) for column in zip(*runs, strict=True))
            same = "the same bytes" if len(set(answers)) == 1 else "DIFFERENT BYTES"
            print(
                f"  {export.suffix[1:]:>5}, {export.stat().st_size / 1e6:.1f} MB: best {seconds[0]:.2f} s, worst {seconds[-1]:.2f} s"
                f" (on the processor {processor[0]:.2f} to {processor[-1]:.2f} s), peak {memory[-1]:.0f} MiB;"
                f" {RUNS} runs said {same}; workbook {size / 1e6:.1f} MB; {answer}"
            )
            if len(set(answers)) != 1:
                raise SystemExit("the audit is not reproducible")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else LEADS)
    leave(0)
