"""The mail catcher and the CRM stand-in as processes of their own: what they took survives their end."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from deploy.demo.smtp_catcher import letters_in
from runtime.crm import CrmSettings, CrmUnavailableError
from runtime.mail import Mailer, MailFailedError, MailSettings
from runtime.zoho import ZohoCrm


@asynccontextmanager
async def process(module: str, *arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """The server and the port on which it listens; killed at the end if it still lives."""
    root = Path(__file__).parents[2]
    started = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *arguments, cwd=root, stdout=asyncio.subprocess.PIPE)
    assert started.stdout is not None
    try:
        line = (await started.stdout.readline()).decode()
        yield started, int(line.removeprefix("listening on "))
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


def mailer(port: int) -> Mailer:
    return Mailer(MailSettings(host="127.0.0.1", port=port, security="none", sender="robot@company.example", timeout=timedelta(seconds=20)))


async def nothing() -> None:
    return None


async def test_the_catcher_keeps_letters_over_a_kill_and_fails_by_file(tmp_path: Path) -> None:
    maildir = tmp_path / "mail"
    async with process("deploy.demo.smtp_catcher", "--maildir", str(maildir)) as (server, port):
        await mailer(port).deliver(("a@b.example",), b"Subject: 1\r\n\r\n", nothing)
        (maildir / "fault").write_text("no_such_user")
        with pytest.raises(MailFailedError, match="550"):
            await mailer(port).deliver(("a@b.example",), b"Subject: no\r\n\r\n", nothing)
        (maildir / "fault").unlink()
        server.kill()
        await server.wait()
    async with process("deploy.demo.smtp_catcher", "--maildir", str(maildir), "--port", str(port)) as (server, again):
        await mailer(again).deliver(("a@b.example",), b"Subject: 2\r\n\r\n", nothing)
        server.terminate()
        assert await server.wait() == 0
    assert again == port
    assert [letter.subject for letter in letters_in(maildir)] == ["1", "2"]


async def test_the_stand_in_keeps_records_over_a_kill_and_fails_on_demand(tmp_path: Path) -> None:
    file = tmp_path / "records.json"

    def settings(port: int) -> CrmSettings:
        return CrmSettings.model_validate({"api": f"http://127.0.0.1:{port}", "fields": {"name": "Last_Name"}, "token": "stand-in-token"})

    async with process("deploy.demo.crm_standin", "--file", str(file)) as (server, port):
        async with ZohoCrm(settings(port)) as crm, httpx2.AsyncClient() as http:
            await crm.upsert("client", "1", {"name": "Ромашка"})
            await http.put(f"http://127.0.0.1:{port}/stand-in/fault", content="done_then_broken")
            with pytest.raises(CrmUnavailableError):
                await crm.upsert("client", "2", {"name": "Василёк"})
        server.kill()
        await server.wait()
    async with process("deploy.demo.crm_standin", "--file", str(file)) as (server, port):
        async with ZohoCrm(settings(port)) as crm:
            assert (await crm.upsert("client", "2", {"name": "Василёк"}))[1] == "updated"
        server.terminate()
        assert await server.wait() == 0
    records = json.loads(file.read_text(encoding="utf-8"))["records"]
    assert [record["Last_Name"] for record in records.values()] == ["Ромашка", "Василёк"]
