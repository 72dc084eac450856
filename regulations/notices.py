"""What people inside are told, when, and in which words: the notices that the rounds mail, and the digests of what is overdue.

Pure: the rows come from the registers, the hours from the recipient's calendar; the same arguments give the same letters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from pydantic import JsonValue

from regulations.case import Standing
from regulations.catalogue import counted, role_words, text
from regulations.company import Company
from regulations.dates import local_text
from regulations.effects import Letter
from regulations.time.calendar_spec import CalendarError
from regulations.time.working_time import WorkingTime, working_time

KINDS = ("breach", "warning", "incident", "ended", "breach_withdrawn")
"""The kinds of notices in the order in which a letter tells them."""
LISTED = 200
"""How many lines a letter has at most; the rest is a number."""
_LONGEST = 300


class LeftOut(StrEnum):
    """Why a notice is never sent: by the time it could be, it would have been untrue or too late."""

    CLOSED = "left out: the obligation is no longer open"
    PASSED = "left out: the term has passed"
    WITHDRAWN = "left out: the breach was none"
    NOT_TOLD = "left out: nobody was told of the breach"


@dataclass(frozen=True)
class Pending:
    """A notice that has not been sent, and what the registers say of its obligation by now. Instants are aware."""

    case_uid: str
    address: str
    key: str
    kind: str
    recipient: str
    text: str
    due: datetime | None
    """Of a breach and of its withdrawal: the due instant that was missed."""
    earliest: datetime
    at_once: bool
    state: str | None
    """Of the obligation; None: the registers hold none."""
    state_due: datetime | None
    """Where it is due by now; None while its clock stands."""
    withdrawn: bool
    """The breach was withdrawn meanwhile."""
    told: bool
    """The recipient has been sent the notice of this breach."""
    instead_of: str = ""
    """The name of whom it was meant for, who is absent: the recipient stands in."""

    @property
    def current_due(self) -> datetime | None:
        """The due instant to be told: of a reminder, where it stands by now."""
        return self.due if self.kind != "warning" or self.state is None else self.state_due


@dataclass(frozen=True)
class Overdue:
    """An obligation that stands in the digest."""

    address: str
    case_kind: str
    clause: str
    owner: str
    due: datetime


# --- when -----------------------------------------------------------------------------------------------------------


def is_open(calendar: WorkingTime, at: datetime) -> bool:
    """Whether an instant is working time; a closing is not. Where the calendar ends nobody's hours are known: then rather told than not."""
    try:
        return calendar.next_open(at).astimezone(UTC) == at
    except CalendarError:
        return True


def left_out(notice: Pending, at: datetime) -> LeftOut | None:
    """Why a notice is not to be sent at all, if so: a reminder of what is done or past, a breach that was none and its withdrawal."""
    match notice.kind:
        case "warning":
            if notice.state is not None and notice.state != Standing.OPEN:
                return LeftOut.CLOSED
            return LeftOut.PASSED if notice.current_due is not None and notice.current_due <= at else None
        case "breach":
            return LeftOut.WITHDRAWN if notice.withdrawn else None
        case "breach_withdrawn":
            return None if notice.told else LeftOut.NOT_TOLD
    return None


def ripe(notice: Pending, calendar: WorkingTime, at: datetime) -> bool:
    """Whether a notice goes out at an instant: from its earliest instant on, in the recipient's working time.

    What goes at once waits for none; nor does a reminder when the recipient has no working time left before the term. A reminder of an
    obligation whose clock stands waits until it goes on.
    """
    if at < notice.earliest:
        return False
    due = notice.current_due
    if notice.kind == "warning" and due is None and notice.state is not None:
        return False
    if notice.at_once or is_open(calendar, at):
        return True
    return notice.kind == "warning" and due is not None and calendar.next_open(at).astimezone(UTC) >= due


def digest_day(calendar: WorkingTime, at: datetime) -> date | None:
    """The local date when it is a working day that has not closed yet, else None: no digest then."""
    day = calendar.local(at).date()
    try:
        close = calendar.due("close of business", at).at
    except CalendarError:
        return day
    return day if close.date() == day and at < close.astimezone(UTC) else None


# --- the letters ----------------------------------------------------------------------------------------------------


def round_key(round: str, recipient: str) -> str:
    """Key of the letter of a round to a recipient; it holds no address."""
    return f"notices#{round}#{_mark(recipient)}"


def digest_key(day: date, recipient: str) -> str:
    """Key of the digest of a day: the same day again is the same letter."""
    return f"digest#{day}#{_mark(recipient)}"


def _mark(recipient: str) -> str:
    return hashlib.sha256(recipient.encode()).hexdigest()[:16]


