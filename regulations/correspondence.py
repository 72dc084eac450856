"""What became of a case's letters to people outside."""

from __future__ import annotations

from datetime import datetime

from regulations.case import CaseState
from regulations.effects import Letter, LetterOutcome
from regulations.obligations import incident


def learn_letter(state: CaseState, letter: Letter, outcome: LetterOutcome | None, role: str, now: datetime) -> None:
    """Takes what became of a letter; None: the post refused it for good. What did not go out is an incident, and ``role`` is told."""
    state.letters_out = [key for key in state.letters_out if key != letter.key]
    if outcome is None or outcome.result == "held":
        what = "letter_refused" if outcome is None else "letter_held"
        incident(state, letter.key, what, now, letter.template)
        state.tell(role, what, letter.key, now, {"template": letter.template})
        return
    state.note("letter", now, now, key=letter.key, source="post", note=outcome.subject)
    if outcome.refused or outcome.repeated:
        incident(state, f"{letter.key}#partly", "letter_doubtful", now, letter.template)
