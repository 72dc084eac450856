"""An office whose notices go out by rounds: real registers, a real ledger, a real mail server."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError

from activities import errors
from activities.email import Correspondence
from activities.notices import Notices
from activities.record import Registers
from deploy.demo.smtp_catcher import SmtpCatcher
from regulations.company import Company
from regulations.plans import Address
from regulations.record_batch import AnyRow, RecordBatch
from regulations.rounds import Gather, Gathered, LettersRefused, LettersSent
from regulations.rows import BreachEntry, BreachRow, NoticeRow, ObligationRow
from regulations.time.calendar_spec import CalendarSpec
from runtime import tables
from runtime.effect_ledger import EffectLedger
from runtime.letters import Letters
from runtime.mail import Mailer, MailSettings
from runtime.notices import NoticeBook
from runtime.registers import RegisterWriter
from tests.activities.attempts import attempt

LETTERS = Path(__file__).parents[2] / "regulations" / "letters"
MOSCOW, VLADIVOSTOK, KALININGRAD = "Europe/Moscow", "Asia/Vladivostok", "Europe/Kaliningrad"
ZONES = {"company": MOSCOW, "vladivostok": VLADIVOSTOK, "kaliningrad": KALININGRAD}
CALENDARS = {name: CalendarSpec.simple(tz, "RU", name=name) for name, tz in ZONES.items()}
ROLES = {
    "cc": Address(email="cc@company.example"),
    "cc_head": Address(email="head@company.example"),
    "support": Address(email="head@company.example"),
    "far": Address(email="far@company.example", calendar="vladivostok"),
    "near": Address(email="near@company.example", calendar="kaliningrad"),
}
SECOND = timedelta(seconds=1)
_rounds = itertools.count(1)


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def moscow(text: str) -> datetime:
    return local(MOSCOW, text)


FRIDAY = moscow("2026-11-20 18:00")
MONDAY = moscow("2026-11-23 09:00")
DUE = moscow("2026-11-27 15:00")
TEN = moscow("2026-11-23 10:00")


class Office:
    """Writes into the registers as cases do, and holds rounds as their workflow does."""

    def __init__(self, engine: AsyncEngine, catcher: SmtpCatcher, language: Any = "ru") -> None:
        self.engine, self.catcher = engine, catcher
        self.registers = Registers(RegisterWriter(engine))
        self.notices = Notices(NoticeBook(engine), Company("Компания", CALENDARS, ROLES, language))
        mailer = Mailer(MailSettings(host="127.0.0.1", port=catcher.port, security="none", sender="robot@company.example"))
        self.post = Correspondence(EffectLedger(engine), Letters([LETTERS], "robot@company.example"), mailer)
        self._seq = itertools.count(1)

    async def record(self, *rows: AnyRow, case: str = "D-1") -> None:
        batch = RecordBatch(case_uid=f"uid-{case}", address=f"handoff/{case}", kind="handoff", edition="e", now=FRIDAY, rows=rows)
        await self.registers.record(batch)

    def notice(self, kind: str = "breach", role: str = "cc", key: str = "2.2.4/1", **changes: Any) -> NoticeRow:
        plain: dict[str, Any] = {
            "seq": next(self._seq),
            "key": key,
            "clause": key.partition("/")[0],
            "kind": kind,
            "role": role,
            "recipient": ROLES[role].email,
            "language": "ru",
            "due": {"breach": FRIDAY, "breach_withdrawn": FRIDAY, "warning": DUE}.get(kind),
            "earliest": FRIDAY,
            "text": f"{kind} {key}",
        }
        return NoticeRow.model_validate({**plain, **changes})

    def duty(self, state: str = "overdue", key: str = "2.2.4/1", **changes: Any) -> ObligationRow:
        plain: dict[str, Any] = {
            "seq": next(self._seq),
            "key": key,
            "clause": key.partition("/")[0],
            "owner": "cc",
            "escalation": "cc_head",
            "duty": "d",
            "term": "t",
            "state": state,
            "started_at": FRIDAY - timedelta(days=2),
            "due": FRIDAY if state == "overdue" else DUE,
        }
        return ObligationRow.model_validate({**plain, **changes})

    def entry(self, entry: BreachEntry, key: str = "2.2.4/1") -> BreachRow:
        return BreachRow(seq=next(self._seq), key=key, clause="2.2.4", owner="cc", due=FRIDAY, entry=entry, at=FRIDAY)

    async def gather(self, at: datetime, zone: str = MOSCOW, round: str = "", tried: tuple[str, ...] = ()) -> Gathered:
        return await self.notices.gather_notices(Gather(zone=zone, at=at, round=round or f"r{next(_rounds)}", tried=tried))

    async def round(self, at: datetime, zone: str = MOSCOW, *, digest: bool = False, round: str = "") -> list[str]:
        """One round to its end; the outcome of each letter."""
        return await self.carry(self.notices.gather_digest if digest else self.notices.gather_notices, at, zone, round)

    async def carry(self, ask: Callable[[Gather], Awaitable[Gathered]], at: datetime, zone: str, round: str = "") -> list[str]:
        """A round of whatever is asked for, as its workflow holds it."""
        id, tried, more, outcomes = round or f"r{next(_rounds)}", tuple[str, ...](), True, list[str]()
        while more:
            gathered = await ask(Gather(zone=zone, at=at, round=id, tried=tried))
            for letter in gathered.letters:
                tried = (*tried, letter.key)
                try:
                    outcomes.append((await attempt(self.post.send_letter, letter)).result)
                    await self.notices.notices_sent(LettersSent(keys=(letter.key,), at=at))
                except ApplicationError as e:
                    outcomes.append(str(e.type))
                    if e.type == errors.REFUSED:
                        await self.notices.notices_refused(LettersRefused(keys=(letter.key,), at=at, address="round"))
            more = gathered.more
        return outcomes

    def mailed(self) -> list[tuple[str, str]]:
        """Recipient and subject of each letter that the mail server took."""
        return [(one.recipients[0], one.subject) for one in self.catcher.letters]

    async def rows(self) -> list[tuple[str, str | None, datetime | None]]:
        asked = select(tables.notices.c.text, tables.notices.c.sent_in, tables.notices.c.sent_at).order_by(tables.notices.c.text)
        async with self.engine.connect() as connection:
            return [tuple(row) for row in (await connection.execute(asked)).all()]


async def incidents(office: Office) -> list[tuple[str, str, str]]:
    asked = select(tables.incidents.c.what, tables.incidents.c.address, tables.incidents.c.text)
    async with office.engine.connect() as connection:
        return [tuple(row) for row in (await connection.execute(asked)).all()]
