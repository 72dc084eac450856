"""A case that lives for years: its trail and its known keys stay short, since it is handed over whole at every new run."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from regulations.case import CaseState

LONGEST_NOTE = 200


class LongCase(CaseState):
    """Keeps the last facts, and when it is handed over the newest keys: older repeats are stopped by the inbox."""

    most_facts: ClassVar[int] = 100
    most_seen: ClassVar[int] = 500
    forgotten_facts: int = 0
    """Facts that the trail no longer holds."""

    def note(
        self, what: str, at: datetime, now: datetime, *, key: str, source: str = "case", by: str | None = None, note: str = ""
    ) -> None:
        """Adds a fact to the trail, which keeps the last ones."""
        super().note(what, at, now, key=key, source=source, by=by, note=note[:LONGEST_NOTE])
        if (over := len(self.facts) - self.most_facts) > 0:
            self.facts = self.facts[over:]
            self.forgotten_facts += over

    def newest_seen(self) -> dict[str, tuple[int, str]]:
        """The keys of the messages that were applied last."""
        return dict(list(self.seen.items())[-self.most_seen :])

    def carried(self) -> Self:
        """What the next run gets."""
        return self.model_copy(update={"seen": self.newest_seen()})
