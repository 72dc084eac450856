"""What all cases of partner support share: roles, clauses and who owes them, the settings of an edition, the common state."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from regulations.case import CaseState, Evidence, Obligation
from regulations.obligations import open_obligation, settle_open
from regulations.plans import Edition, OpeningRequest, role_of
from regulations.wire import Wire

REGULATION = "partner"
SALES_MANAGER, HEAD_OF_SALES = "sales_manager", "head_of_sales"
SUPPORT_MANAGER, HEAD_OF_SUPPORT = "support_manager", "head_of_support"
MARKETING, HEAD_OF_MARKETING = "marketing", "head_of_marketing"
FINANCE, HEAD_OF_FINANCE = "finance", "head_of_finance"
DIRECTOR, DIRECTOR_FOR_PARTNERS = "director", "director_for_partners"
"""7.3: either of them approves a payment to a card."""
COMPANY_ROLES = (
    *(SALES_MANAGER, HEAD_OF_SALES, SUPPORT_MANAGER, HEAD_OF_SUPPORT, MARKETING, HEAD_OF_MARKETING),
    *(FINANCE, HEAD_OF_FINANCE, DIRECTOR, DIRECTOR_FOR_PARTNERS),
)
PARTNER = "partner"
"""The partner, outside: gets letters from the case itself."""
OWNERS: dict[str, tuple[str, str]] = {
    "1.2": (SALES_MANAGER, HEAD_OF_SALES),
    "1.3": (SALES_MANAGER, HEAD_OF_SALES),
    "2.1": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "2.2": (MARKETING, HEAD_OF_MARKETING),
    "3.1": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "4.1": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "4.2": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "5.1": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "5.2": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "5.3": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "5.4": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "5.6": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "6.1": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "6.2": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "6.3": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
    "7.2": (FINANCE, HEAD_OF_FINANCE),
    "8.1": (SUPPORT_MANAGER, HEAD_OF_SUPPORT),
}
"""The clauses that somebody owes, with the escalation role. 5.4, 6.2 and 6.3 are done by the machine and have no term."""


class PartnerSettings(Wire):
    """The settings of an edition: interpretations of the source (see the page of the regulation)."""

    handover_status: str
    """1.2: the status of the partner in the hand-over table."""
    reason_limit: str
    """4.1: how long a reason for a later activity may be added before the breach stands."""
    form_link: str
    """5.1: where the customer's form is."""
    order_direction: str
    """5.4: the CRM's direction of deals of additional services."""
    renewal_direction: str
    """6.2"""
    must_pay_status: str
    """6.2: while the renewal is to be paid."""
    next_status: str
    """6.3: the status of the deal that follows a paid renewal."""
    closed_status: str
    """6.3: the status of the deal whose renewal is paid."""
    crm_opens_next: bool
    """6.3: the CRM's own automation opens the next deal; else the machine does."""
    next_deal_wait: str
    """6.3: how long the CRM's automation may take."""
    warn_fraction: float = Field(gt=0, lt=1)
    extensions: int = Field(ge=0)
    pauses: int = Field(ge=0)
    pause_limit: str


class PartnerCase(CaseState):
    """What every case of partner support keeps. The persons who owe its duties are named by their ids in the company's file."""

    evidence: dict[str, Evidence] = {}
    """By obligation key."""

    @property
    def regulation(self) -> str:
        return REGULATION

    @property
    def people(self) -> dict[str, str]:
        """The role of each person of the case → the person's id; whoever has a role in general where it is not here."""
        return {}

    @property
    def edition(self) -> Edition:
        if self.opening is None:
            raise LookupError("the case has not been opened")
        return self.opening.edition

    @property
    def settings(self) -> PartnerSettings:
        return PartnerSettings.model_validate(self.edition.settings)

    @property
    def outside(self) -> frozenset[str]:
        return frozenset({PARTNER})

    def proof(self, o: Obligation) -> Evidence | None:
        return self.evidence.get(o.key)

    def opening_request(self, now: datetime) -> OpeningRequest:
        return super().opening_request(now).model_copy(update={"people": tuple(sorted(set(self.people.values())))})

    def role(self, role: str) -> str:
        """A role of this case: of the person who has it here, where one is named."""
        person = self.people.get(role)
        return role_of(role, person) if person else role

    def newest(self, clause: str) -> Obligation | None:
        """The newest obligation of a clause."""
        return next((o for o in reversed(self.obligations) if o.clause == clause), None)


def owe(state: PartnerCase, clause: str, started_at: datetime, now: datetime, mark: str = "") -> Obligation:
    """Opens a duty of a clause, once for each ``mark``; without one, once more at every call."""
    owner, escalation = OWNERS[clause]
    number = mark or str(sum(o.clause == clause for o in state.obligations) + 1)
    return open_obligation(
        state,
        f"{clause}/{number}",
        clause=clause,
        owner=state.role(owner),
        escalation=escalation,
        started_at=started_at,
        now=now,
        term=state.term(clause),
    )


def prove(state: PartnerCase, o: Obligation | None, at: datetime, key: str, now: datetime) -> None:
    """What a duty demands was done at ``at``, by the fact ``key``; the earliest proof stands."""
    if o is not None:
        known = state.evidence.get(o.key)
        if known is None or at < known.happened_at:
            state.evidence[o.key] = Evidence(happened_at=at, key=key)
    settle_open(state, now)
