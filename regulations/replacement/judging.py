"""The verdict on one lead: 3.1 to 3.4, 4.1, 4.2, 6.4.

Where the source is silent:

* A call counts at the very instant of the lead's appearance, of the due instant, of a ticket's beginning and of its end.
* 3.3 is met by any call that counts, answered or not, with a recording or without: 3.1 and 3.2 are judged for themselves.
* 3.4 holds under either assumption about day one, the earlier one first. All calls of the three days are attempts, also those of day one
  that lie less than the gap apart; calls on days off are none.
* A lead is reached by the first answered call before the end of the third day, also on a day off: somebody was spoken to. Once reached, no
  more attempts are demanded: day one, two or three must have its attempts only where it was over before the lead was reached.
* A comment that gives both reasons is read as the calls bear it out, and heard: it never replaces by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from regulations.replacement.attempts import spaced_instants, three_days
from regulations.replacement.effects import AuditSettings
from regulations.replacement.export_content import CHECKED, Content, KeptCall, KeptCard
from regulations.replacement.findings import NO_ANSWER, NOT_TARGET, Evidence, Judged, Verdict, reasons_of
from regulations.replacement.local_times import LISTED, LocalTimes, utc
from regulations.time.terms import parse_term
from regulations.time.working_time import WorkingTime
from regulations.time.zones import instant_of

Days = tuple[int, ...]
"""Three working days, as ordinals."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Of one lead: when 3.3 is due, and which days are the three of 3.4, under each assumption."""

    first_call: int
    windows: tuple[Days, ...]


class Judge:
    """Judges leads of one export."""

    def __init__(self, content: Content, settings: AuditSettings, hours: WorkingTime, times: LocalTimes, now: int) -> None:
        self._content, self._settings, self._hours, self._times, self._now = content, settings, hours, times, now
        self._first_call = parse_term(settings.first_call)
        self._windows: dict[int, tuple[Days, ...]] = {}

    def judged(self, card: KeptCard) -> Judged:
        """The verdict on a lead that stands on ``на замену``."""
        calls = self._content.calls.get(card.lead, [])
        case = _Case(self._times, card, calls)
        case.doubts(self._content.doubts.get(card.lead, []))
        terms = None if card.lead in self._content.uncertain else self._terms(card)
        if terms is None:
            if card.lead not in self._content.uncertain:
                case.doubts([Evidence(CHECKED, "calendar_unknown", (("appeared", self._times.text(card.appeared)),))])
            return case.closed("listen", ())
        case.kept(self._content)
        case.called_first(terms.first_call, self._now)
        return case.outcome(terms.windows, self._settings, self._times.day(self._now))

    def _terms(self, card: KeptCard) -> Terms | None:
        """None: the calendar does not cover them."""
        appeared, day = utc(card.appeared), self._times.day(card.appeared)
        try:
            due = instant_of(self._hours.due(self._first_call, appeared).at)
            if day not in self._windows:  # they are the same for every lead of a day
                self._windows[day] = tuple(tuple(map(date.toordinal, days)) for days in three_days(self._hours, appeared))
            return Terms(due, self._windows[day])
        except ValueError:
            return None


