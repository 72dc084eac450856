"""The webhook: who is let in, what every sender is told, and how much is taken at a time."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import starter.web_body
from runtime.database import migrate, open_database
from runtime.inbox import InboxState
from starter.delivery_outcome import DeliveryError
from starter.doors import DOORS
from starter.web import MOST_REQUESTS, PLACE
from starter.web_body import LARGE_AT_A_TIME, LARGEST, SMALL
from starter.web_problems import MEDIA_TYPE
from starter.web_signature import SecretError, Signatures
from tests.starter.inbox_world import SECRET, Desk, Sender, event, signed

OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes here!").decode()
CANARY = "kanareyka"
SECURITY = {"x-content-type-options", "cache-control", "content-security-policy", "referrer-policy"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    url = f"sqlite:///{tmp_path / 'inbox.db'}"
    await migrate(url)
    engine = open_database(url)
    async with Desk(engine).works(loop=False) as desk:
        yield desk
    await engine.dispose()


@pytest.fixture
def sender(desk: Desk) -> Sender:
    return Sender(desk)


def is_problem(answer: httpx2.Response, status: int, name: str) -> dict[str, Any]:
    said: dict[str, Any] = answer.json()
    assert (answer.status_code, said["status"], said["type"]) == (status, status, f"urn:reglament:problem:{name}")
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert said["title"]
    assert said["detail"]
    assert CANARY not in answer.text
    assert answer.headers.keys() >= SECURITY
    return said


# --- signatures ---------------------------------------------------------------------------------------------------------


def test_the_vector_of_the_specification() -> None:
    """The only part that time does not spoil: the signature of its example."""
    from standardwebhooks.webhooks import Webhook

    at = datetime.fromtimestamp(1614265330, UTC)
    made = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


BODY = json.dumps(event("sold", id="msg-1")).encode()


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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "content-length", "content-encoding"]),
        st.one_of(
            st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60),
            st.sampled_from(["v1,", "v1,====", "v1, v1,", "1e9", "9" * 40, "application/json; charset=utf-16"]),
        ),
    )
)
def test_no_header_whatever_breaks_it_or_lets_anything_in(changed: dict[str, str]) -> None:
    asyncio.run(_with_headers(changed))


async def _with_headers(changed: dict[str, str]) -> None:
    engine = open_database("sqlite://")  # never read: no such body gets so far
    desk = Desk(engine)
    headers = [(k, v.encode("latin-1")) for k, v in {**signed(BODY, secret=OTHER), **changed}.items()]
    answer = await Sender(desk).request("POST", PLACE, content=BODY, headers=headers)
    assert answer.status_code in (401, 413, 415)
    assert desk.cases.told == []
    await engine.dispose()


# --- answers ------------------------------------------------------------------------------------------------------------


async def test_an_event_is_taken_and_its_repeat_known(sender: Sender, desk: Desk) -> None:
    sold = event("sold")
    first = await sender.post(sold)
    assert first.status_code == 202
    assert first.json() == {
        "case": "handoff/D-1",
        "duplicate": False,
        "state": "delivered",
        "stage": "checking",
        "revision": 1,
        "next_due": "2026-12-01T15:00:00+00:00",
    }
    assert (await sender.post(sold)).json() == first.json() | {"duplicate": True}
    assert desk.cases.order() == [sold["id"]]


async def test_without_an_id_of_its_own_the_event_has_the_message_s(sender: Sender, desk: Desk) -> None:
    sold = event("sold")
    del sold["id"]
    body = json.dumps(sold).encode()
    for duplicate in (False, True):
        assert (await sender.post(body, signed(body, "msg-77"))).json()["duplicate"] is duplicate
    assert desk.cases.order() == ["msg-77"]
    wrong = await sender.post(body, signed(body, "msg 77"))
    assert is_problem(wrong, 422, "invalid-event")["errors"][0]["field"] == "id"


async def test_a_refusal_of_the_case_is_202_since_a_repeat_would_not_help(sender: Sender, desk: Desk) -> None:
    accepted = event("accepted")
    desk.cases.errors[accepted["id"]] = DeliveryError("refused", "Incomplete", "3.3: the questionnaire lacks the INN")
    for duplicate in (False, True):
        answer = await sender.post(accepted)
        assert answer.status_code == 202
        assert answer.json() == {
            "case": "handoff/D-1",
            "duplicate": duplicate,
            "state": "refused",
            "refusal": {"type": "Incomplete", "text": "3.3: the questionnaire lacks the INN"},
        }


async def test_what_waits_or_is_tried_again_says_so(sender: Sender, desk: Desk) -> None:
    assert (await sender.post(event("first_contact"))).json() == {"case": "handoff/D-1", "duplicate": False, "state": "waiting"}
    desk.cases.up = False
    assert (await sender.post(event("sold", "D-2"))).json() == {"case": "handoff/D-2", "duplicate": False, "state": "received"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"a": NaN}', b'{"kanareyka": 1, "kanareyka": 2}', b"[" * 50 + b"]" * 50, b'{"type": "\\ud800"}'],
)
async def test_what_is_no_json_is_400(sender: Sender, body: bytes) -> None:
    try:
        headers = signed(body)
    except UnicodeDecodeError:
        from standardwebhooks.webhooks import Webhook  # signs text only, and this is none

        headers = signed(b"") | {"webhook-signature": Webhook(SECRET).sign("msg-1", datetime.now(UTC), "")}
        assert (await sender.post(body, headers)).status_code == 401, "what is not UTF-8 cannot even be signed"
        return
    is_problem(await sender.post(body, headers), 400, "malformed")


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"id": f"{CANARY} x"}, ["id"]),
        ({"id": None}, ["id"]),
        ({"occurred_at": "2026-11-20T15:00:00"}, ["occurred_at"]),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, ["data.happened_at"]),
        ({"data": [CANARY]}, ["data"]),
        ({"data": {"deal": "a b"}}, ["data.deal"]),
        ({"data": {"deal": "D-1", "key": CANARY, "source": "ui"}}, ["data.key", "data.source"]),
        ({"data": {"deal": "D-1", "ю" + CANARY: 1}}, ["data.…"]),
        ({CANARY + "@": 1}, ["…"]),
    ],
)
async def test_wrong_fields_are_422_by_name_and_without_their_values(sender: Sender, change: dict[str, Any], fields: list[str]) -> None:
    answer = await sender.post({**event("first_contact"), **change}, None) if "id" not in change else await _as_message(sender, change)
    said = is_problem(answer, 422, "invalid-event")
    assert [e["field"] for e in said["errors"]] == fields


async def _as_message(sender: Sender, change: dict[str, Any]) -> httpx2.Response:
    body = json.dumps({**event("first_contact"), **change}).encode()
    return await sender.post(body, signed(body))


@pytest.mark.parametrize("raw", [None, 7, "text", [], {}])
async def test_what_is_no_event_is_422(sender: Sender, raw: Any) -> None:
    body = json.dumps(raw).encode()
    is_problem(await sender.post(body, signed(body)), 422, "invalid-event")


async def test_a_wrong_address_is_not_repeated_in_parts_either(sender: Sender) -> None:
    client = {**DOORS["handoff.sold"].example["client"], "login": "канарейка@пример"}  # type: ignore[dict-item]
    answer = await sender.post(event("sold", data={"client": client}))
    said = is_problem(answer, 422, "invalid-event")
    assert said["errors"] == [{"field": "data.client.login", "message": "value is not a valid email address"}]


async def test_an_unknown_type_is_422_and_the_known_ones_are_named(sender: Sender) -> None:
    said = is_problem(await sender.post(event("sold", type=f"handoff.{CANARY}")), 422, "unknown-type")
    assert said["errors"][0]["field"] == "type"
    assert "handoff.sold" in said["errors"][0]["message"]


async def test_a_sale_outside_the_regulation_is_422_by_the_clause(sender: Sender, desk: Desk) -> None:
    partner = {**DOORS["handoff.sold"].example["partner"], "collects_payments": True}  # type: ignore[dict-item]
    said = is_problem(await sender.post(event("sold", id="out", data={"partner": partner})), 422, "OutsideRegulation")
    assert "handoff 1.2" in said["detail"]
    assert await desk.store.find("out") is None


async def test_a_file_named_from_outside_is_422(sender: Sender) -> None:
    files = [{"name": "Анкета.docx", "kind": "questionnaire", "sha256": "0" * 64}]
    said = is_problem(await sender.post(event("request_received", data={"files": files})), 422, "invalid-event")
    assert [e["field"] for e in said["errors"]] == ["data.files.0.sha256"]


async def test_the_same_id_with_another_content_is_409(sender: Sender) -> None:
    first = event("first_contact", id="e-same")
    assert (await sender.post(first)).status_code == 202
    is_problem(await sender.post({**first, "data": {"deal": "D-2"}}), 409, "conflict")


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("content-type", "text/plain", 415),
        ("content-type", "", 415),
        ("content-type", "application/json; charset=windows-1251", 415),
        ("content-type", "application/jsonx", 415),
        ("content-encoding", "gzip", 415),
        ("content-type", 'Application/JSON; Charset="UTF-8"', 202),
    ],
)
async def test_other_media_types_are_415(sender: Sender, header: str, value: str, status: int) -> None:
    answer = await sender.post(event("sold"), None, **{header: value})
    assert answer.status_code == status
    if status == 415:
        is_problem(answer, 415, "media-type")


async def test_with_the_database_away_nothing_is_kept_and_the_sender_comes_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}")
    desk = Desk(engine)
    async with desk.works(loop=False):
        answer = await Sender(desk).post(event("sold", id=CANARY))
    is_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "5"
    assert desk.cases.told == []
    assert CANARY not in caplog.text
    await engine.dispose()


async def test_other_places_and_methods(sender: Sender) -> None:
    is_problem(await sender.request("GET", f"/{CANARY}"), 404, "not-found")
    answer = await sender.request("GET", PLACE)
    is_problem(answer, 405, "method")
    assert answer.headers["allow"] == "POST"
    for path in ("/docs", "/redoc"):
        assert (await sender.request("GET", path)).status_code == 404


async def test_what_fails_unforeseen_is_500_without_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any) -> None:
        raise ArithmeticError(CANARY)

    monkeypatch.setattr(desk.inbox, "accept", broken)
    is_problem(await Sender(desk).post(event("sold")), 500, "internal")
    assert "ArithmeticError" in caplog.text
    assert CANARY not in caplog.text


# --- limits -------------------------------------------------------------------------------------------------------------


def padded(size: int, **changes: Any) -> bytes:
    """A valid event of exactly so many bytes."""
    body = json.dumps(event("first_contact", **changes)).encode()
    return body + b" " * (size - len(body))


@pytest.mark.parametrize(("size", "status"), [(SMALL, 202), (SMALL + 1, 202), (LARGEST, 202), (LARGEST + 1, 413)])
async def test_sizes(sender: Sender, size: int, status: int) -> None:
    body = padded(size)
    answer = await sender.post(body, signed(body))
    assert answer.status_code == status
    if status == 413:
        is_problem(answer, 413, "too-large")


class Dripping:
    """A body whose length nobody declares, sent in pieces when told to."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.go_on = asyncio.Event()
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.sent += len(piece)
            yield piece
        await self.go_on.wait()


