"""The rows of an export out of tables and records: headings, dates and flags as people write them, and rows that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.replacement import export_reading
from regulations.replacement.export import Call, Card, Recording, Row, Ticket
from regulations.replacement.export_reading import ExportError, ExportReading, Unread, doubted
from regulations.replacement.export_values import LONGEST_COMMENT
from regulations.time.zones import ZoneError
from regulations.time.zones import zone as zone_of
from tests.regulations.replacement.exports import audited, worked

pytestmark = pytest.mark.clause("replacement 5.2")

HEADER = (
    *("record", "lead", "appeared_at", "status", "comment", "call", "at", "answered"),
    *("ticket", "since", "until", "by_client", "confirmed"),
)
TEN = datetime(2026, 11, 23, 7, tzinfo=UTC)
"""Ten o'clock in Moscow."""
TEN_TEXT = "2026-11-23T10:00:00+03:00"


@dataclass
class Grid:
    name: str
    rows: Iterator[tuple[int, Sequence[Any]]]


@dataclass
class Records:
    rows: Iterator[tuple[int, dict[str, Any] | None]]


def grid(*rows: Sequence[Any], name: str = "") -> Grid:
    return Grid(name, iter(list(enumerate(rows, 1))))


def row(**values: Any) -> list[Any]:
    return [values.get(name, "") for name in HEADER]


def read(*grids: Grid, zone: str = "Europe/Moscow") -> tuple[list[Row], list[Unread]]:
    reading = ExportReading(zone, "ru")
    return list(reading.tables(grids)), reading.unread


def objects(*found: dict[str, Any] | None) -> tuple[list[Row], list[Unread]]:
    reading = ExportReading("Europe/Moscow", "ru")
    return list(reading.objects(Records(iter(list(enumerate(found, 1)))))), reading.unread


def card_at(value: Any, zone: str = "Europe/Moscow") -> Card | str:
    """The card with this appearance, or what is wrong with it."""
    rows, unread = read(grid(HEADER, row(record="card", lead="L1", appeared_at=value), row(record="recording", call="c")), zone=zone)
    return next((found for found in rows if isinstance(found, Card)), None) or unread[0].words


# --- shapes ---


EVERYTHING: list[Row] = [
    Card("L1", TEN, "на замену", "Недозвон"),
    Call("c1", "L1", TEN, False, "не взяли"),
    Recording("c1"),
    Ticket("T1", TEN, None, True, False),
]
ROWS = (
    row(record="card", lead="L1", appeared_at=TEN_TEXT, status="на замену", comment="Недозвон"),
    row(record="call", call="c1", lead="L1", at=TEN_TEXT, answered="нет", comment="не взяли"),
    row(record="recording", call="c1"),
    row(record="ticket", ticket="T1", since=TEN_TEXT, by_client="да", confirmed="нет"),
)


def test_one_table_of_all_records() -> None:
    assert read(grid(HEADER, *ROWS)) == (EVERYTHING, [])


def test_a_table_in_russian_in_any_order_and_with_columns_of_its_own() -> None:
    header = ("Менеджер", "КОММЕНТАРИЙ", "номер_карточки", "Вид записи", "Статус", "Дата появления", "Дозвон", "ID звонка", "Начало")
    rows = (
        ("Анна", "Недозвон", "L1", "Карточка", "на замену", "23.11.2026 10:00", "", "", ""),
        ("Анна", "не взяли", "L1", "Звонок", "", "", "Нет", "c1", "23.11.2026 10:00"),
        ("", "", "", "запись", "", "", "", "c1", ""),
    )
    assert read(grid(header, *rows)) == (EVERYTHING[:3], [])


@pytest.mark.parametrize("names", [("cards", "calls", "recordings", "tickets"), ("Карточки", "ЗВОНКИ", " записи ", "тикеты")])
def test_a_sheet_for_each_record_among_other_sheets(names: Sequence[str]) -> None:
    columns = [("lead", "appeared_at", "status", "comment"), ("call", "lead", "at", "answered", "comment"), ("call",)]
    columns.append(("ticket", "since", "until", "by_client", "confirmed"))
    sheets = [
        grid(each, [values[HEADER.index(name)] for name in each], name=sheet)
        for sheet, each, values in zip(names, columns, ROWS, strict=True)
    ]
    assert read(grid(("Отчёт за ноябрь",), ("Итого", 5), name="Лист1"), *sheets, grid(name="Лист2")) == (EVERYTHING, [])


