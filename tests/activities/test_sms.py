"""Short messages: sent once under a key, short enough, and silent about the phone."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError

from activities import errors
from activities.sms import Texting
from deploy.demo.sms_standin import SmsStandIn
from regulations.partner.effects import Sms, SmsOutcome
from runtime.effect_ledger import EffectLedger
from runtime.sms import SmsGateway, SmsSettings
from runtime.tables import effects
from tests.activities.attempts import KilledError, attempt, end_leases, failing
from tests.databases import sqlite_in
from tests.regulations.partner.invoices import NOW
from tests.runtime.answers import says, server

pytestmark = pytest.mark.clause("partner 5.2")

PHONE = "+79130000000"
VALUES = {"number": "N101", "sum": "93\u00a0500,50\u00a0₽", "company": "Моё дело"}
SMS = Sms(key="4f6c1a52#partner 5.2#sms", to=PHONE, template="invoice", values=VALUES, language="ru", now=NOW)
TEXT = "Счёт N101 на 93\u00a0500,50\u00a0₽ отправлен на вашу почту. Назначение платежа перенесите из счёта без изменений. Моё дело"


@asynccontextmanager
async def gateway(url: str, token: str = "stand-in-token") -> AsyncIterator[SmsGateway]:  # noqa: S107 - opens nothing
    async with SmsGateway(SmsSettings.model_validate({"url": url, "token": token, "sender": "REGLAMENT"})) as made:
        yield made


@dataclass
class Office:
    """The activity, and what stands behind it."""

    texting: Texting
    phones: SmsStandIn
    engine: AsyncEngine

    async def send(self, **changes: Any) -> SmsOutcome:
        return await attempt(self.texting.send_sms, SMS.model_copy(update=changes))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with sqlite_in(tmp_path) as engine, SmsStandIn() as phones, gateway(phones.url) as port:
        yield Office(Texting(EffectLedger(engine), port), phones, engine)


async def test_a_message_is_sent_once_with_the_words_of_the_catalogue(office: Office) -> None:
    first = await office.send()
    assert first == SmsOutcome(result="sent", reference="sms-1")
    assert await office.send(now=NOW + timedelta(days=1)) == first
    assert office.phones.messages == {SMS.key: {"reference": "sms-1", "to": PHONE, "text": TEXT, "sender": "REGLAMENT"}}


async def test_a_process_that_dies_after_the_call_sends_nothing_twice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(EffectLedger, "finish", killed)
        with pytest.raises(KilledError):
            await office.send()
    await end_leases(office.engine)
    assert await office.send() == SmsOutcome(result="sent", reference="sms-1")
    assert list(office.phones.messages) == [SMS.key]


async def test_five_attempts_at_once_send_one_message(office: Office) -> None:
    answers = await asyncio.gather(*(office.send() for _ in range(5)), return_exceptions=True)
    assert {answer.reference for answer in answers if isinstance(answer, SmsOutcome)} == {"sms-1"}
    assert {answer.type for answer in answers if isinstance(answer, ApplicationError)} <= {errors.IN_PROGRESS}
    assert len(office.phones.messages) == 1


async def test_the_same_key_with_another_message_is_a_conflict(office: Office) -> None:
    await office.send()
    for change in ({"to": "+79139999999"}, {"values": {**VALUES, "number": "N102"}}):
        error = await failing(office.texting.send_sms, SMS.model_copy(update=change))
        assert (error.type, error.non_retryable) == (errors.CONFLICT, True)


async def test_without_a_gateway_the_case_is_told_and_goes_on(office: Office) -> None:
    silent = Texting(EffectLedger(office.engine), None)
    outcome = await attempt(silent.send_sms, SMS)
    assert outcome == SmsOutcome(result="refused", reason="REGLAMENT_SMS__URL is not set")


async def test_what_the_gateway_refuses_is_an_answer_without_the_phone(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reason = json.dumps({"reason": f"номер {PHONE}\nв стоп-листе"})
    async with server(says(422, reason)) as url, gateway(url) as port:
        outcome = await attempt(Texting(EffectLedger(office.engine), port).send_sms, SMS)
    assert outcome == SmsOutcome(result="refused", reason="номер … в стоп-листе")
    assert PHONE[1:] not in caplog.text
    async with office.engine.connect() as connection:
        stored = [str(tuple(row)) for row in await connection.execute(select(effects))]
    assert len(stored) == 1
    assert PHONE[1:] not in stored[0]


@pytest.mark.parametrize(
    ("status", "kind", "for_good"),
    [(503, errors.UNAVAILABLE, False), (401, errors.MISCONFIGURED, True), (409, errors.CONFLICT, True)],
)
async def test_what_goes_wrong_is_of_one_kind_and_silent(office: Office, status: int, kind: str, for_good: bool) -> None:
    async with server(says(status, json.dumps({"reason": PHONE}))) as url, gateway(url) as port:
        error = await failing(Texting(EffectLedger(office.engine), port).send_sms, SMS)
    assert (error.type, error.non_retryable) == (kind, for_good)
    assert PHONE[1:] not in str(error)
    assert (await office.send()).result == "sent", "the same key may be tried again"


@pytest.mark.parametrize("change", [{"template": "nothing"}, {"values": {"number": "N101"}}])
async def test_a_text_that_is_not_there_is_for_a_person(office: Office, change: dict[str, Any]) -> None:
    error = await failing(office.texting.send_sms, SMS.model_copy(update=change))
    assert (error.type, error.non_retryable) == (errors.INVALID, True)
    assert not office.phones.messages
