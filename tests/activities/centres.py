"""Service centres and their leads in the registers, as their workflows write them, and the rounds of their letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.centre_rounds import CentreRounds
from activities.notices import Notices
from deploy.demo.smtp_catcher import Caught, SmtpCatcher
from regulations.company import Company
from regulations.control_time import calendar_named, control_name
from regulations.dates import local_text
from regulations.lead.rows import CentreRow, LeadRow
from regulations.plans import Address
from regulations.record_batch import RecordBatch
from regulations.rounds import Gather, Gathered
from regulations.time.calendar_spec import CalendarSpec
from regulations.time.working_time import working_time
from runtime.centres import CentreReader
from runtime.lead_tables import leads
from runtime.leads import CentreLetters, LeadReader
from runtime.notices import NoticeBook
from runtime.registers import Origin, RegisterRow, write_rows
from tests.activities.notice_office import FRIDAY, KALININGRAD, MOSCOW, VLADIVOSTOK, Office

COMPANY = Company(
    "Компания",
    {"company": CalendarSpec.simple(MOSCOW, "RU", name="company")},
    {"sales_support": Address(email="sales@company.example")},
)
FAR, NEAR = "vlad-1", "kal-1"
UI = "https://temporal.example.org/namespaces/default"


def centre(code: str = FAR, zone: str = VLADIVOSTOK, **changes: Any) -> CentreRow:
    """A centre with two managers."""
    plain: dict[str, Any] = {
        "seq": 1,
        "code": code,
        "name": f"Центр {code}",
        "zone": zone,
        "email": f"info@{code}.example",
        "head": f"head@{code}.example",
        "managers": (("m1", "Анна", f"m1@{code}.example"), ("m2", "Борис", f"m2@{code}.example")),
        "products": ("extern",),
        "version": 1,
    }
    return CentreRow.model_validate({**plain, **changes})


class CentreOffice(Office):
    """A company with service centres in Vladivostok and Kaliningrad."""

    def __init__(self, engine: AsyncEngine, catcher: SmtpCatcher) -> None:
        super().__init__(engine, catcher)
        self.notices = Notices(NoticeBook(engine), COMPANY, CentreReader(engine))
        self.rounds = CentreRounds(LeadReader(engine), CentreLetters(engine), CentreReader(engine), company="Компания", ui=UI)

    async def define(self, *rows: CentreRow) -> None:
        for row in rows or (centre(FAR, VLADIVOSTOK), centre(NEAR, KALININGRAD)):
            await self._write(f"uid-{row.code}", f"service-centre/{row.code}", row)

    async def lead(self, number: int = 1, code: str = FAR, zone: str = VLADIVOSTOK, **changes: Any) -> None:
        """A lead as it stands; ``due`` decides the text of its due instant."""
        await self._write(f"lead-{number}", f"lead/C-{number}/extern", self._lead(number, code, zone, **changes))

    async def many(self, numbers: Iterable[int], changes: Callable[[int], dict[str, Any]] = lambda _: {}) -> None:
        """Leads of the centre in Vladivostok, in one transaction."""
        async with self.engine.begin() as connection:
            for n in numbers:
                row = self._lead(n, FAR, VLADIVOSTOK, **changes(n)).model_dump(exclude={"table"})
                origin = Origin(f"lead-{n}", f"lead/C-{n}/extern", "lead", "e", FRIDAY)
                await write_rows(connection, origin, [RegisterRow("leads", row)])

    def _lead(self, number: int, code: str, zone: str, **changes: Any) -> LeadRow:
        due = changes.get("due", FRIDAY + timedelta(days=7))
        plain: dict[str, Any] = {
            "seq": next(self._seq),
            "round": 1,
            "client": f"C-{number}",
            "client_name": f"ООО «Клиент {number}»",
            "product": "extern",
            "type": "connection",
            "temperature": "warm",
            "status": "new",
            "centre": code,
            "created_at": FRIDAY,
            "arrived_at": FRIDAY,
            "due": due,
            "due_text": local_text(working_time(calendar_named(control_name(zone), {})).local(due), "ru") if due else "",
        }
        return LeadRow.model_validate({**plain, **changes})

    async def _write(self, uid: str, address: str, row: CentreRow | LeadRow) -> None:
        kind = address.partition("/")[0]
        await self.registers.record(RecordBatch(case_uid=uid, address=address, kind=kind, edition="e", now=FRIDAY, rows=(row,)))

    async def told(self) -> dict[str, str | None]:
        """Address → the letter that told of the lead."""
        async with self.engine.connect() as connection:
            return {row.address: row.told_in for row in await connection.execute(select(leads.c.address, leads.c.told_in))}

    async def ask(self, question: Gather, *, hot: bool = False) -> Gathered:
        return await (self.rounds.gather_hot_watch if hot else self.rounds.gather_centre_digest)(question)

    async def sent(self, at: datetime, zone: str = VLADIVOSTOK, *, hot: bool = False, round: str = "") -> list[str]:
        """One digest, or watch, of a zone to its end; the outcome of each letter."""
        return await self.carry(lambda question: self.ask(question, hot=hot), at, zone, round)

    def letters(self) -> list[Caught]:
        return list(self.catcher.letters)
