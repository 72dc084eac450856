"""What an onboarding knows: the slip with its seven visas, the payment, the first contact, the installation and its report."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from regulations.case import UNMET, Evidence, Obligation, Refusal
from regulations.catalogue import text
from regulations.messages import Actor
from regulations.onboarding.case import CLIENT_MANAGER, COMPANY_ROLES, GROUP_HEAD, ITEMS, SALES_MANAGER, OnboardingCase
from regulations.onboarding.slip_messages import HandedOver
from regulations.plans import OpeningRequest
from regulations.roster import Authority, authority

KIND = "onboarding"
CARD, COPY, PRICE = "2.6", "2.7", "2.2"
"""The transfer card, the copy of the signed price agreement, and the agreement itself, which comes before its copy."""
PAID_ITEM, ENTRY = "2.3", "2.5"
"""The visa about the payment; the one that enters the client into the CRM."""
WITH_DOCUMENT = frozenset({CARD, COPY})
"""The visas that need the document itself."""
CONTACT, INSTALLATION, REPORT = "3.1", "3.2", "3.3"
SERVICE_CLAUSES = (CONTACT, INSTALLATION, REPORT)
PAYMENT = "payment"
"""The wait after which somebody is told again that no payment is known."""


class SlipStage(StrEnum):
    """Where it stands."""

    COLLECTING_VISAS = "collecting_visas"
    IN_SERVICE = "in_service"
    """All seven stand: the slip is closed, the client has passed to service."""
    DONE = "done"
    WITHDRAWN = "withdrawn"


ENDS = frozenset({SlipStage.DONE, SlipStage.WITHDRAWN})


class Visa(BaseModel):
    """An item of the slip, as it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Literal["missing", "given", "refused", "withdrawn"] = "missing"
    since: datetime
    """From when this round is owed; of a refused item, when it was refused."""
    at: datetime | None = None
    """When it was given, refused or withdrawn."""
    person: str = ""
    """In whose right, by id."""
    by: str = ""
    """Who acted: the person, or its deputy."""
    documents: tuple[tuple[str, str], ...] = ()
    """Name and SHA-256 of each; of a mended item, what the author has sent."""
    remark: str = ""
    """The remark of a visa; the reason of a refusal or a withdrawal."""
    duty: str = ""
    """Key of the obligation of this round; empty: none is open for it."""

    @property
    def deputy_for(self) -> str:
        """The absent person, where a deputy acted."""
        return self.person if self.by != self.person else ""


