"""The gateway of short messages against a server that speaks the same protocol, and against answers that are none."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.demo.sms_standin import SmsStandIn
from runtime.keyed_api import ApiConflictError, ApiMisconfiguredError, ApiRefusedError, ApiUnavailableError
from runtime.sms import SmsGateway, SmsSettings
from tests.patience import patiently
from tests.runtime.answers import Answer, says, server

pytestmark = pytest.mark.clause("partner 5.2")

KEY = "4f6c1a52-0000-4000-8000-000000000001#partner 5.2#sms"
PHONE, TEXT = "+79130000000", "Счёт N101 на 45\u00a0000,00\u00a0₽ отправлен"
REASON = json.dumps({"reason": "номер в стоп-листе"})


def gateway(url: str, token: str = "stand-in-token", **changes: Any) -> SmsGateway:  # noqa: S107 - opens nothing
    return SmsGateway(SmsSettings.model_validate({"url": url, "token": token, "sender": "REGLAMENT", **changes}))


async def test_a_message_under_a_key_is_sent_once() -> None:
    async with SmsStandIn() as phones, gateway(f"{phones.url}/") as client:
        first = await client.send(KEY, PHONE, TEXT)
        assert await client.send(KEY, PHONE, TEXT) == first
        assert await client.send(f"{KEY}-2", PHONE, TEXT) != first
    assert list(phones.messages) == [KEY, f"{KEY}-2"]
    assert phones.messages[KEY] == {"reference": first, "to": PHONE, "text": TEXT, "sender": "REGLAMENT"}


async def test_a_token_that_is_not_taken_is_our_fault() -> None:
    async with SmsStandIn() as phones, gateway(phones.url, token="another") as client:
        with pytest.raises(ApiMisconfiguredError, match=r"^answered 401$"):
            await client.send(KEY, PHONE, TEXT)
    assert not phones.messages


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (says(503, ""), ApiUnavailableError, "answered 503"),
        (says(429, "", "retry-after: 30"), ApiUnavailableError, "answered 429"),
        (says(201, "<html>canary</html>"), ApiUnavailableError, "answered 201 without reference"),
        (says(409, REASON), ApiConflictError, "the key was used for something else"),
        (says(422, REASON), ApiRefusedError, "номер в стоп-листе"),
        (says(404, "canary"), ApiMisconfiguredError, "answered 404"),
    ],
)
async def test_each_answer_is_of_one_kind_and_nothing_holds_phone_text_or_token(
    answer: Answer, kind: type[Exception], text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with server(answer) as url, gateway(url, token="canary-token") as client:
        with pytest.raises(kind) as caught:
            await client.send(KEY, PHONE, TEXT)
    assert str(caught.value) == text
    for secret in ("canary", PHONE, PHONE[1:], "отправлен"):
        assert secret not in caplog.text


async def test_a_gateway_that_is_not_there_may_be_asked_again() -> None:
    async with gateway("http://127.0.0.1:9/") as client:
        with pytest.raises(ApiUnavailableError, match=r"^ConnectError$"):
            await client.send(KEY, PHONE, TEXT)


async def test_a_call_ends_in_time() -> None:
    async def nothing(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with server(nothing) as url, gateway(url, timeout=0.2) as client:
        with pytest.raises(ApiUnavailableError):
            async with patiently():
                await client.send(KEY, PHONE, TEXT)


@pytest.mark.parametrize("sender", ["", "Регламент", "A" * 16])
def test_a_sender_that_no_phone_shows_is_refused_without_the_token(sender: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SmsSettings.model_validate({"url": "https://sms.example", "token": "canary", "sender": sender})
    assert "canary" not in str(caught.value)
