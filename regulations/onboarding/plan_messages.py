"""The messages of a client's service plan (``service-plan/{client}``): chapter 4."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from regulations import messages as m
from regulations.amounts import exact
from regulations.onboarding.messages import KYIV, Client, Rhythm, Term
from regulations.onboarding.slip_messages import Zone

Topic = Literal["use", "services", "features", "news", "promotions", "projects", "other"]
"""4.9: what the client was advised of."""
Sum = Annotated[Decimal, BeforeValidator(exact), Field(ge=0, max_digits=14, decimal_places=2)]


class OfPlan(m.Message):
    """A message to the service plan of one client."""

    client: m.Ident


class PlanBegun(OfPlan):
    """The client has passed to service. Told again, the newest data stand; another manager takes the client over."""

    contract: m.Ident
    person: Client
    manager: m.Ident | None = None
    """The client manager's id; None: whoever has the role."""
    group_head: m.Ident | None = None
    installed_at: m.Instant
    update_every: Rhythm
    update_set: m.Line
    payment_day: int = Field(ge=1, le=31)
    training_term: Term | None = None
    users: int | None = Field(None, ge=1, le=1_000)
    zone: Zone = KYIV


class VisitMade(OfPlan):
    """A visit at the client's; ``happened_at`` is when it was made."""

    visit: m.Ident
    updated: bool
    """4.1: the system was updated."""
    update_set: m.Line | None = None
    """What was updated; None: the contract's set."""
    materials: tuple[m.Line, ...] = Field((), max_length=50)
    """4.7: what the users were given."""
    minutes: int | None = Field(None, ge=1, le=1440)
    remark: m.Text = ""
    by: m.Actor


class CertificateIssued(OfPlan):
    """4.2: a user has been trained and certified. The user by its id in the CRM, never by name."""

    certificate: m.Ident
    user: m.Ident
    by: m.Actor | None = None


class PlanPaymentPosted(OfPlan):
    """4.3: the client's payment was posted at ``happened_at``. Billing is asked for it as well."""

    reference: m.Ident
    amount: Sum | None = None


class CompetitorActed(OfPlan):
    """4.5: a competitor has acted against the client; ``happened_at`` is this report to the group head."""

    learnt_at: m.Instant
    """When the manager learnt of it: the term runs from there."""
    action: m.Reason
    by: m.Actor


class NeedFound(OfPlan):
    """4.6: the client needs more than it has: begins a sale in the CRM."""

    need: m.Ident
    what: m.Line
    sum: Sum | None = None
    by: m.Actor


class ContactNoted(OfPlan):
    """4.9: the client was advised or informed."""

    contact: m.Ident
    topics: tuple[Topic, ...] = Field(min_length=1, max_length=7)
    remark: m.Text = ""
    by: m.Actor


class DocumentPassed(OfPlan):
    """4.8: a document has gone to the client or come from it, or within the company."""

    document: m.Ident
    kind: Literal["invoice", "act", "contract", "letter", "other"]
    direction: Literal["to_client", "from_client", "internal"]
    remark: m.Text = ""
    by: m.Actor


class FiguresNoted(OfPlan):
    """4.10 to 4.13: the client in figures; what is left out stays as it was."""

    users: int | None = Field(None, ge=0, le=100_000)
    monthly_sum: Sum | None = None
    """What the client pays a month."""
    loyalty: int | None = Field(None, ge=0, le=10)
    by: m.Actor

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.users is None and self.monthly_sum is None and self.loyalty is None:
            raise ValueError("say at least one figure: users, monthly_sum or loyalty")
        return self


class PlanEnded(OfPlan):
    """The client is no longer served, by the group head."""

    reason: m.Reason
    by: m.Actor


class WaiveOfPlan(m.Waive, OfPlan):
    """Lets an obligation go."""


class ExtendOfPlan(m.Extend, OfPlan):
    """Sets a later due instant."""


class PauseOfPlan(m.Pause, OfPlan):
    """Stops the clock of an obligation."""


class ResumeOfPlan(m.Resume, OfPlan):
    """The clock goes on."""
