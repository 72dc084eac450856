"""Encryption of what is kept at rest: AES-256-GCM under a ring of keys, so that a key can be replaced while old data stay readable."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_PLAIN, _SEALED = b"r0", b"r1"
_ID, _NONCE = 4, 12


class EncryptionError(Exception):
    """A key is malformed, or the data cannot be opened with the keys of the ring. The text never holds a key or data."""


class KeyRing:
    """Seals with the first key, opens with any. Without keys data pass through unsealed."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        """Each key has 32 random bytes."""
        if any(len(key) != 32 for key in keys):
            raise EncryptionError("an encryption key must have 32 bytes")
        self._keys = {hashlib.sha256(key).digest()[:_ID]: AESGCM(key) for key in keys}
        self._first = next(iter(self._keys), None)

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """From base64 keys joined by commas, the newest first; an empty text gives a ring without keys.

        Raises:
            EncryptionError: a key is no base64 of 32 bytes.
        """
        try:
            return cls([base64.b64decode(part.strip(), validate=True) for part in text.split(",") if part.strip()])
        except binascii.Error:
            raise EncryptionError("an encryption key must be base64 of 32 random bytes") from None

    @property
    def seals(self) -> bool:
        """Whether there is a key: without one nothing is sealed."""
        return self._first is not None

    def seal(self, data: bytes, context: str) -> bytes:
        """The data, sealed where there is a key. Only the same context opens them: a row cannot be passed off as another."""
        if self._first is None:
            return _PLAIN + data
        nonce = os.urandom(_NONCE)
        return _SEALED + self._first + nonce + self._keys[self._first].encrypt(nonce, data, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """The data as they were.

        Raises:
            EncryptionError: the key is not in the ring, or the data were changed.
        """
        kind, rest = sealed[:2], sealed[2:]
        if kind == _PLAIN:
            return rest
        key = self._keys.get(rest[:_ID]) if kind == _SEALED else None
        if key is None:
            raise EncryptionError("the key that sealed these data is not in REGLAMENT_ENCRYPTION_KEYS; add it back at the end of the list")
        try:
            return key.decrypt(rest[_ID : _ID + _NONCE], rest[_ID + _NONCE :], context.encode())
        except InvalidTag:
            raise EncryptionError("sealed data were changed, or belong elsewhere") from None
