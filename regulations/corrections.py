"""A fact learnt after its case has ended: what it changes of what the registers say of a duty.

The same rules as for a fact that is learnt in time: what happened at or before the due instant meets the term, and a breach recorded
meanwhile is withdrawn by a second row; what happened later leaves the breach as it is, done late. The earliest fact decides, in whatever
order the facts are learnt. Rows are added or renewed, never erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from regulations.case import UNMET, Standing
from regulations.documents import Document
from regulations.effects import AccessGrant, Letter
from regulations.record_batch import AnyRow
from regulations.rows import BreachEntry, BreachRow, ObligationRow
from regulations.wire import Wire

Result = Literal["withdrawn", "stands", "recorded"]
"""The breach was none; the breach stands, done late; there was no breach to correct."""


class LearntFact(Wire):
    """What happened, without the persons in it: what a correction needs of the message that told it."""

    what: str
    """Name of the message's type, e.g. ``FirstContact``."""
    key: str
    happened_at: datetime
    source: str
    by: str | None = None
    files: tuple[str, ...] = ()
    """Kinds of the attachments that came with it and count (handoff 2.1.4)."""
    unread: tuple[Document, ...] = ()
    """Attachments that count only if they can be read, which nobody has tried yet."""
    access: AccessGrant | None = None
    """The grant that it tells of (handoff 2.1.2)."""


class LateNews(Wire):
    """What a correction begins with."""

    address: str
    fact: LearntFact
    ended_at: datetime | None
    """When the case ended that the fact is for; None: the server has forgotten it, and the newest of the address is meant."""


class ToCorrect(LateNews):
    """The same, with the time of the correction."""

    now: datetime


class Corrected(Wire):
    """What a correction has written, and what is left to be said to people outside."""

    case_uid: str
    kind: str
    edition: str
    decided_at: datetime
    """The case's own time of its last decision: rows that are written later keep it."""
    language: Literal["ru", "uk"]
    results: dict[str, Result]
    """By clause."""
    letter: Letter | None = None
    not_before: datetime
    """From when the letter may go: working time."""
    if_unsent: tuple[AnyRow, ...] = ()
    """What is written down when the letter is refused, or nobody knows whether it arrived."""


class CorrectionOutcome(Wire):
    """How a correction ended."""

    results: dict[str, Result]
    letter: Literal["sent", "unsent"] | None
    """None: nobody outside had to be told."""


# --- the decision about one duty ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Breach:
    """A breach that a fact bears on: of which obligation, and the due instant that was missed."""

    obligation: ObligationRow
    due: datetime

    @property
    def link(self) -> str:
        """What names it in rows and in keys of letters."""
        return f"{self.obligation.key}@{self.due.isoformat()}"


@dataclass(frozen=True)
class Bearing:
    """What a fact does to the duties of one clause."""

    rows: tuple[ObligationRow | BreachRow, ...] = ()
    """Still without their number ``seq``."""
    withdrawn: tuple[Breach, ...] = ()
    standing: tuple[Breach, ...] = ()

    @property
    def result(self) -> Result:
        return "withdrawn" if self.withdrawn else "stands" if self.standing else "recorded"

    @property
    def links(self) -> tuple[str, ...]:
        """The breaches that the result speaks of."""
        return tuple(b.link for b in self.withdrawn or self.standing)


def bear(
    duties: Sequence[ObligationRow], breaches: Sequence[BreachRow], at: datetime, now: datetime, note: str, *, every_round: bool
) -> Bearing:
    """Holds a fact against the obligations of its clause.

    Late, a fact bears on the last obligation alone that had begun by then. In time it also meets those that began later, where one fact
    is enough for every round: a duty may be done before it is owed. One that lies before them all is for the first.

    Args:
        duties: The rows of the clause, in any order.
        breaches: The entries of the case, in any order.
        at: When it happened.
        now: When it was learnt.
        note: The words for the withdrawn breach.
        every_round: Whether one fact is enough for every round.
    """
    if not duties:
        return Bearing()
    in_order = sorted(duties, key=lambda o: (o.started_at, o.seq))
    own = next((o for o in reversed(in_order) if o.started_at <= at), in_order[0])
    others = [o for o in in_order if every_round and o is not own and (due := _due(o)) is not None and at <= due]
    parts = [_hold(o, breaches, at, now, note) for o in (own, *others)]
    return Bearing(
        rows=tuple(row for part in parts for row in part.rows),
        withdrawn=tuple(b for part in parts for b in part.withdrawn),
        standing=tuple(b for part in parts for b in part.standing),
    )


def _due(o: ObligationRow) -> datetime | None:
    """The due instant that was missed, else the one that was kept."""
    return o.breached_at or o.due


def _hold(o: ObligationRow, breaches: Iterable[BreachRow], at: datetime, now: datetime, note: str) -> Bearing:
    due = _due(o)
    entries = {b.entry for b in breaches if b.key == o.key and b.due == due}
    stands = BreachEntry.RECORDED in entries and BreachEntry.WITHDRAWN not in entries
    if o.state == Standing.WAIVED and not stands:
        return Bearing()  # it was let go, and nothing was missed
    if due is None or at <= due:
        rows: list[ObligationRow | BreachRow] = []
        if o.state != Standing.MET or o.met_at is None or at < o.met_at:
            rows.append(o.model_copy(update={"state": Standing.MET.value, "met_at": at}))
        if not stands or due is None:
            return Bearing(rows=tuple(rows))
        rows.append(_entry(o, due, BreachEntry.WITHDRAWN, now, note))
        return Bearing(rows=tuple(rows), withdrawn=(Breach(o, due),))
    if o.state == Standing.MET:
        return Bearing()  # an earlier fact has met it
    rows = []
    if BreachEntry.RECORDED not in entries:  # the case was ended by force, before it could record its breach
        rows.append(_entry(o, due, BreachEntry.RECORDED, due))
    if BreachEntry.MET_LATE not in entries:
        rows.append(_entry(o, due, BreachEntry.MET_LATE, at))
    if o.state in UNMET or o.met_at is None or at < o.met_at:
        rows.append(o.model_copy(update={"state": Standing.MET_LATE.value, "met_at": at, "breached_at": due}))
    return Bearing(rows=tuple(rows), standing=(Breach(o, due),))


def _entry(o: ObligationRow, due: datetime, entry: BreachEntry, at: datetime, note: str = "") -> BreachRow:
    late = int((at - due).total_seconds()) if entry is BreachEntry.MET_LATE else None
    return BreachRow(seq=0, key=o.key, clause=o.clause, owner=o.owner, due=due, entry=entry, at=at, late_seconds=late, note=note)


def numbered(rows: Iterable[AnyRow], highest: int) -> list[AnyRow]:
    """The rows with numbers of their own, above the highest that the case has used, so that they stand over what it wrote."""
    return [row.model_copy(update={"seq": number}) for number, row in enumerate(rows, highest + 1)]
