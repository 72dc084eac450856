"""3.2, 5.3: a row of a principal's upload as the creation of a lead, or what is wrong with it, column by column. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pydantic import JsonValue, ValidationError

from regulations.catalogue import text
from regulations.lead.bulk import LANGUAGE, Frozen
from regulations.lead.messages import Created
from regulations.spelling import folded

COLUMNS: dict[str, str] = {
    "client": "3.1",
    "inn": "3.1",
    "product": "3.1",
    "type": "4.1",
    "origin": "5.1",
    "client_name": "3.1",
    "contact_name": "8.2.4",
    "phone": "8.2.4",
    "email": "8.2.4",
    "comment": "3.1",
    "link": "3.3",
    "centre": "3.2",
    "manager": "6.1",
    "temperature": "8.1.3",
    "reason": "8.1.3",
}
"""Every column, and the clause under which a row with a wrong value is rejected."""
NEEDED = ("product", "type", "client_name")
"""Columns without which no row could be taken; besides them the client by its number or its INN, and a phone or an e-mail."""
MOST_ROWS = 100_000
_CODED = ("type", "origin", "temperature")
_FIELDS = {"temperature_reason": "reason", "contacts": "phone", "name": "contact_name"}
_CHECK = {"key": "upload", "happened_at": datetime(2020, 7, 1, tzinfo=UTC)}


class UploadError(Exception):
    """The file as a whole cannot be taken; the words are for its sender."""


def columns_of(header: Sequence[str]) -> dict[str, int]:
    """Where each known column stands; headings in English or Russian, in any order and case. Others are left alone.

    Raises:
        UploadError: a needed column is missing, or one stands twice.
    """
    known = {heading: name for name in COLUMNS for heading in _words("column", name)}
    found: dict[str, int] = {}
    for place, heading in enumerate(header):
        name = known.get(_plain(heading))
        if name is None:
            continue
        if name in found:
            raise UploadError(text(LANGUAGE, "bulk", "problem", "column_twice", column=heading_of(name)))
        found[name] = place
    missing = [heading_of(name) for name in NEEDED if name not in found]
    pairs = [(a, b) for a, b in (("client", "inn"), ("phone", "email")) if a not in found and b not in found]
    missing += [f"{heading_of(a)} / {heading_of(b)}" for a, b in pairs]
    if missing:
        raise UploadError(text(LANGUAGE, "bulk", "problem", "columns_missing", columns=", ".join(missing)))
    return found


def heading_of(name: str) -> str:
    """The heading of a column as people are told it."""
    return text(LANGUAGE, "bulk", "column", name).split("|")[0].strip()


def row_of(columns: Mapping[str, int], cells: Sequence[str], centre: str | None) -> Frozen:
    """A row: the fields of its `Created`, or the clause and the words of everything that is wrong in it; never a value.

    Args:
        columns: As `columns_of` found them.
        cells: The row's cells as text.
        centre: The centre of a row that names none.
    """
    given = {name: cells[place].strip() for name, place in columns.items() if place < len(cells) and cells[place].strip()}
    given.setdefault("origin", "principal")
    if centre is not None:
        given.setdefault("centre", centre)
    if "inn" in given and given["inn"].isdigit() and len(given["inn"]) in (9, 11):
        given["inn"] = given["inn"].zfill(len(given["inn"]) + 1)  # a spreadsheet takes it for a number and drops the zero in front
    wrong: dict[str, str] = {}
    for name in _CODED:
        if name in given:
            given[name] = _code(name, given[name])
    _check_together(given, wrong)
    contact = {field: given[name] for field, name in (("name", "contact_name"), ("phone", "phone"), ("email", "email")) if name in given}
    fields: dict[str, JsonValue] = {
        name: given[name] for name in COLUMNS if name in given and name not in ("contact_name", "phone", "email", "reason")
    }
    if "reason" in given:
        fields["temperature_reason"] = given["reason"]
    fields |= {"creator": "principal", "contacts": [{"name": given.get("client_name", ""), **contact}]}
    try:
        Created.model_validate({**_CHECK, **fields})
    except ValidationError as e:
        for error in e.errors(include_input=False, include_url=False):
            _say(error["type"], error["loc"], given, wrong)
        if not wrong:  # a rule between fields that this module does not know
            wrong["comment"] = e.errors(include_input=False, include_url=False)[0]["msg"]
    if not wrong:
        return Frozen("", fields)
    ordered = [name for name in COLUMNS if name in wrong]
    return Frozen("", {}, COLUMNS[ordered[0]], "; ".join(f"{heading_of(name)}: {wrong[name]}" for name in ordered))


def _check_together(given: Mapping[str, str], wrong: dict[str, str]) -> None:
    """The rules between columns."""

    def say(name: str, what: str) -> None:
        wrong[name] = text(LANGUAGE, "bulk", "wrong", what)

    if ("client" in given) == ("inn" in given):
        say("client", "client_once")
    if not given.keys() & {"phone", "email"}:
        say("phone", "unreachable")
    if given["origin"] == "other":
        for name in ("temperature", "reason"):
            if name not in given:
                say(name, "other_needs")
    elif given.keys() & {"temperature", "reason"}:
        say("temperature", "temperature_given")


def _say(kind: str, place: Sequence[int | str], given: Mapping[str, str], wrong: dict[str, str]) -> None:
    names = [str(step) for step in place if not isinstance(step, int)]
    if not names:
        return  # a rule between fields: said already
    name = _FIELDS.get(names[-1], names[-1])
    hint = text(LANGUAGE, "bulk", "hint", name)
    wrong.setdefault(name, hint if name in given else f"{text(LANGUAGE, 'bulk', 'wrong', 'empty')}: {hint}")


def _code(column: str, value: str) -> str:
    """The code that a word stands for; what is unknown stays as it is and is refused by the message."""
    names = text(LANGUAGE, "bulk", "codes", column).split("|")
    return next((code for code in names if _plain(value) in (code, *_words(column, code))), value)


def _words(*place: str) -> list[str]:
    return [place[-1], *(_plain(word) for word in text(LANGUAGE, "bulk", *place).split("|"))]


def _plain(word: str) -> str:
    return folded(word.replace("_", " ")).replace(" ", "_")
