"""The messages of an onboarding (``onboarding/{contract}``): the visa slip of chapter 2, first contact, installation, report."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from regulations import messages as m
from regulations.onboarding.case import Item
from regulations.onboarding.messages import KYIV, Client, Rhythm, Term

Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{1,60}$")]


class OfOnboarding(m.Message):
    """A message to the onboarding of one contract."""

    contract: m.Ident


class HandedOver(OfOnboarding):
    """1.1: the head of sales hands a new regular client over to the client department. Begins the onboarding."""

    client: Client
    regular: bool
    """2: only a regular client goes with a visa slip."""
    programs: tuple[m.Line, ...] = Field(min_length=1, max_length=50)
    price_agreement: m.Line
    """Number and date of the additional agreement on the price."""
    payment_day: int = Field(ge=1, le=31)
    """4.3: the contract's day of the month."""
    update_every: Rhythm
    """4.1: the contract's period, e.g. ``7 calendar days``."""
    update_set: m.Line
    """4.1: what is updated."""
    installation_term: Term | None = None
    """3.2: the contract's own term, from the payment; None: the edition's."""
    training_term: Term | None = None
    """4.2: likewise, from the installation."""
    users: int | None = Field(None, ge=1, le=1_000)
    """4.2: how many users the contract wants certified; None: the edition's number."""
    zone: Zone = KYIV
    """The zone in which the client is served: one that a calendar of the company has."""
    group_head: m.Ident
    sales_manager: m.Ident | None = None
    """Who prepared the hand-over, and gets back what is refused; None: whoever has the role."""
    client_manager: m.Ident | None = None
    """Who will serve the client; None: the group head says so later."""
    by: m.Actor


class VisaGiven(OfOnboarding):
    """2.1 to 2.7: a visa, by a person in its role. The same again is the same visa."""

    item: Item
    files: tuple[m.SentFile, ...] = Field((), max_length=10)
    """The documents; 2.6 and 2.7 have one."""
    remark: m.Text = ""
    by: m.Actor


class VisaRefused(OfOnboarding):
    """An item is refused, with the reason: it goes back to its author."""

    item: Item
    reason: m.Reason
    by: m.Actor


class VisaWithdrawn(OfOnboarding):
    """A visa is taken back, while the slip is open."""

    item: Item
    reason: m.Reason
    by: m.Actor


class ItemMended(OfOnboarding):
    """The author has mended what was refused: the item is up for its visa again."""

    item: Item
    files: tuple[m.SentFile, ...] = Field((), max_length=10)
    remark: m.Text = ""
    by: m.Actor


class PaymentPosted(OfOnboarding):
    """The client's payment was posted at ``happened_at``: 3.1 and 3.2 run from it. Billing is asked for it as well."""

    reference: m.Ident


class FirstContact(OfOnboarding):
    """3.1: the client's responsible person was spoken to, and the first delivery agreed. Told again, the newest agreement stands."""

    installation_at: m.Instant
    """The agreed time of the installation."""
    parameters: m.Text = ""
    by: m.Actor


class Installed(OfOnboarding):
    """3.2: the system is installed at the client's."""

    remark: m.Text = ""
    by: m.Actor


class InstallationReported(OfOnboarding):
    """3.3: the report on the installation."""

    files: tuple[m.SentFile, ...] = Field(min_length=1, max_length=10)
    remark: m.Text = ""
    by: m.Actor


class ManagerAssigned(OfOnboarding):
    """Who serves the client from now on, by the group head."""

    manager: m.Ident
    by: m.Actor


class WaiveOfOnboarding(m.Waive, OfOnboarding):
    """Lets an obligation go."""


class ExtendOfOnboarding(m.Extend, OfOnboarding):
    """Sets a later due instant."""


class PauseOfOnboarding(m.Pause, OfOnboarding):
    """Stops the clock of an obligation."""


class ResumeOfOnboarding(m.Resume, OfOnboarding):
    """The clock goes on."""


class WithdrawOfOnboarding(m.Withdraw, OfOnboarding):
    """The client is not handed over after all."""
