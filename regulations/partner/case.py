"""What all cases of partner support share: roles, clauses and who owes them, the settings of an edition, the common state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from regulations.clause_case import ClauseCase
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


class PartnerCase(ClauseCase):
    """What every case of partner support keeps."""

    owners: ClassVar[Mapping[str, tuple[str, str]]] = OWNERS

    @property
    def regulation(self) -> str:
        return REGULATION

    @property
    def settings(self) -> PartnerSettings:
        return PartnerSettings.model_validate(self.edition.settings)

    @property
    def outside(self) -> frozenset[str]:
        return frozenset({PARTNER})
