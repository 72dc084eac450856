"""What a handoff says: letters to the partner, notices to people inside, and the words in them."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations import breaches
from regulations.breaches import hour_has_come, moved_into_the_past, tell_inside
from regulations.case import Obligation, Tell
from regulations.catalogue import text
from regulations.effects import Letter, OnUnknown, Thread
from regulations.handoff.state import ENDS, KIND, PARTNER, HandoffState, Stage
from regulations.rows import NoticeKind

THREADED = frozenset({"handoff/accepted", "handoff/returned", "handoff/incomplete"})
"""Letters that answer the partner's own e-mail."""
KINDS: dict[str, NoticeKind] = breaches.KINDS | {"not_paid": "ended", "refused": "ended"}
"""What is told → kind of notice; everything else is an incident."""


def say(state: HandoffState, now: datetime) -> list[Letter]:
    """Hands on every telling: letters to the partner when their hour has come, notices to people inside now: rounds keep their hours."""
    letters: list[Letter] = []
    waiting: list[Tell] = []
    for tell in state.tells:
        if tell.what == "handoff/incomplete" and _no_longer_incomplete(state):
            state.waits.pop(tell.wait or "", None)
            continue
        if not hour_has_come(state, tell, now):
            waiting.append(tell)
            continue
        if tell.wait:
            del state.waits[tell.wait]
        if tell.role == PARTNER:
            letters.append(letter(state, tell.what, tell.key, now, **_filled(state, tell)))
        else:
            tell_inside(state, tell, now, KINDS)
    state.tells = waiting
    return letters


def _no_longer_incomplete(state: HandoffState) -> bool:
    """What was missing has come meanwhile, or is asked for no more."""
    return state.stage in ENDS or (state.request is not None and state.request.complete_at is not None)


def _filled(state: HandoffState, tell: Tell) -> dict[str, JsonValue]:
    """Puts codes into words: missing files, missing fields, the grounds of chapter 3."""
    values = dict(tell.values)
    if tell.what == "handoff/incomplete":
        attachments, again = state.obligation("2.1.4"), state.waits.get(f"resubmission/{state.round}")
        values["missing"] = [file_words(state, code) for code in _strings(values["missing"])]
        values["due"] = attachments.due_text if attachments else text(state.language, "case", "due_unknown")
        if state.stage == Stage.RETURNED and again is not None and again.plan is not None:
            values["due"] = again.plan.due_text
    if tell.what == "handoff/returned":
        wait = state.waits.get(f"resubmission/{state.round}")
        values["resubmit_by"] = wait.plan.due_text if wait and wait.plan else ""
        reasons = values["reasons"] if isinstance(values["reasons"], list) else []
        values["reasons"] = [
            {
                "clause": r["clause"],
                "text": r["text"] or text(state.language, KIND, "ground", str(r["clause"])),
                "details": [field_words(state, code) for code in _strings(r["details"])],
            }
            for r in reasons
            if isinstance(r, dict)
        ]
    return values


def _strings(values: JsonValue) -> list[str]:
    return [str(v) for v in values] if isinstance(values, list) else []


def file_words(state: HandoffState, code: str) -> str:
    """An attachment in words, and what is wrong with it."""
    kind, _, problem = code.partition(":")
    words = text(state.language, KIND, "file", kind)
    return f"{words}: {text(state.language, KIND, 'file', problem)}" if problem else words


def field_words(state: HandoffState, code: str) -> str:
    """A field of the questionnaire in words, and what is wrong with it."""
    name, _, problem = code.partition(":")
    words = text(state.language, KIND, "field", name)
    return f"{words} ({text(state.language, KIND, 'field', problem)})" if problem else words


def letter(state: HandoffState, template: str, key: str, now: datetime, **values: JsonValue) -> Letter:
    """A letter to the partner; its key tells what it is about, so that the same letter never goes twice."""
    sale, request = state.sold, state.request
    thread = None
    if template in THREADED and request is not None and request.message_id is not None:
        thread = Thread(message_id=request.message_id, references=request.references, subject=request.subject)
    return Letter(
        key=f"{state.uid}#{template}#{key}",
        template=template,
        language=state.language,
        to=(sale.partner.email,),
        values={
            "deal": sale.deal,
            "partner": sale.partner.name,
            "client": sale.client.name,
            "login": sale.client.login,
            "company": state.company,
            **values,
        },
        thread=thread,
        on_unknown=OnUnknown.HOLD if template == "handoff/accepted" else OnUnknown.REPEAT,
        now=now,
    )


def duties(state: HandoffState, obligations: list[Obligation]) -> list[JsonValue]:
    """The duties that a letter lists: clause, words, local due."""
    return [
        {
            "clause": o.clause,
            "duty": text(state.language, KIND, "duty", o.clause),
            "due": f"{o.due_text} ({text(state.language, 'notice', 'moved')})" if moved_into_the_past(o) else o.due_text,
        }
        for o in obligations
    ]
