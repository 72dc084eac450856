"""The webhook lets in who signs, and nobody else."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.database import open_database
from starter.web.app import PLACE
from starter.web.signature import SecretError, Signatures
from tests.starter.inbox_world import SECRET, Desk, Sender, event, signed
from tests.starter.web_problems import BODY, OTHER, is_problem

# --- signatures ---------------------------------------------------------------------------------------------------------


def test_the_vector_of_the_specification() -> None:
    """The only part that time does not spoil: the signature of its example."""
    from standardwebhooks.webhooks import Webhook

    at = datetime.fromtimestamp(1614265330, UTC)
    made = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def _without(name: str) -> dict[str, str]:
    return {k: v for k, v in signed(BODY).items() if k != name}


def _with(**changed: str) -> dict[str, str]:
    return signed(BODY) | {name.replace("_", "-"): value for name, value in changed.items()}


@pytest.mark.parametrize(
    "headers",
    [
        lambda: signed(BODY, secret=OTHER),
        lambda: {"content-type": "application/json"},
        lambda: _without("webhook-id"),
        lambda: _without("webhook-timestamp"),
        lambda: _without("webhook-signature"),
        lambda: _with(webhook_id="msg-2"),
        lambda: _with(webhook_id=""),
        lambda: signed(BODY + b" "),
        lambda: _with(webhook_signature="garbage"),
        lambda: _with(webhook_signature="v1,abc"),
        lambda: _with(webhook_signature="v1,a,b"),
        lambda: _with(webhook_signature="v1,"),
        lambda: _with(webhook_signature="v2" + signed(BODY)["webhook-signature"][2:]),
        lambda: _with(webhook_signature="v1a," + signed(BODY)["webhook-signature"][3:]),
        lambda: _with(webhook_timestamp="yesterday"),
        lambda: _with(webhook_timestamp="nan"),
        lambda: _with(webhook_timestamp="1e400"),
        lambda: _with(webhook_timestamp="-1"),
    ],
    ids=lambda _: "",
)
async def test_without_a_good_signature_nothing_is_taken_and_nobody_learns_why(desk: Desk, sender: Sender, headers: Any) -> None:
    answer = await sender.post(BODY, headers())
    said = is_problem(answer, 401, "signature")
    assert said["detail"] == "sign the body as it is sent, after the Standard Webhooks specification, within five minutes"
    assert answer.headers["www-authenticate"]
    assert await desk.store.find("msg-1") is None


@pytest.mark.parametrize(
    ("age", "good"),
    [(299, True), (301, False), (-299, True), (-301, False)],
)
async def test_a_signature_is_good_for_five_minutes_to_either_side(sender: Sender, age: int, good: bool) -> None:
    answer = await sender.post(BODY, signed(BODY, at=datetime.now(UTC) - timedelta(seconds=age)))
    assert answer.status_code == (202 if good else 401)


async def test_at_the_boundary_of_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the second, with the clock of the library held still."""
    import standardwebhooks.webhooks as library
    from starlette.datastructures import Headers

    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    class Still(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return now

    signatures = Signatures(SECRET)
    for seconds, good in ((299, True), (300, True), (301, False), (-299, True), (-300, True), (-301, False)):
        headers = Headers(signed(BODY, at=now + timedelta(seconds=seconds)))
        with monkeypatch.context() as patch:
            patch.setattr(library, "datetime", Still)
            assert signatures.good(BODY, headers) is good, seconds


async def test_during_a_rotation_both_secrets_are_good(desk: Desk) -> None:
    sender = Sender(desk, f"{OTHER}, {SECRET}")
    for secret in (SECRET, OTHER):
        one = json.dumps(event("first_contact")).encode()
        assert (await sender.post(one, signed(one, secret=secret))).status_code == 202
    several = _with(webhook_signature=f"v1,AAAA {signed(BODY)['webhook-signature']}")
    assert (await sender.post(BODY, several)).status_code == 202
    third = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    assert (await sender.post(BODY, signed(BODY, secret=third))).status_code == 401


async def test_a_header_that_stands_twice_is_no_signature(sender: Sender) -> None:
    headers = [*signed(BODY).items(), ("webhook-signature", "v1,AAAA")]
    answer = await sender.request("POST", PLACE, content=BODY, headers=headers)
    is_problem(answer, 401, "signature")


@pytest.mark.parametrize("secrets", ["", " , ", "secret", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", f"{SECRET},whsec_c2hvcnQ="])
def test_without_a_good_secret_the_door_does_not_open(secrets: str) -> None:
    with pytest.raises(SecretError, match="REGLAMENT_WEBHOOK_SECRETS") as wrong:
        Signatures(secrets)
    assert "c2hvcnQ" not in str(wrong.value)


@pytest.fixture
def stranger() -> Iterator[tuple[asyncio.Runner, Desk, Sender]]:
    """Somebody who posts to one app, whose database is never read: no such body gets so far."""
    with asyncio.Runner() as runner:
        engine = open_database("sqlite://")
        desk = Desk(engine)
        yield runner, desk, Sender(desk)
        runner.run(engine.dispose())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "content-length", "content-encoding"]),
        st.one_of(
            st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60),
            st.sampled_from(["v1,", "v1,====", "v1, v1,", "1e9", "9" * 40, "application/json; charset=utf-16"]),
        ),
    )
)
def test_no_header_whatever_breaks_it_or_lets_anything_in(stranger: tuple[asyncio.Runner, Desk, Sender], changed: dict[str, str]) -> None:
    runner, desk, sender = stranger
    headers = [(k, v.encode("latin-1")) for k, v in {**signed(BODY, secret=OTHER), **changed}.items()]
    answer = runner.run(sender.request("POST", PLACE, content=BODY, headers=headers))
    assert answer.status_code in (401, 413, 415)
    assert desk.cases.told == []
