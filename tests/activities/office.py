"""A company's reports for tests: real registers, a real mail server, running cases that answer as told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.email import Correspondence
from activities.record import Registers
from activities.reports import CaseReader, Reports
from deploy.demo.smtp_catcher import Caught, SmtpCatcher
from regulations.handoff.report import ContactDuty, Registered
from regulations.handoff.report_effects import BuiltReport, ReportQuestion, ReportStanding, ReportToBuild, ReportToSend, SentReport
from regulations.plans import Address
from regulations.record_batch import RecordBatch
from regulations.rows import ObligationRow
from runtime import tables
from runtime.effect_ledger import EffectLedger
from runtime.letters import Letters
from runtime.mail import Mailer, MailSettings
from runtime.registers import RegisterWriter
from runtime.reports import ReportStore, StoredReport
from tests.activities.attempts import attempt
from tests.regulations.course import at
from tests.regulations.handoff.course import CALENDAR

LETTERS = Path(__file__).parents[2] / "regulations" / "letters"
ROLES = {role: Address(email=f"{role}@company.example") for role in ("regional_directorate", "finance", "support")}
NOVEMBER_2, DECEMBER_1 = at("2026-11-02 10:00"), at("2026-12-01 10:00")
DUE = at("2026-10-16 16:00")


class Cases(CaseReader):
    """Running cases that answer as told; a case that is not told of cannot be asked."""

    def __init__(self) -> None:
        self.known: dict[str, ContactDuty] = {}
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0
        self.takes = 0.0

    async def contact(self, entry: Registered) -> ContactDuty | None:
        self.asked.append(entry.case_uid)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.takes)
        self.at_once -= 1
        return self.known.get(entry.case_uid)


@dataclass
class Office:
    """A company's reports: registers, mail server, cases."""

    engine: AsyncEngine
    reports: Reports
    cases: Cases
    mail: SmtpCatcher

    async def register(self, *entries: Registered) -> None:
        """Writes rows as their cases would."""
        for entry in entries:
            batch = RecordBatch(
                case_uid=entry.case_uid, address=entry.address, kind="handoff", edition="handoff-1", now=NOVEMBER_2, rows=(entry.row,)
            )
            await attempt(Registers(RegisterWriter(self.engine)).record, batch)

    async def duty(self, uid: str, state: str, *, round: int = 1, met: datetime | None = None) -> None:
        """2.2.4 as the register of obligations has it."""
        fields: dict[str, Any] = {
            "seq": 5,
            "key": f"2.2.4/{round}",
            "clause": "2.2.4",
            "owner": "cc",
            "escalation": "cc_head",
            "duty": "handoff 2.2.4",
            "term": "24 working hours",
            "state": state,
            "started_at": DUE,
            "due": DUE,
            "met_at": met,
        }
        rows = (ObligationRow.model_validate(fields),)
        batch = RecordBatch(case_uid=uid, address=f"handoff/D-{uid}", kind="handoff", edition="handoff-1", now=NOVEMBER_2, rows=rows)
        await attempt(Registers(RegisterWriter(self.engine)).record, batch)

    async def build(self, month: str = "2026-10", now: datetime = NOVEMBER_2) -> BuiltReport:
        return await attempt(self.reports.build, ReportToBuild(month=month, language="ru", now=now))

    async def stored(self, month: str = "2026-10") -> StoredReport:
        found = await ReportStore(self.engine).find("handoff", month)
        assert found is not None
        return found

    async def send(self, key: str = "report-handoff-2026-10#4.4#report", month: str = "2026-10") -> SentReport:
        return await attempt(self.reports.send, ReportToSend(month=month, key=key, language="ru", now=NOVEMBER_2))

    async def standing(self, month: str | None, now: datetime) -> ReportStanding:
        return await attempt(self.reports.standing, ReportQuestion(month=month, begun=now, now=now))

    async def lines(self) -> dict[tuple[str, int, str], tuple[str, str]]:
        """Who stands where."""
        async with self.engine.connect() as connection:
            rows = (await connection.execute(select(tables.report_lines))).all()
        return {(r.case_uid, r.round, r.entry): (r.month, r.section) for r in rows}


def made_of(engine: AsyncEngine, mail: SmtpCatcher, cases: CaseReader, roles: dict[str, Address] | None = None) -> Reports:
    mailer = Mailer(MailSettings(host="127.0.0.1", port=mail.port, security="none", sender="robot@company.example"))
    correspondence = Correspondence(EffectLedger(engine), Letters([LETTERS], "robot@company.example"), mailer)
    return Reports(
        ReportStore(engine), correspondence, cases, company="Моё дело", calendar=CALENDAR, roles=ROLES if roles is None else roles
    )


def attached(letter: Caught) -> tuple[str | None, bytes]:
    [file] = list(letter.message.iter_attachments())
    content = file.get_content()
    assert isinstance(content, bytes)
    return file.get_filename(), content
