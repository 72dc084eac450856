"""The pure decisions about obligations that hold for every regulation: what a message may do, when a duty is met, what a breach is.

Nothing here reads a clock, a calendar or a file: every function takes the state and ``now``. A duty is met in time when
its fact happened at or before the due instant, in whatever order fact and timer arrive; a breach carries the due
instant, outlives its completion, and is never erased: corrections are new entries.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from regulations.case import CaseState, Evidence, Hold, Obligation, Refusal, Standing, Undone
from regulations.catalogue import text
from regulations.messages import Actor, CaseMessage, Extend, Message, Pause, Resume, Waive
from regulations.plans import PlannedTerm
from regulations.rows import BreachEntry, BreachRow, IncidentRow, NoticeKind, NoticeRow, ObligationRow

SHORT_TERM = timedelta(days=4)
"""Terms that span no more than this are filed with the next record of their case instead of at once."""
AHEAD = timedelta(minutes=5)
"""How far a clock outside may run before ours: a fact later than this is refused."""
LONGEST = timedelta(days=366)
"""No sale older and no extension longer than this: beyond, production calendars end, and a term there would stop the whole case."""


# --- messages that hold for every case ------------------------------------------------------------------------------


def admit(case: CaseState, message: Message, now: datetime) -> None:
    """The checks before any message is applied: not from the future, counted once, not after the end.

    Raises:
        Refusal: ``Repeated`` (the same again), ``Conflict`` (same key, other content), ``FromTheFuture``, ``Ended``.
    """
    if (known := case.seen.get(message.key)) is not None:
        if known[1] == message.digest():
            raise Refusal("Repeated", str(known[0]))
        raise Refusal("Conflict", "a different message with this key was taken before; give every event a key of its own")
    if case.ended:
        raise Refusal("Ended", f"the case has ended as {case.outcome}; what happens now is a correction of the registers")
    if message.happened_at > now + AHEAD:
        raise Refusal("FromTheFuture", "happened_at lies in the future by more than 5 minutes; send when it happened, with its offset")


def only(roles: tuple[str, ...], by: Actor | None, what: str) -> None:
    """Raises Refusal ``NotYours`` unless it was done in one of the roles."""
    if by is None or by.role not in roles:
        raise Refusal("NotYours", f"only the role {' or '.join(roles)} may {what}")


def not_before(at: datetime, earliest: datetime | None, what: str) -> None:
    """Clocks outside may differ a little from ours. Raises Refusal ``ImpossibleDate``."""
    if earliest is not None and at < earliest - AHEAD:
        raise Refusal("ImpossibleDate", f"happened_at lies before {what}; send when it happened")


def check_instant(at: datetime, now: datetime, what: str) -> None:
    """An instant that lies far away would lead out of the calendars, and stop the whole case.

    Raises:
        Refusal: ``FromTheFuture``, ``ImpossibleDate``.
    """
    if at > now + AHEAD:
        raise Refusal("FromTheFuture", f"{what} lies in the future by more than 5 minutes; send when it happened, with its offset")
    if at < now - LONGEST:
        raise Refusal("ImpossibleDate", f"{what} lies more than {LONGEST.days} days back; correct its date")


def taken(case: CaseState, message: Message, what: str, now: datetime, note: str = "") -> None:
    """Books a message as applied: revision, key, trail."""
    case.revision += 1
    case.seen[message.key] = (case.revision, message.digest())
    by = f"{message.by.role}:{message.by.id}" if message.by else None
    case.note(what, message.happened_at, now, key=message.key, source=message.source, by=by, note=note)


def _by_escalation_role(obligation: Obligation, message: CaseMessage) -> None:
    if message.by.role != obligation.escalation:
        raise Refusal("NotYours", f"only the role {obligation.escalation} may decide this about clause {obligation.clause}")


def apply_to_docket(case: CaseState, message: CaseMessage, now: datetime, meant: Callable[[], Obligation] | None = None) -> str:
    """Applies waive, extend, pause and resume, and gives the words for the trail; what each means is in the regulations' README, points 3
    and 5. What is done is settled first. ``meant`` finds the obligation that is decided about; None: the clause says it.

    Raises:
        Refusal: not the escalation role, no such obligation, the term has passed, no extension or pause left.
    """
    if not isinstance(message, Waive | Extend | Pause | Resume):
        raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of this case")
    settings = case.opening.edition.settings if case.opening else {}
    settle_open(case, now)
    if meant is not None:
        o = meant()
    else:
        o = case.to_waive(message.clause) if isinstance(message, Waive) else case.open_obligation(message.clause)
    _by_escalation_role(o, message)
    match message:
        case Waive():
            waive(case, o, message.happened_at, message.reason)
        case Extend():
            _extend(case, o, message, now, settings.get("extensions", 1))
        case Pause():
            if o.due is None:
                raise Refusal("NoClock", f"clause {o.clause} has no running clock to pause")
            if o.extended_to is not None:
                raise Refusal("Extended", f"clause {o.clause} was extended to an absolute instant, which a pause does not move")
            if len(o.holds) >= _as_int(settings.get("pauses", 1)):
                raise Refusal("NoPauseLeft", f"the edition allows no further pause of clause {o.clause}")
            if not o.started_at <= message.happened_at < o.due or o.standing is Standing.OVERDUE:
                raise Refusal("TermPassed", f"a pause of clause {o.clause} must begin within its running term")
            if o.holds and message.happened_at < (o.holds[-1].end or o.holds[-1].start):
                raise Refusal("TooEarly", f"a pause of clause {o.clause} cannot begin before the one before it has ended")
            o.holds.append(Hold(start=message.happened_at, reason=message.reason))
            put_obligation(case, o)
        case Resume():
            if not o.paused:
                raise Refusal("NotPaused", f"clause {o.clause} is not paused")
            if message.happened_at < o.holds[-1].start:
                raise Refusal("TooEarly", "a pause cannot end before it began")
            resume(case, o, message.happened_at)
    return f"{message.clause}: {getattr(message, 'reason', '')}".strip(": ")


def _as_int(value: object) -> int:
    return value if isinstance(value, int) else 1


def _extend(case: CaseState, o: Obligation, message: Extend, now: datetime, allowed: object) -> None:
    if o.paused:
        raise Refusal("Paused", f"clause {o.clause} is paused; resume it first")
    if o.due is None:
        raise Refusal("NoClock", f"clause {o.clause} has no term to extend")
    if o.standing is Standing.OVERDUE or now >= o.due:
        raise Refusal("TermPassed", f"the term of clause {o.clause} has passed; an extension comes before it")
    if o.extensions >= _as_int(allowed):
        raise Refusal("NoExtensionLeft", f"the edition allows no further extension of clause {o.clause}")
    if message.new_due <= o.due:
        raise Refusal("NotLater", f"the new due instant of clause {o.clause} must lie after the present one")
    if message.new_due > now + LONGEST:
        raise Refusal("TooFar", f"an extension of clause {o.clause} goes at most {LONGEST.days} days ahead")
    o.extended_from, o.extended_to = message.happened_at, message.new_due
    o.not_later_than = None
    o.extensions += 1
    o.plan = None
    o.warned = False
    put_obligation(case, o)


def resume(case: CaseState, o: Obligation, at: datetime) -> None:
    """The clock goes on: the term is counted anew from its start, with the time that it stood, which the edition limits.

    An agreed instant that has passed while the clock stood binds nobody any more. An owner who was reminded before the pause is not
    reminded again.
    """
    hold = o.holds[-1]
    hold.end = at if hold.until is None else min(at, hold.until)
    if o.not_later_than is not None and o.not_later_than <= hold.end:
        o.not_later_than = None
    o.plan = None
    o.verified = False
    put_obligation(case, o)


# --- opening, meeting, closing --------------------------------------------------------------------------------------


def open_obligation(
    case: CaseState, key: str, *, clause: str, owner: str, escalation: str, started_at: datetime, now: datetime, term: str | None
) -> Obligation:
    """Opens an obligation once; the same key again gives the one that is there."""
    if (known := case.obligation(key)) is not None:
        return known
    o = Obligation(key=key, clause=clause, owner=owner, escalation=escalation, term=term, started_at=started_at, opened_at=now)
    case.obligations.append(o)
    put_obligation(case, o)
    return o


def settle(case: CaseState, o: Obligation, evidence: Evidence | None, now: datetime) -> None:
    """Holds an obligation against its evidence: met, met late, or, for a breach that was none, withdrawn.

    A duty whose term has not been counted yet, or not since something else was agreed, waits for the count. The earliest evidence decides.
    """
    if evidence is None or o.standing is Standing.WAIVED:
        return
    at = evidence.happened_at
    if o.paused and at > o.holds[-1].start:
        resume(case, o, at)  # done while the clock stood: the pause ends there, and the term is counted with it
    waits_for_count = o.term is not None and (o.plan is None or not (o.counted or o.paused))
    if waits_for_count or (o.standing is Standing.MET and (o.met_at is None or at >= o.met_at)):
        return
    due = o.plan.due if o.plan is not None else None
    if due is None or at <= due:
        withdrawn = o.breached_at is not None and o.standing is not Standing.MET
        o.met_at, o.met_by = at, evidence.key
        if withdrawn:
            _enter(case, o, BreachEntry.WITHDRAWN, now, text(case.language, "breach", "withdrawn", at=case.local(at)))
        close(case, o, Standing.MET)
    elif o.breached_at is not None and (o.met_at is None or at < o.met_at):
        first = o.met_at is None
        o.met_at, o.met_by = at, evidence.key
        if first:
            _enter(case, o, BreachEntry.MET_LATE, at)
        close(case, o, Standing.MET_LATE)


def settle_open(case: CaseState, now: datetime) -> None:
    """Holds every open duty against its proof before somebody decides about it. A breach is decided on in a regulation's `decide` alone."""
    for o in case.obligations:
        if o.standing is Standing.OPEN:
            settle(case, o, case.proof(o), now)


