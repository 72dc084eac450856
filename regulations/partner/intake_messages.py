"""The messages of a partner's intake (``partner/{deal}/intake``): clauses 1.1 to 1.4 and 3.1."""

from __future__ import annotations

from regulations import messages as m
from regulations.partner.messages import Partner


class OfIntake(m.Message):
    """A message to the intake of one deal."""

    deal: m.Ident


class Agreements(m.Model):
    """1.3: the main comment of the deal. A part that is left out or blank is missing; ``нет`` is an answer."""

    extra_payments: m.Text = ""
    """Extra payments for agreed services."""
    speed: m.Text = ""
    """The wished speed of leads."""
    geography: m.Text = ""
    """The wished geography."""
    other: m.Text = ""


class MovedToWork(OfIntake):
    """1.1: the sales manager has moved the deal to ``Передан в Работу``; ``happened_at`` is the move. Begins the intake."""

    partner: Partner
    sales_manager: m.Ident
    """Their ids in the CRM, which the company's file knows."""
    support_manager: m.Ident
    agreements: Agreements = Agreements()
    paid_at: m.Instant | None = None
    """The payment's posting time, where it is known already (3.1)."""


class HandedToMarketing(OfIntake):
    """1.2: the partner stands in the table `Передача в ОМ`; ``happened_at`` is the entry."""

    status: m.Line
    paid_at: m.Instant | None = None
    """The table's column of the payment date, where it is filled in."""


class AgreementsNamed(OfIntake):
    """1.3: parts of the main comment; those that are left out stay as they were."""

    agreements: Agreements


class IntakePaid(OfIntake):
    """The partner's payment was posted; ``happened_at`` is the posting time. 3.1 runs from it."""


class QuestionAsked(OfIntake):
    """1.4: the support manager asks sales something; the term of 3.1 keeps running."""

    question: m.Ident
    text: m.Reason
    by: m.Actor


class QuestionAnswered(OfIntake):
    """1.4: sales answers."""

    question: m.Ident
    text: m.Reason
    by: m.Actor


class PartnerAccepted(OfIntake):
    """3.1: the support manager accepts the partner into work."""

    by: m.Actor


class WaiveOfIntake(m.Waive, OfIntake):
    """Lets an obligation go."""


class ExtendOfIntake(m.Extend, OfIntake):
    """Sets a later due instant."""


class PauseOfIntake(m.Pause, OfIntake):
    """Stops the clock of an obligation."""


class ResumeOfIntake(m.Resume, OfIntake):
    """The clock goes on."""


class WithdrawOfIntake(m.Withdraw, OfIntake):
    """Ends the intake in an orderly way."""
