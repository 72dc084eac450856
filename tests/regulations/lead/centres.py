"""A service centre played without a server: messages in, decisions out, the register of measures answering as told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from regulations.control_time import calendar_named
from regulations.effects import CaseMessageToTell, Told
from regulations.lead import messages as lm
from regulations.lead.centre import KIND, CentreState, Stage
from regulations.lead.centre_decisions import Decision, decide
from regulations.lead.centre_facts import apply, learn_settled, learn_told
from regulations.lead.effects import ProposalAnswer, ProposalQuestion
from regulations.lead.measures import Proposed, rule
from regulations.lead.rows import CentreRow
from regulations.messages import Message
from regulations.plans import Address, Opening, OpeningRequest
from regulations.rows import NoticeRow
from regulations.time.working_time import WorkingTime, working_time
from tests.regulations import course
from tests.regulations.course import EDITIONS

CODE, ADDRESS = "vlad-1", "service-centre/vlad-1"
ZONE = "Asia/Vladivostok"
LEAD, LEAD_UID = "lead/c-311/bureau", "1f0c7a52-0b5c-4b0e-9f57-3c2d1e5a7b90"
PROPOSAL = f"{LEAD_UID}/7.2.1/1"
SUPPORT = {"id": "u30", "role": "sales_support"}
HEAD = {"id": "u90", "role": "centre_head"}
EDITION = EDITIONS.in_force("lead", datetime(2026, 11, 1, tzinfo=UTC))[0]
ALLOWED: tuple[lm.MeasureKind, ...] = ("move", "left_out_for_quarter", "left_out_for_good", "move_client", "close_product")


@dataclass(frozen=True)
class Other:
    """Another centre of the register."""

    code: str = "kgd-1"
    products: Sequence[str] = ("bureau",)
    left_out: bool = False
    left_out_until: datetime | None = None
    disconnected: bool = False


KNOWN = {centre.code: centre for centre in (Other(), Other("kgd-2", disconnected=True), Other("kgd-3", products=("elba",)))}


def at(local: str) -> datetime:
    """An instant of Vladivostok: ``2026-11-20 17:30``."""
    return course.at(local, ZONE)


def definition(now: datetime, key: str = "d1", **fields: Any) -> lm.CentreDefined:
    given = {
        "key": key,
        "happened_at": now,
        "code": CODE,
        "name": "СЦ Владивосток",
        "zone": ZONE,
        "email": "leads@vlad.example.org",
        "head": "head@vlad.example.org",
        "managers": [{"id": "m4", "name": "Ольга", "email": "olga@vlad.example.org"}],
        "products": ["bureau", "elba"],
        **fields,
    }
    return lm.CentreDefined.model_validate(given)


def proposed(**fields: Any) -> Proposed:
    """A proposal of the register, about the lead `LEAD`."""
    given = {"key": PROPOSAL, "clause": "7.2.1", "centre": CODE, "product": "bureau", "lead": LEAD, "lead_uid": LEAD_UID, "allows": ALLOWED}
    return Proposed.model_validate({**given, **fields})


class Course(course.Course[CentreState, Decision]):
    """One centre with its own clock. Silent may be: register."""

    def __init__(self, now: datetime, *proposals: Proposed, defined: bool = True) -> None:
        state = CentreState(kind=KIND, address=ADDRESS, uid="uid-1", stage=Stage.ACTIVE)
        super().__init__(now, state, apply, decide, to={"code": CODE})
        self.register = {p.key: p for p in proposals}
        """The register of measures."""
        self.lead_says: Told | None = Told(result="done")
        self.messages: list[CaseMessageToTell] = []
        if defined:
            self.deliver(definition(now))

    def opening(self, asked: OpeningRequest) -> Opening:
        assert asked.regulation == "lead"
        assert asked.calendar is not None
        return Opening(
            edition=EDITION,
            company="Company",
            language="ru",
            calendar=asked.calendar,
            zone=asked.calendar.removeprefix("control/"),
            roles={"sales_support": Address(email="support@company.example")},
        )

    def counted_in(self, opening: Opening) -> WorkingTime:
        return working_time(calendar_named(opening.calendar, {}))

    def act(self, decision: Decision) -> None:
        if (question := decision.settle) is not None:
            self.when("register", lambda: learn_settled(self.state, question, self._settled(question), self.now))
        for message in decision.tell:
            self.messages.append(message)
            learn_told(self.state, message, self.lead_says, self.now)

    def _settled(self, question: ProposalQuestion) -> ProposalAnswer:
        found = self.register.get(question.proposal)
        if found is None:
            return ProposalAnswer(result="unknown")
        after, answer = rule(found, question, KNOWN.get(question.to or ""))
        self.register[question.proposal] = after
        return answer

    def tell(self, kind: type[Message], **fields: Any) -> str:
        """A message with a key of its own, now; its key."""
        message = self.message(kind, **fields)
        self.deliver(message)
        return message.key

    def decide(self, *measures: lm.MeasureKind, proposal: str = PROPOSAL, **fields: Any) -> str:
        return self.tell(
            lm.MeasureDecided, **{"proposal": proposal, "measures": measures, "reason": "в третий раз", "by": SUPPORT, **fields}
        )

    def object(self, proposal: str = PROPOSAL) -> str:
        return self.tell(lm.Objected, proposal=proposal, text="клиент просил позвонить позже", by=HEAD)

    def rule(self, upheld: bool, proposal: str = PROPOSAL) -> str:
        return self.tell(lm.ObjectionDecided, proposal=proposal, upheld=upheld, reason="запись звонка есть", by=SUPPORT)

    def lift(self, proposal: str = PROPOSAL) -> str:
        return self.tell(lm.MeasureLifted, proposal=proposal, reason="новые сотрудники", by=SUPPORT)

    def pass_to(self, now: datetime) -> Self:
        """Time passes; the case is awake whenever it wanted to be, and then."""
        return self.go_to(now).run()

    # --- what is asked in tests

    def row(self) -> CentreRow:
        """The register's row of the centre."""
        return self.of(CentreRow)[-1]

    def versions(self) -> list[int]:
        return [row.version for row in self.of(CentreRow)]

    def noticed(self, role: str | None = None) -> list[NoticeRow]:
        """The notices, to one role where one is named."""
        return [row for row in self.of(NoticeRow) if role in (None, row.role)]