def test_json_lines_hold_what_each_record_has() -> None:
    lines: list[dict[str, Any]] = [
        {"record": "card", "lead": "L1", "appeared_at": TEN_TEXT, "status": "на замену", "comment": "Недозвон", "more": {"x": 1}},
        {"record": "call", "call": "c1", "lead": "L1", "at": TEN_TEXT, "answered": False, "comment": "не взяли"},
        {"Запись": "запись", "Звонок": "c1"},
        {"record": "ticket", "ticket": "T1", "since": TEN_TEXT, "until": None, "by_client": True, "confirmed": 0},
    ]
    assert objects(*lines) == (EVERYTHING, [])


def test_short_rows_lack_what_stands_behind_them() -> None:
    header = ("record", "call", "lead", "at", "answered", "comment")
    assert read(grid(header, ("call", "c1", "L1", TEN_TEXT, "нет"), ("recording", "c1"))) == (
        [Call("c1", "L1", TEN, False, ""), Recording("c1")],
        [],
    )


# --- values ---


@pytest.mark.parametrize(
    "value",
    [
        *("2026-11-23T10:00:00+03:00", "2026-11-23 07:00:00Z", "2026-11-23T16:00+09:00", "2026-11-23 10:00", " 2026-11-23T10:00:00 "),
        *("23.11.2026 10:00", "23.11.2026, 10:00:00", datetime(2026, 11, 23, 10), TEN),  # noqa: DTZ001 - local to the client
    ],
)
def test_instants_with_an_offset_and_local_ones(value: Any) -> None:
    found = card_at(value)
    assert isinstance(found, Card)
    assert found.appeared_at == TEN


def test_a_spreadsheets_date_is_its_midnight_and_a_written_day_no_instant() -> None:
    found = card_at(date(2026, 11, 23))
    assert isinstance(found, Card)
    assert found.appeared_at == datetime(2026, 11, 22, 21, tzinfo=UTC)
    assert isinstance(card_at("2026-11-23"), str)


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-03-29 01:59:59", "2026-03-29 00:59:59"),
        ("2026-03-29 02:00:00", "2026-03-29 01:00:00"),  # does not exist until 03:00: the first instant after the gap
        ("2026-03-29 02:59:59", "2026-03-29 01:00:00"),
        ("2026-03-29 03:00:00", "2026-03-29 01:00:00"),
        ("2026-10-25 02:30:00", "2026-10-25 00:30:00"),  # exists twice: the first
        ("2026-10-25 03:00:00", "2026-10-25 02:00:00"),
    ],
)
def test_a_local_time_where_the_clocks_change(local: str, utc: str) -> None:
    found = card_at(local, "Europe/Berlin")
    assert isinstance(found, Card)
    assert found.appeared_at == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@settings(max_examples=100)
@given(
    at=st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)),  # noqa: DTZ001 - local to the client
    zone=st.sampled_from(["Europe/Moscow", "Asia/Vladivostok", "Europe/Berlin", "Africa/Casablanca", "Asia/Beirut"]),
)
def test_what_a_clock_shows_is_what_it_showed(at: datetime, zone: str) -> None:
    """But for the gaps: there the clock shows a later time."""
    found = card_at(at.isoformat(), zone)
    assert isinstance(found, Card)
    shown = found.appeared_at.astimezone(zone_of(zone)).replace(tzinfo=None)
    exists = at.replace(tzinfo=zone_of(zone)).astimezone(UTC).astimezone(zone_of(zone)).replace(tzinfo=None) == at
    assert shown == at if exists else shown > at


@pytest.mark.parametrize(
    "value",
    ["", None, "вчера", "2026-11-23", "20261123", "2026-02-30 10:00", "30.02.2026 10:00", "10:00", 46349.4, 1790000000, time(10), [1]],
)
def test_what_is_no_instant_is_told_with_its_column(value: Any) -> None:
    found = card_at(value)
    assert isinstance(found, str)
    assert found.startswith("Появился: ")


