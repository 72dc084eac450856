"""Reading JSON from outside: one reading of a body, or none."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.inbox.strict_json import DEPTH, MalformedJsonError, read_json

CANARY = "kanareyka"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_whatever_json_writes_is_read_as_it_was(value: object) -> None:
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_it(body: bytes) -> None:
    with suppress(MalformedJsonError):
        read_json(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "line 1, column 1"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1} x', "line 1, column 10"),
        (b"\xef\xbb\xbf{}", "no JSON"),
        ("{}".encode("utf-16"), "UTF-8"),
        (b'{"a": "\xff"}', "UTF-8 (at byte 7)"),
        (b'{"kanareyka": 1, "kanareyka": 2}', "stands twice"),
        (b'{"a": [{"kanareyka": 1, "b": 0, "kanareyka": 1}]}', "stands twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "NaN"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": "kanareyka\\ud800"}', "surrogate"),
        (b'{"kanareyka\\udfff": 1}', "surrogate"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
        (b'{"a": "kanareyka\n"}', "control character"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 100_000, "nested"),
    ],
)
def test_what_is_wrong_is_said_without_repeating_it(body: bytes, words: str) -> None:
    with pytest.raises(MalformedJsonError) as wrong:
        read_json(body)
    assert words in str(wrong.value)
    assert CANARY not in str(wrong.value)


@pytest.mark.parametrize(("depth", "taken"), [(DEPTH - 1, True), (DEPTH, True), (DEPTH + 1, False)])
def test_nesting_is_taken_to_a_depth(depth: int, taken: bool) -> None:
    lists, objects = "[" * depth + "]" * depth, '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)
    for body in (lists, objects):
        if taken:
            assert read_json(body.encode()) == json.loads(body)
        else:
            with pytest.raises(MalformedJsonError, match="nested"):
                read_json(body.encode())


def test_a_large_whole_number_is_read_exactly() -> None:
    assert read_json(b'{"a": 123456789012345678901234567890}') == {"a": 123456789012345678901234567890}
