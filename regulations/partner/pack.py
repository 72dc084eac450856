"""The meeting pack (partner 8.1): the state of each partner of a manager's portfolio, the four lists with their sums, and what is missing.

Pure: rows of the registers in, the pack out. Sums are exact; a partner whose sum is not known stands in its list and in no sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal

from regulations.partner.rows import PartnerRow
from regulations.partner.services import ZERO
from regulations.wire import Wire

Gap = Literal["state", "next_step", "answer", "renewal_sum", "additional_sum"]
"""What a manager has yet to prepare: the state since the last meeting, the own next step, the own answer to a problem, a sum."""
Activity = Literal["planned", "past", "none"]
"""How the next activity of a partner stands (4.1)."""
ListName = Literal["sure", "doubtful", "additional", "urgent"]
LISTS: tuple[ListName, ...] = ("sure", "doubtful", "additional", "urgent")
"""8.1: surely renews; should renew, but doubtful; should buy additional services; problem partners with urgent questions."""


class PartnerState(Wire):
    """One partner of the pack."""

    row: PartnerRow
    activity: Activity
    overdue: tuple[str, ...]
    """The clauses that its account owes and has missed: 4.1, 4.2."""
    gaps: tuple[Gap, ...]


class MeetingPack(Wire):
    """The pack of one meeting."""

    partners: tuple[PartnerState, ...]
    """By name."""

    def listed(self, name: ListName) -> tuple[PartnerState, ...]:
        """The partners of one of the four lists."""
        return tuple(partner for partner in self.partners if _BELONGS[name](partner.row))

    def sum(self, name: ListName) -> Decimal:
        """What a list comes to: its renewals, or its additional services. Problems have no sum."""
        amounts = (amount_in(name, partner.row) for partner in self.listed(name))
        return sum((amount for amount in amounts if amount is not None), ZERO)

    @property
    def unprepared(self) -> tuple[PartnerState, ...]:
        """The partners for whom something is missing."""
        return tuple(partner for partner in self.partners if partner.gaps)


def amount_in(name: ListName, row: PartnerRow) -> Decimal | None:
    """The sum with which a partner stands in a list; None: none is known, or the list has none."""
    if name == "urgent":
        return None
    return row.additional_sum if name == "additional" else row.renewal_sum


def build(partners: Iterable[PartnerRow], overdue: Mapping[str, Iterable[str]], since: datetime | None, now: datetime) -> MeetingPack:
    """The pack of a manager.

    Args:
        partners: The partners that it supports.
        overdue: Partner → clauses that are overdue in its account.
        since: The meeting before: what was noted earlier is not of this one. None: there was none.
        now: As of when.
    """
    states = [
        PartnerState(
            row=row,
            activity=_activity(row, now),
            overdue=tuple(sorted(overdue.get(row.partner, ()))),
            gaps=tuple(gap for gap, missing in _MISSING if missing(row, since)),
        )
        for row in partners
    ]
    states.sort(key=lambda state: (state.row.name.casefold(), state.row.partner))
    return MeetingPack(partners=tuple(states))


def _activity(row: PartnerRow, now: datetime) -> Activity:
    if row.next_activity_at is None:
        return "none"
    return "past" if row.next_activity_at < now else "planned"


_BELONGS: dict[ListName, Callable[[PartnerRow], bool]] = {
    "sure": lambda row: row.outlook == "sure",
    "doubtful": lambda row: row.outlook == "doubtful",
    "additional": lambda row: bool(row.additional or row.additional_sum),
    "urgent": lambda row: row.urgent,
}

_MISSING: tuple[tuple[Gap, Callable[[PartnerRow, datetime | None], bool]], ...] = (
    ("state", lambda row, since: row.noted_at is None or (since is not None and row.noted_at < since)),
    ("next_step", lambda row, since: not row.next_step),
    ("answer", lambda row, since: bool(row.problem or row.urgent) and not row.answer),
    ("renewal_sum", lambda row, since: row.outlook in ("sure", "doubtful") and row.renewal_sum is None),
    ("additional_sum", lambda row, since: bool(row.additional) and row.additional_sum is None),
)
