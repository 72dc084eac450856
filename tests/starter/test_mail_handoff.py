"""A partner's e-mail finds its deal, and brings its files; what it lacks is asked for, and it waits for its case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from starter.mail.door import KEPT_FOR, Fate
from starter.mail.handoff import HandoffMail, kinds_of
from starter.mail.meaning import Ask, Say
from starter.mail.parts import Attachment, read_mail
from tests.databases import sqlite_in
from tests.starter.mail_world import RECEIVED, SALE, Documents, Register, World, another
from tests.starter.mails import attached, eml, mixed, part

pytestmark = pytest.mark.clause("handoff 2.1.3")
PARTNER = "ИП Петров <partner@partner.example>"
SUBJECT = "Обучение клиента от ИП Петров"
SECOND = another(SALE, deal="D-2", client_login="other@client.example", client_name="ООО Лютик")
FORM = attached('filename="Анкета клиента client@client.example.docx"', b"form")
CONTRACT = attached('filename="Договор.docx"', b"contract")


def request(text: str = "Прошу обучить", *files: bytes, subject: str = SUBJECT, sender: str = PARTNER, **headers: str) -> bytes:
    return eml(mixed(part(text), *files), subject=subject, sender=sender, **headers)


async def deal(mail: bytes, *sales: object, documents: Documents | None = None) -> str:
    """The deal that an e-mail is about, or why there is none."""
    reader = HandoffMail(Register(*sales), documents or Documents(), "company.example")  # type: ignore[arg-type]
    meaning = await reader.understand(read_mail(mail), "e-1", RECEIVED)
    if isinstance(meaning, Ask):
        return meaning.why
    assert isinstance(meaning.event["data"], dict)
    return str(meaning.event["data"]["deal"])


async def test_the_partners_only_deal_is_meant() -> None:
    assert await deal(request(), SALE) == "D-1"
    assert await deal(request(sender="PARTNER@Partner.example"), SALE) == "D-1"


@pytest.mark.parametrize("subject", [SUBJECT, SUBJECT.upper(), f"Re: {SUBJECT}", "обучение  клиентов от ИП Петров"])
async def test_the_subject_is_known_however_it_is_written(subject: str) -> None:
    assert await deal(request(subject=subject), SALE) == "D-1"


async def test_another_subject_is_asked_to_be_mended_unless_it_answers_us() -> None:
    other = request(subject="Новый клиент")
    assert await deal(other, SALE) == "partner subject"
    answer = request(subject="Re: Напоминание", References="<x@partner.example> <y@company.example>")
    assert await deal(answer, SALE) == "D-1"


@pytest.mark.parametrize(
    "mail",
    [
        request("логин OTHER@client.example"),
        request("клиент: ООО «Лютик»"),
        request("", attached('filename="Анкета клиента other@client.example.docx"', b"x")),
        request(subject=f"{SUBJECT}, other@client.example"),
    ],
    ids=["login", "name", "file", "subject"],
)
async def test_of_several_deals_the_one_that_the_e_mail_names(mail: bytes) -> None:
    assert await deal(mail, SALE, SECOND) == "D-2"


async def test_a_login_is_no_part_of_another_login() -> None:
    longer = another(SALE, deal="D-3", client_login="my-client@client.example")
    assert await deal(request("логин my-client@client.example"), SALE, longer) == "D-3"
    assert await deal(request("логин client@client.example"), SALE, longer) == "D-1"
    assert await deal(request("логин client@client.example.org, нет"), SALE, longer) == "partner ambiguous"


async def test_of_several_deals_the_one_that_the_questionnaire_names() -> None:
    documents = Documents()
    mail = request("", attached('filename="Анкета.docx"', b"x"))
    assert await deal(mail, SALE, SECOND, documents=documents) == "partner ambiguous"
    documents.pairs = (("Наименование", "ООО «Лютик»"), ("Телефон", "1"))
    assert await deal(mail, SALE, SECOND, documents=documents) == "D-2"


async def test_a_file_for_a_client_whom_nobody_sold_is_not_another_clients() -> None:
    assert await deal(request("", attached('filename="Анкета клиента third@client.example.docx"', b"x")), SALE) == "partner none_open"


async def test_a_deal_that_takes_no_requests_is_meant_only_when_it_is_named() -> None:
    accepted = another(SALE, open=False)
    assert await deal(request(), accepted) == "partner none_open"
    assert await deal(request(), accepted, SECOND) == "D-2"
    assert await deal(request("client@client.example"), accepted, SECOND) == "D-1"


async def test_without_a_known_address_the_partners_name_in_the_subject_counts() -> None:
    stranger = "assistant@elsewhere.example"
    assert await deal(request(sender=stranger), SALE) == "D-1"
    assert await deal(request(sender=stranger, subject="Обучение клиента от «ип  петров»"), SALE) == "D-1"
    assert await deal(request(sender=stranger, subject="Обучение клиента от ИП Сидоров"), SALE) == "partner unknown"
    assert await deal(request(sender=stranger, subject="Обучение клиента"), SALE) == "partner unknown"
    assert await deal(request(sender=stranger), another(SALE, open=False)) == "partner unknown"


@pytest.mark.clause("handoff 2.1.4")
async def test_the_files_come_with_their_kinds_and_contents() -> None:
    tnef = attached('filename="winmail.dat"', b"x", "application/ms-tnef")
    mail = request("", FORM, CONTRACT, attached('filename="logo.png"', b"p", "image/png"), tnef, message_id="<q@x>", References="<a@x>")
    meaning = await HandoffMail(Register(SALE), Documents(), "").understand(read_mail(mail), "e-1", RECEIVED)
    assert isinstance(meaning, Say)
    assert meaning.event == {
        "id": "e-1",
        "type": "handoff.request_received",
        "occurred_at": RECEIVED.isoformat(),
        "data": {
            "deal": "D-1",
            "subject": SUBJECT,
            "message_id": "<q@x>",
            "references": ["<a@x>"],
            "files": [
                {"name": "Анкета клиента client@client.example.docx", "kind": "questionnaire", "content": "Zm9ybQ=="},
                {"name": "Договор.docx", "kind": "contract", "content": "Y29udHJhY3Q="},
                {"name": "logo.png", "kind": "other"},
                {"name": "winmail.dat", "kind": "other"},
            ],
        },
    }


@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (("Анкета клиента a.docx", "Договор.docx"), ["questionnaire", "contract"]),
        (("договор №1.doc", "АНКЕТА.xlsx"), ["contract", "questionnaire"]),
        (("scan1.pdf", "scan2.docx", "scan3.docx"), ["questionnaire", "contract", "other"]),
        (("Анкета.docx", "file.docx"), ["questionnaire", "contract"]),
        (("photo.jpg", "notes.txt"), ["other", "other"]),
        (("winmail.dat",), ["questionnaire"]),
        ((), []),
    ],
)
def test_what_each_file_is(names: tuple[str, ...], kinds: list[str]) -> None:
    files = [Attachment(name, None, "winmail") if name == "winmail.dat" else Attachment(name, b"x") for name in names]
    assert kinds_of(files) == kinds


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with sqlite_in(tmp_path) as engine:
        world = World(engine)
        world.desk.cases.begun.add("handoff/D-1")
        yield world


async def take(world: World, mail: bytes) -> Fate:
    return await world.door.take(mail, RECEIVED, "handoff")


async def test_a_request_reaches_its_case(world: World) -> None:
    world.register.sales = [SALE]
    fate = await take(world, request("", FORM, CONTRACT))
    assert (fate.place, fate.case) == ("taken", "handoff/D-1")


async def test_a_request_without_a_case_is_answered_once_waits_for_it_and_is_taken_when_it_is_there(world: World) -> None:
    mail = request("", FORM)
    fates = [await take(world, mail) for _ in range(3)]
    assert {(fate.place, fate.waits) for fate in fates} == {("stays", True)}
    assert len(world.letters) == 1
    assert world.alarms.kinds == ["mail_unmatched"]
    assert "партнёра" in str(world.letter().values["problems"])
    world.register.sales = [SALE]
    assert (await take(world, mail)).place == "taken"
    assert len(world.letters) == 1


@pytest.mark.parametrize(("after", "place"), [(KEPT_FOR - timedelta(seconds=1), "stays"), (KEPT_FOR, "answered")])
async def test_a_request_without_a_case_is_kept_thirty_days(world: World, after: timedelta, place: str) -> None:
    world.now = RECEIVED + after
    assert (await take(world, request())).place == place


async def test_a_wrong_subject_is_answered_and_filed(world: World) -> None:
    world.register.sales = [SALE]
    assert (await take(world, request(subject="Привет"))).place == "answered"
    assert "Обучение клиента" in str(world.letter().values["problems"])
    assert world.alarms.told == []
