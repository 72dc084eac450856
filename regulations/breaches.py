"""A term on its way to its end, for every regulation: pauses that end, proof, reminders, breaches, breaches that were none.

Every function takes the state and ``now``. People inside are told by notices, which the rounds hold until their working time; what people
outside are told is the regulation's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from regulations.case import CaseState, Obligation, Standing, Tell
from regulations.catalogue import text
from regulations.clocks import next_instant, ran_out, untold, warn_at
from regulations.obligations import breach, notice, resume, settle
from regulations.rows import NoticeKind

LATE = timedelta(minutes=15)
"""A reminder or a breach that we come to later than this (a fact learnt late, a worker away) waits for working time anew."""
KINDS: dict[str, NoticeKind] = {"ended": "ended", "breach_withdrawn": "breach_withdrawn", "breach_moved": "breach_withdrawn"}
"""What is told → kind of notice; everything else is an incident."""


# --- the term -------------------------------------------------------------------------------------------------------


def end_pauses(state: CaseState, now: datetime) -> None:
    """A pause ends by itself at the edition's limit; the trail says so."""
    for o in state.unmet():
        if o.paused and (until := o.holds[-1].until) is not None and now >= until:
            resume(state, o, until)
            state.note("pause_ended", until, now, key=f"{o.key}#pause{len(o.holds)}", note=o.clause)


def settle_all(state: CaseState, now: datetime) -> list[Obligation]:
    """Holds every duty against its proof; gives those whose recorded breach turned out to be none."""
    withdrawn = []
    for o in state.obligations:
        was = o.standing
        settle(state, o, state.proof(o), now)
        if o.breached_at is not None and o.standing is Standing.MET and was is not Standing.MET:
            withdrawn.append(o)
    return withdrawn


def run_out(state: CaseState, now: datetime) -> list[Obligation]:
    """Records the breaches of what is still unmet; gives those of which somebody has to be asked first (`CaseState.sure`)."""
    unsure = []
    for o in list(state.unmet()):
        if ran_out(o, now):
            if state.sure(o):
                breach(state, o)  # what was proven in time has been settled before
            else:
                unsure.append(o)
    return unsure


def hold_terms(state: CaseState, now: datetime, until: datetime | None = None) -> list[Obligation]:
    """Pauses end, proof is held against every term, and what ran out unproven by ``until`` (None: by now) is a breach.

    Gives the obligations whose recorded breach turned out to be none.
    """
    end_pauses(state, now)
    withdrawn = settle_all(state, now)
    run_out(state, until or now)
    return withdrawn + settle_all(state, now)


def uncounted(state: CaseState) -> bool:
    """Whether a term has yet to be counted."""
    terms = (o for o in state.unmet() if o.term is not None and not o.paused)
    return any(w.plan is None for w in state.waits.values()) or any(o.plan is None for o in terms)


# --- telling people inside ------------------------------------------------------------------------------------------


def keys(obligations: list[Obligation]) -> str:
    """The part of a telling's key that names obligations and their due instants."""
    return "+".join(f"{o.key}@{(o.breached_at or o.due or o.started_at).isoformat()}" for o in obligations)


def learnt_late(state: CaseState, o: Obligation) -> bool:
    """Whether we learnt of the start only after the moment for the reminder, so that less time than usual was left."""
    at = warn_at(state, o)
    return at is not None and o.opened_at > at


def moved_into_the_past(o: Obligation) -> bool:
    """Whether a changed calendar left the owner no time."""
    return o.moved_at is not None and o.plan is not None and o.plan.due <= o.moved_at


def words(state: CaseState, what: str, o: Obligation) -> str:
    """The text of a notice about an obligation: also what the case remarks on it, that its start was learnt late, or that a calendar moved
    its term into the past."""
    said = text(state.language, "notice", what, clause=o.clause, duty=text(state.language, state.kind, "duty", o.clause))
    why = [*state.remarks(o)]
    why += [text(state.language, "notice", "learnt_late")] if learnt_late(state, o) else []
    why += [text(state.language, "notice", "moved")] if moved_into_the_past(o) else []
    return f"{said} ({'; '.join(why)})" if why else said


def reminder_due(state: CaseState, o: Obligation, now: datetime) -> datetime | None:
    """The moment for the one reminder before the term, if it has come and the reminder has not gone out."""
    at = warn_at(state, o)
    past = at is None or now < at or o.due is None or now >= o.due
    return None if past or o.warned or o.paused or o.standing is not Standing.OPEN else at


def remind(state: CaseState, o: Obligation, at: datetime, now: datetime) -> None:
    """Reminds an owner inside, from the planned moment on; if we come to it late, from now on."""
    late = now >= at + LATE
    at_once = not late and o.plan is not None and o.plan.warn_at_once
    earliest = now if late else at
    said = words(state, "warning", o)
    notice(state, o.owner, "warning", said, key=o.key, clause=o.clause, due=o.due, earliest=earliest, at_once=at_once)
    o.warned = True


def newly_breached(state: CaseState) -> list[Obligation]:
    """The obligations whose breach people inside have yet to be told of, also those let go since."""
    return [o for o in state.obligations if o.breached_at is not None and not o.escalated and o.standing is not Standing.MET]