async def test_what_is_not_declared_is_counted_while_it_comes(sender: Sender) -> None:
    pieces = Dripping(*[b" " * 1024 * 1024] * 20)
    pieces.go_on.set()
    answer = await sender.request("POST", PLACE, content=pieces, headers=signed(b""))
    is_problem(answer, 413, "too-large")
    in_small = Dripping(*(BODY[i : i + 7] for i in range(0, len(BODY), 7)))
    in_small.go_on.set()
    assert (await sender.request("POST", PLACE, content=in_small, headers=signed(BODY))).status_code == 202


async def test_only_two_large_bodies_are_read_at_a_time(sender: Sender, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held where they are kept: the memory of a large one is taken until it is answered."""
    accept, hold, inside = desk.inbox.accept, asyncio.Event(), asyncio.Semaphore(0)

    async def slowly(*given: Any) -> Any:
        inside.release()
        await hold.wait()
        return await accept(*given)

    monkeypatch.setattr(desk.inbox, "accept", slowly)
    bodies = [padded(SMALL + 1) for _ in range(LARGE_AT_A_TIME)]
    running = [asyncio.create_task(sender.post(body, signed(body))) for body in bodies]
    for _ in running:
        await inside.acquire()
    body, small = padded(SMALL + 1), padded(SMALL)
    answer = await sender.post(body, signed(body))
    is_problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"
    unhindered = asyncio.create_task(sender.post(small, signed(small)))
    await inside.acquire()
    hold.set()
    assert [(await one).status_code for one in (*running, unhindered)] == [202] * 3
    assert (await sender.post(body, signed(body))).status_code == 202, "the slots are free again"


async def test_a_slot_is_given_back_whatever_becomes_of_a_large_body(sender: Sender) -> None:
    for _ in range(2 * LARGE_AT_A_TIME):
        wrong = b"{" * (SMALL + 1)
        assert (await sender.post(wrong, signed(wrong))).status_code == 400
        assert (await sender.post(wrong, signed(wrong, secret=OTHER))).status_code == 401
    good = padded(SMALL + 1)
    assert (await sender.post(good, signed(good))).status_code == 202


async def test_a_body_that_drips_is_given_up(sender: Sender, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter.web_body, "_SECONDS_SMALL", 0.05)
    monkeypatch.setattr(starter.web_body, "_SECONDS_LARGE", 0.1)
    for first in (b"{", b" " * (SMALL + 1)):
        answer = await sender.request("POST", PLACE, content=Dripping(first), headers=signed(BODY))
        is_problem(answer, 408, "timeout")
        assert answer.headers["connection"] == "close"


async def test_an_unsigned_body_is_not_even_read(sender: Sender) -> None:
    never = Dripping(b"{")
    answer = await sender.request("POST", PLACE, content=never, headers={"content-type": "application/json"})
    is_problem(answer, 401, "signature")


async def test_a_hundred_requests_at_a_time(sender: Sender, desk: Desk) -> None:
    waiting = [Dripping(b"{") for _ in range(MOST_REQUESTS)]
    running = [asyncio.create_task(sender.request("POST", PLACE, content=one, headers=signed(BODY))) for one in waiting]
    while not all(one.sent for one in waiting):  # noqa: ASYNC110 - the reading is the app's
        await asyncio.sleep(0.01)
    answer = await sender.post(event("sold"))
    is_problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"
    for one in waiting:
        one.go_on.set()
    assert {(await one).status_code for one in running} == {401}
    assert (await sender.post(event("sold"))).status_code == 202


async def test_twenty_senders_of_one_event_make_one_row(sender: Sender, desk: Desk) -> None:
    sold = event("sold")
    answers = await asyncio.gather(*(sender.post(sold) for _ in range(20)))
    assert {a.status_code for a in answers} == {202}
    assert [a.json()["duplicate"] for a in answers].count(False) == 1
    await desk.until(sold["id"], InboxState.DELIVERED)
    assert desk.cases.order() == [sold["id"]]


# --- what operators look at ---------------------------------------------------------------------------------------------


async def test_the_log_holds_nothing_from_outside(sender: Sender, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)  # as the process runs
    partner = {**DOORS["handoff.sold"].example["partner"], "name": CANARY}  # type: ignore[dict-item]
    taken = await sender.post(event("sold", id=f"id-{CANARY}", data={"partner": partner}), None, **{"user-agent": CANARY})
    assert taken.status_code == 202
    await sender.request("GET", f"/{CANARY}?{CANARY}=1")
    await sender.request("GET", f"/healthz?{CANARY}")
    await sender.request(CANARY.upper(), "/healthz")
    said = [r.getMessage() for r in caplog.records if r.name == "reglament.http"]
    assert [line.rsplit(" ", 2)[0] for line in said] == [f"POST {PLACE} 202", "GET - 404", "GET /healthz 200", "- /healthz 405"]
    ours = " ".join(r.getMessage() for r in caplog.records if r.name != "httpx2")  # that is the sender's own
    assert CANARY not in ours.lower()


async def test_health_readiness_and_what_each_is_about(desk: Desk, tmp_path: Path) -> None:
    current = f"sqlite:///{tmp_path / 'inbox.db'}"
    for url, temporal, status, words in (
        (current, True, 200, {"ready": True, "database": "current", "temporal": "answers"}),
        (current, False, 200, {"ready": True, "database": "current", "temporal": "away"}),
        (f"sqlite:///{tmp_path / 'new.db'}", True, 503, {"ready": False, "database": "behind", "temporal": "answers"}),
        (f"sqlite:///{tmp_path / 'no' / 'x.db'}", True, 503, {"ready": False, "database": "away", "temporal": "answers"}),
    ):
        sender = Sender(desk, database_url=url, temporal=temporal)
        alive, ready = await sender.request("GET", "/healthz"), await sender.request("GET", "/readyz")
        assert (alive.status_code, alive.json()) == (200, {"alive": True})
        assert (ready.status_code, ready.json()) == (status, words)
        assert ready.headers.keys() >= SECURITY


async def test_metrics_tell_of_events_rows_and_delays(sender: Sender, desk: Desk) -> None:
    sold = event("sold")
    for _ in range(2):
        await sender.post(sold)
    await sender.post(event("sold", type=CANARY))
    await sender.post(BODY, signed(BODY, secret=OTHER))
    await sender.post(event("first_contact", "D-2"))
    desk.clock.ahead = timedelta(minutes=5)
    shown = (await sender.request("GET", "/metrics")).text
    for line in (
        'reglament_events_total{answer="delivered",type="handoff.sold"} 1.0',
        'reglament_events_total{answer="duplicate",type="handoff.sold"} 1.0',
        'reglament_events_total{answer="unknown-type",type="unknown"} 1.0',
        'reglament_events_total{answer="signature",type="unknown"} 1.0',
        'reglament_inbox_rows{state="delivered"} 1.0',
        'reglament_inbox_rows{state="waiting"} 1.0',
        'reglament_inbox_rows{state="refused"} 0.0',
        "reglament_delivery_delay_seconds_count 1.0",
        "reglament_starts_in_flight 0.0",
        "reglament_inbox_readable 1.0",
    ):
        assert line in shown.splitlines()
    assert "reglament_inbox_oldest_undelivered_seconds 300." in shown
    assert CANARY not in shown


async def test_metrics_of_a_database_that_is_away(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'no' / 'x.db'}")
    shown = (await Sender(Desk(engine)).request("GET", "/metrics")).text
    assert "reglament_inbox_readable 0.0" in shown
    assert "reglament_inbox_rows{" not in shown
    await engine.dispose()


async def test_at_rest_nothing_of_an_event_is_readable(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sealed.db'}"
    await migrate(url)
    engine: AsyncEngine = open_database(url)
    partner = {**DOORS["handoff.sold"].example["partner"], "name": CANARY}  # type: ignore[dict-item]
    content = base64.b64encode(CANARY.encode() * 20).decode()
    files = [{"name": f"{CANARY}.docx", "kind": "questionnaire", "content": content}]
    async with Desk(engine).works(connected=False) as desk:
        for one in (event("sold", data={"partner": partner}), event("request_received", data={"files": files})):
            assert (await Sender(desk).post(one)).json()["state"] == "received"
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM files"))).scalar_one() == 1
        held = b"".join(file.read_bytes() for file in tmp_path.iterdir())  # noqa: ASYNC240 - small, and nobody waits
    assert b"handoff.sold" in held
    assert CANARY.encode() not in held
    await engine.dispose()
