"""Whom TLS connections trust. Reading a machine's certificates keeps a process from everything else for a good part of a second: they
are read once."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import httpx2


@cache
def for_mail(ca_file: Path | None = None) -> ssl.SSLContext:
    """For mail servers: the authorities of the file, or those of this machine.

    Raises:
        OSError: the file cannot be read, or holds no certificate.
    """
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


@cache
def for_http(*, trust_env: bool = True) -> ssl.SSLContext:
    """For web servers; not mail's, since a client of HTTP writes into it which protocols it speaks. ``trust_env``: the environment may
    name other authorities than those of this machine."""
    return httpx2.create_ssl_context(trust_env=trust_env)
