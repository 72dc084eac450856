"""The process that opens one file from outside: it limits itself, takes the file from its input, answers in JSON, and is gone.

It says ``ready`` before it looks into the file: what goes wrong earlier is no fault of the file. Linux only (`resource`).
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from runtime.documents.archive import Unreadable, open_package
from runtime.documents.pairs import Pairs

MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 10
ALIVE_SECONDS = 30
"""Longer than the worker waits: it is for a worker that was killed and ends nobody any more."""
OPEN_FILES = 32

_READERS = {format: f"runtime.documents.{format}_pairs" for format in ("docx", "xlsx", "pdf")}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def confine(memory: int = MEMORY, cpu_seconds: int = CPU_SECONDS, alive_seconds: int = ALIVE_SECONDS) -> None:
    """Takes from this process what reading a file does not need: memory, time, writing, new processes."""
    with suppress(OSError):  # where memory runs out all the same, this process goes first, not the worker
        Path("/proc/self/oom_score_adj").write_text("1000")
    signal.alarm(alive_seconds)
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
    ):
        _, hard = resource.getrlimit(limit)
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (wanted, wanted))


def sniff(content: bytes) -> str:
    """The container by its first bytes, whatever the name says: ``package`` (ZIP) or ``pdf``.

    Raises:
        Unreadable: ``password``, ``old_format`` or ``not_a_document``.
    """
    if content.startswith(b"PK\x03\x04"):
        return "package"
    if content.startswith(_OLE):  # Office 97 to 2003; Office encrypts a newer file into the same container
        raise Unreadable("password" if _ENCRYPTED in content else "old_format")
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:5] == b"%PDF-":
        return "pdf"
    raise Unreadable("not_a_document")


def examine(content: bytes) -> dict[str, Any]:
    """What is in the file: the fields of `runtime.documents.reader.Reading`."""
    pairs, problem, format = Pairs(), None, None
    try:
        kind = sniff(content)
        format = open_package(content) if kind == "package" else kind
        import_module(_READERS[format]).read(content, pairs)
    except Unreadable as e:
        problem = e.problem
    except (MemoryError, RecursionError):
        problem = "too_slow"
    except Exception:  # whatever a library stumbles over, the file is no good
        problem = "damaged"
    if problem is not None:
        return {"problem": problem, "format": format, "pairs": [], "has_text": False}
    return {"problem": None, "format": format, "pairs": pairs.found, "has_text": pairs.has_text}


def main() -> None:
    """Reads one file from standard input."""
    confine()
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no answer
    content = sys.stdin.buffer.read()
    for format, module in _READERS.items():  # a library that cannot be imported is no fault of the file
        if content.startswith(b"PK") == (format != "pdf"):
            import_module(module)
    print("ready", file=answers, flush=True)
    print(json.dumps(examine(content)), file=answers, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
