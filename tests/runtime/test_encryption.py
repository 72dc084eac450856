"""The ring of keys: what is sealed opens with the same ring and context only, and a key can be replaced."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.encryption import EncryptionError, KeyRing

OLD, NEW = os.urandom(32), os.urandom(32)


@given(st.binary(), st.text())
def test_what_is_sealed_opens_again(data: bytes, context: str) -> None:
    for ring in (KeyRing(), KeyRing([OLD]), KeyRing([NEW, OLD])):
        assert ring.open(ring.seal(data, context), context) == data


def test_a_sealed_text_holds_nothing_of_the_data_and_is_never_the_same() -> None:
    ring = KeyRing([OLD])
    first, second = ring.seal(b"client@example.org", "inbox"), ring.seal(b"client@example.org", "inbox")
    assert first != second
    assert b"client" not in first


def test_a_key_can_be_replaced_while_old_data_stay_readable() -> None:
    old = KeyRing([OLD]).seal(b"x", "c")
    both = KeyRing([NEW, OLD])
    assert both.open(old, "c") == b"x"
    with pytest.raises(EncryptionError, match="not in REGLAMENT_ENCRYPTION_KEYS"):
        KeyRing([OLD]).open(both.seal(b"y", "c"), "c")


def test_data_sealed_before_there_were_keys_stay_readable() -> None:
    assert KeyRing([NEW]).open(KeyRing().seal(b"x", "c"), "c") == b"x"


@pytest.mark.parametrize("change", [lambda s: s[:-1] + bytes([s[-1] ^ 1]), lambda s: s[:20], lambda s: b"r9" + s[2:], lambda s: b""])
def test_changed_data_and_another_context_are_refused(change: object) -> None:
    ring = KeyRing([OLD])
    sealed = ring.seal(b"data", "inbox:1")
    with pytest.raises(EncryptionError):
        ring.open(change(sealed), "inbox:1")  # type: ignore[operator]
    with pytest.raises(EncryptionError, match="belong elsewhere"):
        ring.open(sealed, "inbox:2")


def test_keys_are_given_as_base64_and_a_wrong_one_is_named_without_its_value() -> None:
    text = ", ".join(base64.b64encode(k).decode() for k in (NEW, OLD))
    assert KeyRing.parse(text).open(KeyRing([OLD]).seal(b"x", "c"), "c") == b"x"
    assert KeyRing.parse(" ").open(KeyRing().seal(b"x", "c"), "c") == b"x"
    for wrong in ("c2hvcnQ=", "not base64!"):
        with pytest.raises(EncryptionError, match="32") as e:
            KeyRing.parse(wrong)
        assert wrong not in str(e.value)
