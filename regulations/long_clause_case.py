"""What a case of many duties that lives for years forgets, so that its state stays small: the registers have it all."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import ClassVar, Self

from regulations.case import UNMET, Obligation, Standing
from regulations.catalogue import text
from regulations.clause_case import ClauseCase
from regulations.long_case import LongCase
from regulations.obligations import close
from regulations.read_out import Counts

MOST_CLOSED, MOST_UNMET = 20, 40
"""What is kept of duties: closed ones, ones that are not met. Of the older ones numbers stay."""
LONG_OVERDUE = "long_overdue"
"""Note of a duty that has been overdue for so long that so many others are too: it is let go, its breach stands."""
BREACH = "breach"
LONGEST_REASON = 100
"""What the next run has of the reason of a pause, or for which a duty was let go."""


class LongClauseCase(LongCase, ClauseCase):
    """A case that lives for years; far under 256 KB when handed over, however much there was."""

    most_facts: ClassVar[int] = 50
    most_seen: ClassVar[int] = 200

    closed: dict[str, int] = {}
    """How many duties the state no longer holds, by clause and standing (``4.2 met``); breaches that stand as ``4.2 breach``."""

    def carried(self) -> Self:
        """What the next run gets: the reasons of its duties short, since the registers and the trail had them whole."""
        next_one = super().carried().model_copy(update={"obligations": deepcopy(self.obligations)})
        for o in next_one.obligations:
            o.note = o.note[:LONGEST_REASON]
            for hold in o.holds:
                hold.reason = hold.reason[:LONGEST_REASON]
        return next_one

    def kept(self, o: Obligation) -> bool:
        """Whether a duty that is over is still spoken of, and not to be forgotten."""
        return False

    def to_waive(self, clause: str) -> Obligation:
        """The oldest: where duties of a clause follow each other, a newer one is open all the time."""
        return next((o for o in self.unmet() if o.clause == clause), None) or super().to_waive(clause)

    def counts(self) -> Counts:
        """How all its duties have ended so far, the forgotten ones too."""
        ended = dict(self.closed)
        _count(ended, self.obligations)
        by_kind = {kind: sum(n for name, n in ended.items() if name.endswith(f" {kind}")) for kind in (*Standing, BREACH)}
        return Counts(
            met=by_kind[Standing.MET],
            met_late=by_kind[Standing.MET_LATE],
            waived=by_kind[Standing.WAIVED],
            breaches=by_kind[BREACH],
        )

    def closed_words(self) -> str:
        """The duties that the state no longer holds, by clause and standing."""
        words = []
        for name, number in sorted(self.closed.items()):
            clause, _, standing = name.partition(" ")
            said = text(self.language, self.kind, "case", "breaches") if standing == BREACH else text(self.language, "standing", standing)
            words.append(f"{clause} {said} {number}")
        return ", ".join(words)

    def forget(self) -> list[str]:
        """Leaves numbers of the oldest duties that are over, and lets the oldest overdue ones go where there are too many; the keys of what
        is forgotten.

        None is left out of which somebody has yet to be told, or that a changed calendar is about to move.
        """
        overdue = [o for o in self.obligations if o.standing is Standing.OVERDUE and o.escalated]
        too_many = sum(o.standing in UNMET for o in self.obligations) - MOST_UNMET
        for o in overdue[: max(0, too_many)]:
            close(self, o, Standing.WAIVED, LONG_OVERDUE)
        over = [o for o in self.obligations if _over(o) and not self.kept(o)]
        old = over[: max(0, len(over) - MOST_CLOSED)]
        if len(self.seen) > 2 * self.most_seen:
            self.seen = self.newest_seen()
        if not old:
            return []
        _count(self.closed, old)
        gone = {o.key: o for o in old}
        self.obligations = [o for o in self.obligations if o.key not in gone]
        self.evidence = {key: evidence for key, evidence in self.evidence.items() if key not in gone}
        return list(gone)


def _over(o: Obligation) -> bool:
    untold = o.breached_at is not None and not o.escalated and o.standing is not Standing.MET
    return o.standing not in UNMET and not untold and o.undone is None and not o.recount


def _count(counts: dict[str, int], obligations: Iterable[Obligation]) -> None:
    for o in obligations:
        stands = o.breached_at is not None and o.standing is not Standing.MET
        for kind in (o.standing.value, BREACH) if stands else (o.standing.value,):
            name = f"{o.clause} {kind}"
            counts[name] = counts.get(name, 0) + 1
