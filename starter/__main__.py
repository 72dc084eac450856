"""``python -m starter``: the doors for signed events and for e-mails, and the delivery of everything in the inbox, until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from datetime import timedelta

import uvicorn
from pydantic import JsonValue, ValidationError
from temporalio.client import Client
from temporalio.service import RPCError

from regulations.company import CompanyError, load_company
from regulations.editions import load_editions
from regulations.effects import Letter
from runtime.connection import connect
from runtime.database import open_database
from runtime.encryption import EncryptionError, KeyRing
from runtime.inbox import InboxStore
from runtime.process import leave
from runtime.register_reader import RegisterReader
from runtime.registers import RegisterWriter
from runtime.settings import Settings
from starter.doors.look_ups import CompanyLookUps
from starter.doors.table import STARTS
from starter.inbox.delivery import deliver
from starter.inbox.inbox import Inbox
from starter.inbox.incidents import Incidents
from starter.inbox.outcome import Delivered, Source
from starter.mail.answers import AnswerUnavailableError, start_answer
from starter.mail.mailboxes import opened_mail_door, read_mailboxes
from starter.web.app import build_app
from starter.web.health import Health
from starter.web.metrics import Metrics
from starter.web.signature import SecretError, Signatures

log = logging.getLogger("reglament.starter")

GRACE = timedelta(seconds=5)
"""How long requests, and then deliveries, may finish after SIGTERM."""
MOST_CONNECTIONS = 500


class Temporal:
    """The connection, which may come and go: without it events are kept and nothing is delivered."""

    def __init__(self, settings: Settings, known: RegisterReader) -> None:
        """Connects when told to."""
        self._settings, self._known = settings, known
        self._client: Client | None = None

    async def connect(self, inbox: Inbox) -> None:
        """Tries until the server is there, then lets the inbox deliver."""
        while self._client is None:
            try:
                self._client = await connect()
            except RuntimeError as e:
                log.warning("%s; events are kept meanwhile", e)
        log.info("connected to Temporal: delivering")
        inbox.connect(self.deliver)

    async def deliver(self, event: JsonValue, source: Source) -> Delivered:
        """Delivers one event; raises DeliveryError."""
        assert self._client is not None  # noqa: S101 - the inbox delivers once we are connected
        settings = self._settings
        return await deliver(
            self._client,
            event,
            task_queue=settings.task_queue,
            hash_key=settings.hash_key.get_secret_value(),
            source=source,
            known=self._known,
        )

    async def answer(self, address: str, letter: Letter) -> None:
        """Has an e-mail answered; raises AnswerUnavailableError."""
        if self._client is None:
            raise AnswerUnavailableError("not connected to Temporal yet")
        await start_answer(self._client, self._settings.task_queue, address, letter)

    async def answers(self) -> bool:
        """Whether the server is there at this moment."""
        if self._client is None:
            return False
        try:
            return await self._client.service_client.check_health(timeout=timedelta(seconds=1))
        except RPCError:
            return False


async def serve(settings: Settings) -> None:
    """Serves and delivers until SIGTERM or SIGINT, then takes nothing more, lets what runs finish, and gives its leases back.

    Raises:
        SecretError, EncryptionError, CompanyError, EditionError: the settings are wrong.
    """
    signatures = Signatures(settings.webhook_secrets.get_secret_value())
    keys = KeyRing.parse(settings.encryption_keys.get_secret_value())
    company, editions = load_company(settings.company), load_editions(settings.editions)
    url = settings.database_url.get_secret_value()
    engine = open_database(url)
    metrics = Metrics()
    alarm = Incidents(RegisterWriter(engine), lambda: company)
    look_ups = CompanyLookUps(engine, lambda: company, lambda: editions)
    hash_key = settings.hash_key.get_secret_value()
    inbox = Inbox(InboxStore(engine, keys, STARTS), alarm, look_ups, hash_key, metrics.settled)
    temporal = Temporal(settings, RegisterReader(engine))
    config = uvicorn.Config(
        build_app(inbox, signatures, metrics, Health(url, temporal.answers)),
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,  # the app writes its own, without anything from outside
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(GRACE.total_seconds()),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal once more when it is done: by then it must not end us before the inbox has stopped.
        loop.add_signal_handler(number, lambda: None)
    delivering = asyncio.create_task(inbox.run())
    connecting = asyncio.create_task(temporal.connect(inbox))
    async with opened_mail_door(settings, engine, inbox, alarm, company.name, temporal.answer) as door:
        reading = asyncio.create_task(read_mailboxes(settings, door, metrics))
        try:
            await uvicorn.Server(config).serve()
        finally:
            connecting.cancel()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await inbox.stop(GRACE)
            await asyncio.gather(connecting, delivering, return_exceptions=True)
            await engine.dispose()
    log.info("stopped")


def main() -> int:
    """The process: exit code 0 after a stop, 2 when the settings or the company's file are wrong, 1 when the port cannot be had."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every look at the schema
    try:
        asyncio.run(serve(Settings()))
    except (ValidationError, SecretError, EncryptionError, CompanyError, ValueError) as e:
        print(f"reglament: {e}", file=sys.stderr)
        return 2
    except SystemExit:  # uvicorn has said why
        return 1
    return 0


if __name__ == "__main__":
    leave(main())
