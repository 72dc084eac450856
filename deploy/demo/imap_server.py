"""A mailbox on a real IMAP server, in memory: pymap in a process of its own, on loopback. Letters arrive as a mail server files them."""

from __future__ import annotations

import asyncio
import imaplib
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import IO


class ImapServer:
    """One mailbox. Used as an asynchronous context manager."""

    username, password = "requests", "stand-in-password"

    def __init__(self, log: Path, port: int) -> None:
        """``log`` is the file for what the server prints."""
        self.port = port
        self._log = log
        self._out: IO[bytes]
        self._process: subprocess.Popen[bytes]

    async def __aenter__(self) -> ImapServer:
        self._start()
        for _ in range(300):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                break
            await asyncio.sleep(0.1)
        else:
            raise RuntimeError(f"the IMAP server did not start; see {self._log}")
        await asyncio.to_thread(self._empty)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        await asyncio.to_thread(self._process.wait)
        self._out.close()

    def _start(self) -> None:
        pymap = shutil.which("pymap", path=str(Path(sys.executable).parent)) or "pymap"
        user = ("--demo-data", "--demo-user", self.username, "--demo-password", self.password)
        self._out = self._log.open("ab")
        command = (pymap, "--host", "127.0.0.1", "--port", str(self.port), "--no-tls", "dict", *user)
        self._process = subprocess.Popen(command, stdout=self._out, stderr=subprocess.STDOUT)

    async def arrive(self, letter: EmailMessage) -> None:
        """A letter comes in."""

        def append() -> None:
            with imaplib.IMAP4("127.0.0.1", self.port) as imap:
                imap.login(self.username, self.password)
                imap.append("INBOX", "", "", letter.as_bytes())

        await asyncio.to_thread(append)

    def _empty(self) -> None:
        """The server begins with letters of its own."""
        with imaplib.IMAP4("127.0.0.1", self.port) as imap:
            imap.login(self.username, self.password)
            imap.select("INBOX")
            imap.store("1:*", "+FLAGS", "\\Deleted")
            imap.expunge()
