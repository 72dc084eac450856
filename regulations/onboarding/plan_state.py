"""What a service plan knows: what is due next for the client. What was done is rows in registers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from regulations.case import Obligation, Standing
from regulations.catalogue import text
from regulations.long_clause_case import LongClauseCase
from regulations.onboarding.case import CLIENT_MANAGER, GROUP_HEAD, OnboardingCase
from regulations.onboarding.plan_messages import PlanBegun

KIND = "service-plan"
UPDATE, TRAINING, PAYMENT, COMPETITOR, NEED = "4.1", "4.2", "4.3", "4.5", "4.6"
TRAINED = f"{TRAINING}/1"
"""Key of the one duty of 4.2."""
SERVES = (CLIENT_MANAGER, GROUP_HEAD)
"""The roles that say what was done for a client."""
MOST_VISITS, MOST_USERS, MOST_PAYMENTS, MOST_AHEAD, MOST_NEEDS = 60, 1_000, 40, 24, 20
"""What is kept: ids of visits; certified users; payments that have met a period; ones that are paid ahead; needs that the CRM has yet to
take."""


class PlanStage(StrEnum):
    """Where it stands."""

    ACTIVE = "active"
    ENDED = "ended"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mark(_Part):
    """Where the newest period of 4.1 or 4.3 ends, as counted: what the next one follows. An extension is for one period alone and does not
    move it."""

    key: str
    """Of the period's obligation."""
    due: datetime


class Update(_Part):
    """4.1: the client's system was updated at a visit."""

    visit: str
    at: datetime


class Paid(_Part):
    """4.3: a payment of the client."""

    reference: str
    at: datetime
    """The posting time."""
    spent: bool = False
    """Its period is forgotten: it counts for no other."""


class Report(_Part):
    """4.5: the manager has told of a competitor's action."""

    key: str
    """Of its duty."""
    message: str
    learnt_at: datetime
    at: datetime
    action: str


class Need(_Part):
    """4.6: a need that the CRM has yet to take."""

    need: str
    message: str
    what: str
    sum: Decimal | None = None


class Figures(_Part):
    """4.10 to 4.13: the client in figures."""

    noted_at: datetime
    users: int | None = None
    monthly_sum: Decimal | None = None
    loyalty: int | None = None


class PlanState(LongClauseCase, OnboardingCase):
    """The whole durable state of a `ServicePlan`; far under 256 KB when handed over, however long the client is served."""

    started: PlanBegun | None = None
    """The newest data."""
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    marks: dict[str, Mark] = {}
    """By clause."""
    visits: list[str] = []
    """Ids of the newest visits: one visit is told once."""
    updates: list[Update] = []
    """Those that have met a period which is still here, or that are still to be judged."""
    last_update_at: datetime | None = None
    certified: dict[str, datetime] = {}
    """By the user's keyed id: when it was certified first."""
    payments: list[Paid] = []
    """By their posting times."""
    paid_before: datetime | None = None
    """What was posted by then is not counted: it belongs to the onboarding, or was counted long ago."""
    paid_at: datetime | None = None
    """The last posting time."""
    asking: Literal["", "asked", "slow"] = ""
    """The look-up in billing. ``slow``: billing does not answer at once, and nothing waits for it but a breach."""
    asking_since: datetime | None = None
    asked_at: datetime | None = None
    """The question that billing answered last."""
    competitors: int = 0
    """How many reports of 4.5 there were."""
    reports: list[Report] = []
    """Those of which nobody has been told yet."""
    needs: list[Need] = []
    entering: bool = False
    """The first of the needs is on its way to the CRM."""
    diary: str = ""
    """For whom the manager's diary was told to be kept: manager and group head."""
    telling_diary: bool = False
    figures: Figures | None = None
    filed: str = ""
    """Digest of the row of the register of clients as it was written last."""

    @property
    def at(self) -> PlanStage:
        return PlanStage(self.stage)

    @property
    def begun(self) -> PlanBegun:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started

    @property
    def zone(self) -> str | None:
        return self.started.zone if self.started is not None else None

    @property
    def people(self) -> dict[str, str]:
        if self.started is None:
            return {}
        named = {CLIENT_MANAGER: self.started.manager, GROUP_HEAD: self.started.group_head}
        return {role: person for role, person in named.items() if person is not None}

    def heard_by(self, o: Obligation) -> list[str]:
        """The manager, and the group head of this client."""
        return sorted({o.owner, self.role(o.escalation)})

    @property
    def to_certify(self) -> int:
        """4.2: how many users have to be certified."""
        return self.begun.users or self.settings.certificates

    def periods(self, clause: str) -> list[Obligation]:
        """The periods of 4.1 or 4.3 that have not been let go, in their order."""
        return [o for o in self.obligations if o.clause == clause and o.standing is not Standing.WAIVED]

    def next_due(self, clause: str) -> datetime | None:
        """When the open period of a clause is due; None: none is open."""
        return next((o.due for o in self.obligations if o.clause == clause and o.standing is Standing.OPEN), None)

    def sure(self, o: Obligation) -> bool:
        """4.3: billing has been asked since the term ran out."""
        return o.clause != PAYMENT or o.due is None or (self.asked_at is not None and self.asked_at >= o.due)

    def kept(self, o: Obligation) -> bool:
        """The newest period says which comes next."""
        return o.clause in (UPDATE, TRAINING, PAYMENT) and o is self.newest(o.clause)

    def remarks(self, o: Obligation) -> list[str]:
        """Which client it is about, and what of it."""
        words = {
            UPDATE: lambda: text(self.language, KIND, "remark", "update", set=self.begun.update_set),
            TRAINING: lambda: text(self.language, KIND, "remark", "training", done=len(self.certified), of=self.to_certify),
            PAYMENT: lambda: text(self.language, KIND, "remark", "payment", contract=self.begun.contract, month=_month(o)),
        }
        said = words.get(o.clause)
        return [self.begun.person.name, *([said()] if said is not None else [])]


def month_of(o: Obligation) -> date:
    """4.3: the first day of the month whose payment day a period is: its key names it."""
    return date.fromisoformat(f"{o.key.partition('/')[2]}-01")


def _month(o: Obligation) -> str:
    return f"{month_of(o):%m.%Y}"
