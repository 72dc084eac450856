"""What a workbook holds, as the rules of a regulation say it; `runtime.spreadsheets` writes it. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Cell = str | int | Decimal | date | datetime | None
"""A datetime is local, without its zone: a workbook knows no zones."""
Kind = Literal["text", "count", "money", "hours", "date", "instant"]
Tint = Literal["good", "bad", "doubt"]


@dataclass(frozen=True)
class Column:
    """One column: what it is called, and what its cells are."""

    heading: str
    kind: Kind
    width: int
    """In characters."""
    asked: bool = False
    """People fill it in: its cells are shaded."""
    choices: tuple[str, ...] = ()
    """The words that people may put into it, as a drop-down; none: anything."""
    hidden: bool = False


@dataclass(frozen=True)
class Colour:
    """A cell that changes its colour with what stands in its row. The words are ours, never from outside."""

    shown_in: int
    """Number of the column that is coloured."""
    tint: Tint
    column: int
    value: str
    """It is coloured while this stands in ``column``."""
    while_empty: int | None = None
    """And only while the cell of this column is empty."""


@dataclass(frozen=True)
class Totals:
    """The sums below a table: for each value of one column, the sums of others."""

    label: str
    by: int
    of: tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """A table of a sheet."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: Totals | None = None
    caption: str = ""
    colours: tuple[Colour, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A sheet: words above, then tables."""

    title: str
    tables: tuple[Table, ...]
    above: tuple[str, ...] = field(default=())
