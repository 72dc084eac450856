"""What is found in honest documents, and that nothing at all makes the reader raise."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NullObject, TextStringObject

from runtime.documents.child import examine
from runtime.documents.reader import DocumentReader
from tests.runtime.documents.made import add_form, excel, pdf, repacked, word

pytestmark = pytest.mark.clause("handoff 3.3")

PROBLEMS = {
    *("empty", "too_large", "not_a_document", "old_format", "password", "macros", "entities", "unsafe", "damaged", "too_slow"),
    "no_fields",
}
WORD, EXCEL, PDF = word({"ИНН": "1"}, "Телефон: 2"), excel([["ИНН", "1"]]), pdf({"inn": "1"})


def found(content: bytes) -> dict[str, str]:
    """Label → first value that is not empty, else nothing, as a process of its own would answer."""
    answer = examine(content)
    assert answer["problem"] is None, answer
    pairs: dict[str, str] = {}
    for label, value in answer["pairs"]:
        pairs[label] = pairs.get(label) or value
    return pairs


def word_of(*body: str) -> bytes:
    """A Word document whose body is written down in XML."""
    document = docx.Document()
    for element in body:
        document.element.body.insert(0, parse_xml(f"<w:wrap {nsdecls('w')} xmlns:mc='urn:x'>{element}</w:wrap>")[0])
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


def p(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def tc(content: str) -> str:
    return f"<w:tc>{content}</w:tc>"


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def control(content: str, *, hint: bool = False, more: str = "") -> str:
    shown = "<w:showingPlcHdr/>" if hint else ""
    return f"<w:sdt><w:sdtPr>{more}{shown}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"


# --- Word


def test_a_table_of_two_columns_and_lines_with_a_colon_a_tab_or_a_dash() -> None:
    pairs = found(word({"ИНН": "7707083893", "Телефон:": "+7 495 000-00-00", "Логин": ""}, "E-mail: a@b", "Сотрудников\t3", "Тариф — год"))
    assert pairs["ИНН"] == "7707083893"
    assert pairs["Телефон:"] == "+7 495 000-00-00"
    assert pairs["Логин"] == ""
    assert (pairs["E-mail"], pairs["Сотрудников"], pairs["Тариф"]) == ("a@b", "3", "год")


def test_a_column_of_numbers_before_the_labels_and_several_pairs_in_a_row() -> None:
    pairs = found(word_of(table(tc(p("1")) + tc(p("ИНН")) + tc(p("77")), tc(p("Телефон")) + tc(p("8")) + tc(p("Логин")) + tc(p("a")))))
    assert (pairs["ИНН"], pairs["Телефон"], pairs["Логин"]) == ("77", "8", "a")


@pytest.mark.parametrize("hint", [False, True])
def test_content_controls_are_read_and_their_hints_are_not(hint: bool) -> None:
    """python-docx alone passes over all of these."""
    around_cell = table(tc(p("ИНН")) + control(tc(p("Введите текст")), hint=hint))
    in_cell = table(tc(p("Телефон")) + tc(control(p("Введите текст"), hint=hint)))
    in_line = f"<w:p><w:r><w:t>Логин: </w:t></w:r>{control('<w:r><w:t>Введите текст</w:t></w:r>', hint=hint)}</w:p>"
    around_row = f"<w:tbl><w:tblPr/><w:tblGrid/>{control('<w:tr>' + tc(p('Тариф')) + tc(p('год')) + '</w:tr>')}</w:tbl>"
    named = control(p("Введите текст"), hint=hint, more='<w:alias w:val="Сотрудников"/><w:tag w:val="employees"/>')
    pairs = found(word_of(around_cell, in_cell, in_line, around_row, named))
    for label in ("ИНН", "Телефон", "Логин", "Сотрудников", "employees"):
        assert pairs[label] == ("" if hint else "Введите текст"), label
    assert pairs["Тариф"] == "год"


def test_what_was_deleted_under_tracked_changes_is_gone() -> None:
    changed = (
        "<w:p><w:r><w:t>77</w:t></w:r><w:del><w:r><w:delText>66</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>55</w:t></w:r></w:moveFrom><w:ins><w:r><w:t>88</w:t></w:r></w:ins></w:p>"
    )
    assert found(word_of(table(tc(p("ИНН")) + tc(changed))))["ИНН"] == "7788"


def test_a_table_within_a_cell_is_read_by_itself() -> None:
    pairs = found(word_of(table(tc(p("Клиент")) + tc(table(tc(p("ИНН")) + tc(p("77"))) + p("")))))
    assert (pairs["ИНН"], pairs["Клиент"]) == ("77", "")


def test_several_paragraphs_and_runs_of_a_cell_are_one_value() -> None:
    runs = "<w:p><w:r><w:t>770</w:t></w:r><w:r><w:t>708</w:t><w:br/><w:t>x</w:t></w:r></w:p>"
    assert found(word_of(table(tc(p("ИНН")) + tc(runs + p("y")))))["ИНН"] == "770708\nx\ny"


@pytest.mark.parametrize(("lines", "has_text"), [((), False), (("  ", "123 — 456"), False), (("Договор",), True)])
def test_a_document_says_whether_it_has_any_text(lines: tuple[str, ...], has_text: bool) -> None:
    assert examine(word({}, *lines))["has_text"] is has_text


# --- Excel


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (7707083893, "7707083893"),
        (7707083893.0, "7707083893"),
        (0.5, "0.5"),
        (date(2026, 11, 20), "2026-11-20"),
        (datetime(2026, 11, 20), "2026-11-20"),  # noqa: DTZ001
        (datetime(2026, 11, 20, 15, 30), "2026-11-20 15:30"),  # noqa: DTZ001
        (True, "TRUE"),
        (None, ""),
        ("=1+1", ""),
        ("#N/A", ""),
        ("#1", "#1"),
    ],
)
def test_a_cell_is_read_as_a_person_wrote_it(value: Any, expected: str) -> None:
    assert found(excel([["ИНН", value]]))["ИНН"] == expected


def test_the_second_sheet_is_read_too_and_a_wrong_size_hides_no_cell() -> None:
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.create_sheet("2").append(["ИНН", "77"])
    saved = io.BytesIO()
    workbook.save(saved)
    small = repacked(saved.getvalue(), {"xl/worksheets/sheet2.xml": lambda part: part.replace(b'ref="A1:B1"', b'ref="A1"')})
    assert found(small)["ИНН"] == "77"


# --- PDF


def test_fields_of_a_pdf_go_by_name_full_name_and_tooltip() -> None:
    def form(writer: PdfWriter) -> None:
        def made(name: str | None, **more: Any) -> Any:
            content = {} if name is None else {NameObject("/T"): TextStringObject(name)}
            return DictionaryObject({**content, **{NameObject(f"/{key}"): value for key, value in more.items()}})

        add = writer._add_object
        widget = add(made(None))
        parent = made("client", Kids=ArrayObject([add(made("inn", V=TextStringObject("77"), TU=TextStringObject("ИНН"))), widget]))
        add_form(
            writer,
            [
                add(parent),
                add(made("ecp", V=NameObject("/Off"))),
                add(made("ecp2", V=NameObject("/Да"))),
                add(made("tariff", V=ArrayObject([TextStringObject("a"), TextStringObject("b")]))),
                add(made("login")),
                add(made("phone", V=NullObject())),
            ],
        )

    pairs = found(pdf(None, form))
    assert (pairs["inn"], pairs["client.inn"], pairs["ИНН"]) == ("77", "77", "77")
    assert (pairs["ecp"], pairs["ecp2"], pairs["tariff"], pairs["login"], pairs["phone"]) == ("", "Да", "a, b", "", "")


# --- nothing makes it raise


def _sound(answer: dict[str, Any]) -> None:
    assert set(answer) == {"problem", "format", "pairs", "has_text"}
    assert answer["problem"] is None or (answer["problem"] in PROBLEMS and not answer["pairs"])


@settings(max_examples=200)
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"%PDF-1.7\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]))
def test_any_bytes_get_an_answer(content: bytes, start: bytes) -> None:
    _sound(examine(start + content))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid file with bytes changed, cut out or put in."""
    content = bytearray(draw(st.sampled_from([WORD, EXCEL, PDF])))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(content) - 1))
        match draw(st.sampled_from(["change", "cut", "insert", "copy"])):
            case "change":
                content[place] = draw(st.integers(0, 255))
            case "cut":
                del content[place : place + draw(st.integers(1, 200))]
            case "insert":
                content[place:place] = draw(st.binary(max_size=20))
            case "copy":
                other = draw(st.integers(0, len(content) - 1))
                content[place:place] = content[other : other + draw(st.integers(1, 200))]
        if not content:
            break
    return bytes(content)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(mutated())
