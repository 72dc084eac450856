"""What a replacement asks of billing, of the network and of the secret store: nothing is credited twice, nothing private is asked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities import errors
from activities.replacements import Replacements
from deploy.demo.billing_standin import BillingStandIn
from regulations.replacement.effects import (
    AccountAnswer,
    AccountQuestion,
    CreditOrder,
    CreditOutcome,
    LinksAnswer,
    LinksQuestion,
    SecretToDestroy,
)
from runtime.account_billing import AccountReader
from runtime.billing_api import BillingApi, BillingApiSettings
from runtime.database import create_billing_tables, open_billing
from runtime.effect_ledger import EffectLedger
from runtime.encryption import KeyRing
from runtime.links import LinkGuard
from runtime.registers import Origin, RegisterRow, RegisterWriter
from runtime.replacement_tables import billing_account_tariffs, billing_accounts, secrets
from runtime.replacements import ReplacementRegister
from runtime.secrets import SecretStore
from runtime.tables import effects
from tests.activities.attempts import KilledError, attempt, end_leases, failing
from tests.books import Books
from tests.databases import sqlite_in

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
JULY, AUGUST = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SCRIPT = "https://docs.example.com/scripts/first"
QUESTION = AccountQuestion(account="A-7", period="2026-07", now=NOW)
PLAIN = AccountAnswer(known=True, mode="ours", identifications=1000, balance=250, zone="Asia/Omsk")
ORDER = CreditOrder(
    key="4f6c1a52#replacement 5.3#replacement",
    account="A-7",
    period="2026-07",
    entry="replacement",
    identifications=30,
    of_period="2026-07",
    case="replacement/A-7/2026-07/1",
    now=NOW,
)


class OurBooks(Books):
    """The databases of billing and of ours, written to as their own programs do."""

    async def credited(self, case_uid: str, **changes: Any) -> None:
        plain = {"account": "A-7", "period": "2026-07", "of_period": "2026-07", "entry": "replacement", "identifications": 20}
        columns = {"seq": 1, "reference": "r-1", "at": NOW, **plain, **changes}
        origin = Origin(case_uid, f"replacement/A-7/2026-07/{case_uid}", "replacement", "replacement-1", NOW)
        assert await RegisterWriter(self.engine).write(origin, [RegisterRow("credits", columns)]) == 1

    async def balance(self) -> int:
        async with self.engine.connect() as connection:
            return int((await connection.execute(select(func.sum(billing_account_tariffs.c.balance)))).scalar_one())


@dataclass
class Office:
    """The activities, and what stands behind them."""

    replacements: Replacements
    billing: BillingStandIn
    books: OurBooks
    names: dict[str, Sequence[str]]
    secrets: SecretStore


@asynccontextmanager
async def office_on(database_url: str, engine: AsyncEngine) -> AsyncIterator[Office]:
    await create_billing_tables(database_url)
    reading = open_billing(database_url)
    names: dict[str, Sequence[str]] = {}

    async def resolve(host: str, port: int) -> Sequence[str]:
        if host not in names:
            raise OSError("no such name")
        return names[host]

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == "93.184.215.14"
        return httpx2.Response(200)

    store = SecretStore(engine, KeyRing([os.urandom(32)]))
    links = LinkGuard(resolve, lambda: httpx2.MockTransport(answer))
    async with BillingStandIn(database_url) as billing:
        settings = BillingApiSettings.model_validate({"url": billing.url, "token": billing.token})
        async with BillingApi(settings) as api:
            ledger, register = EffectLedger(engine), ReplacementRegister(engine)
            made = Replacements(AccountReader(reading), register, links, ledger, api, store, [SCRIPT])
            yield Office(made, billing, OurBooks(engine), names, store)
    await reading.dispose()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """On SQLite: what billing says is read by `AccountReader`, and tested there on each kind of database."""
    async with sqlite_in(tmp_path) as engine, office_on(str(engine.url), engine) as made:
        yield made


async def look_up(office: Office, **asked: Any) -> AccountAnswer:
    return await attempt(office.replacements.look_up_account, QUESTION.model_copy(update=asked))


# --- the account ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 1")
async def test_an_account_is_as_billing_has_it(office: Office) -> None:
    await office.books.account()
    await office.books.tariff()
    assert await look_up(office) == PLAIN
    await office.books.tariff(period="2026-06", mode="outside", identifications=10, balance=0, ran_out_at=JULY)
    found = await look_up(office, period="2026-06")
    assert found == PLAIN.model_copy(update={"mode": "outside", "identifications": 10, "balance": 0, "ran_out_at": JULY})


@pytest.mark.clause("replacement 5.1")
async def test_an_account_or_a_period_that_billing_does_not_have_is_unknown(office: Office) -> None:
    assert not (await look_up(office)).known
    await office.books.account()
    await office.books.tariff(period="2026-06")
    assert not (await look_up(office)).known
    assert not (await look_up(office, account="A-8", period="2026-06")).known


@pytest.mark.clause("replacement 5.1")
async def test_the_logins_of_a_request_are_the_account_s(office: Office) -> None:
    await office.books.account()
    await office.books.tariff()
    for login, admin_login, right in [
        (None, None, True),
        ("Romashka@CLIENT.example", None, True),
        ("romashka", None, False),
        ("romashka@client.example", "boss", False),
    ]:
        assert (await look_up(office, login=login, admin_login=admin_login)).login_right is right, (login, admin_login)


@pytest.mark.clause("replacement 2")
async def test_a_payment_that_is_due_is_past_due_and_one_that_is_not_yet_due_is_no_debt(office: Office) -> None:
    await office.books.account()
    await office.books.tariff()
    await office.books.debt(due_at=NOW)
    assert (await look_up(office, now=NOW - SECOND)).past_due_since is None
    assert (await look_up(office)).past_due_since == NOW


SCRIPTS = {
    None: True,
    SCRIPT: True,
    "HTTPS://Docs.Example.com/scripts/first/#page-2": True,
    "https://docs.example.com/scripts/First": False,
    "https://docs.example.com/scripts/first?version=2": False,
    "https://docs.example.com.evil.example/scripts/first": False,
    "https://docs.example.com@evil.example/scripts/first": False,
    "http://[/": False,
}


@pytest.mark.clause("replacement 3.5")
@pytest.mark.parametrize("known", [True, False])
async def test_a_script_is_agreed_when_its_link_is_on_the_company_s_list(office: Office, known: bool) -> None:
    if known:
        await office.books.account()
        await office.books.tariff()
    assert {script: (await look_up(office, script=script)).script_agreed for script in SCRIPTS} == SCRIPTS


@pytest.mark.clause("replacement 6.2")
async def test_what_was_replaced_before_is_counted_in_all(office: Office) -> None:
    await office.books.account()
    await office.books.tariff()
    await office.books.credited("u1")
    await office.books.credited("u2", identifications=3)
    assert (await look_up(office)).replaced == 23


@pytest.mark.clause("replacement 6.3")
async def test_a_prolongation_is_a_newer_tariff_that_is_paid(office: Office) -> None:
    await office.books.account()
    await office.books.tariff()
    assert not (await look_up(office, prolongation="p-0")).prolonged, "there is none"
    for number, (began_at, paid_at, prolonged) in enumerate(
        [
            (AUGUST, None, False),
            (AUGUST, NOW + SECOND, False),
            (AUGUST, NOW, True),
            (JULY + SECOND, NOW, True),
            (JULY, NOW, False),
            (JULY - SECOND, NOW, False),
        ]
    ):
        await office.books.tariff(period=f"p-{number}", began_at=began_at, paid_at=paid_at, identifications=500)
        found = await look_up(office, prolongation=f"p-{number}")
        assert (found.prolonged, found.prolonged_identifications) == (prolonged, 500), number
    assert not (await look_up(office)).prolonged, "none was asked for"


@pytest.mark.clause("replacement 6.3")
async def test_a_tariff_that_a_request_has_credited_prolongs_nothing_more(office: Office) -> None:
    await office.books.account()
    await office.books.tariff()
    await office.books.tariff(period="2026-08", began_at=AUGUST, paid_at=NOW)
    assert (await look_up(office, prolongation="2026-08")).prolonged
    await office.books.credited("u2", entry="tariff", period="2026-08", of_period="2026-08", identifications=1000)
    assert not (await look_up(office, prolongation="2026-08")).prolonged


async def test_what_billing_has_wrong_is_asked_for_until_it_is_right(office: Office) -> None:
    for account, mode, zone in [("a", "Ours", "Asia/Omsk"), ("b", "ours", "Mars/Base"), ("c", "ours", ""), ("d", "ours", "../etc/passwd")]:
        await office.books.account(account=account, zone=zone)
        await office.books.tariff(account=account, mode=mode)
        error = await failing(office.replacements.look_up_account, QUESTION.model_copy(update={"account": account}))
        assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False), account


async def test_billing_that_cannot_be_read_is_no_answer(office: Office) -> None:
    async with office.books.engine.begin() as connection:
        await connection.run_sync(lambda sync: billing_accounts.drop(sync))
    error = await failing(office.replacements.look_up_account, QUESTION)
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)


# --- links ----------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 5.1")
async def test_links_are_named_by_what_they_are(office: Office) -> None:
    office.names.update({"crm.example": ["93.184.215.14"], "inside.example": ["93.184.215.14", "10.0.0.5"]})
    links = {"crm": "https://inside.example/", "script": "https://crm.example/", "instructions": "https://gone.example/"}
    assert await attempt(office.replacements.check_links, LinksQuestion(links=links)) == LinksAnswer(
        private=("crm",), silent=("instructions",)
    )
    assert await attempt(office.replacements.check_links, LinksQuestion(links={})) == LinksAnswer()


# --- credits --------------------------------------------------------------------------------------------------------


async def credit(office: Office, **changes: Any) -> CreditOutcome:
    return await attempt(office.replacements.credit, ORDER.model_copy(update=changes))


async def refused(office: Office, **changes: Any) -> ApplicationError:
    return await failing(office.replacements.credit, ORDER.model_copy(update=changes))


@pytest.fixture
async def running(database_url: str, engine: AsyncEngine) -> AsyncIterator[Office]:
    """On each kind of database; the account has its tariff, with a balance of 250."""
    async with office_on(database_url, engine) as office:
        await office.books.account()
        await office.books.tariff()
        yield office


@pytest.mark.clause("replacement 5.3")
async def test_a_credit_is_booked_once_however_often_it_is_asked_for(running: Office) -> None:
    first = await credit(running)
    assert first == CreditOutcome(result="credited", reference="credit-1")
    assert await credit(running, now=NOW + timedelta(days=1)) == first
    assert running.billing.credits[ORDER.key]["body"] == {
        "account": "A-7",
        "period": "2026-07",
        "identifications": 30,
        "entry": "replacement",
        "of_period": "2026-07",
        "case": "replacement/A-7/2026-07/1",
    }
    assert await running.books.balance() == 280


@pytest.mark.clause("replacement 5.3")
async def test_a_process_that_dies_after_the_call_books_nothing_twice(running: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer was there and had yet to be written down."""

    async def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(EffectLedger, "finish", killed)
        with pytest.raises(KilledError):
            await credit(running)
    assert await running.books.balance() == 280
    waiting = await refused(running)
    assert (waiting.type, waiting.category) == (errors.IN_PROGRESS, ApplicationErrorCategory.BENIGN)
    await end_leases(running.books.engine)
    assert await credit(running) == CreditOutcome(result="credited", reference="credit-1")
    assert await running.books.balance() == 280


