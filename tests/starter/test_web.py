"""The webhook: who is let in, what every sender is told, and how much is taken at a time."""

from __future__ import annotations

import base64
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import migrate, open_database
from starter.doors.table import DOORS
from starter.inbox.outcome import DeliveryError
from starter.web.app import PLACE
from tests.starter.inbox_world import SECRET, Desk, Sender, event, signed
from tests.starter.web_problems import BODY, CANARY, OTHER, SECURITY, is_problem

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
