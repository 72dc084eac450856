"""What our own activities answer a sale. What it learns after its end changes nothing: the question was on its way."""

from __future__ import annotations

from datetime import datetime

from regulations import correspondence
from regulations.clause_case import prove
from regulations.effects import Letter, LetterOutcome
from regulations.partner.effects import Sms, SmsOutcome
from regulations.partner.renewal_next_deal import learn_next_deal
from regulations.partner.sale_crm import learn_crm
from regulations.partner.sale_invoice import learn_draft, learn_issued
from regulations.partner.sale_state import ENDS, FORM, INVOICE, SaleState

__all__ = ["learn_crm", "learn_draft", "learn_issued", "learn_letter", "learn_next_deal", "learn_sms"]


def learn_letter(state: SaleState, letter: Letter, outcome: LetterOutcome | None, now: datetime) -> None:
    """Takes what became of a letter; None: the post refused it for good, and the manager is told.

    The form's link meets 5.1, the invoice 5.2 or 6.1, at the instant at which we learn that the post has taken them.
    """
    correspondence.learn_letter(state, letter, outcome, state.manager_role, now)
    if outcome is None or outcome.result != "sent":
        return
    clauses = {FORM: "5.1", INVOICE: state.invoicing_clause}
    if letter.template in clauses:
        prove(state, state.newest(clauses[letter.template]), now, letter.key, now)


def learn_sms(state: SaleState, sms: Sms, outcome: SmsOutcome | None, now: datetime) -> None:
    """Takes what became of a message to a phone; None: it could not be sent within a day. The letter stands in any case."""
    if outcome is not None and outcome.result == "sent":
        state.note("sms", now, now, key=sms.key, source="post")
    elif state.at not in ENDS:
        reason = outcome.reason if outcome is not None else ""
        state.note("sms_unsent", now, now, key=sms.key, source="post", note=reason)
        state.tell(state.manager_role, "sms_unsent", sms.key, now, {"clause": state.invoicing_clause, "reason": reason or "—"})
