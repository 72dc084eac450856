"""Reading a mailbox: an e-mail is filed only once it has its end, and counts once wherever the process dies."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from runtime.database import DatabaseUnavailableError
from runtime.mailbox import Listing, MailboxError
from starter.mail import mailbox as reading_of
from starter.mail.mailbox import MailboxReading
from starter.mail.parts import Mail, read_mail
from starter.mail.redaction import MASK
from tests.databases import sqlite_in
from tests.starter.mail_world import OWN, RECEIVED, Conversation, Killed, World
from tests.starter.mails import LONG, SHORT, eml
from tests.starter.test_mail_redaction import everywhere

TAKEN, ANSWERED = "reglament-taken", "reglament-answered"


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with sqlite_in(tmp_path) as engine:
        yield World(engine)


async def recover(world: World) -> None:
    """The cases are back, and what was put off is due."""
    world.desk.cases.up = True
    world.desk.clock.ahead += timedelta(minutes=2)
    await world.desk.deliver_due()


def lie(world: World) -> tuple[int, int, int]:
    """How many e-mails lie in each folder."""
    inbox, taken, answered = (len(world.folders.kept.get(name, {})) for name in ("INBOX", TAKEN, ANSWERED))
    return inbox, taken, answered


async def test_each_e_mail_is_filed_by_its_fate(world: World) -> None:
    for mail in (eml(SHORT), eml("hello"), eml(SHORT, Auto_Submitted="auto-replied"), eml(SHORT, sender=OWN)):
        world.folders.add(mail)
    reading, _ = world.reading()
    assert await reading.round() is False
    assert lie(world) == (0, 1, 3)
    assert len(world.told) == len(world.letters) == 1
    assert b"reglament_mails_total" in await world.desk.metrics.text(world.desk.inbox)


async def test_the_earliest_received_is_taken_first(world: World) -> None:
    later, earlier = eml(SHORT.replace("25", "30")), eml(SHORT)
    world.folders.add(later, RECEIVED + timedelta(hours=1))
    world.folders.add(earlier, RECEIVED)
    await world.reading()[0].round()
    assert [id for _, id in world.told] == [f"mail-{read_mail(earlier).id}"]


async def test_what_is_undelivered_lies_there_is_not_fetched_again_and_is_filed_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_of, "SOON", timedelta(0))
    world.desk.cases.up = False
    uid = world.folders.add(eml(SHORT))
    reading, talk = world.reading()
    for _ in range(3):
        assert await reading.round() is True
    assert (lie(world), talk.read) == ((1, 0, 0), [uid])
    await recover(world)
    assert await reading.round() is False
    assert lie(world) == (0, 1, 0)


async def test_another_process_files_what_the_first_one_kept(world: World) -> None:
    world.desk.cases.up = False
    world.folders.add(eml(SHORT))
    await world.reading()[0].round()
    await recover(world)
    await world.reading()[0].round()
    assert (lie(world), len(world.told)) == ((0, 1, 0), 1)


@pytest.mark.clause("replacement 5.1")
@pytest.mark.parametrize("text", [LONG, LONG.replace("Скрипт", "Сценарий")], ids=["taken", "malformed"])
async def test_a_password_lies_nowhere_in_the_mailbox_afterwards(world: World, text: str) -> None:
    world.folders.add(eml(text))
    await world.reading()[0].round()
    filed = [*world.folders.contents(TAKEN), *world.folders.contents(ANSWERED)]
    assert lie(world)[0] == 0
    assert len(filed) == 1
    assert not everywhere(filed[0], "Sesam-1")
    assert MASK in read_mail(filed[0]).bodies[0].new
    assert all(at == RECEIVED for folder in (TAKEN, ANSWERED) for _, at, _ in world.folders.kept.get(folder, {}).values())


@pytest.mark.clause("replacement 5.1")
async def test_a_password_that_cannot_be_hidden_stays_and_a_person_is_told(world: World) -> None:
    whole = eml(LONG.encode() and b"Content-Type: text/plain; charset=utf-8\n\n" + LONG.encode() + b"\n\xff\xfe")
    world.folders.add(whole)
    reading, talk = world.reading()
    await reading.round()
    await reading.round()
    assert (lie(world), len(world.told), talk.read) == ((1, 0, 0), 1, [1])
    assert world.alarms.kinds == ["mail_not_redacted"]


_OF = {
    "short": (eml(SHORT), ("told", "accepted", "move", "copied and marked", "moved")),
    "long": (eml(LONG), ("told", "accepted", "replace", "appended", "marked", "replaced")),
    "no form": (eml("hello"), ("admitted", "start", "started", "move", "copied and marked", "moved")),
    "malformed": (eml(LONG.replace("Скрипт", "x")), ("admitted", "start", "started", "replace", "appended", "marked", "replaced")),
}


@pytest.mark.parametrize(("name", "moment"), [(name, moment) for name, (_, moments) in _OF.items() for moment in moments])
async def test_wherever_the_process_dies_each_e_mail_counts_once(
    world: World, name: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at one moment, another process goes on: the case has taken one event, or one answer was begun; the password is gone."""
    mail, is_request = _OF[name][0], name in ("short", "long")
    died: list[str] = []

    def reach(now: str) -> None:
        if now == moment and not died:
            died.append(now)
            raise Killed

    world.reach = reach
    for owner, name, after in (
        (world.desk.inbox, "accept", "accepted"),
        (world.desk.cases, "deliver", "told"),
        (world.book, "admit", "admitted"),
    ):
        monkeypatch.setattr(owner, name, _dies(getattr(owner, name), after, reach))
    world.desk.inbox.connect(world.desk.cases.deliver)
    world.folders.add(mail)
    with suppress(Killed):  # where the case is told, it dies in a task of the inbox
        await world.reading()[0].round()
    await recover(world)
    assert died == [moment]
    for _ in range(2):
        await world.reading()[0].round()
        await recover(world)
    assert len(world.told) == (1 if is_request else 0)
    assert len(world.letters) == (0 if is_request else 1)
    inbox, taken, answered = lie(world)
    assert inbox == 0
    assert (taken >= 1, answered >= 1) == (is_request, not is_request)
    for filed in (*world.folders.contents(TAKEN), *world.folders.contents(ANSWERED)):
        assert not everywhere(filed, "Sesam-1")


