"""What the process says to an export or to a decision: the same verdicts from every format, and words for what is wrong with a file."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from activities.audit_child import Said, decided, judged
from regulations.replacement.effects import AuditAnswer, AuditQuestion, DecisionAnswer, DecisionQuestion
from regulations.replacement.export import Card, Row
from regulations.replacement.settlement import Found
from tests.regulations.replacement.exports import (
    MOSCOW,
    NOT_TARGET,
    NOW,
    VLADIVOSTOK,
    as_csv,
    as_json_lines,
    at,
    card,
    fields,
    large,
    settings,
    worked,
)

TIMES = ("2026-11-23 10:00", "2026-11-23 11:00", "2026-11-23 12:00", "2026-11-24 10:00", "2026-11-25 10:00")
CLEAR: list[Row] = [*worked("2026-11-23 09:00", TIMES), *worked("2026-11-23 09:30", TIMES[:3], lead="L2")]
"""One that is replaced, and one that is rejected."""
UNHEARD = worked("2026-11-23 09:40", TIMES, comment=f"Недозвон или {NOT_TARGET}", lead="L3")
SHEETS = {"card": "Карточки", "call": "Звонки", "recording": "Записи", "ticket": "Тикеты"}
RUSSIAN = {
    "record": "Вид записи",
    "lead": "Номер карточки",
    "appeared_at": "Дата появления",
    "status": "Статус",
    "comment": "Комментарий",
    "call": "ID звонка",
    "at": "Время звонка",
    "answered": "Дозвон",
    "ticket": "Тикет",
    "since": "Начало сбоя",
    "until": "Конец сбоя",
    "by_client": "Из личного кабинета",
    "confirmed": "Подтверждён",
}


def as_xlsx(rows: Sequence[Row]) -> bytes:
    """A sheet for each record; instants as a spreadsheet's dates, by the client's clocks."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for record, name in SHEETS.items():
        sheet = book.create_sheet(name)
        for number, row in enumerate(row for row in rows if type(row).__name__.lower() == record):
            named = row._asdict()
            if number == 0:
                sheet.append([RUSSIAN[slot] for slot in named])
            sheet.append([v.astimezone(ZoneInfo(MOSCOW)).replace(tzinfo=None) if isinstance(v, datetime) else v for v in named.values()])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_one_sheet(rows: Sequence[Row]) -> bytes:
    """One sheet for all records, all of it text."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(RUSSIAN.values()))
    for row in map(fields, rows):
        given = {**row, "record": SHEETS[row["record"]]}
        words = {name: {True: "да", False: "нет"}.get(value, value) if isinstance(value, bool) else value for name, value in given.items()}
        sheet.append([words.get(name) for name in RUSSIAN])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_office_csv(rows: Sequence[Row]) -> bytes:
    """As an office in Russia writes it: Windows-1251, semicolons, the day first, local times."""
    lines = [";".join(RUSSIAN.values())]
    for row in map(fields, rows):
        for name in ("appeared_at", "at", "since", "until"):
            if row.get(name):
                row[name] = f"{datetime.fromisoformat(row[name]).astimezone(ZoneInfo(MOSCOW)):%d.%m.%Y %H:%M:%S}"
        lines.append(";".join({"True": "да", "False": "нет", "None": ""}.get(text := str(row.get(name, "")), text) for name in RUSSIAN))
    return "\r\n".join(lines).encode("windows-1251")


def question(**changed: Any) -> AuditQuestion:
    given = {"case_uid": "uid-1", "export": "ab" * 32, "export_name": "выгрузка.csv", "asked": 10, "identifications": 100}
    return AuditQuestion.model_validate({**given, "settings": settings(), "language": "ru", "now": NOW, **changed})


def decision(sheet: str | None = None, **changed: Any) -> DecisionQuestion:
    given = {"case_uid": "uid-1", "export": "ab" * 32, "sheet": sheet, "by": "quality_control:q7", "at": NOW, "asked": 10}
    return DecisionQuestion.model_validate({**given, "identifications": 100, "replaced": 0, "cap_percent": 30, "language": "ru", **changed})


def found(said: Said) -> list[Found]:
    """The verdicts as they come back to be decided on."""
    return [Found(line["lead"], line["verdict"], tuple(line["clauses"]), line["evidence"]) for line in said.lines]


def page(content: bytes, name: str) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(io.BytesIO(content))[name].iter_rows(values_only=True))


def filled(sheet: bytes, decisions: Mapping[str, Sequence[str | None]]) -> bytes:
    """The workbook as quality control saves it: decision, wrong and remark by lead."""
    book = openpyxl.load_workbook(io.BytesIO(sheet))
    for row in book["Проверка"].iter_rows(min_row=2):
        for cell, value in zip(row[10:13], decisions.get(str(row[0].value), ()), strict=False):
            cell.value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- an export ---


@pytest.mark.clause("replacement 5.2")
@pytest.mark.parametrize("written", [as_json_lines, as_xlsx, as_one_sheet, as_office_csv])
def test_every_format_says_the_same_of_the_same_rows(written: Callable[[Sequence[Row]], bytes]) -> None:
    """Verdicts, evidence and workbook, to the byte."""
    rows = list(large(20))
    said = judged(question(), as_csv(rows))
    assert (said.answer["cards"], said.answer["doubtful_rows"]) == (18, 2)
    assert judged(question(), written(rows)) == said


@pytest.mark.clause("replacement 3.4")
def test_local_times_are_the_clients() -> None:
    local = "record,lead,appeared_at,status,comment,call,at,answered\ncard,L1,2026-11-23 09:00,на замену,недозвон,,,\n"
    for n, time in enumerate(TIMES):
        local += f"call,L1,,,не взяли,c{n},{time},нет\nrecording,,,,,c{n},,\n"
    for zone in (MOSCOW, VLADIVOSTOK):
        assert judged(question(settings=settings(zone)), local.encode()).answer["replace"] == 1


@pytest.mark.clause("replacement 6.4")
def test_a_row_that_cannot_be_read_stands_in_the_sheet_and_its_lead_is_heard() -> None:
    said = judged(question(), as_csv(CLEAR) + b"call,L1,,,,c-9,yesterday,no,,,,,\n")
    assert [said.answer[name] for name in ("replace", "reject", "listen", "doubtful_rows")] == [0, 1, 1, 1]
    [_, row] = page(said.file, "Сомнительные строки")
    assert row[:3] == ("5.2", None, 1 + len(CLEAR) + 1)
    assert row[3].startswith("Начало звонка: нужны и дата, и время")


@pytest.mark.clause("replacement 3.2")
def test_a_bar_of_the_whole_request_is_told_but_never_for_rows_that_could_not_be_read() -> None:
    cards = as_csv([row for row in CLEAR if isinstance(row, Card)])
    barred = judged(question(), cards)
    assert barred.answer["barred"] == ("3.2",)
    assert page(barred.file, "Правила")[3] == ("Всей заявке мешает: 3.2", None)
    unread = judged(question(), cards + "recording,,,,,я,,,,,,,\n".encode())
    assert unread.answer["problem"].startswith("не прочитано строк: 1, поэтому судить о пунктах 3.2 нельзя. Строка 4: Звонок: ")
    assert (unread.lines, unread.file) == ((), b"")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "в файле нет ни одной строки"),
        (b"no table", "это не выгрузка: нужны CSV, JSON Lines или XLSX"),
        (b"PK\x03\x04 but no package", "файл повреждён: выгрузите его заново"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "старый формат Excel"),
        (b"a;b\n1;2\n", "нет столбца «Запись», и ни один лист не назван"),
        (b'record;call\nrecording;c1\nrecording;"', "файл повреждён: выгрузите его заново"),
        (b'{"record": "sms"}\n', "ни одна строка не читается; строка 1: Запись: неизвестный вид"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_words(content: bytes, words: str) -> None:
    said = judged(question(), content)
    answer = AuditAnswer.model_validate(said.answer)
    assert answer == AuditAnswer(problem=answer.problem)
    assert answer.problem.startswith(words)
    assert "{" not in answer.problem


def test_a_zone_that_there_is_not_is_told() -> None:
    said = judged(question(settings=settings("Moon/Base")), as_csv(CLEAR))
    assert said.answer["problem"].startswith("часовой пояс клиента в биллинге неизвестен")


def test_what_an_export_says_can_neither_act_as_a_formula_nor_as_a_link() -> None:
    hostile = [card(at("2026-11-23 09:00"), "=cmd|' /C calc'!A0 недозвон"), card(at("2026-11-23 09:01"), "http://x недозвон", "L2")]
    said = judged(question(export_name="=1+1"), as_csv([*hostile, *CLEAR[1:]]))
    cells = [cell for sheet in openpyxl.load_workbook(io.BytesIO(said.file)) for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f" or cell.hyperlink is not None]
    assert "=cmd|' /C calc'!A0 недозвон" in [cell.value for cell in cells]


# --- a decision ---


@pytest.mark.clause("replacement 6.4")
def test_nothing_is_decided_while_a_lead_is_unheard() -> None:
    audit = judged(question(), as_csv([*CLEAR, *UNHEARD]))
    clear = decided(decision(), found(audit), None)
    sheet = decided(decision("cd" * 32), found(audit), audit.file)
    assert clear.answer == {"problems": ("карточек, которые надо прослушать и решить: 1 (L3); пришлите таблицу с решениями по ним",)}
    assert sheet.answer == {"problems": ("строка 4, карточка L3: её надо прослушать и решить, «заменить» или «отклонить»",)}
    assert (sheet.lines, sheet.file) == ((), b"")


@pytest.mark.clause("replacement 6.2")
def test_the_sheet_decides_and_one_wrong_card_caps_the_amount() -> None:
    audit = judged(question(), as_csv([*CLEAR, *UNHEARD]))
    sheet = filled(audit.file, {"L1": (None, "да", "перепутан номер"), "L2": ("заменить", None, "связь стояла"), "L3": ("заменить",)})
    said = decided(decision("cd" * 32, identifications=10, replaced=1), found(audit), sheet)
    answer = DecisionAnswer.model_validate(said.answer)
    assert (answer.accepted, answer.rejected, answer.wrong, answer.wrong_count) == (3, 0, ("L1",), 1)
    assert (answer.amount, answer.capped) == (2, True)
    assert [row[:2] for row in page(said.file, "Карточки")[1:]] == [
        ("L1", "заменена"),
        ("L2", "заменена"),
        ("L3", "подтверждена, но больше предела по 6.2"),
    ]
    assert page(said.file, "Неверные карточки")[1:] == [("L1", "перепутан номер")]


def test_a_sheet_of_another_audit_and_what_is_no_sheet_are_refused() -> None:
    audit = judged(question(), as_csv(CLEAR))
    other = judged(question(export="cd" * 32), as_csv(CLEAR))
    for content, words in (
        (other.file, "таблица от другой проверки"),
        (as_csv(CLEAR), "это не таблица проверки"),
        (as_json_lines(CLEAR), "это не таблица проверки"),
        (b"PK\x03\x04", "файл повреждён"),
        (b"", "в файле нет ни одной строки"),
    ):
        [problem] = decided(decision("ef" * 32), found(audit), content).answer["problems"]
        assert problem.startswith(words)


def test_an_export_without_cards_on_replacement_is_decided_with_nothing() -> None:
    audit = judged(question(), as_csv([card(at("2026-11-23 09:00"), status="в работе"), *CLEAR[1:11]]))
    assert (audit.answer["cards"], audit.lines) == (0, [])
    for sheet in (None, audit.file):
        answer = DecisionAnswer.model_validate(decided(decision("cd" * 32 if sheet else None), [], sheet).answer)
        assert (answer.problems, answer.accepted, answer.amount) == ((), 0, 0)


@pytest.mark.clause("replacement 6.2")
def test_all_wrong_cards_are_counted_but_only_twenty_are_carried() -> None:
    audit = judged(question(), as_csv([row for n in range(25) for row in worked("2026-11-23 09:00", TIMES, lead=f"L{n:02}")]))
    sheet = filled(audit.file, {f"L{n:02}": (None, "да", "не тот") for n in range(25)})
    answer = DecisionAnswer.model_validate(decided(decision("cd" * 32, asked=100), found(audit), sheet).answer)
    assert (answer.wrong_count, len(answer.wrong), answer.amount, answer.capped) == (25, 20, 25, False)


# --- whatever comes ---

WHOLE = {"csv": as_csv(CLEAR), "jsonl": as_json_lines(CLEAR), "xlsx": as_xlsx(CLEAR)}


@settings_of_hypothesis(max_examples=120)
@given(format=st.sampled_from(sorted(WHOLE)), place=st.floats(0, 1), junk=st.binary(max_size=6), cut=st.booleans())
def test_a_damaged_file_is_either_judged_or_told_what_is_wrong_and_never_a_fault(format: str, place: float, junk: bytes, cut: bool) -> None:
    content = WHOLE[format]
    at_byte = int(place * len(content))
    said = judged(question(), content[:at_byte] + junk + (b"" if cut else content[at_byte + len(junk) :]))
    answer = AuditAnswer.model_validate(said.answer)
    assert bool(answer.problem) != bool(said.file)
    assert len(said.lines) == answer.cards == answer.replace + answer.reject + answer.listen


@settings_of_hypothesis(max_examples=60)
@given(content=st.binary(max_size=200))
def test_any_bytes_get_an_answer_to_an_export_and_to_a_decision(content: bytes) -> None:
    assert judged(question(), content).answer["problem"]
    assert decided(decision("cd" * 32), [], content).answer["problems"]
