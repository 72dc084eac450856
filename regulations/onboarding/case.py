"""What onboarding and service share: roles, clauses and who owes them, the settings of an edition, the common state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from regulations.clause_case import ClauseCase
from regulations.plans import OpeningRequest
from regulations.wire import Wire

REGULATION = "onboarding"
HEAD_OF_SALES, SALES_MANAGER = "head_of_sales", "sales_manager"
LAWYER, ACCOUNTANT = "lawyer", "accountant"
GROUP_HEAD = "group_head"
"""Of a group of the client department."""
SERVICE_GROUP_HEAD, SERVICE = "service_group_head", "service"
"""The head of the service group, and the service department that installs."""
CLIENT_MANAGER, HEAD_OF_CLIENT_DEPARTMENT = "client_manager", "head_of_client_department"
COMPANY_ROLES = (
    *(HEAD_OF_SALES, SALES_MANAGER, LAWYER, ACCOUNTANT, GROUP_HEAD),
    *(SERVICE_GROUP_HEAD, SERVICE, CLIENT_MANAGER, HEAD_OF_CLIENT_DEPARTMENT),
)
ITEMS = ("2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7")
"""The seven visas, by their clauses."""
Item = Literal["2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7"]
OWNERS: dict[str, tuple[str, str]] = {
    "2.1": (LAWYER, HEAD_OF_SALES),
    "2.2": (LAWYER, HEAD_OF_SALES),
    "2.3": (ACCOUNTANT, HEAD_OF_SALES),
    "2.4": (GROUP_HEAD, HEAD_OF_SALES),
    "2.5": (GROUP_HEAD, HEAD_OF_SALES),
    "2.6": (GROUP_HEAD, HEAD_OF_SALES),
    "2.7": (GROUP_HEAD, HEAD_OF_SALES),
    "3.1": (SERVICE_GROUP_HEAD, HEAD_OF_CLIENT_DEPARTMENT),
    "3.2": (SERVICE, HEAD_OF_CLIENT_DEPARTMENT),
    "3.3": (GROUP_HEAD, HEAD_OF_CLIENT_DEPARTMENT),
    "4.1": (CLIENT_MANAGER, GROUP_HEAD),
    "4.2": (CLIENT_MANAGER, GROUP_HEAD),
    "4.3": (CLIENT_MANAGER, GROUP_HEAD),
    "4.4.1": (CLIENT_MANAGER, GROUP_HEAD),
    "4.4.2": (CLIENT_MANAGER, GROUP_HEAD),
    "4.4.3": (CLIENT_MANAGER, GROUP_HEAD),
    "4.5": (CLIENT_MANAGER, GROUP_HEAD),
}
"""The clauses that somebody owes, with the escalation role."""
AUTHORS: dict[str, str] = {
    "2.1": SALES_MANAGER,
    "2.2": SALES_MANAGER,
    "2.3": SALES_MANAGER,
    "2.4": ACCOUNTANT,
    "2.5": SALES_MANAGER,
    "2.6": SALES_MANAGER,
    "2.7": SALES_MANAGER,
}
"""Who made what a visa is about, and gets it back with a refusal. The source says no more than that sales hands the client over: the
invoice and the act are the accountant's, the rest sales' own (ours)."""
BY_CONTRACT = frozenset({"4.1", "4.3"})
"""The clauses whose terms are the contract's alone: no edition has one."""


class OnboardingSettings(Wire):
    """The settings of an edition: interpretations of the source (see the page of the regulation)."""

    on_refusal: Literal["collect", "stop"]
    """At which point a refusal stops the rest: ``collect`` lets every opinion come in; ``stop`` lets the visas that are still missing rest
    until what was refused has been mended."""
    mend_limit: str
    """How long the author of an item has to mend what was refused."""
    client_status: str
    """2.5: the status of the client in the CRM's record that its visa enters."""
    withdrawn_status: str
    """Its status there once that visa, or the whole hand-over, has been withdrawn."""
    sale_direction: str
    """4.6: the CRM's direction of the deals that a need of a client begins."""
    sale_status: str
    """4.6: the status of such a deal."""
    certificates: int = Field(ge=1)
    """4.2: how many users have to be certified where the contract says nothing."""
    warn_fraction: float = Field(gt=0, lt=1)
    extensions: int = Field(ge=0)
    pauses: int = Field(ge=0)
    pause_limit: str


class OnboardingCase(ClauseCase):
    """What every case of onboarding and service keeps."""

    owners: ClassVar[Mapping[str, tuple[str, str]]] = OWNERS

    @property
    def regulation(self) -> str:
        return REGULATION

    @property
    def settings(self) -> OnboardingSettings:
        return OnboardingSettings.model_validate(self.edition.settings)

    @property
    def language(self) -> Literal["ru", "uk"]:
        """Until its edition says which, that of the country whose regulation this is."""
        return self.opening.language if self.opening is not None else "uk"

    @property
    def zone(self) -> str | None:
        """The zone whose calendar of the company counts the terms; None: the company's own."""
        return None

    def opening_request(self, now: datetime) -> OpeningRequest:
        return super().opening_request(now).model_copy(update={"zone": self.zone})