class Agreement(BaseModel):
    """3.1: what a contact with the client's responsible person agreed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made_at: datetime
    installation_at: datetime
    parameters: str


class SlipState(OnboardingCase):
    """The whole durable state of a `ClientOnboarding`."""

    started: HandedOver | None = None
    vetted: bool = False
    """1.1: whoever the hand-over names has been looked up in the register of people."""
    visas: dict[str, Visa] = {}
    """By item; all seven from the hand-over on."""
    asked: list[str] = []
    """Keys of the duties of which their owners have been told."""
    closed_at: datetime | None = None
    """3.1: when the last of the seven visas was given: from then on all of them stand."""
    paid: Evidence | None = None
    """3.1, 3.2: the earliest posting time that anybody has told."""
    polling: Literal["", "under_way", "failed"] = ""
    """The question to billing that waits for the payment. ``failed``: it can be told by a message alone."""
    judged: list[str] = []
    """References of payments that cannot be ones."""
    agreements: list[Agreement] = []
    """By the time at which they were made."""
    heeded: datetime | None = None
    """3.2: the agreed time that its duty heeds."""
    contacted: Evidence | None = None
    installed: Evidence | None = None
    reported: Evidence | None = None
    report_documents: tuple[tuple[str, str], ...] = ()
    manager: str | None = None
    """Who serves the client, where the group head has said so since the hand-over."""
    to_enter: str = ""
    """2.5: key of the visa, or of its withdrawal, that the CRM has yet to hear of."""
    entering: bool = False
    entered: bool = False
    """2.5: the CRM has heard of the client, or is about to."""
    plan: Literal["", "beginning", "begun", "failed"] = ""
    """The client's service plan. ``failed``: a person begins it."""

    @property
    def begun(self) -> HandedOver:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started

    @property
    def at(self) -> SlipStage:
        return SlipStage(self.stage)

    @property
    def zone(self) -> str | None:
        return self.started.zone if self.started is not None else None

    @property
    def client_manager(self) -> str | None:
        """The client manager's id; None: nobody has been named."""
        return self.manager or (self.started.client_manager if self.started is not None else None)

    @property
    def people(self) -> dict[str, str]:
        if self.started is None:
            return {}
        named = {SALES_MANAGER: self.started.sales_manager, GROUP_HEAD: self.started.group_head, CLIENT_MANAGER: self.client_manager}
        return {role: person for role, person in named.items() if person is not None}

    def opening_request(self, now: datetime) -> OpeningRequest:
        return super().opening_request(now).model_copy(update={"roster": COMPANY_ROLES})

    # --- visas

    def stands(self, item: str) -> bool:
        """Whether the visa of an item is given."""
        return self.visas[item].state == "given"

    @property
    def complete(self) -> bool:
        """Whether all seven stand."""
        return all(self.stands(item) for item in ITEMS)

    @property
    def served(self) -> bool:
        """Whether its service plan begins or has begun: that goes on, whatever becomes of the slip."""
        return self.plan in ("beginning", "begun")

    @property
    def stopped(self) -> bool:
        """Whether a refusal lets what is still missing rest, by the setting of the edition."""
        return self.settings.on_refusal == "stop" and any(visa.state == "refused" for visa in self.visas.values())

    def wants(self, item: str) -> bool:
        """Whether the visa of an item is owed now: 2.7 only after 2.2, none while the slip has stopped."""
        missing = self.visas[item].state in ("missing", "withdrawn")
        return missing and not self.stopped and (item != COPY or self.stands(PRICE))

    def mend(self, item: str) -> Obligation | None:
        """The open duty of the author of a refused item."""
        return next((o for o in self.obligations if o.key.startswith(f"{item}/mend/") and o.standing in UNMET), None)

    # --- who may act

    def right(self, role: str, by: Actor, at: datetime) -> Authority:
        """In whose right somebody acted at an instant, in one of the roles of the company's register of people.

        The day is the local one, by the offset of the last planning: in the days before a change of the clock an hour at midnight may fall
        to the day beside it.

        Raises:
            Refusal: ``NotYours``: that is another role's; ``NotCounted``: the register has yet to be read; ``NotInRole``: the person has
                not the role and stands in for nobody who has.
        """
        if by.role != role:
            raise Refusal("NotYours", f"only the role {role} may do this")
        if self.opening is None or self.opening_stale:
            raise Refusal("NotCounted", "the register of people is just being read; deliver this again in a minute")
        day = at.astimezone(timezone(self.offset)).date()
        found = authority(self.opening.roster, by.id, role, day)
        if found is None:
            raise Refusal(
                "NotInRole",
                f"this person has not the role {role} on that day, nor stands in for somebody who has: reglament people shows who has it",
            )
        return found

    def may(self, roles: tuple[str, ...], by: Actor, at: datetime) -> None:
        """Like `right`, for what is no visa and one of several roles does: a role that nobody in the register has is taken at its word.

        Raises:
            Refusal: ``NotYours``, ``NotCounted``, ``NotInRole``.
        """
        if by.role not in roles:
            raise Refusal("NotYours", f"only the role {' or '.join(roles)} may do this")
        if self.opening is None or self.opening_stale or any(by.role in holder.roles for holder in self.opening.roster):
            self.right(by.role, by, at)

    # --- service

    @property
    def agreed(self) -> Agreement | None:
        """3.1: the agreement that stands: the newest one, unless the time agreed before it had passed when it was made."""
        standing: Agreement | None = None
        for one in self.agreements:
            if standing is None or one.made_at <= standing.installation_at:
                standing = one
        return standing

    def term(self, clause: str) -> str | None:
        own = self.begun.installation_term if clause == INSTALLATION else None
        return own or super().term(clause)

    def proof(self, o: Obligation) -> Evidence | None:
        match o.clause:
            case "3.1":
                return self.contacted
            case "3.2":
                return self.installed
            case "3.3":
                return self.reported
        return super().proof(o)

    def remarks(self, o: Obligation) -> list[str]:
        """What is missing, or to be heeded: the reason of a refusal, the document, the payment that was found, the agreed time."""
        if "/mend/" in o.key:
            return [self._word("mend", reason=self.visas[o.clause].remark)]
        if o.clause in WITH_DOCUMENT:
            return [self._word("document")]
        if o.clause == PAID_ITEM:
            return [self._word("unpaid") if self.paid is None else self._word("paid", at=self.local(self.paid.happened_at))]
        if o.clause == INSTALLATION:
            agreed = self.agreed
            return [self._word("not_agreed") if agreed is None else self._word("agreed", at=self.local(agreed.installation_at))]
        return []

    def _word(self, place: str, **values: object) -> str:
        return text(self.language, KIND, "remark", place, **values)
