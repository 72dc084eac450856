"""Reading JSON from outside: strictly, so that what we read is what the sender wrote and what every other reader would read."""

from __future__ import annotations

import json
import math
from typing import Any

from pydantic import JsonValue

DEPTH = 20
"""How deep lists and objects may be nested; an event needs five."""


class MalformedJsonError(ValueError):
    """The text is no JSON that we take; the words say what is wrong and where, and repeat nothing of it."""


def read_json(body: bytes) -> JsonValue:
    """The value that the body holds.

    Refused, besides what is no JSON: another encoding than UTF-8, names that stand twice in one object, numbers that are none or that
    no float holds, halves of a surrogate pair, nesting deeper than `DEPTH`.

    Raises:
        MalformedJsonError: always this one.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as e:
        raise MalformedJsonError(f"the body is not UTF-8 (at byte {e.start})") from None
    try:
        value: JsonValue = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as e:
        raise MalformedJsonError(f"no JSON: {e.msg} at line {e.lineno}, column {e.colno}") from None
    except RecursionError:
        raise MalformedJsonError(f"nested deeper than {DEPTH}") from None
    except MalformedJsonError:
        raise
    except ValueError:  # a whole number of more digits than Python reads
        raise MalformedJsonError("a number has too many digits") from None
    _check(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise MalformedJsonError("a name stands twice in one object")
    return named


def _no_constant(_: str) -> None:
    raise MalformedJsonError("NaN and Infinity are no numbers in JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise MalformedJsonError("a number is too large")
    return number


def _check(value: JsonValue) -> None:
    """Depth and halves of surrogate pairs, without recursion."""
    level: list[Any] = [value]
    depth = 0
    while level:
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict | list) and depth == DEPTH:
                raise MalformedJsonError(f"nested deeper than {DEPTH}")
            if isinstance(item, dict):
                below += item.keys()
                below += item.values()
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str) and not item.isascii():
                _whole(item)
        level = below
        depth += 1


def _whole(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedJsonError("a text holds half of a surrogate pair") from None
