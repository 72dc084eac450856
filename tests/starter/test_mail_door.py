"""E-mails at the door: what becomes an event, what is answered with what, what a person is told, and what is never answered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from runtime.account_billing import LoginFound, LoginNotFound
from runtime.encryption import KeyRing
from runtime.inbox import InboxState
from starter.inbox.outcome import DeliveryError
from starter.mail.answers import MOST, AnswerUnavailableError
from starter.mail.door import Fate
from starter.mail.parts import read_mail
from tests.databases import sqlite_in
from tests.starter.mail_world import OWN, RECEIVED, World
from tests.starter.mails import FRANCHISEE, LONG, SHORT, eml

MARK = pytest.mark.clause("replacement 5.1")


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with sqlite_in(tmp_path) as engine:
        yield World(engine)


async def take(world: World, mail: bytes) -> Fate:
    return await world.door.take(mail, RECEIVED, "replacement")


def problems(world: World) -> str:
    return str(world.letter().values["problems"])


async def event_of(world: World, mail: bytes) -> dict[str, Any]:
    """The event that the inbox kept of an e-mail that is not delivered yet."""
    world.desk.cases.up = False
    assert (await take(world, mail)).place == "stays"
    entry = await world.desk.store.find(f"mail-{read_mail(mail).id}")
    assert entry is not None
    kept: dict[str, Any] = json.loads(await world.desk.store.event(entry.seq) or b"")
    return kept


async def recover(world: World) -> None:
    """The cases are back, and what was put off is due."""
    world.desk.cases.up = True
    world.desk.clock.ahead = timedelta(minutes=2)
    await world.desk.deliver_due()


@MARK
async def test_a_request_begins_its_case(world: World) -> None:
    fate = await take(world, eml(SHORT))
    assert (fate.place, fate.case, fate.secrets) == ("taken", "replacement/a-1/2026-01/1", ())
    assert [address for address, _ in world.told] == ["replacement/a-1/2026-01/1"]
    assert world.letters == {}


@MARK
async def test_the_event_says_what_the_e_mail_says_and_its_time_is_that_of_its_receipt(world: World) -> None:
    both = SHORT.replace("romashka", "romashka, romashka-adm")
    mail = eml(both, message_id="<q@x.example>", References="<a@x>", subject="Замены", sender=f"Иванов <{FRANCHISEE}>")
    event = await event_of(world, mail)
    assert event["type"] == "replacement.requested"
    assert event["occurred_at"].startswith("2026-03-02T09:30:00")
    assert event["data"] == {
        "account": "a-1",
        "period": "2026-01",
        "n": 1,
        "asked": 25,
        "login": "romashka",
        "admin_login": "romashka-adm",
        "script": "https://docs.example.org/s",
        "franchisee": {"email": FRANCHISEE, "name": "Иванов"},
        "subject": "Замены",
        "message_id": "<q@x.example>",
        "references": ["<a@x>"],
    }


async def test_a_time_of_receipt_ahead_of_ours_is_now(world: World) -> None:
    world.desk.cases.up = False
    mail = eml(SHORT)
    await world.door.take(mail, world.now + timedelta(days=2), "replacement")
    entry = await world.desk.store.find(f"mail-{read_mail(mail).id}")
    assert entry is not None
    assert b"2026-03-02T09:31:00" in (await world.desk.store.event(entry.seq) or b"")


@MARK
async def test_the_password_of_the_long_form_is_exchanged_for_a_reference(world: World) -> None:
    mail = eml(LONG, subject="Пароль: Sesam-1")
    event = await event_of(world, mail)
    assert event["data"]["crm"].keys() == {"link", "login", "secret", "instructions"}
    assert "Sesam" not in str(event)
    await recover(world)
    fate = await take(world, mail)
    assert (fate.place, fate.secrets) == ("taken", ("Sesam-1",))
    assert "Sesam" not in repr(fate)


@MARK
async def test_without_encryption_keys_a_password_stays_where_it_is_and_a_person_is_told(tmp_path: Path) -> None:
    async with sqlite_in(tmp_path) as engine:
        world = World(engine, keys=KeyRing())
        fate = await take(world, eml(LONG))
        assert (fate.place, fate.waits, world.told, world.letters) == ("stays", True, [], {})
        assert world.alarms.kinds == ["mail_no_keys"]
        assert (await take(world, eml(SHORT))).place == "taken"


@MARK
async def test_a_malformed_request_is_answered_in_its_thread_with_what_is_missing(world: World) -> None:
    mail = eml("Прошу произвести начисление 0 определений на замену.\nСкрипт - потом", message_id="<q@x.example>", subject="Замены")
    fate = await take(world, mail)
    assert (fate.place, fate.why) == ("answered", "malformed")
    letter = world.letter()
    assert (letter.template, letter.to) == ("mail/replacement_form", (FRANCHISEE,))
    assert letter.thread is not None
    assert (letter.thread.message_id, letter.thread.subject) == ("<q@x.example>", "Замены")
    said = problems(world)
    assert "ноль" in said
    assert "«Логин клиента»: не указано" in said
    assert "«Скрипт»: нужна ссылка" in said
    assert "ЦРМ" not in said
    assert world.told == []


@MARK
async def test_a_malformed_request_with_a_password_does_not_repeat_it(world: World) -> None:
    fate = await take(world, eml(LONG.replace("Логин клиента", "Клиент"), subject="пароль: Sesam-1"))
    assert (fate.place, fate.secrets) == ("answered", ("Sesam-1",))
    assert "Sesam" not in world.letter().model_dump_json()


@MARK
@pytest.mark.parametrize(("reason", "word"), [("unknown", "нет в биллинге"), ("ambiguous", "несколько"), ("no_tariff", "тариф")])
async def test_a_login_that_leads_to_no_account_is_answered(world: World, reason: str, word: str) -> None:
    world.billing.found = LoginNotFound(reason)
    assert (await take(world, eml(SHORT))).place == "answered"
    assert word in problems(world) or reason == "ambiguous"
    assert world.told == []


@pytest.mark.clause("replacement 6.3")
@pytest.mark.parametrize("stage", ["credited", "nothing_confirmed"])
async def test_a_further_request_of_a_replaced_period_names_the_paid_prolongation(world: World, stage: str) -> None:
    world.billing.stages = {1: stage}
    world.billing.found = LoginFound("a-1", "2026-01", "ours", "2026-02")
    event = await event_of(world, eml(SHORT))
    assert (event["data"]["n"], event["data"]["prolongation"]) == (2, "2026-02")


@pytest.mark.clause("replacement 6.3")
async def test_a_first_request_names_no_prolongation_and_a_refused_one_is_asked_for_again_as_the_first(world: World) -> None:
    world.billing.stages = {0: "not_due", 1: "refused"}
    world.billing.found = LoginFound("a-1", "2026-01", "ours", "2026-02")
    event = await event_of(world, eml(SHORT))
    assert event["data"]["n"] == 1
    assert "prolongation" not in event["data"]


async def test_the_same_e_mail_counts_once_however_often_it_is_read(world: World) -> None:
    mail = eml(SHORT)
    fates = [(await take(world, mail)).place for _ in range(3)]
    assert fates == ["taken"] * 3
    assert len(world.told) == 1
    world.billing.stages = {1: "credited"}  # by now another request would be the second one
    assert (await take(world, mail)).case == "replacement/a-1/2026-01/1"
    assert world.billing.asked == [("romashka", None)]


async def test_the_same_e_mail_delivered_twice_by_mail_servers_counts_once(world: World) -> None:
    mail = eml(SHORT, message_id="<one@x.example>")
    await take(world, mail)
    twice = await world.door.take(b"Received: again\r\n" + mail, RECEIVED + timedelta(minutes=3), "replacement")
    assert (twice.place, len(world.told)) == ("taken", 1)


async def test_another_request_for_a_period_that_is_open_is_told_so(world: World) -> None:
    await take(world, eml(SHORT))
    again = await take(world, eml(SHORT.replace("25", "30")))
    assert (again.place, again.why) == ("answered", "refused AlreadyBegun")
    assert "уже принят" in str(world.letter().values["reason"])
    assert world.letter().values["case"] == "replacement/a-1/2026-01/1"
    assert len(world.told) == 1


async def test_a_refusal_that_nobody_foresaw_is_answered_and_a_person_is_told(world: World) -> None:
    mail = eml(SHORT)
    world.desk.cases.errors[f"mail-{read_mail(mail).id}"] = DeliveryError("refused", "Strange", "no words for it", "x")
    assert (await take(world, mail)).place == "answered"
    assert "Сотрудник" in str(world.letter().values["reason"])
    assert world.alarms.kinds == ["mail_not_taken"]


async def test_what_cannot_be_delivered_stays_and_is_taken_later(world: World) -> None:
    world.desk.cases.up = False
    mail = eml(SHORT)
    fate = await take(world, mail)
    assert (fate.place, fate.waits) == ("stays", False)
    assert await world.door.undelivered(read_mail(mail).id)
    await recover(world)
    assert not await world.door.undelivered(read_mail(mail).id)
    assert (await take(world, mail)).place == "taken"


async def test_what_a_person_gave_up_is_filed_without_a_word(world: World) -> None:
    world.desk.cases.up = False
    mail = eml(SHORT)
    await take(world, mail)
    entry = await world.desk.until(f"mail-{read_mail(mail).id}", InboxState.RECEIVED)
    await world.desk.store.drop(entry.seq, "spam")
    assert (await take(world, mail)).place == "answered"
    assert world.letters == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"sender": OWN},
        {"sender": f"Company <{OWN.upper()}>"},
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"Return_Path": "<>"},
        {"List_Id": "<x>"},
        {"sender": "mailer-daemon@mx.example"},
    ],
)
@pytest.mark.parametrize("text", [SHORT, "hello"])
async def test_what_no_person_wrote_is_filed_neither_taken_nor_answered(world: World, headers: dict[str, str], text: str) -> None:
    assert (await take(world, eml(text, **headers))).place == "answered"
    assert (world.told, world.letters, world.alarms.told) == ([], {}, [])


async def test_an_e_mail_without_a_sender_is_left_to_a_person(world: World) -> None:
    assert (await take(world, eml("hello", sender="nobody"))).place == "answered"
    assert (world.letters, world.alarms.kinds) == ({}, ["mail_without_answer"])


async def test_one_address_is_answered_at_most_so_often_in_a_day(world: World) -> None:
    mails = [eml(f"hello {number}") for number in range(MOST + 2)]
    for mail in mails:
        assert (await take(world, mail)).place == "answered"
    assert len(world.letters) == MOST
    assert world.alarms.kinds == ["mail_without_answer"] * 2
    await take(world, eml("hello", sender="other@franchise.example"))
    assert len(world.letters) == MOST + 1
    await take(world, mails[0])  # read again: it has its answer
    assert len(world.letters) == MOST + 1


async def test_while_temporal_is_away_nothing_counts_as_answered(world: World) -> None:
    world.up = False
    mail = eml("hello")
    with pytest.raises(AnswerUnavailableError):
        await take(world, mail)
    world.up = True
    assert (await take(world, mail)).place == "answered"
    assert len(world.letters) == 1


async def test_of_an_e_mail_that_is_too_large_only_the_head_is_read(world: World) -> None:
    head = eml(b"\n").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    large = await world.door.too_large(head, RECEIVED, "replacement")
    assert (large.place, large.waits) == ("stays", True)  # it may hold a password, and nobody can hide it
    assert (await world.door.too_large(head, RECEIVED, "handoff")).place == "answered"
    assert world.letter().template == "mail/too_large"
    assert set(world.alarms.kinds) == {"mail_too_large"}


async def test_an_answer_to_our_own_answer_does_not_count_with_the_form_that_we_quoted(world: World) -> None:
    await take(world, eml("hello"))
    ours = "Прошу произвести начисление 25 определений на замену.\nЛогин клиента: логин\nСкрипт: https://…"
    quoted = "\n".join(f"> {one}" for one in ours.splitlines())
    assert (await take(world, eml(f"А как?\n\n{quoted}", subject="Re: hello"))).why == "malformed"