class _Case:
    """The case of one lead: what speaks for and against it, as it is found."""

    def __init__(self, times: LocalTimes, card: KeptCard, calls: Sequence[KeptCall]) -> None:
        self._times, self._card, self._calls = times, card, calls
        self._reasons = reasons_of(card.comment)
        self._evidence: list[Evidence] = []
        self._failed: list[str] = []
        self._unsure: list[str] = []
        """Clauses for which a person has to hear the calls, whatever else is found."""

    def doubts(self, found: Sequence[Evidence]) -> None:
        """Rows of it that count for nothing."""
        if found:
            self._unsure.append(CHECKED)
            self._evidence.extend(found[:LISTED])
            if len(found) > LISTED:
                self._tell(CHECKED, "more_doubts", count=str(len(found) - LISTED))

    def kept(self, content: Content) -> None:
        """3.1: a reason, and a status or comment after each call; 3.2 and 6.4: a recording of each call outside an outage."""
        if not self._reasons:
            self._fail("3.1", "no_reason")
        elif len(self._reasons) > 1:
            self._unsure.append("3.1")
            self._tell("3.1", "two_reasons")
        unnoted = [made for made in self._calls if not made.comment]
        if unnoted:
            self._fail("3.1", "calls_without_note", **self._named(unnoted))
        excused: dict[str, list[KeptCall]] = {}
        for made in self._calls if content.outages else ():
            ticket = content.outages.at(made.at)
            if ticket is not None:
                excused.setdefault(ticket, []).append(made)
        silent = [made for made in self._calls if made.call not in content.recordings]
        if excused:
            silent = [made for made in silent if content.outages.at(made.at) is None]
        if silent:
            self._fail("3.2", "calls_without_recording", **self._named(silent))
            self._useless(content, silent)
        if excused:
            self._unsure.append("6.4")
            for ticket, calls in list(excused.items())[:LISTED]:
                self._tell("6.4", "calls_in_outage", ticket=ticket, **self._named(calls))
        elif self._calls and not unnoted and not silent:
            self._tell("3.2", "calls_kept", count=str(len(self._calls)))

    def called_first(self, due: int, now: int) -> None:
        """3.3"""
        due_text = self._times.text(due)
        if self._calls:
            made = self._calls[0]
            values = {"call": made.call, "at": self._times.text(made.at), "due": due_text}
            if made.at <= due:
                self._tell("3.3", "first_call_in_time", **values)
            else:
                self._fail("3.3", "first_call_late", **values)
        elif now > due:
            self._fail("3.3", "first_call_missing", due=due_text)
        else:
            self._tell("3.3", "first_call_awaited", due=due_text)

    def outcome(self, windows: Sequence[Days], settings: AuditSettings, today: int) -> Judged:
        """3.4, then 4.1 and 4.2."""
        by_day: dict[int, list[KeptCall]] = {}
        for made in self._calls:
            by_day.setdefault(self._times.day(made.at), []).append(made)
        answered = next((made for made in self._calls if made.answered), None)
        reached_on = self._times.day(answered.at) if answered else None
        kept = next((days for days in windows if _attempted(days, by_day, reached_on, settings)), None)
        last = (kept or windows[-1])[-1]
        reached = reached_on is not None and reached_on <= last
        if kept is not None:
            self._tell("3.4", "attempts_until_reached" if reached else "attempts_made", **self._days(kept, by_day))
        else:
            self._missed(windows, by_day, settings, today)
        if answered is not None and reached:
            return self._reached(answered)
        return self._not_reached(answered, last, attempted=kept is not None)

    def closed(self, verdict: Verdict, clauses: Iterable[str], reasons: Sequence[str] = ()) -> Judged:
        """The verdict that the calls and the comment give, unless something failed (``reject``) or has to be heard (``listen``)."""
        if self._failed:
            clauses = [*self._failed, *clauses] if verdict == "reject" else self._failed
            verdict = "reject"
        elif verdict != "reject" and self._unsure:
            verdict, clauses = "listen", [*clauses, *self._unsure]
        reasons = reasons or self._reasons
        return Judged(
            lead=self._card.lead,
            appeared_at=utc(self._card.appeared),
            status=self._card.status,
            comment=self._card.comment,
            reason=reasons[0] if reasons else "",
            verdict=verdict,
            clauses=tuple(sorted(set(clauses))),
            evidence=tuple(self._evidence),
            calls=len(self._calls),
            last_call_at=utc(self._calls[-1].at) if self._calls else None,
        )

    def _reached(self, answered: KeptCall) -> Judged:
        """In the three days."""
        clause = "4.2" if NOT_TARGET in self._reasons else "4.1"
        self._tell(clause, "reached", call=answered.call, at=self._times.text(answered.at))
        if NOT_TARGET in self._reasons:
            return self.closed("listen", ("4.2",), (NOT_TARGET,))
        return self.closed("reject", ("4.1",) if self._reasons else ())

    def _not_reached(self, answered: KeptCall | None, last: int, *, attempted: bool) -> Judged:
        """Not in the three days; perhaps later."""
        if answered is not None:
            self._tell("4.1", "reached_later", call=answered.call, at=self._times.text(answered.at), last=self._times.day_text(last))
            if NOT_TARGET in self._reasons:
                return self.closed("listen", ("4.2",), (NOT_TARGET,))
        elif attempted:
            self._tell("4.1", "never_reached", last=self._times.day_text(last))
        if NO_ANSWER in self._reasons:
            return self.closed("replace", ("4.1",), (NO_ANSWER,))
        if self._reasons:
            self._tell("3.1", "nobody_spoken_to")
            return self.closed("reject", ("3.1",))
        return self.closed("reject", ())

    def _missed(self, windows: Sequence[Days], by_day: Mapping[int, Sequence[KeptCall]], settings: AuditSettings, today: int) -> None:
        """3.4 under no assumption: what each lacks."""
        self._failed.append("3.4")
        for days in windows:
            made = [call.at for call in by_day.get(days[0], ())]
            self._tell(
                "3.4",
                "attempts_missing",
                **self._days(days, by_day),
                made=str(sum(len(by_day.get(day, ())) for day in days)),
                demanded=str(settings.attempts),
                apart=str(spaced_instants(made, settings.gap_minutes)),
                first_demanded=str(settings.first_day_attempts),
                gap=str(settings.gap_minutes),
            )
        begin, end = min(map(min, windows)), max(map(max, windows))
        counted = {day for days in windows for day in days}
        idle = [made for day, calls in by_day.items() if begin <= day <= end and day not in counted for made in calls]
        if idle:
            self._tell("3.4", "calls_on_days_off", **self._named(sorted(idle)))
        if today <= end:
            self._tell("3.4", "three_days_run", last=self._times.day_text(end))

    def _useless(self, content: Content, silent: Iterable[KeptCall]) -> None:
        """6.4: tickets that would have excused calls without a recording, and do not."""
        for outages, code in ((content.not_own, "ticket_not_own"), (content.not_confirmed, "ticket_not_confirmed")):
            if outages:
                for ticket in sorted({found for made in silent if (found := outages.at(made.at)) is not None})[:LISTED]:
                    self._tell("6.4", code, ticket=ticket)

    def _days(self, days: Days, by_day: Mapping[int, Sequence[KeptCall]]) -> dict[str, str]:
        first, second, third = (self._times.listed_on(day, by_day.get(day, ())) for day in days)
        return {"first": first, "second": second, "third": third}

    def _named(self, calls: Sequence[KeptCall]) -> dict[str, str]:
        return {"count": str(len(calls)), "calls": self._times.listed(calls)}

    def _fail(self, clause: str, code: str, **values: str) -> None:
        self._failed.append(clause)
        self._tell(clause, code, **values)

    def _tell(self, clause: str, code: str, **values: str) -> None:
        self._evidence.append(Evidence(clause, code, tuple(values.items())))


def _attempted(days: Days, by_day: Mapping[int, Sequence[KeptCall]], reached_on: int | None, settings: AuditSettings) -> bool:
    """3.4, if these are the three days; on the day on which the lead was reached, and after it, nothing is demanded."""
    for n, day in enumerate(days):
        if reached_on is not None and reached_on <= day:
            return True
        made = by_day.get(day, ())
        if not made or (n == 0 and spaced_instants((call.at for call in made), settings.gap_minutes) < settings.first_day_attempts):
            return False
    return sum(len(by_day[day]) for day in days) >= settings.attempts