def _dies(original: object, moment: str, reach: object) -> object:
    async def dying(*arguments: object, **named: object) -> object:
        done = await original(*arguments, **named)  # type: ignore[operator]
        reach(moment)  # type: ignore[operator]
        return done

    return dying


async def test_a_mark_that_a_person_set_is_left_alone(world: World) -> None:
    uid = world.folders.add(eml(SHORT))
    content, at, _ = world.folders.kept["INBOX"][uid]
    world.folders.kept["INBOX"][uid] = (content, at, True)
    reading, talk = world.reading()
    await reading.round()
    await reading.round()
    assert (lie(world), world.told, talk.read) == ((1, 0, 0), [], [uid])


async def test_numbers_given_anew_by_the_server_are_not_taken_for_the_old_ones(world: World) -> None:
    world.desk.cases.up = False
    world.folders.add(eml(SHORT))
    reading, talk = world.reading()
    await reading.round()
    world.folders.kept["INBOX"] = {1: (eml("hello"), RECEIVED, False)}
    talk.validity = 2
    await reading.round()
    assert lie(world) == (0, 0, 1)


async def test_an_e_mail_that_nobody_foresaw_stands_in_nobodys_way(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    odd = eml("kanareyka")

    async def fails(mail: Mail, event_id: str, received_at: object) -> None:
        raise ZeroDivisionError(mail.bodies[0].new)

    world.folders.add(odd)
    reading, _ = world.reading()
    monkeypatch.setattr(reading._door._readers["replacement"], "understand", fails)
    await reading.round()
    assert (lie(world), world.alarms.kinds) == ((1, 0, 0), ["mail_unreadable"])
    assert "ZeroDivisionError at" in caplog.text
    assert "kanareyka" not in caplog.text


async def test_while_temporal_is_away_answers_wait_and_events_are_kept(world: World) -> None:
    world.up = False
    world.folders.add(eml("hello"))
    world.folders.add(eml(SHORT))
    await world.reading()[0].round()
    assert (lie(world), len(world.told), world.letters) == ((1, 1, 0), 1, {})
    world.up = True
    await world.reading()[0].round()
    assert (lie(world), len(world.letters)) == ((0, 1, 1), 1)


@pytest.mark.parametrize("large", [False, True])
async def test_of_what_is_too_large_only_the_head_is_fetched(world: World, monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    mail = eml("hello")
    monkeypatch.setattr(reading_of, "LARGEST_MAIL", len(mail) - large)
    world.folders.add(mail)
    await world.reading()[0].round()
    assert world.letter().template == ("mail/too_large" if large else "mail/replacement_form")
    assert lie(world) == ((1, 0, 0) if large else (0, 0, 1))


@pytest.mark.parametrize("error", [MailboxError("listing", OSError()), DatabaseUnavailableError("x"), ZeroDivisionError("kanareyka")])
async def test_whatever_fails_the_reading_goes_on_until_it_is_cancelled(
    world: World, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Twice in a row it cannot read; then it does, and then it is stopped."""
    failures = [error, error]

    class Stopped(BaseException):
        pass

    class Quick(random.Random):
        drawn = 0

        def uniform(self, a: float, b: float) -> float:
            self.drawn += 1
            return 0.0

    class Failing(Conversation):
        closed = False

        async def listing(self) -> Listing:
            if failures:
                raise failures.pop()
            return await super().listing()

        async def wait(self, at_most: timedelta, polling: timedelta) -> None:
            raise Stopped

        async def close(self) -> None:
            self.closed = True

    talk, draw = Failing(world.folders), Quick()
    world.folders.add(eml(SHORT))
    with pytest.raises(Stopped):
        await MailboxReading("mailbox 1", talk, world.door, world.desk.metrics, draw).run()
    assert (draw.drawn, talk.closed, lie(world)) == (2, True, (0, 1, 0))
    assert "kanareyka" not in caplog.text