def breach(case: CaseState, o: Obligation) -> None:
    """Records that the term ran out. The breach carries the due instant, whenever we got round to it."""
    assert o.due is not None  # noqa: S101 - only a counted term runs out
    o.breached_at = o.due
    o.standing = Standing.OVERDUE
    put_obligation(case, o)
    _enter(case, o, BreachEntry.RECORDED, o.due)


def waive(case: CaseState, o: Obligation, at: datetime, note: str) -> None:
    """Lets an obligation go. A term that had run out before is a breach all the same, whichever of message and timer came first."""
    if o.standing is Standing.OPEN and o.due is not None and o.due < at and case.sure(o):
        breach(case, o)
    close(case, o, Standing.WAIVED, note)


def undo_breach(case: CaseState, o: Obligation, plan: PlannedTerm, why: str, now: datetime) -> None:
    """The day that made a duty overdue has become a day off: the breach is withdrawn, and the term runs to its new due instant.

    What was done late meanwhile is held against that instant; what is still not done is open again, until it has passed too. Who had
    been told of the breach is to be told of this (`Obligation.undone`).
    """
    done = Evidence(happened_at=o.met_at, key=o.met_by or "") if o.met_at is not None else None
    _enter(case, o, BreachEntry.WITHDRAWN, now, text(case.language, "breach", "undone", why=why))
    if o.breached_at is not None and (o.escalated or o.told):
        o.undone = Undone(due=o.breached_at, escalated=o.escalated, told=o.told)
    o.breached_at = o.met_at = o.met_by = None
    o.escalated = o.told = o.warned = False
    o.plan, o.verified, o.standing = plan, now >= plan.due, Standing.OPEN
    put_obligation(case, o)
    if done is not None:
        if done.happened_at > plan.due:
            breach(case, o)
        settle(case, o, done, now)


