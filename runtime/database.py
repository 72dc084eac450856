"""Opening databases, keeping their schema current, and telling a database that is away from a statement that is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, event, func, select, text
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from runtime.lead_tables import billing_usage
from runtime.replacement_tables import billing_accounts

if TYPE_CHECKING:  # Alembic is imported where a schema is asked about: most processes never do
    from alembic.config import Config

# Taken while migrating, so that two processes that start together do not both migrate. Any constant of our own will do.
_MIGRATION_LOCK = 7_204_511_963
_BUSY_TIMEOUT_MS = 15_000
_READS = "reglament_reads"


class DatabaseUnavailableError(Exception):
    """The database is away, busy, or not migrated yet: the same call may succeed later."""


class DatabaseRefusedError(Exception):
    """The database refused the values: the same call will always fail."""


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn the errors of SQLAlchemy and its drivers into ``DatabaseUnavailableError`` or ``DatabaseRefusedError``.

    The texts hold the class of the error and never a statement or a value, since values are personal data.
    """
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise DatabaseRefusedError(_class_of(error)) from None
    except SQLAlchemyError as error:
        raise DatabaseUnavailableError(_class_of(error)) from None
    except (OSError, TimeoutError) as error:  # asyncpg lets these through when it cannot connect
        raise DatabaseUnavailableError(type(error).__name__) from None


def _class_of(error: SQLAlchemyError) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else None
    return type(error).__name__ + (f" ({type(origin).__name__})" if origin is not None else "")


def database_url(url: str) -> URL:
    """The URL with an asynchronous driver named: ``sqlite+aiosqlite`` or ``postgresql+asyncpg``.

    Raises ValueError for any other database or driver.
    """
    parsed = make_url(url)
    match parsed.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgres" | "postgresql" | "postgresql+asyncpg":
            return parsed.set(drivername="postgresql+asyncpg")
        case other:
            raise ValueError(f"database {other!r} is not supported: use sqlite or postgresql")


def open_database(url: str, statement_timeout: timedelta | None = timedelta(seconds=20)) -> AsyncEngine:
    """An engine for our own database; connects when first used. Dispose of it when done.

    SQLite: write-ahead log, foreign keys, full synchronisation, and every transaction takes the write lock at its
    beginning, so that two of them wait for each other and never fail half-way. PostgreSQL: no statement may hang, and with
    it the activity that waits for it, longer than the timeout (None: for ever).
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_async_engine(parsed, pool_pre_ping=True)
        _prepare_sqlite(engine, read_only=False)
        return engine
    command_timeout = statement_timeout.total_seconds() if statement_timeout is not None else None
    return create_async_engine(parsed, pool_pre_ping=True, connect_args={"timeout": 10.0, "command_timeout": command_timeout})


def open_billing(url: str, statement_timeout: timedelta = timedelta(seconds=5)) -> AsyncEngine:
    """An engine that can only read, for the billing look-ups; no statement runs longer than the timeout."""
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_async_engine(parsed, pool_pre_ping=True)
        _prepare_sqlite(engine, read_only=True)
        return engine
    return create_async_engine(
        parsed,
        pool_pre_ping=True,
        pool_size=5,
        connect_args={
            "timeout": statement_timeout.total_seconds(),
            "server_settings": {
                "default_transaction_read_only": "on",
                "statement_timeout": str(int(statement_timeout.total_seconds() * 1000)),
            },
        },
    )


def _prepare_sqlite(engine: AsyncEngine, *, read_only: bool) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        else:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = read_only or connection.get_execution_options().get(_READS, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def reading(engine: AsyncEngine) -> AsyncEngine:
    """The same engine for transactions that only read: on SQLite they wait for no writer, however many there are."""
    return engine.execution_options(**{_READS: True})


def insert(connection: AsyncConnection, table: Table) -> SqliteInsert | PostgresqlInsert:
    """An INSERT that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``, for the connection's database."""
    return sqlite_insert(table) if connection.dialect.name == "sqlite" else postgresql_insert(table)


async def database_now(connection: AsyncConnection) -> datetime:
    """The real time, aware, in UTC, by the clock that all processes of this database share."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)  # one machine, one clock
    now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now.astimezone(UTC)


def alembic_config() -> Config:
    """The configuration of our migrations; no ini file is needed."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


async def migrate(url: str) -> None:
    """Bring the schema to the newest revision. Safe to call from many processes at once; does nothing when it is current."""
    engine = open_database(url, statement_timeout=None)  # a large table may take its time
    try:
        with database_errors():
            async with engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
                await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def schema_state(url: str) -> tuple[str | None, str]:
    """The revision that the database stands at (None: never migrated) and the newest one. Raises DatabaseUnavailableError."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    engine = open_database(url)
    try:
        with database_errors():
            async with engine.connect() as connection:
                current = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    finally:
        await engine.dispose()
    head = await asyncio.to_thread(lambda: ScriptDirectory.from_config(alembic_config()).get_current_head())
    if head is None:
        raise RuntimeError("the package holds no migrations")
    return current, head


async def create_billing_tables(url: str) -> None:
    """Create the tables that the billing look-ups read, where they are missing: for the demo and the tests."""
    engine = open_database(url)
    try:
        async with engine.begin() as connection:
            for table in (billing_usage, billing_accounts):  # one from each module that has some
                await connection.run_sync(table.metadata.create_all)
    finally:
        await engine.dispose()
