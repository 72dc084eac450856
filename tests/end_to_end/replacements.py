"""Replacements as the outside world sees them: an account in billing, a request with a password, an export; and a search through
everything that was ever written down."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, select, text
from temporalio.client import WorkflowHandle

from deploy.demo.stage import Stage
from regulations.read_out import ReadOut
from runtime.database import open_database
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.replacement_tables import billing_account_tariffs, billing_accounts, secrets
from runtime.tables import files
from starter.views import NotFound, Unavailable, read_case
from tests.patience import patiently

PERIOD = "2026-10"
SCRIPT = "https://docs.example.org/scripts/leads"
N, BALANCE = 100, 20


class Replacement:
    """One request of an account that works in its own CRM (mode ``integrated``)."""

    def __init__(self, stage: Stage, account: str, password: str) -> None:
        self.stage, self.account, self.password = stage, account, password
        self.case = f"replacement/{account}/{PERIOD}/1"
        self._number = 0

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.stage.client.get_workflow_handle(self.case)

    async def bill(self) -> None:
        """The account and its tariff, of which a fifth is left."""
        await self.stage.billing.bill(billing_accounts, account=self.account, login=f"login-{self.account}", zone="Europe/Moscow")
        began = datetime.now(UTC) - timedelta(days=60)
        tariff = {"account": self.account, "period": PERIOD, "mode": "integrated", "identifications": N, "balance": BALANCE}
        await self.stage.billing.bill(billing_account_tariffs, **tariff, began_at=began, paid_at=began)

    async def balance(self) -> int:
        """What billing has left of the tariff."""
        t = billing_account_tariffs.c
        engine = open_database(self.stage.database_url)
        try:
            async with engine.connect() as connection:
                return int((await connection.execute(select(t.balance).where(t.account == self.account))).scalar_one())
        finally:
            await engine.dispose()

    def event(self, what: str, **data: Any) -> dict[str, Any]:
        """The next event of this replacement, which happens now."""
        self._number += 1
        return {
            "id": f"{self.account}.{self._number}",
            "type": f"replacement.{what}",
            "occurred_at": datetime.now(UTC).isoformat(),
            "data": {"account": self.account, "period": PERIOD, "n": 1, **data},
        }

    def requested(self, asked: int = 3) -> dict[str, Any]:
        """The long form; its links lead nowhere, which is no ground to refuse it."""
        return self.event(
            "requested",
            asked=asked,
            login=f"login-{self.account}",
            script=SCRIPT,
            franchisee={"email": f"{self.account}@franchise.example", "name": "Иванов"},
            crm={
                "link": f"https://crm-{self.account}.client.invalid/",
                "login": f"specialist-{self.account}",
                "password": self.password,
                "instructions": f"https://how-{self.account}.client.invalid/",
            },
        )

    async def read(self) -> ReadOut:
        """The read-out, as soon as a worker gives it."""
        async with patiently():
            while True:
                try:
                    return await read_case(self.stage.client, self.case)
                except (NotFound, Unavailable):
                    await asyncio.sleep(0.2)

    async def until(self, stage: str) -> ReadOut:
        """The read-out once the case stands there."""
        read = await self.read()
        try:
            async with patiently():
                while (read := await self.read()).stage != stage:  # noqa: ASYNC110 - the worker's doing
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise AssertionError(f"{self.case} stands at {read.stage}, not at {stage}: {[f.what for f in read.facts]}") from None
        return read

    async def until_destroyed(self) -> None:
        """Until nothing is left of any password of the case."""
        engine = open_database(self.stage.database_url)
        left = select(secrets.c.ref).where(secrets.c.address == self.case, secrets.c.sealed.is_not(None))
        try:
            async with patiently():
                while True:
                    async with engine.connect() as connection:
                        if not (await connection.execute(left)).all():
                            return
                    await asyncio.sleep(0.2)
        finally:
            await engine.dispose()


# --- an export ------------------------------------------------------------------------------------------------------

HEADER = "record,lead,appeared_at,status,comment,call,at,answered"
_DAY = datetime.fromisoformat("2025-10-06T10:00:00+03:00")
"""A Monday before three working days."""
ATTEMPTS = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=4), timedelta(days=1), timedelta(days=2))


def export() -> str:
    """Five cards: two never reached, one called but once, one that said no, one that nobody asks to have replaced."""
    rows = [HEADER]
    for lead, status, comment, attempts, answered in (
        ("l-1", "на замену", "недозвон", ATTEMPTS, False),
        ("l-2", "на замену", "Недозвон, 5 раз", ATTEMPTS, False),
        ("l-3", "на замену", "недозвон", ATTEMPTS[:1], False),
        ("l-4", "на замену", "нецелевой", ATTEMPTS[:1], True),
        ("l-5", "в работе", "думает", ATTEMPTS[:1], True),
    ):
        rows.append(f'card,{lead},{_DAY.isoformat()},{status},"{comment}",,,')
        for number, after in enumerate(attempts):
            call = f"{lead}-{number}"
            rows.append(f"call,{lead},,,разговор,{call},{(_DAY + after).isoformat()},{'да' if answered else 'нет'}")
            rows.append(f"recording,,,,,{call},,")
    return "\n".join(rows) + "\n"


# --- everything that was written down -------------------------------------------------------------------------------


async def traces(stage: Stage, cases: list[str], word: str) -> list[str]:
    """Where a word stands: in any table, in the bytes of any file of the stage (databases with their logs, the processes' own logs), in
    the histories of these cases, in any letter or kept file, whatever they are encoded or packed in."""
    found = [f"history {case}" for case in cases if _holds(await _history(stage, case), word)]
    found += [f"table {name}" for name, rows in (await _tables(stage)).items() if word in rows]
    found += [f"file {name}" for name, content in (await asyncio.to_thread(_files, stage.folder)).items() if _holds(content, word)]
    found += [f"letter {letter.subject}" for letter in stage.mail.letters if any(_holds(p, word) for p in _parts(letter.message))]
    found += [f"kept {name}" for name, content in (await _kept(stage)).items() if any(_holds(p, word) for p in _unpacked(content))]
    return found


def _holds(content: bytes, word: str) -> bool:
    escaped = word.encode("ascii", "backslashreplace")
    return word.encode() in content or escaped in content


async def _history(stage: Stage, case: str) -> bytes:
    """Every run of the case, as the server has it: payloads are bytes in it."""
    whole = b""
    async for run in stage.client.list_workflows(f"WorkflowId = '{case}'"):
        history = await stage.client.get_workflow_handle(case, run_id=run.run_id).fetch_history()
        whole += b"".join(event.SerializeToString() for event in history.events)
    return whole


async def _tables(stage: Stage) -> dict[str, str]:
    def read(connection: Connection) -> dict[str, str]:
        names = inspect(connection).get_table_names()
        return {name: str(connection.execute(text(f'SELECT * FROM "{name}"')).all()) for name in names}  # noqa: S608 - our own tables

    engine = open_database(stage.database_url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(read)
    finally:
        await engine.dispose()


def _files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _parts(message: EmailMessage) -> Iterator[bytes]:
    yield str(message.items()).encode()
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield from _unpacked(content)


def _unpacked(content: bytes) -> Iterator[bytes]:
    yield content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())


async def _kept(stage: Stage) -> dict[str, bytes]:
    engine = open_database(stage.database_url)
    try:
        async with engine.connect() as connection:
            names = list((await connection.execute(select(files.c.sha256))).scalars())
        store = FileStore(engine, KeyRing.parse(stage.encryption_key))
        return {name: await store.get(name) or b"" for name in names}
    finally:
        await engine.dispose()