def withdraw_breach(case: CaseState, o: Obligation, at: datetime, key: str, now: datetime, note: str) -> None:
    """What was done at ``at``, after the due instant, undoes a recorded breach all the same, where its clause says so: by a second row."""
    o.met_at, o.met_by = at, key
    _enter(case, o, BreachEntry.WITHDRAWN, now, note)
    close(case, o, Standing.MET)


def waive_all(case: CaseState, at: datetime, note: str) -> None:
    """The end of a case: what is proven is met once it is counted, the rest is let go; a term that had run out before ``at`` is a breach
    all the same."""
    for o in list(case.unmet()):
        if case.proof(o) is None:
            waive(case, o, at, note)


def close(case: CaseState, o: Obligation, standing: Standing, note: str = "") -> None:
    """Ends an obligation; a clock that still stood stands no more."""
    o.standing = standing
    o.recount = ""
    o.note = note or o.note
    if o.paused:
        o.holds[-1].end = o.holds[-1].start
    put_obligation(case, o)


def _enter(case: CaseState, o: Obligation, entry: BreachEntry, at: datetime, note: str = "") -> None:
    assert o.breached_at is not None  # noqa: S101
    late = int((at - o.breached_at).total_seconds()) if entry is BreachEntry.MET_LATE else None
    case.put(
        BreachRow(
            seq=case.next_seq(),
            key=o.key,
            clause=o.clause,
            owner=o.owner,
            due=o.breached_at,
            entry=entry,
            at=at,
            late_seconds=late,
            note=note,
        )
    )


