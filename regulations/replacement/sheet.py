"""Quality control's workbook, with a verdict for each lead and room for its decision; what it says when it comes back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from regulations.catalogue import text
from regulations.dates import day_text, minute_text
from regulations.replacement.audit_words import evidence_words, rules
from regulations.replacement.effects import AuditQuestion
from regulations.replacement.findings import Audited, Judged
from regulations.replacement.settlement import CHOICES, Answered
from regulations.sheets import Cell, Colour, Column, Kind, Sheet, Table

MARK = "reglament-audit"
MOST_DOUBTFUL = 20_000
"""Doubtful rows that the workbook lists; it says how many more there are."""
LONGEST_REMARK = 1_000
ASKED = ("decision", "wrong", "remark")
"""The columns that quality control fills in."""
_COLUMNS: tuple[tuple[str, Kind, int], ...] = (
    ("lead", "text", 18),
    ("appeared_at", "instant", 17),
    ("status", "text", 14),
    ("comment", "text", 34),
    ("reason", "text", 13),
    ("verdict", "text", 13),
    ("clauses", "text", 10),
    ("evidence", "text", 70),
    ("calls", "count", 9),
    ("last_call_at", "instant", 17),
    ("decision", "text", 13),
    ("wrong", "text", 19),
    ("remark", "text", 34),
)
_PLACES = {name: place for place, (name, *_) in enumerate(_COLUMNS)}


class Calendar(Protocol):
    """The client's."""

    def local(self, at: datetime) -> datetime:
        """The instant in the client's zone."""
        ...


class Grid(Protocol):
    """A table that came back."""

    @property
    def rows(self) -> Iterable[tuple[int, Sequence[Any]]]: ...


@dataclass(frozen=True, slots=True)
class DoubtfulRow:
    """A row of the export that counts for nobody."""

    clause: str
    sheet: str
    row: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The rows that count for nobody."""

    rows: tuple[DoubtfulRow, ...]
    """At most `MOST_DOUBTFUL` of them."""
    count: int


class SheetProblem(Exception):
    """The file is not this audit's sheet; the words are for whoever sent it."""


def mark_of(case_uid: str, export: str) -> str:
    """What stands hidden in the workbook of an audit, and in no other."""
    return f"{MARK}:{case_uid}:{export}"


def file_name(language: str, kind: str, day: datetime, export: str) -> str:
    """The name of the workbook (``file``) or of the outcome (``outcome_file``)."""
    return text(language, "audit_sheet", kind, day=day_text(day), mark=export[:8])


# --- out ------------------------------------------------------------------------------------------------------------


def workbook_of(
    audited: Audited, question: AuditQuestion, doubtful: Doubtful, calendar: Calendar, evidence: Sequence[str]
) -> tuple[Sheet, ...]:
    """The sheets: the leads, the rules, and, where there are any, the rows that count for nobody.

    Args:
        audited: What was found.
        question: What was asked.
        doubtful: Rows of the export.
        calendar: The client's, in whose zone times are shown.
        evidence: In words, of each lead in order.
    """
    write = _Writer(question, calendar)
    return (write.leads(audited, evidence), write.rules(audited), *([write.doubtful(doubtful)] if doubtful.count else []))


def evidence_of(judged: Judged, language: str) -> str:
    """What speaks for and against a lead, a line each, with the clauses."""
    return "\n".join(f"{one.clause}: {evidence_words(language, one)}" for one in judged.evidence)