def tell_breach(state: CaseState, o: Obligation) -> None:
    """One word at the breach to everybody inside who hears of it; an owner outside has yet to be told."""
    assert o.breached_at is not None  # noqa: S101 - only of a recorded breach
    o.escalated = True
    o.told = o.owner not in state.outside
    said = words(state, "breach", o)
    for role in state.heard_by(o):
        notice(state, role, "breach", said, key=o.key, clause=o.clause, due=o.breached_at, earliest=o.breached_at)


def tell_withdrawn(state: CaseState, withdrawn: list[Obligation], now: datetime) -> list[Obligation]:
    """Who inside was told of a breach is told that it was none; gives those of which an owner outside had been told."""
    for o in withdrawn:
        for role in state.heard_by(o) if o.escalated else ():
            state.tell(role, "breach_withdrawn", keys([o]), now, {"clause": o.clause})
    return [o for o in withdrawn if o.told and o.owner in state.outside]


def tell_undone(state: CaseState, now: datetime) -> dict[str, list[Obligation]]:
    """Who inside was told of a breach that a changed calendar has undone is told so: it was none, or the term ends later now.

    Gives, by what is to be said, the obligations of which an owner outside had been told.
    """
    outside: dict[str, list[Obligation]] = {}
    for o in state.obligations:
        if o.undone is None:
            continue
        what = "breach_withdrawn" if o.standing is Standing.MET else "breach_moved"
        for role in state.heard_by(o) if o.undone.escalated else ():
            state.tell(role, what, f"{o.key}@{o.undone.due.isoformat()}", now, {"clause": o.clause, "due": o.due_text})
        if o.undone.told and o.owner in state.outside:
            outside.setdefault(what, []).append(o)
        o.undone = None
    return outside


def tell_of_terms(state: CaseState, withdrawn: list[Obligation], now: datetime) -> None:
    """Everybody inside hears what there is to hear of terms: breaches that were none, reminders, breaches."""
    tell_withdrawn(state, withdrawn, now)
    tell_undone(state, now)
    for o in state.unmet():
        if (at := reminder_due(state, o, now)) is not None:
            remind(state, o, at, now)
    for o in newly_breached(state):
        tell_breach(state, o)


def tell_inside(state: CaseState, tell: Tell, now: datetime, kinds: dict[str, NoticeKind] = KINDS) -> None:
    """Hands a telling to somebody inside on as a notice; the rounds keep the hours."""
    clause = str(tell.values.get("clause", ""))
    duty = text(state.language, state.kind, "duty", clause) if clause else ""
    said = text(state.language, "notice", tell.what, **{**tell.values, "duty": duty})
    kind = kinds.get(tell.what, "incident")
    key, due = _breach_of(tell) if kind == "breach_withdrawn" else (tell.key, None)
    notice(state, tell.role, kind, said, key=key, clause=clause, due=due, earliest=now)


def _breach_of(tell: Tell) -> tuple[str, datetime | None]:
    """The obligation and the due instant of the breach that a telling is about: its key is one of `keys`."""
    key, _, due = tell.key.partition("@")
    return key, datetime.fromisoformat(due) if due else None


def hour_has_come(state: CaseState, tell: Tell, now: datetime) -> bool:
    """Whether a telling may go: one that waits for working time, once that is counted and there."""
    if tell.wait is None:
        return True
    wait = state.waits.get(tell.wait)
    return wait is not None and wait.plan is not None and now >= wait.plan.tell_at


# --- the next instant -----------------------------------------------------------------------------------------------


def earliest_wake(
    state: CaseState, now: datetime, waits: Iterable[str] = (), more: Iterable[tuple[datetime, str]] = ()
) -> tuple[datetime, str] | None:
    """The earliest instant after ``now`` at which a case must be awake, and the words for its timer; None: it has ended, or nothing comes.

    Args:
        state: Its obligations count, and its letters that wait for their hour.
        now: What is past has been decided already.
        waits: Names of the waits whose end it must be awake for; the words are those of the name before its first slash.
        more: What else there is.
    """
    candidates = list(more)
    if (wake := _of_obligations(state, now)) is not None:
        candidates.append(wake)
    for tell in state.tells:
        wait = state.waits.get(tell.wait) if tell.wait else None
        if wait is not None and wait.plan is not None:
            candidates.append((wait.plan.tell_at, text(state.language, "letter", tell.what)))
    for name in waits:
        wait = state.waits.get(name)
        if wait is not None and wait.plan is not None:
            what = text(state.language, state.kind, "wait", name.partition("/")[0])
            candidates.append((wait.plan.due, text(state.language, "timer", "wait", what=what, due=wait.plan.due_text)))
    return min((c for c in candidates if c[0] > now and not state.ended), default=None)


def _of_obligations(state: CaseState, now: datetime) -> tuple[datetime, str] | None:
    """The earliest instant at which an obligation needs the case awake, and the words for its timer."""
    instant = next_instant(state, now)
    if instant is None:
        return None
    at, o = instant
    kind = "pause" if o.paused else "tell" if untold(o) else "due" if at == o.due else "warning"
    duty = text(state.language, state.kind, "duty", o.clause)
    return at, text(state.language, "timer", kind, clause=o.clause, duty=duty, due=o.due_text)
