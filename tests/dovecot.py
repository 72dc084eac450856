"""A real IMAP server, Debian's Dovecot, in a folder of its own, on loopback; as root or as whoever runs the tests."""

from __future__ import annotations

import asyncio
import getpass
import grp
import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from runtime.mailbox import MailboxSettings, Purpose

DOVECOT = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
WHY_NOT = "no Dovecot here: apt-get install dovecot-core dovecot-imapd"
PASSWORD = "stand-in-password"


class Dovecot:
    """Any user may sign in with `PASSWORD`, and finds an empty mailbox. Used as an asynchronous context manager."""

    def __init__(self, port: int) -> None:
        """Its folder is no other test's: it must let the users by to whom the server gives up its rights."""
        self.port = port
        self.folder = Path(tempfile.mkdtemp(prefix="reglament-imap-"))
        self._process: subprocess.Popen[bytes]

    async def __aenter__(self) -> Dovecot:
        await asyncio.to_thread(self._start)
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                if client.recv(4) == b"* OK":
                    return self
            await asyncio.sleep(0.1)
        raise RuntimeError(f"Dovecot did not start: {(self.folder / 'log').read_text('utf-8')}")

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        await asyncio.to_thread(self._process.wait)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        assert DOVECOT is not None, WHY_NOT
        mail, run = self.folder / "mail", self.folder / "run"
        for folder in (mail, run):
            folder.mkdir()
        if os.getuid() == 0:  # mail belongs to a user of its own
            self.folder.chmod(0o755)
            shutil.chown(mail, "mail", "mail")
        configuration = self.folder / "dovecot.conf"
        configuration.write_text(self._configuration(mail, root=os.getuid() == 0), "utf-8")
        self._process = subprocess.Popen([DOVECOT, "-F", "-c", str(configuration)])

    def settings(self, purpose: Purpose = "replacement", user: str = "requests", **changes: object) -> MailboxSettings:
        """How one of its mailboxes is reached."""
        return MailboxSettings.model_validate(
            {
                "purpose": purpose,
                "address": "zamena@company.example",
                "host": "127.0.0.1",
                "port": self.port,
                "security": "none",
                "username": user,
                "password": SecretStr(PASSWORD),
                **changes,
            }
        )

    def files(self, user: str = "requests") -> list[bytes]:
        """All that the server keeps of a mailbox, as bytes on its disk: e-mails, indexes, caches, logs."""
        found = [*(self.folder / "mail" / user).rglob("*"), self.folder / "log"]
        return [file.read_bytes() for file in found if file.is_file()]

    def _configuration(self, mail: Path, *, root: bool) -> str:
        owner, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
        users = (
            "default_internal_user = dovecot\ndefault_login_user = dovenull\n"
            if root
            else f"default_internal_user = {owner}\ndefault_login_user = {owner}\ndefault_internal_group = {group}\n"
        )
        chroots = "" if root else "service anvil {\n  chroot =\n}\nservice stats {\n  chroot =\n}\n"
        who = "uid=mail gid=mail" if root else f"uid={os.getuid()} gid={os.getgid()}"
        return f"""protocols = imap
listen = 127.0.0.1
base_dir = {self.folder / "run"}
state_dir = {self.folder / "run"}
log_path = {self.folder / "log"}
ssl = no
disable_plaintext_auth = no
{users}mail_location = maildir:{mail}/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = {who} home={mail}/%u
}}
{chroots}service imap-login {{
{"" if root else "  chroot ="}
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""
