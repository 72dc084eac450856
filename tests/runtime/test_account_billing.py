"""What is read of billing's accounts, on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from runtime.account_billing import Account, AccountReader, AccountStanding, LoginFound, LoginNotFound, Tariff
from runtime.database import DatabaseUnavailableError, create_billing_tables, open_billing, open_database
from runtime.replacement_tables import billing_debts
from tests.books import Books

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
JULY, AUGUST = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)


@pytest.fixture
async def books(empty_database_url: str) -> AsyncIterator[Books]:
    await create_billing_tables(empty_database_url)
    engine = open_database(empty_database_url)
    yield Books(engine)
    await engine.dispose()


@pytest.fixture
async def reader(empty_database_url: str, books: Books) -> AsyncIterator[AccountReader]:
    billing = open_billing(empty_database_url)
    yield AccountReader(billing)
    await billing.dispose()


async def test_an_account_stands_as_billing_has_it(reader: AccountReader, books: Books) -> None:
    await books.account(admin_login="boss")
    await books.tariff(ran_out_at=NOW, paid_at=JULY)
    await books.tariff(period="2026-08", began_at=AUGUST, mode="integrated")
    await books.account(account="A-8", login="x")
    assert await reader.standing("A-7", "2026-07", NOW, "2026-08") == AccountStanding(
        account=Account("A-7", "romashka@client.example", "boss", "Asia/Omsk"),
        tariff=Tariff("2026-07", "ours", 1000, 250, JULY, NOW, JULY),
        prolongation=Tariff("2026-08", "integrated", 1000, 250, AUGUST, None, None),
        past_due_since=None,
    )


async def test_what_billing_does_not_know_is_told_apart(reader: AccountReader, books: Books) -> None:
    assert await reader.standing("A-7", "2026-07", NOW) is None
    await books.account()
    standing = await reader.standing("A-7", "2026-07", NOW, "2026-08")
    assert standing is not None
    assert (standing.tariff, standing.prolongation) == (None, None)


@pytest.mark.clause("replacement 2")
async def test_what_is_not_yet_due_is_no_debt(reader: AccountReader, books: Books) -> None:
    debts: dict[str, dict[str, datetime]] = {
        "none": {},
        "later": {"a": NOW + SECOND},
        "now": {"a": NOW},
        "both": {"a": NOW - SECOND, "b": NOW + SECOND},
        "two": {"a": NOW - SECOND, "b": JULY},
    }
    since = {}
    for account, owed in debts.items():
        await books.account(account=account)
        for reference, due_at in owed.items():
            await books.debt(account=account, reference=reference, due_at=due_at)
        await books.debt(account=account, reference="settled", amount=Decimal(0), due_at=JULY)
        standing = await reader.standing(account, "2026-07", NOW)
        assert standing is not None
        since[account] = standing.past_due_since
    assert since == {"none": None, "later": None, "now": NOW, "both": NOW - SECOND, "two": JULY}


@pytest.mark.clause("replacement 5.1")
@pytest.mark.parametrize(
    ("login", "admin_login", "right"),
    [
        ("romashka@client.example", None, True),
        ("ROMASHKA@Client.example", "Boss", True),
        ("romashka@client.example", "romashka@client.example", False),
        ("boss", None, False),
        ("romashka@client.example ", None, False),
    ],
)
def test_logins_are_compared_without_case(login: str, admin_login: str | None, right: bool) -> None:
    assert Account("A-7", "Romashka@client.example", "boss", "Asia/Omsk").goes_by(login, admin_login) is right


def test_an_account_with_one_login_goes_by_it_in_the_admin_panel_too() -> None:
    account = Account("A-7", "romashka", None, "Asia/Omsk")
    assert account.goes_by("romashka", "Romashka")
    assert not account.goes_by("romashka", "boss")


# --- the account of a login -----------------------------------------------------------------------------------------


async def test_an_account_is_found_by_its_login(reader: AccountReader, books: Books) -> None:
    for kept, asked in [("romashka", "RoMashka"), ("Лютик", "Лютик"), ("ромашка", "РОМАШКА"), ("ПИОН", "пион")]:
        await books.account(account=kept, login=kept)
        await books.account(account=f"{kept}-2", login=f"{kept}-2")
        await books.tariff(account=kept, mode="integrated")
        assert await reader.of_login(asked, None, NOW) == LoginFound(kept, "2026-07", "integrated", None)


async def test_a_login_that_nobody_or_more_than_one_has_is_said(reader: AccountReader, books: Books) -> None:
    assert await reader.of_login("shared", None, NOW) == LoginNotFound("unknown")
    await books.account(login="shared", admin_login="boss")
    await books.account(account="A-8", login="Shared", admin_login="chief")
    await books.tariff()
    assert await reader.of_login("shared", None, NOW) == LoginNotFound("ambiguous")
    assert await reader.of_login("shared", "nobody", NOW) == LoginNotFound("unknown")
    assert await reader.of_login("shared", "BOSS", NOW) == LoginFound("A-7", "2026-07", "ours", None)
    assert await reader.of_login("shared", "chief", NOW) == LoginNotFound("no_tariff")


async def test_the_current_period_is_the_newest_that_has_begun(reader: AccountReader, books: Books) -> None:
    await books.account(login="romashka")
    await books.tariff(period="2026-08", began_at=AUGUST)
    await books.tariff()
    assert await reader.of_login("romashka", None, JULY - SECOND) == LoginNotFound("no_tariff")
    for now, period in [(JULY, "2026-07"), (AUGUST - SECOND, "2026-07"), (AUGUST, "2026-08"), (AUGUST + SECOND, "2026-08")]:
        assert await reader.of_login("romashka", None, now) == LoginFound("A-7", period, "ours", None)


@pytest.mark.clause("replacement 6.3")
async def test_the_next_period_is_a_prolongation_once_it_is_paid(reader: AccountReader, books: Books) -> None:
    for account, paid_at, prolongation in [("a", None, None), ("b", NOW + SECOND, None), ("c", NOW, "2026-08"), ("d", JULY, "2026-08")]:
        await books.account(account=account, login=account)
        await books.tariff(account=account, paid_at=JULY)
        await books.tariff(account=account, period="2026-08", began_at=AUGUST, paid_at=paid_at)
        await books.tariff(account=account, period="2026-09", began_at=AUGUST + timedelta(days=31), paid_at=JULY)
        assert await reader.of_login(account, None, NOW) == LoginFound(account, "2026-07", "ours", prolongation)


# --- what is away ---------------------------------------------------------------------------------------------------


async def test_the_check_finds_what_is_missing(reader: AccountReader, books: Books) -> None:
    await reader.check()
    async with books.engine.begin() as connection:
        await connection.run_sync(lambda sync: billing_debts.drop(sync))
    with pytest.raises(DatabaseUnavailableError):
        await reader.check()
    await books.account()
    with pytest.raises(DatabaseUnavailableError):
        await reader.standing("A-7", "2026-07", NOW)