@pytest.mark.parametrize(("value", "taken"), [("1999-12-31 23:59", False), ("2000-01-01 00:00", True), ("2099-12-31 23:59", True)])
def test_only_years_of_this_century_are_taken(value: str, taken: bool) -> None:
    assert isinstance(card_at(value), Card) is taken


@pytest.mark.parametrize(
    ("value", "answered"),
    [
        *((word, True) for word in ("да", "Да", "TRUE", "1", 1, 1.0, True, "истина", " да ")),
        *((word, False) for word in ("нет", "НЕТ", "false", "0", 0, 0.0, False, "ложь")),
        *((word, None) for word in ("", None, "может быть", 2, "2", [True])),
    ],
)
def test_answered_is_yes_or_no_and_nothing_is_guessed(value: Any, answered: bool | None) -> None:
    made = row(record="call", call="c1", lead="L1", at=TEN_TEXT, answered=value)
    rows, unread = read(grid(HEADER, made, row(record="recording", call="c1")))
    if answered is None:
        assert rows == [Recording("c1")]
        assert [(one.number, one.lead) for one in unread] == [(2, "L1")]
        assert unread[0].words.startswith("Отвечен: ")
    else:
        assert rows[0] == Call("c1", "L1", TEN, answered, "")


@pytest.mark.parametrize(("value", "lead"), [(17, "17"), (17.0, "17"), (" L1 ", "L1"), ("a" * 64, "a" * 64)])
def test_ids_may_be_numbers(value: Any, lead: str) -> None:
    rows, _ = read(grid(HEADER, row(record="card", lead=value, appeared_at=TEN_TEXT)))
    assert rows == [Card(lead, TEN, "", "")]


@pytest.mark.parametrize("value", ["", "a" * 65, "client@example.org", "+7 999 1234567", "Иванов", -1, "a\nb", "\ud800", {"a": 1}])
def test_an_id_that_is_none_makes_its_row_unread_and_is_never_told(value: Any) -> None:
    rows, unread = objects(
        {"record": "card", "lead": value, "appeared_at": TEN_TEXT, "status": "", "comment": ""}, {"record": "recording", "call": "c1"}
    )
    assert rows == [Recording("c1")]
    assert [(one.number, one.lead) for one in unread] == [(1, "")]
    assert not isinstance(value, str) or not value or value not in unread[0].words


def test_telephonys_own_ids_are_taken() -> None:
    rows, _ = read(grid(HEADER, row(record="recording", call="MToxMDA2+/zY2==:1")))
    assert rows == [Recording("MToxMDA2+/zY2==:1")]


def test_a_comment_is_cut_and_rid_of_what_no_database_takes() -> None:
    rows, unread = objects({"record": "card", "lead": "L1", "appeared_at": TEN_TEXT, "status": "a\x00b", "comment": "я" * 3_000 + "\ud800"})
    assert rows == [Card("L1", TEN, "a b", "я" * LONGEST_COMMENT)]
    assert unread == []


# --- what cannot be read ---


def test_a_row_of_an_unknown_kind_stands_with_its_sheet_and_its_lead() -> None:
    found = read(grid(HEADER, ROWS[2], row(record="sms", lead="L1"), row(lead="L2"), row(), row(record="", lead=" "), name="Выгрузка"))
    assert found[0] == [Recording("c1")]
    assert [(one.sheet, one.number, one.lead) for one in found[1]] == [("Выгрузка", 3, "L1"), ("Выгрузка", 4, "L2")]


def test_a_line_that_is_no_object_is_a_row_that_could_not_be_read() -> None:
    rows, unread = objects(None, {"record": "recording", "call": "c1"}, {}, {"record": 5, "lead": "L1"})
    assert rows == [Recording("c1")]
    assert [(one.number, one.lead) for one in unread] == [(1, ""), (3, ""), (4, "L1")]


