"""What an order or a renewal does now: the pure decision over its state and the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations.breaches import earliest_wake, hold_terms, tell_of_terms, uncounted
from regulations.effects import CrmRecord, Letter
from regulations.partner.effects import InvoiceOrder, InvoiceQuestion, NextDealQuestion, Sms
from regulations.partner.renewal_next_deal import LIMIT, SEEK, next_search
from regulations.partner.sale_crm import AGAIN, next_record
from regulations.partner.sale_duties import finish, open_first, register
from regulations.partner.sale_invoice import next_invoice, next_question
from regulations.partner.sale_state import ENDS, SaleState
from regulations.partner.sale_tellings import say


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: SaleState
    compose: InvoiceQuestion | None = None
    issue: InvoiceOrder | None = None
    enter: CrmRecord | None = None
    seek: NextDealQuestion | None = None
    letters: list[Letter] = field(default_factory=list)
    messages: list[Sms] = field(default_factory=list)
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        asked = (self.compose, self.issue, self.enter, self.seek)
        return bool(self.letters or self.messages) or any(one is not None for one in asked)


def decide(before: SaleState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is.

    All terms must have been counted (`regulations.clocks.terms_to_plan` gives none).
    """
    state = before.model_copy(deep=True)
    decision = Decision(state)
    open_first(state, now)
    withdrawn = hold_terms(state, now)
    decision.compose = next_question(state)
    decision.issue = next_invoice(state, now)
    decision.enter = next_record(state, now)
    decision.seek = next_search(state, now)
    finish(state, now)
    tell_of_terms(state, withdrawn, now)
    decision.letters, decision.messages = say(state, now)
    state.letters_out += [letter.key for letter in decision.letters]
    register(state)
    if state.at in ENDS:
        state.ended, state.outcome = not _unfinished(state), state.stage
    if (wake := earliest_wake(state, now, (AGAIN, SEEK, LIMIT))) is not None:
        decision.wake_at, decision.wake_for = wake
    return decision


def _unfinished(state: SaleState) -> bool:
    """Whether a sale that is over has yet to say something, or to learn what became of what it said or entered."""
    return bool(state.tells or state.letters_out or state.entering is not None or uncounted(state))
