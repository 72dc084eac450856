"""The registers of a handoff that has ended, and facts that are learnt afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from regulations.corrections import ToCorrect
from regulations.counting import count
from regulations.handoff.corrections import (
    Correction,
    LetterOfBreach,
    Registered,
    correct,
    learnt,
    terms_to_plan,
)
from regulations.handoff.rows import AcceptedClientRow
from regulations.messages import (
    AccessGranted,
    EnteredIntoCrm,
    Message,
    RequestReceived,
    Withdraw,
)
from regulations.plans import Opening, PlanRequest
from regulations.record_batch import AnyRow
from regulations.rows import BreachRow, CorrectionRow, NoticeRow, ObligationRow
from tests.regulations.course import at
from tests.regulations.handoff.course import CC_HEAD_PERSON, FILES, Course

MONDAY = at("2026-11-16 10:00")
CONTACT_DUE = at("2026-11-18 16:00")
"""24 working hours after Monday 10:00."""
REQUEST_DUE = at("2026-11-17 12:00")
SECOND = timedelta(seconds=1)
ONE = "fact-1"


class Registers:
    """What the registers hold of one course, and of the corrections since."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.now = course.now + timedelta(days=5)
        self.rows: dict[tuple[Any, ...], AnyRow] = {}
        self.take(course.rows)

    def take(self, rows: Sequence[AnyRow]) -> None:
        for row in rows:
            match row:
                case ObligationRow():
                    key: tuple[Any, ...] = ("obligation", row.key)
                case AcceptedClientRow():
                    key = ("client", row.round, row.entry)
                case BreachRow():
                    key = ("breach", row.key, row.due, row.entry)
                case NoticeRow():
                    key = ("notice", row.key, row.kind, row.due, row.recipient)
                case _:
                    key = (row.table, getattr(row, "key", row.seq))
            upserted = isinstance(row, ObligationRow | AcceptedClientRow)
            if key not in self.rows or (upserted and self.rows[key].seq < row.seq):
                self.rows[key] = row

    def of(self, kind: type[Any]) -> list[Any]:
        return sorted((r for r in self.rows.values() if isinstance(r, kind)), key=lambda r: r.seq)

    @property
    def opening(self) -> Opening:
        assert self.course.state.opening is not None
        return self.course.state.opening

    def registered(self) -> Registered:
        letters = [
            LetterOfBreach(key=sent.key, message_id="<b@company>", subject="Срок пропущен: ООО Ромашка (сделка D-1)", recipients=sent.to)
            for sent in self.course.letters
            if sent.template == "handoff/breach"
        ]
        return Registered(
            case_uid="uid",
            edition=self.opening.edition.id,
            decided_at=self.course.now,
            highest_seq=max(row.seq for row in self.rows.values()),
            obligations=self.of(ObligationRow),
            breaches=self.of(BreachRow),
            clients=self.of(AcceptedClientRow),
            corrections=self.of(CorrectionRow),
            letters=letters,
        )

    def correct(self, message: Message) -> Correction:
        return self.correct_by(ToCorrect(address="handoff/D-1", fact=learnt(message, self.now), ended_at=None, now=self.now))

    def correct_by(self, news: ToCorrect) -> Correction:
        registered = self.registered()
        request = PlanRequest(calendar="company", warn_fraction=0.75, terms=terms_to_plan(registered, self.now))
        correction = correct(registered, news, self.opening, count(self.course.calendar, request))
        assert all(row.seq > registered.highest_seq for row in correction.rows)
        self.take(correction.rows)
        return correction

    def state(self, key: str) -> str:
        [row] = [o for o in self.of(ObligationRow) if o.key == key]
        return str(row.state)

    def entries(self, key: str) -> list[str]:
        return [b.entry.value for b in self.of(BreachRow) if b.key == key]


def fact(kind: type[Message], happened: datetime, key: str = ONE, **fields: Any) -> Any:
    of_kind: dict[type[Message], dict[str, Any]] = {
        AccessGranted: {"reference": "acc-9", "tariff": "bureau-12"},
        EnteredIntoCrm: {"record": "z9"},
        RequestReceived: {"subject": "Обучение клиента от ИП Петров", "files": FILES},
    }
    return kind.model_validate({"key": key, "happened_at": happened, "deal": "D-1", **of_kind.get(kind, {}), **fields})


def withdraw(course: Course) -> Registers:
    course.say(Withdraw, reason="клиент передумал", by=CC_HEAD_PERSON)
    course.run()
    course.go(days=3)
    assert course.state.ended
    return Registers(course)


def without_contact() -> Registers:
    """The first contact was missed, told, and the case withdrawn."""
    course = Course(MONDAY).transferred()
    course.go_to(at("2026-11-19 12:00"))
    return withdraw(course)


def without_request(contract: str = "written") -> Registers:
    """The request never came, its breach was told, and the case withdrawn."""
    course = Course(MONDAY).paid(contract=contract)
    course.grant()
    course.look_up()
    course.go_to(at("2026-11-18 12:00"))
    return withdraw(course)
