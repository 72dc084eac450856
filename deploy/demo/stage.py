"""The parts that the demo, `make up` and the end-to-end tests run on: a real Temporal server with its UI, a real SMTP server that keeps
what it gets, stand-ins for CRM, billing and SMS over HTTP, a database, the worker and the webhooks as processes. All on loopback, in one
folder."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from standardwebhooks.webhooks import Webhook
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from deploy.demo.billing_standin import BillingStandIn
from deploy.demo.crm_standin import CrmStandIn
from deploy.demo.imap_server import ImapServer
from deploy.demo.sms_standin import SmsStandIn
from deploy.demo.smtp_catcher import SmtpCatcher
from runtime.database import create_billing_tables

ROOT = Path(__file__).resolve().parents[2]
CRM_FIELDS = {
    "client_name": "Last_Name",
    "client_login": "Email",
    "client_inn": "INN",
    "partner_name": "Partner",
    "tariff_line": "Tariff_Line",
    "status": "Handoff_Status",
    "accepted_at": "Accepted_At",
    "contact_person": "First_Name",
    "deal": "Contract",
    "client_id": "Client_Id",
    "programs": "Programs",
    "update_set": "Update_Set",
    "manager": "Client_Manager",
}


CRM_DEALS = {
    "title": "Deal_Name",
    "direction": "Pipeline",
    "status": "Stage",
    "contact": "Contact_Name",
    "partner": "Partner",
    "sum": "Amount",
    "services": "Description",
    "manager": "Manager",
    "invoice": "Invoice",
}


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback port
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class Stage:
    """Starts the parts and stops them again; the server and the worker may be killed and started again in between."""

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str | None = None,
        worker_script: Path = ROOT / "worker.py",
        server_settings: Sequence[str] = (),
        webhooks: bool = False,
        mailbox: bool = False,
        ports: tuple[int, int, int] | None = None,
    ) -> None:
        """``server_settings`` are dynamic settings of the Temporal server, each ``key=JSON``; ``webhooks`` starts the door for events,
        ``mailbox`` an IMAP server whose mailbox it reads; ``ports`` are those of Temporal, its UI and the webhooks (none: free ones)."""
        self.folder = folder
        self.mail = SmtpCatcher(folder / "mail")
        self.crm = CrmStandIn(file=folder / "crm.json")
        self.imap = ImapServer(folder / "imap.log", free_port()) if mailbox else None
        self.database_url = database_url or f"sqlite:///{folder / 'reglament.db'}"
        self.billing = BillingStandIn(self.database_url)
        self.sms = SmsStandIn()
        self.port, self.ui_port, self.http_port = ports or (free_port(), free_port(), free_port())
        # Of this stage alone, and the same whenever its folder is used again.
        self.webhook_secret = "whsec_" + base64.b64encode(hashlib.sha256(f"stage {folder}".encode()).digest()).decode()
        self.encryption_key = base64.b64encode(hashlib.sha256(f"keys of {folder}".encode()).digest()).decode()
        self.server: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self.starter: subprocess.Popen[bytes] | None = None
        self.client: Client
        self._webhooks = webhooks
        self._worker_script = worker_script
        self._server_settings = ("frontend.WorkflowTimeSkippingEnabled=true", *server_settings)
        self._stack = AsyncExitStack()
        self._logs: list[Any] = []

    @property
    def ui(self) -> str:
        return f"http://127.0.0.1:{self.ui_port}"

    @property
    def webhooks(self) -> str:
        """Where signed events are posted."""
        return f"http://127.0.0.1:{self.http_port}/webhooks/events"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of worker and command line, as a deployment gives them."""
        mailbox = {} if self.imap is None else {"REGLAMENT_MAILBOXES": json.dumps([self._mailbox(self.imap)])}
        own = {k: v for k, v in os.environ.items() if not k.startswith(("TEMPORAL_", "REGLAMENT_", "PYTHONDONTWRITE"))}
        return (
            own
            | mailbox
            | {
                "PYTHONUNBUFFERED": "1",
                "TEMPORAL_ADDRESS": f"127.0.0.1:{self.port}",
                "REGLAMENT_COMPANY": str(ROOT / "deploy/demo/company.toml"),
                "REGLAMENT_DATABASE_URL": self.database_url,
                "REGLAMENT_HASH_KEY": "demo",
                "REGLAMENT_TEMPORAL_UI": f"{self.ui}/namespaces/default",
                "REGLAMENT_HTTP_PORT": str(self.http_port),
                "REGLAMENT_WEBHOOK_SECRETS": self.webhook_secret,
                "REGLAMENT_MAIL__HOST": "127.0.0.1",
                "REGLAMENT_MAIL__PORT": str(self.mail.port),
                "REGLAMENT_MAIL__SECURITY": "none",
                "REGLAMENT_MAIL__SENDER": "handoff@company.example",
                "REGLAMENT_MAIL__SENDER_NAME": "Контакт-центр",
                "REGLAMENT_CRM__API": self.crm.url,
                "REGLAMENT_CRM__TOKEN": self.crm.token,
                "REGLAMENT_CRM__FIELDS": json.dumps(CRM_FIELDS),
                "REGLAMENT_CRM__DEALS": json.dumps({"fields": CRM_DEALS}),
                "REGLAMENT_SMS__URL": self.sms.url,
                "REGLAMENT_SMS__TOKEN": self.sms.token,
                "REGLAMENT_SMS__SENDER": "MOEDELO",
                "REGLAMENT_BILLING_API__URL": self.billing.url,
                "REGLAMENT_BILLING_API__TOKEN": self.billing.token,
                "REGLAMENT_ENCRYPTION_KEYS": self.encryption_key,
            }
        )

    @staticmethod
    def _mailbox(imap: ImapServer) -> dict[str, Any]:
        where = {"host": "127.0.0.1", "port": imap.port, "security": "none", "username": imap.username, "password": imap.password}
        return {"purpose": "replacement", "address": "zamena@company.example", **where}

    async def __aenter__(self) -> Stage:
        self.folder.mkdir(parents=True, exist_ok=True)
        await self._stack.enter_async_context(self.mail)
        await self._stack.enter_async_context(self.crm)
        await create_billing_tables(self.database_url)
        await self._stack.enter_async_context(self.billing)
        await self._stack.enter_async_context(self.sms)
        if self.imap is not None:
            await self._stack.enter_async_context(self.imap)
        await self.start_server()
        await self.run("-m", "starter.cli", "doctor", "--fix")
        self.start_worker()
        if self._webhooks:
            await self.start_starter()
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in (self.starter, self.worker, self.server):  # whoever calls ends before whoever is called
            if process is not None and process.poll() is None:
                process.terminate()
                await asyncio.to_thread(process.wait)
        await self._stack.aclose()
        for log in self._logs:
            log.close()

    async def start_server(self) -> None:
        """Starts the Temporal server on the stage's file and ports (again), and connects."""
        temporal = shutil.which("temporal", path=str(Path(sys.executable).parent)) or "temporal"
        self.server = self._start(
            "temporal.log",
            temporal,
            *("server", "start-dev", "--ip", "127.0.0.1", "--port", str(self.port), "--ui-port", str(self.ui_port)),
            *("--db-filename", str(self.folder / "temporal.db"), "--sqlite-pragma", "journal_mode=wal", "--log-level", "error"),
            *(word for setting in self._server_settings for word in ("--dynamic-config-value", setting)),
        )
        for _ in range(300):
            try:
                self.client = await Client.connect(f"127.0.0.1:{self.port}", data_converter=pydantic_data_converter)
                await self.client.service_client.check_health(timeout=timedelta(seconds=2))
            except (RuntimeError, RPCError):
                await asyncio.sleep(0.1)
            else:
                return
        raise RuntimeError(f"the Temporal server did not start; see {self.folder / 'temporal.log'}")

    def start_worker(self) -> None:
        self.worker = self._start("worker.log", sys.executable, str(self._worker_script))

    async def start_starter(self) -> None:
        """Starts the webhooks (again), and waits until they take events."""
        self.starter = self._start("starter.log", sys.executable, "-m", "starter")
        for _ in range(300):
            if self.starter.poll() is not None:
                break
            if await asyncio.to_thread(_answers, f"http://127.0.0.1:{self.http_port}/readyz"):
                return
            await asyncio.sleep(0.1)
        raise RuntimeError(f"the webhooks did not start; see {self.folder / 'starter.log'}")

    async def post(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Posts an event to the webhooks as a CRM would, signed; gives the answer.

        Raises:
            RuntimeError: the answer was not 202, or the case refuses the event; the text is what was said.
        """
        body = json.dumps(event, ensure_ascii=False)
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": str(event["id"]),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.webhook_secret).sign(str(event["id"]), now, body),
        }
        async with httpx2.AsyncClient(timeout=30) as http:
            answer = await http.post(self.webhooks, content=body.encode(), headers=headers)
        if answer.status_code != 202:
            raise RuntimeError(f"the webhook answered {answer.status_code}: {answer.text}")
        said: dict[str, Any] = answer.json()
        if said.get("state") == "refused":
            raise RuntimeError(f"the case refuses the event: {said}")
        return said

    def kill_starter(self) -> None:
        """SIGKILL of the webhooks, in the middle of whatever they do."""
        assert self.starter is not None  # noqa: S101
        self.starter.kill()
        self.starter.wait()

    def kill_worker(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        assert self.worker is not None  # noqa: S101
        self.worker.kill()
        self.worker.wait()

    def kill_server(self) -> None:
        """SIGKILL of the Temporal server; its file stays."""
        assert self.server is not None  # noqa: S101
        self.server.kill()
        self.server.wait()

    def _start(self, log: str, *command: str) -> subprocess.Popen[bytes]:
        out = (self.folder / log).open("ab")
        self._logs.append(out)
        return subprocess.Popen(command, cwd=self.folder, env=self._path(), stdout=out, stderr=subprocess.STDOUT)

    def _path(self) -> dict[str, str]:
        return self.environment | {"PYTHONPATH": str(ROOT)}

    async def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs the project's Python with the stage's settings; gives what it printed.

        Raises:
            RuntimeError: it ended with another code than 0; the text is what it said.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=self.folder,
            env=self._path(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate((stdin or "").encode())
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}:\n{out.decode()}")
        return out.decode()
