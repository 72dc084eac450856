"""What a round of notices and a daily digest have in common: gather letters, send them side by side, note what became of them.

The register is the queue: a round holds nothing that the next one could not find again, so it may end, or be ended, at any moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities import errors
    from activities.email import Correspondence
    from activities.notices import Notices
    from regulations.catalogue import text
    from regulations.effects import Letter
    from regulations.rounds import Gather, Gathered, LettersRefused, LettersSent, RoundRequest, RoundResult
    from workflows import options

SENT, REFUSED, LEFT = "sent", "refused", "left"
LANGUAGE_OF_ROUNDS = "language"
"""Memo of a round: the language in which the Temporal UI says what it does. Without it that is Russian."""


async def hold(
    gather: Callable[[Any, Gather], Awaitable[Gathered]], what: str, request: RoundRequest, patience: options.BoundedPreset
) -> RoundResult:
    """Holds one round: asks for its letters until there are no more, and tries each within ``patience``."""
    outcomes: dict[str, str] = {}
    at, more = request.at or workflow.now(), True
    while more:
        question = Gather(zone=request.zone, at=at, round=workflow.info().run_id, tried=tuple(outcomes))
        gathered = await workflow.execute_activity_method(gather, question, summary=_doing(what), **options.RECORD)
        letters = gathered.letters
        answers = await asyncio.gather(*(_send(letter, patience) for letter in letters))
        outcomes.update(zip((letter.key for letter in letters), answers, strict=True))
        await _note([letter.key for letter in letters], outcomes)
        more = gathered.more
    return RoundResult(**{name: sum(o == name for o in outcomes.values()) for name in (SENT, REFUSED, LEFT)})


async def _send(letter: Letter, patience: options.BoundedPreset) -> str:
    summary = text(letter.language, "letter", letter.template)
    try:
        outcome = await workflow.execute_activity_method(Correspondence.send_letter, letter, summary=summary, **patience)
    except ActivityError as e:
        # A wrong password or a broken template of ours is mended one day: what could not be sent for it goes then.
        return REFUSED if isinstance(e.cause, ApplicationError) and e.cause.type == errors.REFUSED else LEFT
    return SENT if outcome.result == "sent" else LEFT


async def _note(keys: list[str], outcomes: dict[str, str]) -> None:
    sent = tuple(key for key in keys if outcomes[key] == SENT)
    refused = tuple(key for key in keys if outcomes[key] == REFUSED)
    if sent:
        noted = LettersSent(keys=sent, at=workflow.now())
        await workflow.execute_activity_method(Notices.notices_sent, noted, summary=_doing("notices_sent"), **options.RECORD)
    if refused:
        incident = LettersRefused(keys=refused, at=workflow.now(), address=workflow.info().workflow_id)
        summary = _doing("notices_refused")
        await workflow.execute_activity_method(Notices.notices_refused, incident, summary=summary, **options.RECORD)


def _doing(what: str) -> str:
    return text(workflow.memo_value(LANGUAGE_OF_ROUNDS, "ru", type_hint=str), "activity", what)
