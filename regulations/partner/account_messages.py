"""The messages of a partner's account (``partner/{partner}/account``): clauses 2.1, 2.2, 4.1, 4.2, and what 8.1 tells of a partner."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from regulations import messages as m
from regulations.amounts import exact
from regulations.partner.messages import Partner

Wish = Literal["more_leads", "fewer_leads", "no_leads", "further_network", "correction", "other"]
"""2.1: what support tells marketing of."""
Need = Literal["further_network", "budget_top_up"]
"""2.2: what marketing tells support of."""
Outlook = Literal["sure", "doubtful", "none"]
"""8.1: whether the partner renews: surely; should, but it is doubtful; not to be expected at present."""
Sum = Annotated[Decimal, BeforeValidator(exact), Field(ge=0, max_digits=14, decimal_places=2)]


class OfAccount(m.Message):
    """A message to the account of one partner."""

    partner: m.Ident


class AccountBegun(OfAccount):
    """The partner is supported from now on. Told again, the newest data stand; another manager takes the partner over."""

    person: Partner
    manager: m.Ident
    """The support manager's id."""
    paid_until: date | None = None
    """Last day of the paid period, where it is known."""


class ActivitySet(OfAccount):
    """4.1: an activity is planned in the CRM; ``happened_at`` is when it was set. The same activity again: it was moved."""

    activity: m.Ident
    planned_at: m.Instant
    reason: m.Text = ""
    """Why it lies more than seven days ahead."""


class ActivityReasonGiven(OfAccount):
    """4.1: the reason of a later activity, added to its comment."""

    activity: m.Ident
    reason: m.Reason


class ActivityDone(OfAccount):
    """The activity is over: done or cancelled."""

    activity: m.Ident


class CallMade(OfAccount):
    """4.2: a call with the partner; ``happened_at`` is its end."""

    call: m.Ident


class Commented(OfAccount):
    """4.2: the comment after a call: what was, what is, what is planned."""

    call: m.Ident | None = None
    """The call that it is about; None: the oldest one without a comment that counts."""
    text: m.Text


class WishNoted(OfAccount):
    """2.1: something of the partner that marketing must hear: to be reported within the term."""

    wish: m.Ident
    what: Wish
    text: m.Text = ""


class WishReported(OfAccount):
    """2.1: the support manager has told marketing in the chat `Маркетинг и Сотрудник`; marketing owes an answer (2.2)."""

    wish: m.Ident
    what: Wish | None = None
    """None: as it was noted."""
    text: m.Text = ""
    by: m.Actor


class WishAnswered(OfAccount):
    """2.2: marketing answers the wish."""

    wish: m.Ident
    text: m.Reason
    by: m.Actor


class NeedReported(OfAccount):
    """2.2: marketing says that a further network or a budget top-up is needed; support owes an answer (2.1)."""

    need: m.Ident
    what: Need
    text: m.Text = ""
    by: m.Actor


class NeedAnswered(OfAccount):
    """2.1: what the partner says to it, reported to marketing."""

    need: m.Ident
    agreed: bool
    text: m.Text = ""
    by: m.Actor


class CampaignTold(OfAccount):
    """2.1: marketing tells which campaign will be made for the partner."""

    text: m.Reason
    by: m.Actor


class StateNoted(OfAccount):
    """8.1: the state of the partner for the meeting pack; what is left out stays as it was, an empty text empties it."""

    leads: int | None = Field(None, ge=0, le=1_000_000)
    meetings: int | None = Field(None, ge=0, le=1_000_000)
    contracts: int | None = Field(None, ge=0, le=1_000_000)
    contracts_sum: Sum | None = None
    problem: m.Text | None = None
    urgent: bool | None = None
    """A problem partner with an urgent question."""
    answer: m.Text | None = None
    """The manager's own answer to the problem."""
    next_step: m.Text | None = None
    outlook: Outlook | None = None
    renewal_sum: Sum | None = None
    """The exact sum of the renewal, discounts included."""
    renewal_on: date | None = None
    additional: m.Text | None = None
    """The additional services that it should buy."""
    additional_sum: Sum | None = None
    by: m.Actor

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"key", "happened_at", "source", "by", "partner"}:
            raise ValueError("say at least one thing of the partner's state")
        return self


class AccountEnded(OfAccount):
    """The partner is no longer supported: the head of support ends the account in an orderly way."""

    reason: m.Reason
    by: m.Actor


class WaiveOfAccount(m.Waive, OfAccount):
    """Lets an obligation go."""


class ExtendOfAccount(m.Extend, OfAccount):
    """Sets a later due instant."""


class PauseOfAccount(m.Pause, OfAccount):
    """Stops the clock of an obligation."""


class ResumeOfAccount(m.Resume, OfAccount):
    """The clock goes on."""