def test_a_mutated_file_gets_an_answer(content: bytes) -> None:
    _sound(examine(content))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data(), st.sampled_from([(WORD, "word/document.xml"), (EXCEL, "xl/worksheets/sheet1.xml"), (EXCEL, "xl/workbook.xml")]))
def test_a_sound_package_with_a_mutated_part_gets_an_answer(data: st.DataObject, of: tuple[bytes, str]) -> None:
    """Whole tags are taken out, doubled and moved, so that the libraries behind the checks get to see it."""
    package, name = of
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        tags = re.findall(rb"<[^>]*>|[^<]+", archive.read(name))
    for _ in range(data.draw(st.integers(1, 5))):
        place, other = (data.draw(st.integers(0, len(tags) - 1)) for _ in range(2))
        match data.draw(st.sampled_from(["drop", "double", "swap", "number"])):
            case "drop" if len(tags) > 1:
                del tags[place]
            case "double":
                tags.insert(place, tags[other])
            case "swap":
                tags[place], tags[other] = tags[other], tags[place]
            case _:
                tags[place] = re.sub(rb"\d+", str(data.draw(st.integers(-1, 10**12))).encode(), tags[place])
    _sound(examine(repacked(package, {name: b"".join(tags)})))


@settings(max_examples=8)
@given(st.one_of(mutated(), st.binary(max_size=200)))
async def test_the_process_answers_as_the_function_does(content: bytes) -> None:
    reading = await DocumentReader().read(content, "x.docx")
    expected = examine(content) if content else {"problem": "empty", "pairs": []}
    assert reading.problem == expected["problem"]
    assert [list(pair) for pair in reading.pairs] == [list(pair) for pair in expected["pairs"]]
