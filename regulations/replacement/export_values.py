"""The values of an export's cells: ids, words, instants in the client's zone. Pure; knows zones."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

from regulations.spelling import folded
from regulations.time.zones import DAY, EPOCH, EPOCH_DAY, SECOND, local_instant, midnights, zone

LONGEST_COMMENT = 2_000
_LEAD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}").fullmatch
"""As `regulations.messages.Ident`: it stands in letters and registers, so it is never an address or a phone number."""
_CALL = re.compile(r"[\x21-\x7e]{1,200}").fullmatch
"""Of a call or a ticket: whatever telephony makes up."""
_DAY_FIRST = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})[ ,T]+(\d\d?):(\d\d)(?::(\d\d))?", re.ASCII)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_YEARS = range(2000, 2100)


class ValueProblem(Exception):
    """What is wrong with a value: the code of the words in the catalogue."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def plain(word: str) -> str:
    """A word as it is compared: without case, ``ё`` as ``е``, underscores as spaces."""
    return folded(word.replace("_", " "))


def scalar(value: Any) -> str:
    """A single value as text; a number without a decimal part that it does not have.

    Raises:
        ValueProblem: ``value``: it is a list or an object.
    """
    if type(value) is str:  # nearly all are
        return value.strip()
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float() if value.is_integer() and abs(value) < 1e15:  # a spreadsheet has no other numbers
            return str(int(value))
        case float():
            return repr(value)
        case date():
            return value.isoformat()
    raise ValueProblem("value")


def words(value: Any) -> str:
    """A text without what cannot be stored, at most `LONGEST_COMMENT` characters. Raises ValueProblem: ``value``."""
    if type(value) is str and len(value) <= LONGEST_COMMENT and value.isprintable():  # nearly all are
        return value.strip()
    return _UNPRINTABLE.sub(" ", scalar(value)[:LONGEST_COMMENT])


def lead_id(value: Any) -> str:
    """The id of a lead. Raises ValueProblem: ``empty``, ``id``, ``value``."""
    return _ident(value, _LEAD, "id")


def call_id(value: Any) -> str:
    """The id of a call or of a ticket. Raises ValueProblem: ``empty``, ``call_id``, ``value``."""
    return _ident(value, _CALL, "call_id")


def _ident(value: Any, form: Callable[[str], object], code: str) -> str:
    if type(value) is str and form(value):  # nearly all are
        return value
    found = scalar(value)
    if not found:
        raise ValueProblem("empty")
    if not form(found):
        raise ValueProblem(code)
    return found


class Instants:
    """Reads instants; a time without an offset is the client's. Made for a hundred thousand of them."""

    def __init__(self, zone_name: str) -> None:
        """Raises ZoneError: there is no such zone."""
        self._name, self._zone = zone_name, zone(zone_name)
        self._offsets: dict[int, timezone | None] = {}

    def instant(self, value: Any) -> datetime:
        """The instant, aware. Where the clocks changed, a local time is moved by rule 6 of the language of terms.

        Raises:
            ValueProblem: ``empty``; ``instant``: it is none, or a day without a time; ``year``: no year of this century.
        """
        match value:
            case str():
                at = _read(value.strip())
            case None:
                raise ValueProblem("empty")
            case datetime():
                at = value
            case date():  # a spreadsheet's midnight
                at = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - local to the client
            case _:
                raise ValueProblem("instant")
        if at.year not in _YEARS:
            raise ValueProblem("year")
        return at if at.tzinfo is not None else self._local(at)

    def _local(self, at: datetime) -> datetime:
        day = at.toordinal()
        if day not in self._offsets:
            self._offsets[day] = self._offset(at)
        offset = self._offsets[day]
        if offset is not None:
            return at.replace(tzinfo=offset)
        clock = ((at.hour * 60 + at.minute) * 60 + at.second) * SECOND + at.microsecond
        return EPOCH + timedelta(microseconds=local_instant(self._zone, day, clock))

    def _offset(self, at: datetime) -> timezone | None:
        """The zone's offset on a day on which its clocks stand still."""
        days, number = midnights(self._name, at.year), at.timetuple().tm_yday
        midnight = days[number - 1]
        if days[number] - midnight != DAY:
            return None
        return timezone(timedelta(microseconds=(at.toordinal() - EPOCH_DAY) * DAY - midnight))


def _read(value: str) -> datetime:
    """The ISO form, or the day first as offices write it; a day alone is no instant."""
    if not value:
        raise ValueProblem("empty")
    if len(value) > 10:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    if (found := _DAY_FIRST.fullmatch(value)) is not None:
        day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
        try:
            return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - local to the client
        except ValueError:
            pass
    raise ValueProblem("instant")
