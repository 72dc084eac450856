"""The migrations, the models and the two kinds of database say the same."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import (
    DatabaseRefusedError,
    DatabaseUnavailableError,
    create_billing_tables,
    database_errors,
    database_now,
    database_url,
    migrate,
    open_billing,
    open_database,
    schema_state,
)
from runtime.tables import Instant, Money, billing_payments, incidents, metadata
from tests.databases import LazyPostgres


async def test_models_and_migrations_agree(engine: AsyncEngine) -> None:
    def difference(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found: list[Any] = compare_metadata(context, metadata)
        return found

    async with engine.connect() as connection:
        assert await connection.run_sync(difference) == []


async def test_a_missing_column_would_be_seen(engine: AsyncEngine) -> None:
    """The test above can fail: the comparison sees a column that only the models have, and a changed type."""
    changed = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        table.to_metadata(changed)
    changed.tables["incidents"].append_column(Column("invented", Integer))
    changed.tables["incidents"].append_column(Column("text", Instant, nullable=False), replace_existing=True)

    def difference(connection: Connection) -> list[Any]:
        found: list[Any] = compare_metadata(MigrationContext.configure(connection), changed)
        return found

    async with engine.connect() as connection:
        found = await connection.run_sync(difference)
    assert {entry[0] if isinstance(entry, tuple) else entry[0][0] for entry in found} == {"add_column", "modify_type"}


async def test_the_schema_state_tells_an_empty_database_from_a_current_one(empty_database_url: str) -> None:
    before, head = await schema_state(empty_database_url)
    await migrate(empty_database_url)
    assert before is None
    assert await schema_state(empty_database_url) == (head, head)


async def test_many_processes_may_migrate_at_once(empty_database_url: str) -> None:
    await asyncio.gather(*(migrate(empty_database_url) for _ in range(4)))
    current, head = await schema_state(empty_database_url)
    assert current == head


_values = Table("values", MetaData(), Column("id", Integer, primary_key=True), Column("at", Instant), Column("sum", Money))


async def _round_trip(engine: AsyncEngine, **columns: object) -> Any:
    async with engine.begin() as connection:
        await connection.run_sync(_values.create)
        await connection.execute(insert(_values).values(id=1, **columns))
        return (await connection.execute(select(_values))).one()


async def test_an_instant_comes_back_aware_and_in_utc(engine: AsyncEngine) -> None:
    moscow = timezone(timedelta(hours=3))
    row = await _round_trip(engine, at=datetime(2026, 3, 1, 1, 30, 15, 123456, moscow))
    assert row.at == datetime(2026, 2, 28, 22, 30, 15, 123456, UTC)
    assert row.at.utcoffset() == timedelta(0)


async def test_a_naive_instant_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(StatementError, match="naive"):
        await _round_trip(engine, at=datetime(2026, 3, 1))  # noqa: DTZ001  # the point of the test


@pytest.mark.parametrize("amount", ["0.10", "123456789012345678.90", "7000", "-3.333333333333333333"])
async def test_an_amount_comes_back_to_the_last_digit(engine: AsyncEngine, amount: str) -> None:
    row = await _round_trip(engine, sum=Decimal(amount))
    assert str(row.sum) == amount


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), 1.5])
async def test_what_is_no_finite_decimal_is_refused(engine: AsyncEngine, amount: object) -> None:
    with pytest.raises(StatementError, match="finite"):
        await _round_trip(engine, sum=amount)


async def test_the_database_tells_the_time_aware_and_in_utc(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        now = await database_now(connection)
    assert now.utcoffset() == timedelta(0)


async def test_billing_can_be_read_and_not_written(empty_database_url: str) -> None:
    await create_billing_tables(empty_database_url)
    billing = open_billing(empty_database_url)
    payment = {"reference": "p", "invoice_number": "i", "amount": Decimal(1), "currency": "RUB", "posted_on": date(2026, 1, 1)}
    async with billing.connect() as connection:
        assert (await connection.execute(select(billing_payments))).all() == []
        with pytest.raises(DBAPIError):
            await connection.execute(insert(billing_payments).values(payment))
    await billing.dispose()


async def test_sqlite_keeps_a_write_ahead_log_and_foreign_keys(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    async with engine.connect() as connection:
        found = [(await connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in ("journal_mode", "foreign_keys")]
        synchronous = (await connection.execute(text("PRAGMA synchronous"))).scalar_one()
    await engine.dispose()
    assert found == ["wal", 1]
    assert synchronous == 2  # FULL


async def test_wrong_values_are_refused_and_no_value_is_told(engine: AsyncEngine) -> None:
    with pytest.raises(DatabaseRefusedError) as caught, database_errors():
        async with engine.begin() as connection:
            await connection.execute(insert(incidents).values(case_uid="secret-value", key="k"))
    assert "secret-value" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////nowhere/at/all.sqlite"], ids=["postgresql", "sqlite"])
async def test_a_database_that_is_away_is_unavailable(url: str) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await schema_state(url)


async def test_a_statement_that_hangs_is_given_up(postgres: LazyPostgres) -> None:
    for engine in (
        open_database(await postgres.fresh_database(), timedelta(seconds=0.2)),
        open_billing(await postgres.fresh_database(), timedelta(seconds=0.2)),
    ):
        with pytest.raises(DatabaseUnavailableError), database_errors():
            async with engine.connect() as connection:
                await connection.execute(text("SELECT pg_sleep(600)"))
        await engine.dispose()


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///a.sqlite", "sqlite+aiosqlite"),
        ("postgres://u@h/d", "postgresql+asyncpg"),
        ("postgresql://u@h/d", "postgresql+asyncpg"),
        ("postgresql+asyncpg://u@h/d", "postgresql+asyncpg"),
    ],
)
def test_a_plain_url_gets_the_asynchronous_driver(given: str, driver: str) -> None:
    assert database_url(given).drivername == driver


def test_another_database_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="mysql"):
        database_url("mysql://u@h/d")
