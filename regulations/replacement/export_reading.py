"""The rows of an export, from the tables or records of a file; headings and words in English or Russian. Pure; knows zones.

A row that cannot be read is kept with its place and what is wrong with it: the rest of the file counts all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from regulations.catalogue import text
from regulations.replacement.export import Call, Card, Recording, Row, Ticket
from regulations.replacement.export_content import CHECKED
from regulations.replacement.export_values import Instants, ValueProblem, call_id, lead_id, plain, scalar, words
from regulations.replacement.findings import Audited, Evidence, Judged
from regulations.replacement.local_times import LISTED

FIELDS: dict[str, tuple[str, ...]] = {
    "card": ("lead", "appeared_at", "status", "comment"),
    "call": ("call", "lead", "at", "answered", "comment"),
    "recording": ("call",),
    "ticket": ("ticket", "since", "until", "by_client", "confirmed"),
}
"""What each record holds."""
_RECORDS: dict[str, Callable[..., Row]] = {"card": Card, "call": Call, "recording": Recording, "ticket": Ticket}
OPTIONAL = frozenset({("call", "comment"), ("ticket", "until")})
"""Every other field needs a column of its own."""
COLUMNS = ("record", *dict.fromkeys(column for columns in FIELDS.values() for column in columns))
_CANONICAL = frozenset(COLUMNS)
FLAGS = ("yes", "no")
MOST_ROWS = 1_000_000


class ExportError(Exception):
    """The file as a whole is no export; the words are for whoever sent it."""


class Grid(Protocol):
    """A table with a header."""

    @property
    def name(self) -> str: ...
    @property
    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]: ...


class Records(Protocol):
    """Objects, one a line; None: a line that is none."""

    @property
    def rows(self) -> Iterator[tuple[int, dict[str, Any] | None]]: ...


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that could not be read."""

    sheet: str
    number: int
    words: str
    """What is wrong, for people; never a value."""
    lead: str
    """The lead that it names all the same; empty: none."""


def doubted(audited: Audited, unread: Iterable[Unread]) -> Audited:
    """The findings, with what could not be read: a lead of which a row is missing is never replaced unheard."""
    by_lead: dict[str, list[Evidence]] = {}
    for row in unread:
        if row.lead:
            place = f"{row.sheet}, {row.number}" if row.sheet else str(row.number)
            by_lead.setdefault(row.lead, []).append(Evidence(CHECKED, "unread_row", (("row", place), ("what", row.words))))

    def judged(one: Judged) -> Judged:
        doubts = by_lead.get(one.lead)
        if doubts is None:
            return one
        evidence = (*doubts[:LISTED], *one.evidence)
        if one.verdict != "replace":
            return replace(one, evidence=evidence)
        return replace(one, verdict="listen", clauses=tuple(sorted({*one.clauses, CHECKED})), evidence=evidence)

    return replace(audited, judged=tuple(map(judged, audited.judged))) if by_lead else audited