async def test_five_attempts_at_once_book_one_credit(running: Office) -> None:
    answers = await asyncio.gather(*(credit(running) for _ in range(5)), return_exceptions=True)
    assert {answer.reference for answer in answers if isinstance(answer, CreditOutcome)} == {"credit-1"}
    assert {answer.type for answer in answers if isinstance(answer, ApplicationError)} <= {errors.IN_PROGRESS}
    assert not [answer for answer in answers if not isinstance(answer, CreditOutcome | ApplicationError)]
    assert await running.books.balance() == 280


async def test_the_same_key_with_another_credit_is_a_conflict(running: Office) -> None:
    await credit(running)
    for change in ({"identifications": 31}, {"account": "A-8"}, {"period": "2026-08"}, {"entry": "tariff"}, {"of_period": "2026-06"}):
        error = await refused(running, **change)
        assert (error.type, error.non_retryable) == (errors.CONFLICT, True)
    assert await running.books.balance() == 280


async def test_a_conflict_in_billing_is_for_good(running: Office) -> None:
    """Our ledger was lost, billing's was not."""
    await credit(running)
    async with running.books.engine.begin() as connection:
        await connection.execute(effects.delete())
    error = await refused(running, identifications=31)
    assert (error.type, error.non_retryable) == (errors.CONFLICT, True)
    assert await running.books.balance() == 280


