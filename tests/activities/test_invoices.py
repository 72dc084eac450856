"""Issuing an invoice: one number and one file under one key, whatever crashes between the steps; what is missing or refused is said."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError

from activities import errors
from activities.invoices import Invoices
from deploy.demo.billing_standin import BillingStandIn
from regulations.partner.effects import Defect, InvoiceIssued
from runtime.billing_api import BillingApi, BillingApiSettings
from runtime.effect_ledger import EffectLedger
from runtime.encryption import KeyRing
from runtime.files import FileStore
from runtime.invoice_pdf import InvoicePrinter
from runtime.tables import effects, files
from tests.activities.attempts import KilledError, attempt, end_leases, failing
from tests.databases import sqlite_in
from tests.regulations.partner.invoices import CATALOGUE, NOW, REQUISITES, draft, order, question

pytestmark = pytest.mark.clause("partner 5.2")

PRINTER = InvoicePrinter(Path(str(resources.files("regulations").joinpath("forms", "ru", "invoice.typ"))))
ORDER = order()


@dataclass
class Office:
    """The activities, and what stands behind them."""

    invoices: Invoices
    billing: BillingStandIn
    engine: AsyncEngine
    store: FileStore

    async def issue(self, **changes: Any) -> InvoiceIssued:
        return await attempt(self.invoices.issue_invoice, ORDER.model_copy(update=changes))

    async def fails(self, **changes: Any) -> ApplicationError:
        return await failing(self.invoices.issue_invoice, ORDER.model_copy(update=changes))

    async def kept(self) -> list[str]:
        """The names of the files that are kept."""
        async with self.engine.connect() as connection:
            return list((await connection.execute(select(files.c.sha256))).scalars())


def api_of(billing: BillingStandIn) -> BillingApi:
    return BillingApi(BillingApiSettings.model_validate({"url": billing.url, "token": billing.token}))


@asynccontextmanager
async def office_on(database_url: str, engine: AsyncEngine) -> AsyncIterator[Office]:
    store = FileStore(engine, KeyRing([os.urandom(32)]))
    async with BillingStandIn(database_url) as billing, api_of(billing) as api:
        yield Office(Invoices(CATALOGUE, REQUISITES, EffectLedger(engine), api, store, PRINTER), billing, engine, store)


@pytest.fixture
async def running(database_url: str, engine: AsyncEngine) -> AsyncIterator[Office]:
    """On each kind of database."""
    async with office_on(database_url, engine) as office:
        yield office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """On SQLite: where what the databases do differently does not matter."""
    async with sqlite_in(tmp_path) as engine, office_on(str(engine.url), engine) as office:
        yield office


@pytest.mark.clause("partner 7.1")
async def test_an_invoice_is_composed_from_the_company_s_catalogue(office: Office) -> None:
    asked = question("crm", "network", city=None)
    made = await attempt(office.invoices.compose_invoice, asked)
    assert made == draft("crm", "network", city=None)
    assert [defect.code for defect in made.defects] == ["no_city"]


@pytest.mark.clause("partner 6.1")
async def test_an_invoice_has_one_number_and_one_file_however_often_it_is_asked_for(running: Office) -> None:
    first = await running.issue()
    assert (first.result, first.number) == ("issued", "N101")
    assert first.file is not None
    assert (first.file.name, first.file.content_type) == ("Счёт N101.pdf", "application/pdf")
    content = await running.store.get(first.file.sha256)
    assert content is not None
    assert content.startswith(b"%PDF-")
    assert hashlib.sha256(content).hexdigest() == first.file.sha256
    assert await running.issue(now=NOW + timedelta(days=1)) == first
    assert await running.kept() == [first.file.sha256]
    assert running.billing.invoices[ORDER.key]["body"] == {
        "payer": {"name": "ООО «Ромашка»", "inn": "7707083893", "kpp": "770701001", "address": "644099, г. Омск, ул. Ленина, д. 3"},
        "contract": "ОФ-17/2026",
        "contract_date": "2026-11-21",
        "lines": [
            {"name": "Настройка CRM", "appendix": "2", "number": "2.3", "quantity": 1, "price": "45000.00", "sum": "45000.00"},
            {"name": "Материалы «Отдел продаж»", "appendix": "2", "number": "2.7", "quantity": 1, "price": "18500.50", "sum": "18500.50"},
            {"name": "Рекламная сеть", "appendix": "3", "number": "3.1", "quantity": 1, "price": "30000.00", "sum": "30000.00"},
        ],
        "total": "93500.50",
        "currency": "RUB",
        "purpose": ORDER.draft.purpose,
        "issuer": "u12",
        "case": "partner/D-1/order",
    }


@pytest.mark.parametrize("step", [(BillingApi, "invoice"), (InvoicePrinter, "printed"), (FileStore, "keep"), (EffectLedger, "finish")])
@pytest.mark.parametrize("after", [False, True])
async def test_a_process_that_dies_at_any_step_makes_no_second_invoice(
    office: Office, step: tuple[type, str], after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name = step
    done = getattr(owner, name)

    async def killed(*given: Any) -> None:
        if after:
            await done(*given)
        raise KilledError

    def killed_at_once(*given: Any) -> None:
        if after:
            done(*given)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, killed_at_once if name == "printed" else killed)
        with pytest.raises(KilledError):
            await office.issue()
    await end_leases(office.engine)
    issued = await office.issue()
    assert (issued.result, issued.number) == ("issued", "N101")
    assert issued.file is not None
    assert await office.kept() == [issued.file.sha256]
    assert list(office.billing.invoices) == [ORDER.key]


async def test_five_attempts_at_once_make_one_invoice(running: Office) -> None:
    answers = await asyncio.gather(*(running.issue() for _ in range(5)), return_exceptions=True)
    assert {answer.number for answer in answers if isinstance(answer, InvoiceIssued)} == {"N101"}
    assert {answer.type for answer in answers if isinstance(answer, ApplicationError)} <= {errors.IN_PROGRESS}
    assert not [answer for answer in answers if not isinstance(answer, InvoiceIssued | ApplicationError)]
    assert len(await running.kept()) == 1


async def test_the_same_key_with_another_invoice_is_a_conflict(office: Office) -> None:
    await office.issue()
    for change in ({"draft": draft("crm")}, {"issuer": "u15"}, {"payer": ORDER.payer.model_copy(update={"kpp": None})}):
        error = await office.fails(**change)
        assert (error.type, error.non_retryable) == (errors.CONFLICT, True)
    async with office.engine.begin() as connection:
        await connection.execute(effects.delete())
    error = await office.fails(draft=draft("crm"))
    assert (error.type, error.non_retryable) == (errors.CONFLICT, True), "our ledger was lost, billing's was not"
    assert len(await office.kept()) == 1


@pytest.mark.clause("partner 7.1")
async def test_an_invoice_with_a_defect_never_gets_a_number(office: Office) -> None:
    wrong = ORDER.draft.model_copy(update={"defects": (Defect(code="no_city"),)})
    error = await office.fails(draft=wrong)
    assert (error.type, error.non_retryable) == (errors.INVALID, True)
    assert not office.billing.invoices


async def test_what_billing_refuses_is_an_answer_with_its_reason(office: Office) -> None:
    office.billing.refuses = "плательщик закрыт,\nпишите на boss@billing.example"
    refused = InvoiceIssued(result="refused", reason="плательщик закрыт, пишите на …")
    assert await office.issue() == refused
    office.billing.refuses = ""
    assert await office.issue() == refused, "under this key it is answered"
    assert (await office.issue(key=f"{ORDER.key}-2")).number == "N101"
    assert len(await office.kept()) == 1


async def test_billing_that_is_away_is_asked_again_at_once(office: Office) -> None:
    office.billing.down = True
    for _ in range(2):
        error = await office.fails()
        assert (error.type, error.non_retryable, error.message) == (errors.UNAVAILABLE, False, "billing: answered 503")
    office.billing.down = False
    assert (await office.issue()).number == "N101"


async def test_a_token_that_is_not_taken_is_for_a_person(office: Office) -> None:
    office.billing.token = "another"
    error = await office.fails()
    assert (error.type, error.non_retryable) == (errors.MISCONFIGURED, True)


async def test_a_number_that_no_message_could_hold_is_for_a_person(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def numbered(api: BillingApi, *_: Any, **__: Any) -> tuple[str, str]:
        return "Счёт 5/1", "2026-11-23"

    monkeypatch.setattr(BillingApi, "ask", numbered)
    error = await office.fails()
    assert (error.type, error.non_retryable) == (errors.MISCONFIGURED, True)
    assert "Счёт" not in error.message
    assert not await office.kept()


@pytest.mark.parametrize(
    ("missing", "words"), [("billing", "billing: REGLAMENT_BILLING_API__URL is not set"), ("requisites", "[requisites]")]
)
async def test_an_invoice_waits_for_what_is_not_set_and_says_for_what(office: Office, missing: str, words: str) -> None:
    async with api_of(office.billing) as api:
        billing, requisites = (None if missing == "billing" else api), (None if missing == "requisites" else REQUISITES)
        waits = Invoices(CATALOGUE, requisites, EffectLedger(office.engine), billing, office.store, PRINTER)
        error = await failing(waits.issue_invoice, ORDER)
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
    assert words in error.message
    assert not office.billing.invoices, "no number is used up"
    assert (await office.issue()).result == "issued", "once it is set"
