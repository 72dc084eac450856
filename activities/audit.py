"""The audit of an export, and quality control's decision on it: both in a process of their own, with limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio import activity

from activities import errors
from activities.keyed import Allowance, database_errors
from regulations.catalogue import text
from regulations.replacement.effects import AuditAnswer, AuditQuestion, DecisionAnswer, DecisionQuestion
from runtime.confined import PYTHON, EndedError, Process, talk
from runtime.documents.reader import ReaderUnavailableError
from runtime.encryption import EncryptionError
from runtime.files import FileStore
from runtime.verdicts import Ruling, Verdict, VerdictStore

LARGEST = 64 * 1024 * 1024
"""Bytes; an export of 100,000 calls has about 20 MB as text and 5 MB as XLSX."""
SECONDS = 150.0
"""Wall clock for one file: an export of 100,000 calls takes about five."""
_COMMAND = (*PYTHON, str(Path(__file__).with_name("audit_child.py")))
_LONGEST_LINE = 1024 * 1024
_TOGETHER = 500
"""Rows that are written by one statement."""


class _TooMuch(Exception):
    """The file is too much for the process."""


@dataclass(frozen=True)
class _Said:
    """What the process answers."""

    answer: dict[str, Any]
    lines: int
    name: str
    size: int
    process: Process

    async def batches(self) -> AsyncIterator[Sequence[dict[str, Any]]]:
        """The lines that it has announced, some at a time."""
        for start in range(0, self.lines, _TOGETHER):
            lines = [await self.process.line() for _ in range(min(_TOGETHER, self.lines - start))]
            if not lines[-1].endswith(b"\n"):
                raise EndedError("it ended before it had said everything")
            yield [json.loads(line) for line in lines]

    async def file(self) -> bytes:
        """The workbook that it made; after the lines."""
        return await self.process.exactly(self.size)


class Audits:
    """Judges exports and reads decisions. What is wrong with a file is an answer; not being able to look is an error, never an answer."""

    def __init__(self, files: FileStore, verdicts: VerdictStore, at_once: int = 2) -> None:
        """
        Args:
            files: Where exports and sheets are kept.
            verdicts: Where verdicts and decisions are kept; in the same database, since they are written with the sheet.
            at_once: Files that are worked on at the same time; each may take 300 MiB.
        """
        self._files = files
        self._verdicts = verdicts
        self._slots = asyncio.Semaphore(at_once)

    @activity.defn
    async def audit(self, question: AuditQuestion) -> AuditAnswer:
        """3.1 to 4.2, 6.4: judge an export, keep the verdicts and quality control's sheet; asked again it gives the same answer.

        The verdicts of an earlier export of the case are forgotten with it.

        Raises:
            ApplicationError: ``Unavailable`` and ``Misconfigured`` (the key of a file is not in the ring), both repeated by Temporal;
                ``Invalid`` for good.
        """
        content = await self._file(question.export)
        if content is None or len(content) > LARGEST:
            return AuditAnswer(problem=_problem(question, "lost" if content is None else "too_large"))
        given = [_line({"kind": "audit", "question": question.model_dump(mode="json")}), content]
        try:
            async with _in_time(), self._asked(given) as said:
                if "problem" in said.answer:
                    return AuditAnswer.model_validate(said.answer)
                with database_errors():
                    async with self._verdicts.writing(question.case_uid, question.export) as writer:
                        await writer.clear()
                        async for batch in said.batches():
                            await writer.add([Verdict(**line) for line in batch])
                        sheet = await self._files.put(writer.connection, await said.file(), question.now)
        except _TooMuch:
            return AuditAnswer(problem=_problem(question, "too_slow"))
        return AuditAnswer.model_validate({**said.answer, "sheet": sheet, "sheet_name": said.name})

    @activity.defn
    async def take_decision(self, question: DecisionQuestion) -> DecisionAnswer:
        """5.2, 6.2: check a decision against the audit and write it down; asked again it gives the same answer.

        A decision with a problem changes nothing.

        Raises:
            ApplicationError: as `audit`.
        """
        content = b""
        if question.sheet is not None:
            sheet = await self._file(question.sheet)
            if sheet is None or len(sheet) > LARGEST:
                return DecisionAnswer(problems=(_problem(question, "lost" if sheet is None else "too_large"),))
            content = sheet
        with database_errors():
            batches = [batch async for batch in self._verdicts.of(question.case_uid, question.export)]
        found = [b"".join(_line(_shown(one)) for one in batch) for batch in batches]
        asked = {"kind": "decision", "question": question.model_dump(mode="json"), "verdicts": sum(map(len, batches))}
        try:
            async with _in_time(), self._asked([_line(asked), *found, content]) as said:
                if "problems" in said.answer:
                    return DecisionAnswer.model_validate(said.answer)
                with database_errors():
                    async with self._verdicts.writing(question.case_uid, question.export) as writer:
                        async for batch in said.batches():
                            await writer.decide([Ruling(**line) for line in batch], question.at)
                        outcome = await self._files.put(writer.connection, await said.file(), question.at)
        except _TooMuch:
            return DecisionAnswer(problems=(_problem(question, "too_slow"),))
        return DecisionAnswer.model_validate({**said.answer, "outcome": outcome, "outcome_name": said.name})

    async def _file(self, sha256: str) -> bytes | None:
        try:
            with database_errors():
                return await self._files.get(sha256)
        except EncryptionError as error:
            raise errors.transient(f"file: {error}", type=errors.MISCONFIGURED) from None

    @asynccontextmanager
    async def _asked(self, given: Iterable[bytes]) -> AsyncIterator[_Said]:
        """The process with its answer; it is gone afterwards.

        Raises:
            _TooMuch: it was ended by a limit before it answered.
            ApplicationError: ``Unavailable``: it could not be asked, or there is a fault in it.
        """
        said = None
        async with self._slots:
            try:
                async with talk(_COMMAND, given, seconds=SECONDS, longest_line=_LONGEST_LINE) as process:
                    said = await _answer(process)
                    yield said
            except ReaderUnavailableError as error:
                raise errors.transient(str(error)) from None
            except EndedError as error:
                if said is None:
                    raise _TooMuch from None
                raise errors.transient(f"the process that audits: {error}") from None


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Ends an attempt before the next one begins: an older one must not write over what a newer one has found."""
    try:
        async with asyncio.timeout_at(Allowance.of_this_attempt().stop_at()):
            yield
    except TimeoutError:
        raise errors.transient("there was no time left for the file: others are being worked on") from None


async def _answer(process: Process) -> _Said:
    if not await process.line():
        raise ReaderUnavailableError("the process that audits did not come up")
    line = await process.line()
    if not line:
        raise EndedError("it said nothing")
    head = json.loads(line)
    if "fault" in head["answer"]:
        raise ReaderUnavailableError(f"a fault in the process that audits: {head['answer']['fault']}")
    return _Said(head["answer"], head["lines"], head["name"], head["file"], process)


def _shown(one: Verdict) -> dict[str, Any]:
    return {"lead": one.lead, "verdict": one.verdict, "clauses": list(one.clauses), "evidence": one.evidence}


def _line(said: object) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"


def _problem(question: AuditQuestion | DecisionQuestion, code: str) -> str:
    return text(question.language, "audit_sheet", "problem", code)