class _Writer:
    def __init__(self, question: AuditQuestion, calendar: Calendar) -> None:
        self._question, self._calendar, self._language = question, calendar, question.language

    def _word(self, *place: str, **values: object) -> str:
        return text(self._language, "audit_sheet", *place, **values)

    def _local(self, at: datetime | None) -> datetime | None:
        return None if at is None else self._calendar.local(at).replace(tzinfo=None, microsecond=0)

    def _column(self, name: str, kind: Kind, width: int) -> Column:
        choices = tuple(self._word("decision", choice) for choice in CHOICES) if name == "decision" else ()
        if name == "wrong":
            choices = (self._word("wrong_words", "yes").split("|")[0].strip(),)
        return Column(self._word("heading", name), kind, width, asked=name in ASKED, choices=choices)

    def leads(self, audited: Audited, evidence: Sequence[str]) -> Sheet:
        columns = (
            *(self._column(*column) for column in _COLUMNS),
            Column(mark_of(self._question.case_uid, self._question.export), "text", 10, hidden=True),
        )
        verdicts = {verdict: text(self._language, "audit", "verdict", verdict) for verdict in ("replace", "reject", "listen")}
        rows = tuple(self._row(one, words, verdicts) for one, words in zip(audited.judged, evidence, strict=True))
        verdict, decision = _PLACES["verdict"], _PLACES["decision"]
        colours = (
            Colour(verdict, "good", verdict, verdicts["replace"]),
            Colour(verdict, "bad", verdict, verdicts["reject"]),
            Colour(verdict, "doubt", verdict, verdicts["listen"]),
            Colour(decision, "doubt", verdict, verdicts["listen"], while_empty=decision),
        )
        return Sheet(self._word("sheet", "leads"), (Table(columns, rows, colours=colours),))

    def _row(self, one: Judged, evidence: str, verdicts: dict[str, str]) -> tuple[Cell, ...]:
        return (
            one.lead,
            self._local(one.appeared_at),
            one.status,
            one.comment,
            text(self._language, "audit", "reason", one.reason) if one.reason else "",
            verdicts[one.verdict],
            ", ".join(one.clauses),
            evidence,
            one.calls,
            self._local(one.last_call_at),
            None,
            None,
            None,
            None,
        )

    def rules(self, audited: Audited) -> Sheet:
        asked = self._question
        above = [
            self._word("about", "title", asked=asked.asked, cards=len(audited.judged), leads=audited.leads),
            self._word("about", "export", name=asked.export_name, sha=asked.export),
            self._word("about", "times", zone=asked.settings.zone, at=minute_text(self._calendar.local(asked.now))),
        ]
        if audited.barred:
            above.append(self._word("about", "barred", clauses=", ".join(audited.barred)))
        columns = (Column(self._word("heading", "clause"), "text", 14), Column(self._word("heading", "rule"), "text", 110))
        how = tuple((self._word("heading", name) if name in ASKED else "", self._word("how", name)) for name in (*ASKED, "rows", "back"))
        asked_columns = (Column(self._word("heading", "column"), "text", 14), Column(self._word("heading", "how"), "text", 110))
        verdicts = tuple(
            (text(self._language, "audit", "verdict", verdict), f"{count}: {self._word('meaning', verdict)}")
            for verdict in ("replace", "reject", "listen")
            for count in [sum(one.verdict == verdict for one in audited.judged)]
        )
        counted = (Column(self._word("heading", "verdict"), "text", 14), Column(self._word("heading", "meaning"), "text", 110))
        return Sheet(
            self._word("sheet", "rules"),
            (
                Table(counted, verdicts),
                Table(asked_columns, how, caption=self._word("how", "title")),
                Table(columns, rules(self._language, asked.settings)),
            ),
            tuple(above),
        )

    def doubtful(self, doubtful: Doubtful) -> Sheet:
        columns = tuple(Column(self._word("heading", name), kind, width) for name, kind, width in _DOUBTFUL)
        rows: list[tuple[Cell, ...]] = [(row.clause, row.sheet, row.row, row.what) for row in doubtful.rows]
        if doubtful.count > len(rows):
            rows.append(("", "", None, self._word("doubt", "unlisted", count=doubtful.count - len(rows))))
        return Sheet(self._word("sheet", "doubtful"), (Table(columns, tuple(rows)),))


_DOUBTFUL: tuple[tuple[str, Kind, int], ...] = (("clause", "text", 10), ("sheet", "text", 20), ("row", "count", 10), ("what", "text", 110))


# --- back -----------------------------------------------------------------------------------------------------------


def answers_of(grids: Iterable[Grid], mark: str, language: str) -> list[Answered]:
    """What the rows of a sheet decide, whatever was sorted, filtered or moved in it.

    Raises:
        SheetProblem: it is no sheet of an audit, one of another audit, or lacks columns.
    """
    for grid in grids:
        rows = iter(grid.rows)
        header = [_text(cell) for cell in next(rows, (0, ()))[1]]
        marks = [cell for cell in header if cell.startswith(f"{MARK}:")]
        if not marks:
            continue
        if marks != [mark]:
            raise SheetProblem(text(language, "audit_sheet", "problem", "other_audit"))
        headings = {name: text(language, "audit_sheet", "heading", name) for name in ("lead", *ASKED)}
        missing = [heading for heading in headings.values() if header.count(heading) != 1]
        if missing:
            raise SheetProblem(text(language, "audit_sheet", "problem", "sheet_columns", columns=", ".join(missing)))
        places = [header.index(heading) for heading in headings.values()]
        return [Answered(number, *_given(cells, places)) for number, cells in rows if any(_given(cells, places))]
    raise SheetProblem(text(language, "audit_sheet", "problem", "not_ours"))


def _given(cells: Sequence[Any], places: Sequence[int]) -> tuple[str, str, str, str]:
    lead, decision, wrong, remark = (_text(cells[place]) if place < len(cells) else "" for place in places)
    return lead, decision, wrong, remark[:LONGEST_REMARK]


def _text(value: Any) -> str:
    """A cell as text on lines without control characters; a number as people typed it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
    return "".join(c if c.isprintable() or c == "\n" else " " for c in str(value)).strip()
