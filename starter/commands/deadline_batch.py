"""`reglament deadline --batch`: JSON Lines in, one answer line each out, in order.

A line is answered as soon as it has arrived, so a caller may write one line and wait for its answer. A wrong line has its
error on its own place; a blank line is a wrong line, so that answers always stand where their questions stood.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from io import BufferedIOBase
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from regulations.time.calendar_spec import CalendarSpec
from regulations.time.terms import parse_term
from regulations.time.working_time import Pause, WorkingTime
from starter.commands.named_calendars import named_calendar

LONGEST_LINE = 1 << 20
"""Bytes; a longer line is answered with an error and skipped without being kept."""

CALENDARS_KEPT = 256
_CHUNK = 1 << 16
_parse_time = datetime.fromisoformat


class LineError(ValueError):
    """A line that cannot be answered; the message says what is wrong and what would be right."""


def run(arguments: Sequence[str]) -> int | None:
    """Run a batch over standard input and output without the command line's own parser, whose import takes longer than 5,000 lines.

    Args:
        arguments: What follows `deadline` on the command line.

    Returns:
        The exit code, or None when the arguments are not `--batch` alone or with `--calendars FILE`: then the parser has its turn.
    """
    match list(arguments):
        case ["--batch"]:
            return answer_lines(None)
        case ["--batch", "--calendars", file] | ["--calendars", file, "--batch"]:
            return answer_lines(Path(file))
    return None


def answer_lines(calendars: Path | None) -> int:
    """Answer standard input on standard output until it ends; the exit code is 1 when nobody reads the answers any more."""
    out = sys.stdout.buffer
    try:
        for answers in Batch(calendars).answers(sys.stdin.buffer):
            out.write(answers)
            out.flush()
    except BrokenPipeError:
        # Whoever read the answers has left; what the interpreter flushes at its end must not raise once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


class Batch:
    """Answers lines; keeps the compiled calendars of the last lines."""

    def __init__(self, calendars: Path | None = None) -> None:
        """Take the TOML file with calendars that lines may name, if any."""
        self._calendars = calendars
        self._compiled = lru_cache(maxsize=CALENDARS_KEPT)(self._compile)

    def answer(self, line: bytes | None) -> bytes:
        """The answer to one line, with its newline; None stands for a line that was too long."""
        reply: dict[str, Any] = {"id": None}
        try:
            self._reply(_read(line), reply)
        except ValueError as error:
            reply = {"id": reply["id"], "error": str(error)}
        except Exception as error:  # a defect of ours must not take the other lines with it
            reply = {
                "id": reply["id"],
                "error": f"the line cannot be answered ({type(error).__name__}: {error}): please report this as a defect",
            }
        return orjson.dumps(reply, option=orjson.OPT_APPEND_NEWLINE)

    def answers(self, stream: BinaryIO | BufferedIOBase) -> Iterator[bytes]:
        """The answers to a stream, in pieces as large as what has arrived; memory does not grow with the stream."""
        answer = self.answer
        for lines in _lines(stream):
            yield b"".join([answer(line) for line in lines])

    def _reply(self, data: dict[str, Any], reply: dict[str, Any]) -> None:
        """Put the answer into the reply, the id first, so that an error has it too."""
        get = data.get
        reply["id"] = _id(get("id"))
        operation = get("op")
        calendar = self._compiled(_serialised(get("calendar")))
        start = _time("start", get("start"))
        pauses = _pauses(data["pauses"]) if get("pauses") else ()
        if operation == "due":
            term = get("term")
            if not isinstance(term, str):
                raise LineError(f"'term' is {_shown(term)}: give a text such as '3 working hours'")
            due = calendar.due(parse_term(term), start, pauses)
            reply["due"] = due.at.isoformat()
            provisional = due.provisional
        elif operation == "elapsed":
            worked = calendar.worked(start, _time("end", get("end")), pauses)
            reply["working_seconds"] = worked.seconds
            provisional = worked.provisional
        else:
            raise LineError(f"'op' is {_shown(operation)}: give 'due' or 'elapsed'")
        if provisional:
            reply["provisional"] = True

    def _compile(self, serialised: bytes) -> WorkingTime:
        given = orjson.loads(serialised)
        spec = named_calendar(given, self._calendars) if isinstance(given, str) else CalendarSpec.from_json(given)
        return WorkingTime(spec)


def _lines(stream: BinaryIO | BufferedIOBase) -> Iterator[list[bytes | None]]:
    """The complete lines of each piece that arrives, without their newlines; None for one that is too long."""
    read = getattr(stream, "read1", stream.read)
    rest, skipping = b"", False
    while chunk := read(_CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        found: list[bytes | None] = list(lines)
        if skipping and found:
            found[0], skipping = None, False
        if skipping:
            rest = b""
        elif len(rest) > LONGEST_LINE:
            rest, skipping = b"", True
        if found:
            yield found
    if skipping:
        yield [None]
    elif rest:
        yield [rest]


def _read(line: bytes | None) -> dict[str, Any]:
    if line is None or len(line) > LONGEST_LINE:
        raise LineError(f"the line is longer than {LONGEST_LINE} bytes: split it")
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if not line.strip():
            raise LineError("the line is empty: give one JSON object a line") from None
        raise LineError(f"the line is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise LineError(f"the line is {_kind(data)}: give one JSON object a line")
    return data


def _id(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | int | float):
        return value
    raise LineError(f"'id' is {_kind(value)}: give a text or a number")


def _serialised(calendar: Any) -> bytes:
    """The calendar as it is known by: equal texts are compiled once."""
    if calendar is None:
        raise LineError("'calendar' is missing: give an object with at least 'tz' and 'country', or the name of a calendar")
    try:
        return orjson.dumps(calendar)
    except TypeError:  # nested more deeply than can be written
        raise LineError("'calendar' is nested too deeply: give an object with at least 'tz' and 'country'") from None


def _time(key: str, value: Any) -> datetime:
    try:
        return _parse_time(value)
    except (TypeError, ValueError):
        example = "'2026-11-20T17:30' or '2026-11-20T17:30:00+03:00'"
        raise LineError(f"{key!r} is {_shown(value)}: give a time such as {example}") from None


def _pauses(value: Any) -> list[Pause]:
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise LineError("'pauses' is no list of pairs: give [[start, end], ...]")
    return [Pause(_time("pauses", start), _time("pauses", end)) for start, end in value]


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    return repr(value[:60]) if isinstance(value, str) else _kind(value)


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