def put_obligation(case: CaseState, o: Obligation, *, pressing: bool = False) -> None:
    """Queues the present state of an obligation for its register; ``pressing`` when it cannot wait for the next record of the case.

    While the clock stands the row tells on which days the pause's limit depends, not the term.
    """
    p = o.clock
    case.put(
        ObligationRow(
            seq=case.next_seq(),
            key=o.key,
            clause=o.clause,
            owner=o.owner,
            escalation=o.escalation,
            duty=f"{case.regulation} {o.clause}",
            term=o.term,
            state=o.standing.value,
            started_at=o.started_at,
            due=o.due,
            met_at=o.met_at,
            breached_at=o.breached_at,
            provisional=bool(p and p.provisional),
            calendar=case.opening.calendar if case.opening else None,
            calendar_version=p.calendar_version if p else None,
            span_from=p.span_from if p else None,
            span_to=p.span_to if p else None,
            note=o.note,
        ),
        pressing=pressing or _presses(o),
    )


def _presses(o: Obligation) -> bool:
    """Whether the register must have it now. What rides along with the next record of the case: a duty met in time, unless its reminder may
    still lie in the register of notices, and the opening of a short term, which no decree is quick enough to move, and which is counted
    again when it runs out."""
    if o.standing is Standing.MET:
        return o.warned
    if o.standing is not Standing.OPEN or o.extensions or o.holds:
        return True
    return o.plan is not None and o.plan.span_to - o.plan.span_from > SHORT_TERM


# --- telling people inside ------------------------------------------------------------------------------------------


def notice(
    case: CaseState,
    role: str,
    kind: NoticeKind,
    text: str,
    *,
    key: str,
    clause: str = "",
    due: datetime | None = None,
    earliest: datetime,
    at_once: bool = False,
) -> None:
    """Queues a message to somebody inside; a role without an address is an incident, not a silence.

    Where a role names a person whom the company's file does not know, whoever has the role in general is told instead. From ``earliest``
    on the rounds mail it, in the recipient's working time unless ``at_once``.
    """
    opening = case.opening
    address = opening.address_of(role) if opening else None
    if opening is None or address is None:
        incident(case, f"no-address#{role}", "role_without_address", earliest, f"{role}: {text}")
        return
    case.put(
        NoticeRow(
            seq=case.next_seq(),
            key=key,
            clause=clause,
            kind=kind,
            role=role,
            recipient=address.email,
            language=opening.language,
            due=due,
            earliest=earliest,
            at_once=at_once,
            text=text,
        )
    )


def incident(case: CaseState, key: str, what: str, at: datetime, text: str) -> None:
    """Queues something that a person must look at, and puts it into the trail."""
    case.put(IncidentRow(seq=case.next_seq(), key=key, what=what, at=at, text=text))
    case.note(f"incident.{what}", at, at, key=key, note=text)