def round_letter(company: Company, key: str, notices: Sequence[Pending], at: datetime) -> Letter:
    """One e-mail for all the notices of one recipient: breaches first, grouped by case, the most urgent first; at most `LISTED` lines.

    What was meant for somebody who is absent says for whom; what the recipient is told in its own right too is one line.
    """
    recipient = notices[0].recipient
    language, calendar = company.language_of(recipient), working_time(company.calendar_of(recipient))
    said = {(n.case_uid, n.key, n.kind, n.due, n.text): n for n in sorted(notices, key=lambda n: bool(n.instead_of), reverse=True)}
    ordered = [n for kind in KINDS for n in _by_case([n for n in said.values() if n.kind == kind])]
    listed = ordered[:LISTED]
    groups: list[JsonValue] = []
    for kind in KINDS:
        of_kind = [n for n in listed if n.kind == kind]
        if of_kind:
            groups.append({"title": text(language, "round", kind), "cases": list(_cases(of_kind, calendar, language))})
    totals = [(kind, sum(n.kind == kind for n in ordered)) for kind in KINDS]
    counts = ", ".join(counted(language, n, "plural", kind) for kind, n in totals if n)
    return _letter(company, "notices/round", key, recipient, counts, len(ordered), at, groups=groups)


def _by_case(notices: Sequence[Pending]) -> list[Pending]:
    """The notices of a case together: the case with the earliest due instant first, and so within each."""

    def urgency(n: Pending) -> tuple[bool, datetime]:
        return (n.current_due is None, n.current_due or n.earliest)

    first: dict[str, tuple[bool, datetime]] = {}
    for n in notices:
        first[n.address] = min(first.get(n.address, urgency(n)), urgency(n))
    return sorted(notices, key=lambda n: (first[n.address], n.address, urgency(n), n.key))


def _cases(notices: Sequence[Pending], calendar: WorkingTime, language: str) -> Iterator[JsonValue]:
    for address in dict.fromkeys(n.address for n in notices):
        items: list[JsonValue] = [
            {
                "text": _one_line(n.text) + _for_whom(n.instead_of, language),
                "due": _local(n.current_due, calendar, language) if n.current_due and n.kind != "breach_withdrawn" else "",
            }
            for n in notices
            if n.address == address
        ]
        yield {"case": address, "items": items}


def _for_whom(instead_of: str, language: str) -> str:
    return f" ({text(language, 'people', 'instead_of', name=instead_of)})" if instead_of else ""


def digest_letter(
    company: Company, key: str, recipient: str, overdue: Sequence[Overdue], total: int, at: datetime, instead_of: str = ""
) -> Letter:
    """One e-mail with what is overdue, the latest first, each with how late it is in the recipient's working time.

    Args:
        company: Whose calendars and language count.
        key: From `digest_key`.
        recipient: Address.
        overdue: At most `LISTED`, the earliest due first.
        total: How many there are.
        at: The instant of the digest.
        instead_of: The name of whose digest it is, who is absent; empty: the recipient's own.
    """
    language, calendar = company.language_of(recipient), working_time(company.calendar_of(recipient))
    items: list[JsonValue] = [
        {
            "case": o.address,
            "text": f"{o.clause} {text(language, o.case_kind, 'duty', o.clause)}",
            "owner": role_words(language, o.owner),
            "due": text(language, "digest", "due", due=_local(o.due, calendar, language)),
            "late": late_words(calendar, o.due, at, language),
        }
        for o in overdue
    ]
    counts = counted(language, total, "plural", "overdue")
    title = text(language, "digest", "title") + _for_whom(instead_of, language)
    return _letter(company, "notices/digest", key, recipient, counts, total, at, items=items, title=title)


def _letter(
    company: Company, template: str, key: str, recipient: str, counts: str, total: int, at: datetime, **values: JsonValue
) -> Letter:
    language = company.language_of(recipient)
    unlisted = total - LISTED
    return Letter(
        key=key,
        template=template,
        language=language,
        to=(recipient,),
        values={
            "subject": f"reglament: {counts}",
            "more": text(language, "round", "more", count=counted(language, unlisted, "plural", "line")) if unlisted > 0 else "",
            "footer": text(language, "round", "footer"),
            "company": company.name,
            **values,
        },
        now=at,
    )


def late_words(calendar: WorkingTime, due: datetime, at: datetime, language: str) -> str:
    """How late something is, in hours and minutes of working time; empty where the calendar cannot say."""
    try:
        minutes = calendar.elapsed(due, at) // 60
    except CalendarError:
        return ""
    hours, rest = divmod(minutes, 60)
    if minutes == 0:
        return text(language, "digest", "late_little")
    return text(language, "digest", "late" if hours else "late_minutes", hours=hours, minutes=rest)


def _local(at: datetime, calendar: WorkingTime, language: str) -> str:
    return local_text(calendar.local(at), language)


def _one_line(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
