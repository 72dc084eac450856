"""The process that judges an export, or reads quality control's decisions on it: it limits itself, answers, and is gone.

In: the question as a line of JSON, for a decision the verdicts, one a line, then the file. Out: ``null`` once it is up: what goes wrong
earlier is no fault of the file. Then the answer as a line, as many lines as it announces, and the bytes of the workbook that it made.
Run by its path: as a module of its package it would load all that the activities need.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath
from typing import Any

from regulations.catalogue import text
from regulations.control_time import calendar_named, control_name
from regulations.replacement.audit import audit
from regulations.replacement.audit_words import evidence_words
from regulations.replacement.effects import AuditQuestion, DecisionQuestion
from regulations.replacement.export import Row
from regulations.replacement.export_content import CHECKED
from regulations.replacement.export_reading import ExportError, ExportReading, Unread, doubted
from regulations.replacement.findings import Audited
from regulations.replacement.outcome_list import outcome_list
from regulations.replacement.settlement import NAMED, Found, Merged, accept_clear, merge, settle
from regulations.replacement.sheet import (
    MOST_DOUBTFUL,
    Doubtful,
    DoubtfulRow,
    SheetProblem,
    answers_of,
    evidence_of,
    file_name,
    mark_of,
    workbook_of,
)
from regulations.time.calendar_spec import CalendarError
from regulations.time.working_time import working_time
from regulations.time.zones import ZoneError
from runtime.documents.archive import Unreadable
from runtime.documents.child import confine
from runtime.export_reader import Grid, Records, parts_of
from runtime.spreadsheets import workbook

MEMORY = 1536 * 1024 * 1024
"""Of addresses; an export of 100,000 calls takes a fifth of it."""
CPU_SECONDS = 120
ALIVE_SECONDS = 200


@dataclass(frozen=True)
class Said:
    """What the process answers."""

    answer: dict[str, Any]
    """Of an audit the fields of `AuditAnswer`, of a decision those of `DecisionAnswer`, but for the files."""
    lines: Sequence[dict[str, Any]] = ()
    """Of an audit the verdicts, of a decision the rulings; in the order of the audit."""
    name: str = ""
    """Of the workbook."""
    file: bytes = b""


class _FileProblem(Exception):
    """What is wrong with the file, in words."""


def judged(question: AuditQuestion, content: bytes) -> Said:
    """3.1 to 4.2, 6.4: the verdicts on an export, and quality control's workbook."""
    try:
        found, unread = _audited(question, content)
    except _FileProblem as problem:
        return Said({"problem": str(problem)})
    hours = working_time(calendar_named(control_name(question.settings.zone), {}))
    words = [evidence_of(one, question.language) for one in found.judged]
    doubtful = Doubtful(tuple(islice(_doubtful(found, unread, question.language), MOST_DOUBTFUL)), len(unread) + len(found.doubtful))
    name = file_name(question.language, "file", hours.local(question.now), question.export)
    file = workbook(workbook_of(found, question, doubtful, hours, words), title=PurePath(name).stem, made_at=question.now)
    verdicts = [
        {"lead": one.lead, "verdict": one.verdict, "clauses": one.clauses, "evidence": evidence}
        for one, evidence in zip(found.judged, words, strict=True)
    ]
    counts = {verdict: sum(one.verdict == verdict for one in found.judged) for verdict in ("replace", "reject", "listen")}
    answer = {"barred": found.barred, "cards": len(verdicts), **counts, "doubtful_rows": doubtful.count}
    return Said(answer, verdicts, name, file)


def decided(question: DecisionQuestion, found: Sequence[Found], content: bytes | None) -> Said:
    """5.2, 6.2: the decisions on the leads, what is to be credited of them, and the list for the franchisee."""
    merged = _merged(question, found, content)
    if merged.problems:
        return Said({"problems": merged.problems})
    rulings = merged.rulings
    accepted = sum(ruling.choice == "replace" for ruling in rulings)
    wrong = [ruling.found.lead for ruling in rulings if ruling.wrong]
    settlement = settle(
        asked=question.asked,
        accepted=accepted,
        cards=len(rulings),
        identifications=question.identifications,
        replaced=question.replaced,
        cap_percent=question.cap_percent,
        wrong=bool(wrong),
    )
    answer = {
        "accepted": accepted,
        "rejected": len(rulings) - accepted,
        "wrong": wrong[:NAMED],
        "wrong_count": len(wrong),
        "amount": settlement.amount,
        "capped": settlement.capped,
    }
    name = file_name(question.language, "outcome_file", question.at, question.export)
    file = workbook(outcome_list(rulings, settlement, question), title=PurePath(name).stem, made_at=question.at)
    lines = [{"lead": one.found.lead, "decision": one.choice, "wrong": one.wrong, "remark": one.remark} for one in rulings]
    return Said(answer, lines, name, file)


