"""What stands for a person's own identifier wherever everyone can see it: a keyed hash, the same for the same person."""

from __future__ import annotations

import hashlib
import hmac


def pseudonym(value: str, hash_key: str) -> str:
    """``h-`` and 80 bits of an HMAC. Without the key nobody can try out who it is; another key gives everybody another one."""
    return "h-" + hmac.new(hash_key.encode(), value.encode(), hashlib.sha256).hexdigest()[:20]
