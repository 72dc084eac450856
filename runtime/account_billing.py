"""What billing says of accounts, their tariff periods and their debts, read; and which account goes by a login."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors
from runtime.replacement_tables import billing_account_tariffs, billing_accounts, billing_debts


@dataclass(frozen=True)
class Account:
    """An account; ``account`` is billing's id of it."""

    account: str
    login: str
    admin_login: str | None
    """In the admin panel; None: the same login."""
    zone: str
    """IANA zone of the client."""

    def goes_by(self, login: str, admin_login: str | None) -> bool:
        """Whether these are its logins, compared without regard to case; ``admin_login`` None: only the first was named."""
        if login.casefold() != self.login.casefold():
            return False
        return admin_login is None or admin_login.casefold() == (self.admin_login or self.login).casefold()


@dataclass(frozen=True)
class Tariff:
    """A tariff period of an account. Instants are aware, UTC."""

    period: str
    mode: str
    """As billing has it: ``ours``, ``integrated`` or ``outside`` (replacement 6.1)."""
    identifications: int
    balance: int
    began_at: datetime
    ran_out_at: datetime | None
    """None: it runs."""
    paid_at: datetime | None
    """None: it is not paid yet."""


@dataclass(frozen=True)
class AccountStanding:
    """An account and what is known of it at one moment."""

    account: Account
    tariff: Tariff | None
    """The period that was asked for; None: the account has no such period."""
    prolongation: Tariff | None
    """The further period that was asked for."""
    past_due_since: datetime | None
    """Since when the oldest unpaid debt is past due; None: none is."""


@dataclass(frozen=True)
class LoginFound:
    """The one account of a login, and its current tariff period: the newest that has begun."""

    account: str
    period: str
    mode: str
    prolongation: str | None
    """The next period, where it is paid already (replacement 6.3)."""


@dataclass(frozen=True)
class LoginNotFound:
    """Why a login does not lead to one account with a tariff."""

    reason: str
    """``unknown``: no account goes by it; ``ambiguous``: several do; ``no_tariff``: the account has no period that has begun."""


class AccountReader:
    """Reads billing; never writes. A company without replacements need not have what it reads.

    All methods raise DatabaseUnavailableError or DatabaseRefusedError.
    """

    def __init__(self, engine: AsyncEngine, timeout: timedelta = timedelta(seconds=10)) -> None:
        """``engine`` from ``runtime.database.open_billing``; ``timeout`` is for one look-up."""
        self._engine = engine
        self._timeout = timeout.total_seconds()

    async def check(self) -> None:
        """Ask for what nobody has. Raises DatabaseUnavailableError when a table or view is missing or not readable."""
        with database_errors():
            async with asyncio.timeout(self._timeout), self._engine.connect() as connection:
                for table in (billing_accounts, billing_account_tariffs, billing_debts):
                    await connection.execute(select(table).where(table.c.account == ""))

    async def standing(self, account: str, period: str, now: datetime, prolongation: str | None = None) -> AccountStanding | None:
        """All of it as one transaction saw it; None: billing has no such account. What is due at ``now`` is past due, what is due
        later is no debt yet."""
        with database_errors():
            async with asyncio.timeout(self._timeout), self._engine.connect() as connection:
                found = await _account(connection, account)
                if found is None:
                    return None
                tariffs = {tariff.period: tariff for tariff in await _tariffs(connection, account)}
                past_due_since = await _past_due_since(connection, account, now)
        return AccountStanding(found, tariffs.get(period), tariffs.get(prolongation or ""), past_due_since)

    async def of_login(self, login: str, admin_login: str | None, now: datetime) -> LoginFound | LoginNotFound:
        """The account that goes by this login, and by that one in the admin panel, where it is named; and its period at ``now``."""
        with database_errors():
            async with asyncio.timeout(self._timeout), self._engine.connect() as connection:
                found = [one for one in await _going_by(connection, login) if one.goes_by(login, admin_login)]
                if len(found) != 1:
                    return LoginNotFound("ambiguous" if found else "unknown")
                tariffs = await _tariffs(connection, found[0].account)
        begun = [tariff for tariff in tariffs if tariff.began_at <= now]
        if not begun:
            return LoginNotFound("no_tariff")
        current = begun[-1]
        following = tariffs[len(begun)] if len(tariffs) > len(begun) else None
        paid = following is not None and following.paid_at is not None and following.paid_at <= now
        return LoginFound(found[0].account, current.period, current.mode, following.period if following and paid else None)


async def _account(connection: AsyncConnection, account: str) -> Account | None:
    c = billing_accounts.c
    row = (await connection.execute(select(c.account, c.login, c.admin_login, c.zone).where(c.account == account))).one_or_none()
    return None if row is None else Account(*row)


async def _going_by(connection: AsyncConnection, login: str) -> list[Account]:
    """Accounts whose login may be this one: a database need not know the case of letters outside ASCII, so the caller compares again."""
    c = billing_accounts.c
    alike = or_(func.lower(c.login) == func.lower(login), c.login.in_({login.lower(), login.upper()}))
    rows = await connection.execute(select(c.account, c.login, c.admin_login, c.zone).where(alike).order_by(c.account).limit(100))
    return [Account(*row) for row in rows]


async def _tariffs(connection: AsyncConnection, account: str) -> list[Tariff]:
    """The periods of an account, the oldest first."""
    c = billing_account_tariffs.c
    columns = (c.period, c.mode, c.identifications, c.balance, c.began_at, c.ran_out_at, c.paid_at)
    rows = await connection.execute(select(*columns).where(c.account == account).order_by(c.began_at, c.period))
    return [Tariff(*row) for row in rows]


async def _past_due_since(connection: AsyncConnection, account: str, now: datetime) -> datetime | None:
    c = billing_debts.c
    due = select(c.amount, c.due_at).where(c.account == account, c.due_at <= now).order_by(c.due_at)
    rows = await connection.execute(due)  # amounts are text on SQLite: compared here
    return next((row.due_at for row in rows if row.amount > 0), None)
