"""4.2: after each call a comment that says what was, what is and what is planned. The check of a comment is an activity's.

A comment is checked whether or not its call is known yet. One that names no call is about the oldest one that still owes a comment and had
ended by then; while there is none, it waits for a call that is learnt late. One that names a call nobody knows waits likewise, and the
manager is told after the term of 4.2. What was made before its call had ended is no comment on it.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations.case import Refusal, Wait
from regulations.catalogue import text
from regulations.obligations import AHEAD, not_before
from regulations.partner.account_duties import flooded, owe, prove, put_call, tell
from regulations.partner.account_messages import CallMade, Commented
from regulations.partner.account_rhythm import contact
from regulations.partner.account_state import MOST_EARLY, AccountState, Call, Comment
from regulations.partner.case import REGULATION, SUPPORT_MANAGER
from regulations.partner.effects import PARTS, CommentQuestion, CommentVerdict

CALL = "call"
"""The wait for the call of a comment, by its key."""


# --- what happens ---------------------------------------------------------------------------------------------------


def call_made(state: AccountState, message: CallMade, now: datetime) -> None:
    """A call has ended: it is a contact, and owes a comment."""
    if message.call in state.calls:
        raise Refusal("KnownCall", "partner 4.2: this call was told of before; give every call an id of its own")
    if flooded(state):
        raise Refusal("Busy", "partner 4.2: many terms of this partner run already; deliver this again in a while")
    state.calls_made += 1
    put_call(state, message.call, Call(at=message.happened_at, manager=state.begun.manager))
    owe(state, "4.2", message.call, message.happened_at, now)
    contact(state, message.happened_at, message.key, now)
    _take_early(state, message.call, message.happened_at, now)


def commented(state: AccountState, message: Commented) -> None:
    """A comment has come: it is to be checked."""
    known = state.calls.get(message.call) if message.call is not None else None
    not_before(message.happened_at, known.at if known is not None else None, "the end of the call")
    if flooded(state):
        raise Refusal("Busy", "partner 4.2: what came before is being checked; deliver this again in a moment")
    state.to_check.append(Comment(key=message.key, call=message.call, at=message.happened_at, text=message.text))


# --- the check ------------------------------------------------------------------------------------------------------


def next_check(state: AccountState) -> CommentQuestion | None:
    """The comment that is to be checked now: one at a time, in the order in which they came."""
    if state.checking is not None or not state.to_check:
        return None
    comment = state.to_check[0]
    state.checking = comment.key
    return CommentQuestion(comment=comment.key, text=comment.text)


def learn_comment(state: AccountState, question: CommentQuestion, verdict: CommentVerdict, now: datetime) -> None:
    """Takes what the check found: a comment that counts meets the duty of its call at its own time; a poor one leaves it, and the manager
    hears once what it lacks."""
    state.checking = None
    checked = next((c for c in state.to_check if c.key == question.comment), None)
    if checked is None:
        return
    state.to_check = [c for c in state.to_check if c is not checked]
    lacks = tuple(part for part in PARTS if part in {*verdict.missing, *verdict.empty})
    comment = Comment(key=checked.key, call=checked.call, at=checked.at, missing=lacks)
    call = _call_of(state, comment)
    known = state.calls.get(call) if call is not None else None
    if lacks:
        state.poor_comments += 1
        state.note("comment_poor", comment.at, now, key=f"poor#{comment.key}", note=", ".join(lacks))
        if known is None or not known.counts:
            _tell(state, "comment_poor", comment, now, call, _words(state, verdict))
    if call is not None and known is not None:
        _comment_on(state, call, comment, now)
    else:
        _keep_early(state, comment)


def _call_of(state: AccountState, comment: Comment) -> str | None:
    """The call that a comment is about, where it is known."""
    if comment.call is not None:
        return comment.call if comment.call in state.calls else None
    owing = [
        (known.at, call)
        for call, known in state.calls.items()
        if not known.counts and known.at <= comment.at + AHEAD and state.owes(f"4.2/{call}")
    ]
    return min(owing)[1] if owing else None


def _comment_on(state: AccountState, call: str, comment: Comment, now: datetime) -> None:
    """A checked comment on a known call. The earliest one that counts stands; before there is one, the newest."""
    known = state.calls[call]
    if comment.at < known.at - AHEAD:
        state.note("comment_before_call", comment.at, now, key=f"before#{comment.key}", note=call)
        _tell(state, "comment_before_call", comment, now, call)
        return
    counts = not comment.missing
    if counts:
        prove(state, f"4.2/{call}", comment.at, comment.key)
    before = known.commented_at
    if before is None or (counts and not known.counts) or (counts == known.counts and (comment.at < before) == counts):
        put_call(state, call, known.model_copy(update={"commented_at": comment.at, "counts": counts, "missing": comment.missing}))


# --- comments whose call is not known -------------------------------------------------------------------------------


def _keep_early(state: AccountState, comment: Comment) -> None:
    state.early.append(comment)
    if comment.call is not None:
        state.waits[f"{CALL}/{comment.key}"] = Wait(term=state.term("4.2") or "at once", start=comment.at)
    for old in state.early[: max(0, len(state.early) - MOST_EARLY)]:
        _drop_early(state, old)


def _drop_early(state: AccountState, comment: Comment) -> None:
    state.early = [c for c in state.early if c is not comment]
    state.waits.pop(f"{CALL}/{comment.key}", None)


def _take_early(state: AccountState, call: str, at: datetime, now: datetime) -> None:
    """A call has become known: the comments that name it are on it; else, of those that name none, the first that was made after it."""
    named = [c for c in state.early if c.call == call]
    nameless = [c for c in state.early if c.call is None and c.at >= at]
    for comment in named or sorted(nameless, key=lambda c: (bool(c.missing), c.at))[:1]:
        _drop_early(state, comment)
        _comment_on(state, call, comment, now)


def miss_calls(state: AccountState, now: datetime) -> None:
    """The manager hears of a comment on a call that nobody knows, once the term of 4.2 is over; it is kept, in case the call comes yet."""
    for comment in state.early:
        name = f"{CALL}/{comment.key}"
        wait = state.waits.get(name)
        if wait is not None and wait.plan is not None and wait.verified and now >= wait.plan.due:
            del state.waits[name]
            state.note("comment_without_call", comment.at, now, key=f"without#{comment.key}", note=comment.call or "")
            _tell(state, "comment_without_call", comment, now, comment.call)


def _words(state: AccountState, verdict: CommentVerdict) -> str:
    """What a comment lacks, part by part; one in another language has not been judged."""
    if not verdict.russian:
        return text(state.language, REGULATION, "comment", "foreign")
    lacks = [("missing", part) for part in PARTS if part in verdict.missing] + [("empty", part) for part in PARTS if part in verdict.empty]
    return "; ".join(text(state.language, REGULATION, "comment", how, part) for how, part in lacks)


def _tell(state: AccountState, what: str, comment: Comment, now: datetime, call: str | None, lacks: str = "") -> None:
    values: dict[str, JsonValue] = {"clause": "4.2", "call": call or "—", "made": state.local(comment.at), "lacks": lacks}
    tell(state, SUPPORT_MANAGER, what, comment.key, now, values)
