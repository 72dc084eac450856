"""What came in and no case took: an incident in the registers, and a notice to the person who answers for such cases."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from regulations.catalogue import text
from regulations.company import Company, CompanyError
from regulations.rows import IncidentRow, NoticeRow, Row
from runtime.inbox import Entry
from runtime.registers import Origin, RegisterRow, RegisterWriter
from starter.doors.table import ESCALATION

log = logging.getLogger("reglament.inbox")

What = Literal["event_refused", "event_without_case"]
OfMail = Literal[
    "mail_unmatched", "mail_unreadable", "mail_not_taken", "mail_too_large", "mail_not_redacted", "mail_no_keys", "mail_without_answer"
]
"""What a person hears of an e-mail; the words stand in the catalogue."""


class Incidents:
    """Writes incidents of the inbox; the same one twice is one."""

    def __init__(self, writer: RegisterWriter, company: Callable[[], Company]) -> None:
        """``company`` is asked when there is an incident: a process that only delivers needs no company."""
        self._writer = writer
        self._company = company

    async def write(self, entry: Entry, what: What, reason: str) -> None:
        """An incident about a row, and its notice to the default escalation role of the kind of case.

        The texts name the type of the event, its row, its case and the type of the refusal, and nothing that came in the event.

        Raises:
            DatabaseUnavailableError, DatabaseRefusedError: as everywhere.
        """
        key, kind = f"inbox/{entry.seq}", entry.type.partition(".")[0]
        words = f"{entry.type}, inbox {entry.seq}: {reason}"
        values: dict[str, object] = {"type": entry.type, "seq": entry.seq, "address": entry.address, "reason": reason}
        await self._write(entry.seq, key, kind, entry.address, what, words, values)

    async def write_of_mail(self, kind: str, mail: str, what: OfMail) -> None:
        """An incident about an e-mail to a mailbox for this kind of case, and its notice; they name it by its id alone.

        Raises:
            DatabaseUnavailableError, DatabaseRefusedError: as everywhere.
        """
        short = f"mail/{mail[:16]}"
        await self._write(0, f"{short}#{what}", kind, short, what, f"{kind}: {short}", {"mail": mail[:16]})

    async def _write(self, seq: int, key: str, kind: str, address: str, what: What | OfMail, words: str, values: dict[str, object]) -> None:
        now = datetime.now(UTC)
        rows: list[Row] = [IncidentRow(seq=seq, key=key, what=what, at=now, text=words)]
        try:
            company = self._company()
            role = ESCALATION[kind]
            recipient = company.roles[role].email
        except (CompanyError, KeyError) as e:  # the incident stands all the same
            log.error("nobody can be told of %s: %s", key, type(e).__name__)
        else:
            language = company.language_of(recipient)
            notice = NoticeRow(
                seq=seq,
                key=key,
                clause="",
                kind="incident",
                role=role,
                recipient=recipient,
                language=language,
                due=None,
                earliest=now,
                text=text(language, "notice", what, **values),
            )
            rows.append(notice)
        origin = Origin(case_uid="inbox", address=address, case_kind=kind, edition="", decided_at=now)
        written = [RegisterRow(str(row.model_dump()["table"]), row.model_dump(exclude={"table"})) for row in rows]
        await self._writer.write(origin, written)