def _audited(question: AuditQuestion, content: bytes) -> tuple[Audited, Sequence[Unread]]:
    try:
        reading = ExportReading(question.settings.zone, question.language)
        hours = working_time(calendar_named(control_name(question.settings.zone), {}))
    except (ZoneError, CalendarError):
        raise _FileProblem(_problem(question.language, "zone")) from None
    try:
        found = audit(_rows(reading, content), question.settings, hours, question.now)
    except Unreadable as problem:
        raise _FileProblem(_problem(question.language, problem.problem)) from None
    except ExportError as problem:
        raise _FileProblem(str(problem)) from None
    if found.barred and (unread := reading.unread):  # nobody is refused for rows that we could not read
        values = {"count": len(unread), "row": unread[0].number, "what": unread[0].words, "clauses": ", ".join(found.barred)}
        raise _FileProblem(_problem(question.language, "barred_unread", **values))
    return doubted(found, reading.unread), reading.unread


def _doubtful(found: Audited, unread: Iterable[Unread], language: str) -> Iterator[DoubtfulRow]:
    for row in unread:
        yield DoubtfulRow(CHECKED, row.sheet, row.number, row.words)
    for one in found.doubtful:
        yield DoubtfulRow(one.clause, "", None, evidence_words(language, one))


def _merged(question: DecisionQuestion, found: Sequence[Found], content: bytes | None) -> Merged:
    if content is None:
        return accept_clear(found, question.language)
    try:
        grids = (part for part in parts_of(content) if isinstance(part, Grid))
        answered = answers_of(grids, mark_of(question.case_uid, question.export), question.language)
    except Unreadable as problem:
        return Merged(problems=(_problem(question.language, problem.problem),))
    except SheetProblem as problem:
        return Merged(problems=(str(problem),))
    return merge(found, answered, question.language)


def _rows(reading: ExportReading, content: bytes) -> Iterator[Row]:
    parts = parts_of(content)
    first = next(parts, None)
    if isinstance(first, Records):
        yield from reading.objects(first)
    else:
        yield from reading.tables(part for part in _with(first, parts) if isinstance(part, Grid))


def _with(first: Grid | None, parts: Iterable[Grid | Records]) -> Iterator[Grid | Records]:
    if first is not None:
        yield first
    yield from parts


def _problem(language: str, code: str, **values: object) -> str:
    return text(language, "audit_sheet", "problem", code, **values)


def _answered(asked: dict[str, Any]) -> Said:
    """What is to be said to a question, whose verdicts and file are still to be read."""
    given = sys.stdin.buffer
    if asked["kind"] == "audit":
        return judged(AuditQuestion.model_validate(asked["question"]), given.read())
    question = DecisionQuestion.model_validate(asked["question"])
    rows = [json.loads(given.readline()) for _ in range(asked["verdicts"])]
    found = [Found(row["lead"], row["verdict"], tuple(row["clauses"]), row["evidence"]) for row in rows]
    return decided(question, found, given.read() if question.sheet is not None else None)


def main() -> None:
    """Answers one question from standard input."""
    confine(MEMORY, CPU_SECONDS, ALIVE_SECONDS)
    gc.disable()  # nothing is thrown away before the end
    answers, sys.stdout = sys.stdout.buffer, sys.stderr  # whatever a library prints is no answer
    asked = json.loads(sys.stdin.buffer.readline())
    answers.write(b"null\n")
    answers.flush()
    try:
        said = _answered(asked)
    except MemoryError:
        problem = _problem(asked["question"]["language"], "too_slow")
        said = Said({"problem": problem} if asked["kind"] == "audit" else {"problems": [problem]})
    except Exception as error:  # a fault of ours, not of the file; what it says may be personal, where it was is not
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = Said({"fault": f"{type(error).__name__} at {PurePath(place.filename).name}:{place.lineno}"})
    head = {"answer": said.answer, "lines": len(said.lines), "name": said.name, "file": len(said.file)}
    for line in (head, *said.lines):
        answers.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    answers.write(said.file)
    answers.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
