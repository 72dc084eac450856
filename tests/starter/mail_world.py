"""What stands around the door for e-mails in tests: a mailbox in memory, billing and registers that answer as told, answers on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from regulations.effects import Letter
from runtime.account_billing import LoginFound, LoginNotFound
from runtime.documents.reader import Reading
from runtime.encryption import KeyRing
from runtime.mail_answers import MailAnswers
from runtime.mailbox import Listing, Lying, MailboxSettings, Purpose
from runtime.sales import Sale
from starter.mail.answers import Answers, AnswerUnavailableError
from starter.mail.door import MailDoor
from starter.mail.handoff import HandoffMail
from starter.mail.mailbox import MailboxReading
from starter.mail.replacement import ReplacementMail
from tests.starter.inbox_world import HASH_KEY, Desk

OWN = "zamena@company.example"
RECEIVED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SALE = Sale("D-1", "partner@partner.example", "ИП Петров", "client@client.example", "ООО Ромашка", True)


class Killed(BaseException):
    """The process is gone: nothing catches it."""


@dataclass
class Folders:
    """A mailbox as its server keeps it: folder, number, bytes, time of receipt, mark of deletion."""

    kept: dict[str, dict[int, tuple[bytes, datetime, bool]]] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def add(self, content: bytes, at: datetime = RECEIVED, folder: str = "INBOX") -> int:
        uid = next(self.numbers)
        self.kept.setdefault(folder, {})[uid] = (content, at, False)
        return uid

    def contents(self, folder: str) -> list[bytes]:
        return [content for content, _, _ in self.kept.get(folder, {}).values()]


class Conversation:
    """Talks to the folders in steps; `before` and `after` each of them a test may stop it."""

    def __init__(self, folders: Folders, purpose: Purpose = "replacement", reach: Callable[[str], None] = lambda moment: None) -> None:
        self.folders, self.reach = folders, reach
        self.settings = MailboxSettings(purpose=purpose, address=OWN, host="x", username="u", password=SecretStr("p"))
        self.read: list[int] = []
        self.validity = 1

    async def listing(self) -> Listing:
        lying = [Lying(uid, len(one), at, gone) for uid, (one, at, gone) in self.folders.kept.get("INBOX", {}).items()]
        return Listing(self.validity, tuple(sorted(lying, key=lambda one: (one.received_at, one.uid))))

    async def content(self, uid: int) -> bytes | None:
        self.read.append(uid)
        found = self.folders.kept["INBOX"].get(uid)
        return found[0] if found else None

    async def head(self, uid: int) -> bytes | None:
        content = await self.content(uid)
        return content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if content else None

    async def move(self, uid: int, folder: str) -> None:
        self.reach("move")
        if (found := self.folders.kept["INBOX"].get(uid)) is not None:
            self.folders.add(found[0], found[1], folder)
            self._mark(uid)
            self.reach("copied and marked")
            await self.remove(uid)
        self.reach("moved")

    async def replace(self, uid: int, folder: str, content: bytes, received_at: datetime) -> None:
        self.reach("replace")
        self.folders.add(content, received_at, folder)
        self.reach("appended")
        self._mark(uid)
        self.reach("marked")
        await self.remove(uid)
        self.reach("replaced")

    def _mark(self, uid: int) -> None:
        content, at, _ = self.folders.kept["INBOX"][uid]
        self.folders.kept["INBOX"][uid] = (content, at, True)

    async def remove(self, uid: int) -> None:
        self.folders.kept["INBOX"].pop(uid, None)

    async def wait(self, at_most: timedelta, polling: timedelta) -> None: ...

    async def close(self) -> None: ...


class Billing:
    """Knows one login."""

    def __init__(self) -> None:
        self.found: LoginFound | LoginNotFound = LoginFound("a-1", "2026-01", "ours", None)
        self.asked: list[tuple[str, str | None]] = []
        self.stages: dict[int, str] = {}

    async def of_login(self, login: str, admin_login: str | None, now: datetime) -> LoginFound | LoginNotFound:
        self.asked.append((login, admin_login))
        return self.found if login == "romashka" else LoginNotFound("unknown")

    async def numbers(self, account: str, period: str) -> dict[int, str]:
        return self.stages


class Register:
    """The register of sales."""

    def __init__(self, *sales: Sale) -> None:
        self.sales = list(sales)

    async def of_partner(self, email: str) -> Sequence[Sale]:
        return [sale for sale in self.sales if sale.partner_email.lower() == email.lower()]

    async def takes_requests(self) -> Sequence[Sale]:
        return [sale for sale in self.sales if sale.open]


class Documents:
    """Finds in every questionnaire what it is told to."""

    def __init__(self) -> None:
        self.pairs: tuple[tuple[str, str], ...] = ()

    async def read(self, content: bytes, name: str) -> Reading:
        return Reading(pairs=self.pairs)


class Alarms:
    """Who is told of e-mails."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    async def write_of_mail(self, kind: str, mail: str, what: str) -> None:
        if (kind, mail, what) not in self.told:  # as the register's key has it
            self.told.append((kind, mail, what))

    @property
    def kinds(self) -> list[str]:
        return [what for _, _, what in self.told]


class World:
    """A door for e-mails over a real inbox."""

    def __init__(self, engine: AsyncEngine, *sales: Sale, keys: KeyRing | None = None) -> None:
        self.desk = Desk(engine, keys)
        self.desk.inbox.connect(self.desk.cases.deliver)
        self.billing, self.register, self.documents, self.alarms = Billing(), Register(*sales), Documents(), Alarms()
        self.letters: dict[str, Letter] = {}
        self.starts = 0
        self.up = True
        self.reach: Callable[[str], None] = lambda moment: None
        self.now = RECEIVED + timedelta(minutes=1)
        self.book = MailAnswers(engine)
        self.folders = Folders()
        self.door = self.another_door()

    def another_door(self) -> MailDoor:
        """As of another process."""
        readers: dict[Purpose, ReplacementMail | HandoffMail] = {
            "replacement": ReplacementMail(self.billing, self.billing),
            "handoff": HandoffMail(self.register, self.documents, "company.example"),
        }
        answers = Answers(self.book, self._start, "Компания", HASH_KEY)
        return MailDoor(self.desk.inbox, readers, answers, self.alarms, [OWN], lambda: self.now)

    async def _start(self, address: str, letter: Letter) -> None:
        self.reach("start")
        if not self.up:
            raise AnswerUnavailableError("the Temporal server said UNAVAILABLE")
        self.starts += 1
        self.letters.setdefault(address, letter)
        self.reach("started")

    def reading(self, purpose: Purpose = "replacement") -> tuple[MailboxReading, Conversation]:
        """A process that reads the mailbox."""
        talk = Conversation(self.folders, purpose, lambda moment: self.reach(moment))
        return MailboxReading("mailbox 1", talk, self.another_door(), self.desk.metrics), talk

    @property
    def told(self) -> list[tuple[str, str]]:
        """What the cases have taken."""
        return self.desk.cases.told

    def letter(self) -> Letter:
        """The only answer."""
        (letter,) = self.letters.values()
        return letter


def another(sale: Sale, **changes: object) -> Sale:
    return replace(sale, **changes)  # type: ignore[arg-type]
