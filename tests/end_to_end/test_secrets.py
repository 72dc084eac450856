"""A client's password from the webhook to its destruction, on real parts: whoever needs it gets it on the record, and it lies nowhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.demo.stage import Stage
from runtime.database import open_database
from runtime.encryption import KeyRing
from runtime.secrets import KeptSecret, SecretStore
from tests.end_to_end.replacements import Replacement, traces
from tests.end_to_end.test_command_line import Said, lines, reglament
from tests.end_to_end.test_starter import Door

pytestmark = pytest.mark.xdist_group("end_to_end")

WHO = ("--by", "u40", "--reason", "выгрузка сделок")
OFFICE = {"id": "u7", "role": "head_office"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def webhooks(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """The webhooks of the stage; their log lies in its folder."""
    before = stage.http_port
    door = Door(stage, stage.folder)
    stage.http_port = door.port
    await door.opens()
    yield door
    stage.http_port = before
    door.close()


async def listed(stage: Stage, case: str) -> list[KeptSecret]:
    engine = open_database(stage.database_url)
    try:
        return await SecretStore(engine, KeyRing()).of_case(case)
    finally:
        await engine.dispose()


@pytest.mark.clause("replacement 5.1")
async def test_a_password_is_kept_shown_and_destroyed_with_its_case(stage: Stage, webhooks: Door) -> None:
    password = 'snegir-«1»\\"№'
    asked = Replacement(stage, "s-1", password)
    await asked.bill()
    request = asked.requested()
    assert (await stage.post(request))["duplicate"] is False
    await asked.until("awaiting_export")
    assert (await stage.post(request))["duplicate"] is True
    with pytest.raises(RuntimeError, match="409") as conflict:
        await stage.post({**request, "data": {**request["data"], "crm": {**request["data"]["crm"], "password": f"{password}2"}}})
    again: Said = await reglament(stage, "deliver", "-", "--json", given=lines(request))
    assert (again.code, again.lines()[0]["duplicate"]) == (0, True)

    shown = await reglament(stage, "secret", "show", asked.case, *WHO)
    assert (shown.code, shown.out) == (0, password + "\n")
    (kept,) = await listed(stage, asked.case)
    assert ([read.by for read in kept.reads], kept.destroyed_at) == (["u40"], None)
    in_full = await reglament(stage, "secret", "list", asked.case, "--json")
    assert [one["ref"] for one in json.loads(in_full.out)] == [kept.ref]

    async def nowhere() -> None:
        assert await traces(stage, [asked.case], kept.ref), "the search finds what is there"
        assert await traces(stage, [asked.case], "snegir-") == []
        said = (in_full.out, again.out, again.err, str(conflict.value), webhooks.log.read_text("utf-8"))
        assert not any("snegir" in one for one in said)

    await nowhere()
    other = await reglament(stage, "deliver", "-", "--json", given=lines(asked.requested(asked=7)))
    assert (other.code, other.lines()[0]["error"]) == (1, "Open")
    assert [one.destroyed_at is None for one in await listed(stage, asked.case)] == [False, True], "what no case took is gone at once"
    assert (await reglament(stage, "secret", "show", asked.case, *WHO)).out == password + "\n"

    await stage.post(asked.event("withdrawn", reason="спрошено по ошибке", by=OFFICE))
    await asked.until("withdrawn")
    await asked.until_destroyed()
    gone = await reglament(stage, "secret", "show", asked.case, *WHO)
    assert (gone.code, gone.out) == (1, "")
    assert "destroyed at" in gone.err
    assert [len(one.reads) for one in await listed(stage, asked.case)] == [0, 2], "the record outlives the password"
    await nowhere()


async def test_without_keys_a_password_is_not_taken(stage: Stage, tmp_path: Path) -> None:
    asked = Replacement(stage, "s-2", "snegir-2")
    bare = {"REGLAMENT_ENCRYPTION_KEYS": ""}
    door, before = Door(stage, tmp_path, **bare), stage.http_port
    try:
        await door.opens()
        stage.http_port = door.port
        with pytest.raises(RuntimeError, match=r"422.*NoEncryptionKeys.*REGLAMENT_ENCRYPTION_KEYS") as refused:
            await stage.post(asked.requested())
    finally:
        stage.http_port = before
        door.close()
    said = await reglament(stage, "deliver", "-", "--json", given=lines(asked.requested()), **bare)
    assert (said.code, said.lines()[0]["error"]) == (1, "NoEncryptionKeys")
    assert "snegir" not in str(refused.value) + said.out + said.err + door.log.read_text("utf-8")
    assert await listed(stage, asked.case) == []