class ExportReading:
    """Reads one export. Take all its rows before you look at what could not be read."""

    def __init__(self, zone_name: str, language: str) -> None:
        """
        Args:
            zone_name: The client's zone, in which a time without an offset is meant.
            language: Of the words, and of headings besides English.

        Raises:
            ZoneError: there is no such zone.
        """
        self.unread: list[Unread] = []
        self._language = language
        self._columns = self._named("column", COLUMNS)
        self._kinds = self._named("record", tuple(FIELDS))
        self._flags = self._named("flag", FLAGS)
        self._instant = instant = Instants(zone_name).instant
        self._values: dict[str, Callable[[Any], Any]] = {
            **dict.fromkeys(("call", "ticket"), call_id),
            **dict.fromkeys(("appeared_at", "at", "since"), instant),
            **dict.fromkeys(("status", "comment"), words),
            **dict.fromkeys(("answered", "by_client", "confirmed"), self._flag),
            "lead": lead_id,
            "until": self._until,
        }
        """How the value of each column is read."""
        self._seen = self._read = 0

    def tables(self, grids: Iterable[Grid]) -> Iterator[Row]:
        """The rows of a workbook or a CSV file: sheets named after the records in them, or one whose column says what each row is.

        Raises:
            ExportError: it is no export, lacks columns, or has no row that can be read.
        """
        taken = other = False
        for grid in grids:
            kind = self._kind(grid.name)
            header = next(grid.rows, None) if kind is not None or not taken else None
            if header is None:
                continue
            columns, twice = self._header(header[1])
            if kind is None and "record" not in columns:
                other = True
                continue
            if twice:
                raise self._error("column_twice", column=twice)
            taken = True
            yield from self._rows(grid, columns, kind)
        if not taken:
            raise self._error("no_record" if other else "empty", column=self._heading("record"))
        self._end()

    def objects(self, records: Records) -> Iterator[Row]:
        """The rows of JSON Lines: each object says in ``record`` what it is.

        Raises:
            ExportError: there is none that can be read.
        """
        readers = {kind: self._reader(kind, range(len(fields))) for kind, fields in FIELDS.items()}
        for number, found in records.rows:
            self._count()
            named = {} if found is None else found if found.keys() <= _CANONICAL else self._named_as_we_do(found)
            kind = self._kind(named.get("record"))
            if kind is None:
                code, column = ("not_an_object", "") if found is None else ("record", "record")
                self._miss("", number, code, column, named.get("lead"))
                continue
            cells = [named.get(field) for field in FIELDS[kind]]
            try:
                row = readers[kind](cells)
            except ValueProblem:
                self._miss_one_of("", number, kind, cells)
            else:
                self._read += 1
                yield row
        self._end()

    def _named_as_we_do(self, found: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for key, value in found.items() if (name := self._columns.get(plain(key))) is not None}

    # --- tables -----------------------------------------------------------------------------------------------------

    def _header(self, cells: Sequence[Any]) -> tuple[dict[str, int], str]:
        """Where each known column stands, others left alone; and the heading of one that stands twice."""
        found: dict[str, int] = {}
        twice = ""
        for place, cell in enumerate(cells):
            name = self._columns.get(plain(cell)) if isinstance(cell, str) else None
            if name in found:
                twice = self._heading(name)
            elif name is not None:
                found[name] = place
        return found, twice

    def _rows(self, grid: Grid, columns: Mapping[str, int], only: str | None) -> Iterator[Row]:
        """The rows below the header. ``only``: all are of this kind."""
        if only is not None:
            self._check(only, columns)
        width = max(columns.values(), default=0) + 1
        record, lead = (columns.get(name, -1) for name in ("record", "lead"))
        whole = all(name in columns for name in (FIELDS[only] if only else COLUMNS))
        readers: dict[str, Callable[[Sequence[Any]], Row]] = {}
        kinds = self._kinds
        for number, cells in grid.rows:
            self._count()
            if not whole or len(cells) < width:
                cells = [*cells[:width], *[None] * (width + 1 - len(cells[:width]))]  # the last one is always empty: place -1
            kind = only or kinds.get(cells[record]) or self._kind(cells[record])
            if kind is None:
                if any(not isinstance(cell, str) or cell.strip() for cell in cells if cell is not None):
                    self._miss(grid.name, number, "record", "record", cells[lead])
                continue
            if kind not in readers:
                self._check(kind, columns)
                readers[kind] = self._reader(kind, [columns.get(field, -1) for field in FIELDS[kind]])
            try:
                row = readers[kind](cells)
            except ValueProblem:
                self._miss_one_of(grid.name, number, kind, [cells[columns.get(field, -1)] for field in FIELDS[kind]])
            else:
                self._read += 1
                yield row

    def _check(self, kind: str, columns: Mapping[str, int]) -> None:
        missing = [self._heading(name) for name in FIELDS[kind] if name not in columns and (kind, name) not in OPTIONAL]
        if missing:
            record = text(self._language, "audit_sheet", "record", kind).split("|")[0].strip()
            raise self._error("columns_missing", columns=", ".join(missing), record=record)

    # --- rows -------------------------------------------------------------------------------------------------------

    def _reader(self, kind: str, places: Sequence[int]) -> Callable[[Sequence[Any]], Row]:
        """Makes a record of cells, given where each of its fields stands; it raises ValueProblem."""
        make, read = _RECORDS[kind], [(self._values[field], place) for field, place in zip(FIELDS[kind], places, strict=True)]
        return lambda cells: make(*[value(cells[place]) for value, place in read])

    def _miss_one_of(self, sheet: str, number: int, kind: str, cells: Sequence[Any]) -> None:
        """A row of which some value is none: the first of them is told."""
        given = dict(zip(FIELDS[kind], cells, strict=True))
        for column, cell in given.items():
            try:
                self._values[column](cell)
            except ValueProblem as problem:
                return self._miss(sheet, number, problem.code, column, given.get("lead"))

    def _miss(self, sheet: str, number: int, code: str, column: str, lead: Any) -> None:
        what = text(self._language, "audit_sheet", "row", code)
        try:
            known = lead_id(lead)
        except ValueProblem:
            known = ""
        self.unread.append(Unread(sheet, number, f"{self._heading(column)}: {what}" if column else what, known))

    def _count(self) -> None:
        self._seen += 1
        if self._seen > MOST_ROWS:
            raise self._error("too_many_rows", most=MOST_ROWS)

    def _end(self) -> None:
        if self._read:
            return
        if not self.unread:
            raise self._error("empty")
        raise self._error("nothing_read", row=self.unread[0].number, what=self.unread[0].words)

    def _until(self, value: Any) -> datetime | None:
        return None if value is None or (isinstance(value, str) and not value.strip()) else self._instant(value)

    def _flag(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        found = scalar(value)
        word = self._flags.get(found) or self._flags.get(plain(found))
        if not found:
            raise ValueProblem("empty")
        if word is None:
            raise ValueProblem("flag")
        return word == "yes"

    # --- words ------------------------------------------------------------------------------------------------------

    def _kind(self, value: Any) -> str | None:
        return self._kinds.get(value) or self._kinds.get(plain(value)) if isinstance(value, str) else None

    def _named(self, group: str, names: Sequence[str]) -> dict[str, str]:
        """Every way to write a name → the name; as it stands too, since comparing words costs more than all else."""
        ways = [(name, way.strip()) for name in names for way in (name, *text(self._language, "audit_sheet", group, name).split("|"))]
        return {**{plain(way): name for name, way in ways}, **{way: name for name, way in ways}}

    def _heading(self, column: str) -> str:
        return text(self._language, "audit_sheet", "column", column).split("|")[0].strip()

    def _error(self, code: str, **values: object) -> ExportError:
        return ExportError(text(self._language, "audit_sheet", "problem", code, **values))
