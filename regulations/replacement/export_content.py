"""What an export holds, row by row in any order: the calls that count of each lead, and the rows that count for nothing.

The same row twice is one row. Rows that say different things of the same card, call or ticket contradict each other, and none of them
counts, whichever came first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from regulations.replacement.export import Call, Card, Recording, Row, Ticket
from regulations.replacement.findings import Evidence, is_on_replacement
from regulations.replacement.local_times import LocalTimes
from regulations.time.zones import instant_of

CHECKED = "5.2"
"""The clause under which the rows of an export are checked."""


class KeptCard(NamedTuple):
    """A card; its instant in microseconds since the epoch."""

    appeared: int
    lead: str
    status: str
    comment: str


class KeptCall(NamedTuple):
    """A call; in order of its instant, in microseconds since the epoch, then its id."""

    at: int
    call: str
    lead: str
    answered: bool
    comment: str


class KeptTicket(NamedTuple):
    """A ticket; its instants in microseconds since the epoch."""

    since: int
    ticket: str
    until: int | None
    by_client: bool
    confirmed: bool


T = TypeVar("T", KeptCard, KeptCall, KeptTicket)


class Versions(Generic[T]):
    """Rows by id, and what contradicts them."""

    def __init__(self) -> None:
        self._first: dict[str, T] = {}
        self.contradicting: dict[str, set[T]] = {}

    def add(self, id: str, row: T) -> None:
        known = self._first.setdefault(id, row)
        if known != row:
            self.contradicting.setdefault(id, {known}).add(row)

    def __len__(self) -> int:
        return len(self._first)

    def __contains__(self, id: object) -> bool:
        return id in self._first

    def certain(self) -> Iterator[T]:
        """Rows that nothing contradicts."""
        return (row for id, row in self._first.items() if id not in self.contradicting)


class Outages:
    """Tickets, and which of them an instant lies in: from its first instant to its last, both included."""

    def __init__(self, tickets: Iterable[KeptTicket]) -> None:
        self._since: list[int] = []
        self._longest: list[tuple[float, str]] = []  # of the tickets that have begun by then, the one that lasts longest
        longest = (float("-inf"), "")
        for ticket in sorted(tickets, key=attrgetter("since", "ticket")):
            longest = max(longest, (float("inf") if ticket.until is None else ticket.until, ticket.ticket))
            self._since.append(ticket.since)
            self._longest.append(longest)

    def __bool__(self) -> bool:
        return bool(self._since)

    def at(self, at: int) -> str | None:
        """The id of a ticket that an instant lies in."""
        begun = bisect_right(self._since, at)
        if begun:
            until, ticket = self._longest[begun - 1]
            if at <= until:
                return ticket
        return None


class Content:
    """An export, read to its end.

    Attributes:
        cards: By lead; of one that contradicts itself the version that asks for a replacement, if any does.
        calls: The calls that count, by lead, in order.
        recordings: The calls that are recorded.
        outages: 6.4: the tickets that count, opened from the client's own cabinet and confirmed.
        not_own: Tickets that were opened elsewhere.
        not_confirmed: Own ones that the technical department has not confirmed.
        doubts: What is doubtful, by lead.
        doubtful: All of that, and what belongs to no lead.
        uncertain: Leads whose card contradicts itself, or lies in the future.
        any_calls: There are calls, whatever they are worth.
    """

    def __init__(self, rows: Iterable[Row], times: LocalTimes, now: int) -> None:
        self.cards: dict[str, KeptCard] = {}
        self.calls: dict[str, list[KeptCall]] = {}
        self.recordings: set[str] = set()
        self.doubts: dict[str, list[Evidence]] = {}
        self.doubtful: list[Evidence] = []
        self.uncertain: set[str] = set()
        self._times, self._now = times, now
        cards, calls, tickets = Versions[KeptCard](), Versions[KeptCall](), Versions[KeptTicket]()
        for row in rows:
            match row:
                case Call():
                    calls.add(row.call, KeptCall(instant_of(row.at), row.call, row.lead, row.answered, row.comment.strip()))
                case Recording():
                    self.recordings.add(row.call)
                case Card():
                    cards.add(row.lead, KeptCard(instant_of(row.appeared_at), row.lead, row.status.strip(), row.comment.strip()))
                case Ticket():
                    until = None if row.until is None else instant_of(row.until)
                    tickets.add(row.ticket, KeptTicket(instant_of(row.since), row.ticket, until, row.by_client, row.confirmed))
        self.any_calls = len(calls) > 0
        self._take_cards(cards)
        self._take_calls(calls)
        for call in self.recordings:
            if call not in calls:
                self._doubt(None, "recording_of_nothing", call=call)
        valid = self._valid(tickets)
        self.outages = Outages(t for t in valid if t.by_client and t.confirmed)
        self.not_own = Outages(t for t in valid if not t.by_client)
        self.not_confirmed = Outages(t for t in valid if t.by_client and not t.confirmed)
        for doubts in (self.doubtful, *self.doubts.values()):
            doubts.sort(key=attrgetter("code", "values"))

    def _take_cards(self, cards: Versions[KeptCard]) -> None:
        self.cards = {card.lead: card for card in cards.certain()}
        for lead, versions in cards.contradicting.items():
            ordered = sorted(versions)
            self.cards[lead] = min((v for v in ordered if is_on_replacement(v.status)), default=ordered[0])
            self.uncertain.add(lead)
            self._doubt(lead, "card_contradicts", lead=lead, versions=str(len(ordered)))
        for lead, card in self.cards.items():
            if card.appeared > self._now:
                self.uncertain.add(lead)
                self._doubt(lead, "card_future", lead=lead, at=self._times.text(card.appeared))

    def _take_calls(self, calls: Versions[KeptCall]) -> None:
        for call, versions in calls.contradicting.items():
            named = sorted({version.lead for version in versions})
            for lead in named:
                self._doubt(lead, "call_contradicts", call=call, lead=lead, versions=str(len(versions)))
        for made in calls.certain():
            self.calls.setdefault(made.lead, []).append(made)
        for lead, all_made in self.calls.items():
            all_made.sort()
            card = self.cards.get(lead)
            if card is None:
                for made in all_made:
                    self._doubt(None, "call_of_nothing", call=made.call, lead=lead)
            elif card.appeared > all_made[0].at or all_made[-1].at > self._now:
                self.calls[lead] = [made for made in all_made if self._counts(made, card)]

    def _counts(self, made: KeptCall, card: KeptCard) -> bool:
        """Whether a call is dated neither before its lead nor in the future; those of the very instants are neither."""
        if made.at < card.appeared:
            at, appeared = self._times.text(made.at), self._times.text(card.appeared)
            self._doubt(made.lead, "call_before_lead", call=made.call, lead=made.lead, at=at, appeared=appeared)
        elif made.at > self._now:
            self._doubt(made.lead, "call_future", call=made.call, lead=made.lead, at=self._times.text(made.at))
        else:
            return True
        return False

    def _valid(self, tickets: Versions[KeptTicket]) -> list[KeptTicket]:
        for ticket, versions in tickets.contradicting.items():
            self._doubt(None, "ticket_contradicts", ticket=ticket, versions=str(len(versions)))
        valid = []
        for each in tickets.certain():
            if each.until is not None and each.until < each.since:
                self._doubt(
                    None, "ticket_backwards", ticket=each.ticket, since=self._times.text(each.since), until=self._times.text(each.until)
                )
            else:
                valid.append(each)
        return valid

    def _doubt(self, lead: str | None, code: str, /, **values: str) -> None:
        doubt = Evidence(CHECKED, code, tuple(values.items()))
        self.doubtful.append(doubt)
        if lead is not None:
            self.doubts.setdefault(lead, []).append(doubt)
