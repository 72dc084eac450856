"""A service centre played without a server: messages in, decisions out, the register of measures answering as told."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from regulations.clocks import planned, terms_to_plan
from regulations.control_time import calendar_named
from regulations.counting import count
from regulations.editions import load_editions
from regulations.effects import Told
from regulations.lead import messages as lm
from regulations.lead.centre import KIND, CentreState, Stage
from regulations.lead.centre_decisions import Decision, decide
from regulations.lead.centre_facts import apply, learn_settled, learn_told
from regulations.lead.effects import ProposalAnswer, ProposalQuestion
from regulations.lead.measures import Proposed, rule
from regulations.messages import Message
from regulations.plans import Address, Opening, PlanRequest
from regulations.rows import AnyRow, CentreRow, IncidentRow, NoticeRow
from regulations.working_time import working_time

CODE, ADDRESS = "vlad-1", "service-centre/vlad-1"
ZONE = "Asia/Vladivostok"
LEAD, LEAD_UID = "lead/c-311/bureau", "1f0c7a52-0b5c-4b0e-9f57-3c2d1e5a7b90"
PROPOSAL = f"{LEAD_UID}/7.2.1/1"
SUPPORT = {"id": "u30", "role": "sales_support"}
HEAD = {"id": "u90", "role": "centre_head"}
EDITION = load_editions().in_force("lead", datetime(2026, 11, 1, tzinfo=UTC))[0]
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
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


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


class Course:
    """One centre; ``now`` is moved by hand."""

    def __init__(self, now: datetime, *proposals: Proposed, defined: bool = True) -> None:
        self.now = now
        self.state = CentreState(kind=KIND, address=ADDRESS, uid="uid-1", stage=Stage.ACTIVE)
        self.register = {p.key: p for p in proposals}
        self.rows: list[AnyRow] = []
        self.lead_says: Told | None = Told(result="done")
        self.settling = True
        """Whether the register of measures answers."""
        self.told: list[Any] = []
        self.wake_at: datetime | None = None
        self._keys = itertools.count(1)
        if defined:
            self.say(definition(now))

    def say(self, message: Message) -> None:
        """The message, and everything that follows from it at once. Raises `Refusal`."""
        state = self.state.model_copy(deep=True)
        apply(state, message, self.now)
        self.state = state
        self.run()

    def tell(self, kind: type[Message], **fields: Any) -> str:
        """A message with a key of its own, now; its key."""
        key = f"k{next(self._keys)}"
        self.say(kind.model_validate({"key": key, "happened_at": self.now, "code": CODE, **fields}))
        return key

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

    def pass_to(self, now: datetime) -> None:
        """Time passes; the case is awake whenever it wanted to be."""
        while self.wake_at is not None and self.wake_at <= now:
            self.now = self.wake_at
            self.run()
        self.now = now
        self.run()

    def run(self) -> None:
        """Decides until nothing is left to do, as the docket does."""
        while True:
            self._open()
            self._plan()
            decision = decide(self.state, self.now)
            self.state, self.wake_at = decision.state, decision.wake_at
            if any(True for _ in terms_to_plan(self.state, self.now)):
                continue
            self.rows += self.state.rows
            self.state.rows = []
            if not self._act(decision):
                return

    def _open(self) -> None:
        if self.state.opening is None or self.state.opening_stale:
            asked = self.state.opening_request(self.now)
            assert asked.regulation == "lead"
            assert asked.calendar is not None
            self.state.opening = Opening(
                edition=EDITION,
                company="Company",
                language="ru",
                calendar=asked.calendar,
                zone=asked.calendar.removeprefix("control/"),
                roles={"sales_support": Address(email="support@company.example")},
            )
            self.state.opening_stale = False

    def _plan(self) -> None:
        assert self.state.opening is not None
        while items := list(terms_to_plan(self.state, self.now)):
            calendar_ = working_time(calendar_named(self.state.opening.calendar, {}))
            answer = count(calendar_, PlanRequest.of(self.state.opening, items))
            self.state.offset = answer.offset
            for term in answer.terms:
                planned(self.state, term, self.now)

    def _act(self, decision: Decision) -> bool:
        acted = False
        if decision.settle is not None and self.settling:
            acted = True
            learn_settled(self.state, decision.settle, self._settled(decision.settle), self.now)
        for message in decision.tell:
            acted = True
            self.told.append(message)
            learn_told(self.state, message, self.lead_says, self.now)
        return acted

    def _settled(self, question: ProposalQuestion) -> ProposalAnswer:
        found = self.register.get(question.proposal)
        if found is None:
            return ProposalAnswer(result="unknown")
        after, answer = rule(found, question, KNOWN.get(question.to or ""))
        self.register[question.proposal] = after
        return answer

    def settle(self) -> None:
        """The register answers again: first what it was asked before."""
        self.settling = True
        [question] = [q for q in self.state.questions if q.key == self.state.asking]
        learn_settled(self.state, question, self._settled(question), self.now)
        self.run()

    def row(self) -> CentreRow:
        """The register's row of the centre."""
        return [r for r in self.rows if isinstance(r, CentreRow)][-1]

    def versions(self) -> list[int]:
        return [r.version for r in self.rows if isinstance(r, CentreRow)]

    def notices(self, role: str | None = None) -> list[NoticeRow]:
        return [r for r in self.rows if isinstance(r, NoticeRow) and role in (None, r.role)]

    def incidents(self) -> list[str]:
        return [r.what for r in self.rows if isinstance(r, IncidentRow)]