async def test_billing_that_is_away_is_asked_again_at_once(running: Office) -> None:
    running.billing.down = True
    for _ in range(2):
        error = await refused(running)
        assert (error.type, error.non_retryable, error.message) == (errors.UNAVAILABLE, False, "billing: answered 503")
    running.billing.down = False
    assert (await credit(running)).result == "credited"
    assert await running.books.balance() == 280


async def test_what_billing_refuses_is_an_answer_with_its_reason(running: Office) -> None:
    running.billing.refuses = "счёт закрыт,\nпишите на boss@billing.example"
    outcome = CreditOutcome(result="refused", reason="счёт закрыт, пишите на …")
    assert await credit(running) == outcome
    running.billing.refuses = ""
    assert await credit(running) == outcome, "under this key it is answered"
    assert (await credit(running, key=f"{ORDER.key}-2")).result == "credited"
    assert await running.books.balance() == 280


async def test_a_token_that_is_not_taken_is_for_a_person(running: Office) -> None:
    running.billing.token = "another"
    error = await refused(running)
    assert (error.type, error.non_retryable) == (errors.MISCONFIGURED, True)
    assert running.billing.token not in str(error)


async def test_without_billing_s_interface_a_credit_waits_and_says_for_what(office: Office) -> None:
    await office.books.account()
    await office.books.tariff()
    engine = office.books.engine
    books = AccountReader(engine)
    waits = Replacements(books, ReplacementRegister(engine), LinkGuard(), EffectLedger(engine), None, office.secrets, [])
    error = await failing(waits.credit, ORDER)
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
    assert "REGLAMENT_BILLING_API__URL" in error.message
    assert (await credit(office)).result == "credited", "once it is set"


# --- the client's password ------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 5.1")
async def test_the_password_is_destroyed_and_once_more_changes_nothing(office: Office) -> None:
    async with office.books.engine.begin() as connection:
        await office.secrets.keep(connection, {"s-1": "канарейка"}, ORDER.case, JULY)
        await office.secrets.keep(connection, {"s-2": "канарейка"}, "replacement/A-8/2026-07/1", JULY)
    for _ in range(2):
        await attempt(office.replacements.destroy_secret, SecretToDestroy(secret="s-1", case=ORDER.case, now=NOW))
    async with office.books.engine.connect() as connection:
        rows = (await connection.execute(select(secrets).order_by(secrets.c.ref))).all()
    assert [(row.ref, row.sealed is None, row.destroyed_at) for row in rows] == [("s-1", True, NOW), ("s-2", False, None)]
    await attempt(office.replacements.destroy_secret, SecretToDestroy(secret="s-9", case=ORDER.case, now=NOW))