@pytest.mark.parametrize(
    ("grids", "words"),
    [
        ([], "нет ни одной строки"),
        ([grid()], "нет ни одной строки"),
        ([grid(HEADER)], "нет ни одной строки"),
        ([grid(("a", "b"), ("1", "2"))], "нет столбца «Запись»"),
        ([grid((*HEADER, "Лид"), ROWS[0])], "столбец «Лид» встречается дважды"),
        ([grid(("record", "lead"), ("recording", ""))], "не хватает столбцов для вида «запись»: Звонок"),
        ([grid(("lead", "status"), ("L1", ""), name="cards")], "не хватает столбцов для вида «карточка»: Появился, Комментарий"),
        ([grid(HEADER, row(record="card", lead="L1"), row(record="x"))], "ни одна строка не читается; строка 2: Появился: не заполнено"),
    ],
    ids=range(8),
)
def test_a_file_that_is_no_export_is_told_so_in_words(grids: Sequence[Grid], words: str) -> None:
    with pytest.raises(ExportError, match=words):
        read(*grids)


def test_objects_of_which_none_can_be_read_are_no_export() -> None:
    with pytest.raises(ExportError, match="строка 1: строка не является объектом JSON"):
        objects(None, {})


def test_columns_that_only_some_records_need_may_be_missing_until_one_comes() -> None:
    header = ("record", "lead", "appeared_at", "status", "comment")
    assert len(read(grid(header, ("card", "L1", TEN_TEXT, "", "")))[0]) == 1
    with pytest.raises(ExportError, match="не хватает столбцов для вида «звонок»: Звонок, Начало звонка, Отвечен"):
        read(grid(header, ("card", "L1", TEN_TEXT, "", ""), ("call", "L1", "", "", "")))


def test_an_export_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_reading, "MOST_ROWS", 3)
    rows = [row(record="recording", call=f"c{n}") for n in range(4)]
    assert len(read(grid(HEADER, *rows[:2], row(record="x")))[0]) == 2
    with pytest.raises(ExportError, match="строк больше 3"):
        read(grid(HEADER, *rows[:3], row(record="x")))


def test_a_zone_that_there_is_not_is_an_error() -> None:
    with pytest.raises(ZoneError):
        ExportReading("Moon/Base", "ru")


@settings(max_examples=150)
@given(
    rows=st.lists(
        st.lists(
            st.one_of(
                st.sampled_from(["card", "call", "recording", "ticket", "L1", "c1", TEN_TEXT, "да", "нет", ""]),
                st.none(),
                st.integers(),
                st.floats(),
                st.booleans(),
                st.text(max_size=5),
                st.dates(),
                st.times(),
            ),
            max_size=len(HEADER) + 2,
        ),
        max_size=8,
    )
)
def test_every_row_is_either_read_or_told(rows: list[list[Any]]) -> None:
    """Whatever stands in it; only rows without anything in them are neither."""
    try:
        found, unread = read(grid(HEADER, *rows, ROWS[2]))
    except ExportError:
        raise AssertionError("one row of it can be read") from None
    blank = sum(all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells[: len(HEADER)]) for cells in rows)
    assert len(found) + len(unread) == len(rows) + 1 - blank
    assert len({one.number for one in unread}) == len(unread)


# --- what it does to the verdicts ---

TIMES = ("2026-11-23 10:00", "2026-11-23 11:00", "2026-11-23 12:00", "2026-11-24 10:00", "2026-11-25 10:00")


@pytest.mark.clause("replacement 6.4")
def test_a_lead_of_which_a_row_is_missing_is_never_replaced_unheard() -> None:
    found = audited([*worked("2026-11-23 09:00", TIMES), *worked("2026-11-23 09:00", TIMES, lead="L2")])
    assert [one.verdict for one in found.judged] == ["replace", "replace"]
    one, other = doubted(found, [Unread("звонки", 7, "Отвечен: не заполнено", "L1")]).judged
    assert (one.verdict, one.clauses) == ("listen", ("4.1", "5.2"))
    assert one.evidence[0].code == "unread_row"
    assert dict(one.evidence[0].values) == {"row": "звонки, 7", "what": "Отвечен: не заполнено"}
    assert other == found.judged[1]


def test_a_rejected_lead_stays_so_and_says_what_was_missing() -> None:
    found = audited(worked("2026-11-23 09:00", TIMES[:3]))
    [one] = doubted(found, [Unread("", 7, "Отвечен: не заполнено", "L1"), Unread("", 8, "…", "")]).judged
    assert (one.verdict, one.clauses) == ("reject", ("3.4",))
    assert one.evidence[0].code == "unread_row"
