"""The webhooks as a process: they need a secret and no Temporal, they stop when told to, and say nothing of what came in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import select

from deploy.demo.stage import Stage, free_port
from runtime.database import migrate, open_database
from runtime.tables import inbox
from tests.end_to_end.deals import Deal, Sender
from tests.end_to_end.warm import Warm
from tests.patience import PATIENCE, patiently

pytestmark = pytest.mark.xdist_group("end_to_end")

CANARY = "kanareyka"


class Door:
    """The webhooks with settings of their own, beside the stage's other parts."""

    def __init__(self, stage: Stage, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.log = folder / "starter.log"
        environment = {**stage.environment, "REGLAMENT_HTTP_PORT": str(self.port), **settings}
        self.process = Warm([sys.executable, "-m", "starter"], cwd=folder, env=environment, out=self.log)

    async def get(self, path: str) -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=PATIENCE) as http:
            return await http.get(f"http://127.0.0.1:{self.port}{path}")

    async def opens(self, temporal: str = "answers") -> dict[str, Any]:
        """Until it takes events and has found Temporal as it is; what it says of its surroundings."""
        async with httpx2.AsyncClient(timeout=PATIENCE) as http, patiently():
            while True:
                with suppress(httpx2.HTTPError):
                    answer = await http.get(f"http://127.0.0.1:{self.port}/readyz")
                    said: dict[str, Any] = answer.json()
                    if answer.status_code == 200 and said.get("temporal") == temporal:
                        return said
                assert self.process.poll() is None, self.log.read_text("utf-8")
                await asyncio.sleep(0.1)

    async def stops(self) -> int:
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait, PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest_asyncio.fixture(loop_scope="session")
async def doors(stage: Stage, tmp_path: Path) -> AsyncIterator[Any]:
    """Opens doors that are closed at the end; posts go to the last one."""
    opened: list[Door] = []
    before = stage.http_port

    def open_door(**settings: str) -> Door:
        door = Door(stage, tmp_path, **settings)
        opened.append(door)
        stage.http_port = door.port
        return door

    yield open_door
    stage.http_port = before
    for door in opened:
        door.close()


async def rows(url: str) -> dict[str, Any]:
    engine = open_database(url)
    try:
        async with engine.connect() as connection:
            return {row.event_id: row for row in (await connection.execute(select(inbox))).all()}
    finally:
        await engine.dispose()


async def test_a_signed_event_begins_a_case_and_nothing_of_it_is_in_the_log(stage: Stage, doors: Any) -> None:
    door = doors()
    assert await door.opens() == {"ready": True, "database": "current", "temporal": "answers"}
    deal = Deal(Sender(stage), "W-10")
    sold = deal.sold()
    sold["data"]["client"]["name"] = CANARY
    first = await stage.post(sold)
    assert (first["case"], first["duplicate"]) == ("handoff/W-10", False)
    await deal.until("Sold")
    assert (await stage.post(sold))["duplicate"] is True
    answer = await door.get(f"/healthz?{CANARY}")
    assert (answer.status_code, "server" in answer.headers) == (200, False)
    assert await door.stops() == 0
    said = door.log.read_text("utf-8")
    assert "POST /webhooks/events 202" in said
    assert "stopped" in said
    assert CANARY not in said
    assert "W-10" not in said
    assert "Traceback" not in said


async def test_without_temporal_it_comes_up_takes_events_and_delivers_them_later(stage: Stage, doors: Any, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    await migrate(url)
    deal = Deal(Sender(stage), "W-11")
    sold, contact = deal.sold(), deal.event("first_contact")
    away = doors(TEMPORAL_ADDRESS=f"127.0.0.1:{free_port()}", REGLAMENT_DATABASE_URL=url)
    await away.opens(temporal="away")
    for event in (sold, contact):
        assert (await stage.post(event))["state"] == "received"
    assert await away.stops() == 0
    assert {row.state for row in (await rows(url)).values()} == {"received"}
    there = doors(REGLAMENT_DATABASE_URL=url)
    await there.opens()
    read = await deal.until("FirstContact")
    assert [f.key for f in read.facts if f.key.startswith("W-11.")] == [sold["id"], contact["id"]]


async def test_sigterm_lets_a_delivery_finish_and_leaves_no_lease(stage: Stage, doors: Any, tmp_path: Path) -> None:
    """Nobody works on its queue: the delivery hangs, is let go after the grace, and another process may take it over at once."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    await migrate(url)
    door = doors(REGLAMENT_DATABASE_URL=url, REGLAMENT_TASK_QUEUE="nobody-works-here")
    await door.opens()
    deal = Deal(Sender(stage), "W-12")
    sold = deal.sold()
    assert (await stage.post(sold))["state"] == "received"
    assert (await rows(url))[sold["id"]].lease_until is not None
    assert await door.stops() == 0
    row = (await rows(url))[sold["id"]]
    assert (row.state, row.lease_until) == ("received", None)
    await deal.handle.terminate()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"REGLAMENT_WEBHOOK_SECRETS": ""}, "REGLAMENT_WEBHOOK_SECRETS"),
        ({"REGLAMENT_WEBHOOK_SECRETS": f"whsec_{CANARY}"}, "REGLAMENT_WEBHOOK_SECRETS"),
        ({"REGLAMENT_ENCRYPTION_KEYS": CANARY}, "encryption key"),
        ({"REGLAMENT_COMPANY": "nowhere.toml"}, "REGLAMENT_COMPANY"),
        ({"REGLAMENT_HTTP_PORT": CANARY}, "http_port"),
        ({"REGLAMENT_DATABASE_URL": f"mysql://{CANARY}"}, "sqlite or postgresql"),
    ],
    ids=["no secret", "secret", "key", "company", "port", "database"],
)
async def test_wrong_settings_end_with_code_2_and_the_setting_by_name(doors: Any, settings: dict[str, str], words: str) -> None:
    door = doors(**settings)
    assert await asyncio.to_thread(door.process.wait, PATIENCE) == 2
    said = door.log.read_text("utf-8")
    assert words in said
    assert CANARY not in said
    assert "Traceback" not in said


async def test_a_port_that_is_taken_ends_with_code_1(doors: Any) -> None:
    first = doors()
    await first.opens()
    second = doors(REGLAMENT_HTTP_PORT=str(first.port))
    assert await asyncio.to_thread(second.process.wait, PATIENCE) == 1
    assert "address already in use" in second.log.read_text("utf-8")
