"""The questionnaire's labels and values: what is recognised, what is taken as left empty, what is made fit for a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from regulations.catalogue import text
from regulations.documents import Document, Found
from regulations.handoff.questionnaire import filled, form_labels, labels, normalised, understood, value_of
from regulations.messages import Line
from tests.regulations.handoff.course import QUESTIONNAIRE

pytestmark = pytest.mark.clause("handoff 3.3")

FIELDS = tuple(QUESTIONNAIRE)


@pytest.mark.parametrize(
    "label",
    [
        *("ИНН", "инн:", "  И.Н.Н. ", "ИНН*", "ИНН¹", "1. ИНН", "2) ИНН:", "1.2. ИНН", "ИНН [1]", "ИНН (10 или 12 цифр)", "inn", "INN:"),
        *("ИНН **", "3 ИНН"),
    ],
)
def test_a_label_is_found_however_it_is_written(label: str) -> None:
    assert filled([(label, "7707083893")], FIELDS, "ru") == {"inn": "7707083893"}


@pytest.mark.parametrize("label", ["E-mail", "Е-mail", "e–mail:", "email", "EMAIL"])
def test_a_russian_letter_typed_for_a_latin_one_makes_no_difference(label: str) -> None:
    assert filled([(label, "a@b.example")], FIELDS, "ru") == {"email": "a@b.example"}


def test_every_field_is_found_by_its_words_and_by_its_code_and_no_two_look_alike() -> None:
    for by in (lambda code: text("ru", "handoff", "field", code), lambda code: code, str.upper):
        assert filled([(by(code), "x1") for code in FIELDS if code != "inn"], FIELDS, "ru") == {c: "x1" for c in FIELDS if c != "inn"}
    assert len({normalised(label) for label in form_labels(FIELDS, "ru")}) == len(FIELDS)
    assert set(labels(FIELDS, "ru").values()) == set(FIELDS)


def test_only_the_fields_of_the_edition_are_taken() -> None:
    assert filled([("ИНН", "7707083893"), ("Телефон", "1"), ("Любимый цвет", "синий")], ("phone",), "ru") == {"phone": "1"}
    assert filled([("Любимый цвет", "синий")], ("colour",), "ru") is None
    assert filled([("colour", "синий")], ("colour",), "ru") == {"colour": "синий"}  # a company's own field, by its code


def test_a_form_left_empty_is_a_form_and_a_file_without_labels_is_none() -> None:
    assert filled([(label, "") for label in form_labels(FIELDS, "ru")], FIELDS, "ru") == {}
    assert filled([("Уважаемые коллеги", "добрый день")], FIELDS, "ru") is None
    assert filled([], FIELDS, "ru") is None


@pytest.mark.parametrize("blank", ["", "  ", "____", "_ _ _", "…", ".....", "-----", "— —", "\u2002\u2002\u2002", "\n"])
def test_a_place_to_write_on_is_no_answer(blank: str) -> None:
    assert value_of(blank) is None


@pytest.mark.parametrize("answer", ["-", "нет", "0", "3", "т."])
def test_short_answers_are_answers(answer: str) -> None:
    assert value_of(answer) == answer


def test_a_label_beside_a_label_is_no_answer_and_the_first_answer_stands() -> None:
    pairs = [("Телефон", "E-mail"), ("ИНН", ""), ("ИНН", "7707083893"), ("ИНН", "500100732259")]
    assert filled(pairs, FIELDS, "ru") == {"inn": "7707083893"}


@pytest.mark.parametrize(
    ("given_", "taken"),
    [
        ("7707083893", "7707083893"),
        ("77 0708 3893", "7707083893"),
        ("105012344", "105012344"),  # nine digits, and no INN with a zero before them: stays as it is, to be named as wrong
        ("274062111", "0274062111"),  # a spreadsheet takes a leading zero away
        ("7707083890", "7707083890"),
        ("не знаю", "не знаю"),
    ],
)
def test_an_inn_is_taken_without_blanks_and_gets_back_the_zero_that_a_spreadsheet_took(given_: str, taken: str) -> None:
    assert filled([("ИНН", given_)], FIELDS, "ru") == {"inn": taken}


@given(st.text(st.characters(), max_size=700))
def test_whatever_is_written_fits_into_a_message_or_counts_as_empty(value: str) -> None:
    fit = value_of(value)
    if fit is not None:
        assert TypeAdapter(Line).validate_python(fit) == fit
        Found.model_validate({"fields": {"name": fit}}).model_dump_json().encode()


def test_an_encoded_word_and_line_ends_are_defused_and_a_long_text_is_cut() -> None:
    assert value_of("=?utf-8?b?0Y8=?=\r\nBcc: x@example.org") == "= ?utf-8?b?0Y8=?= Bcc: x@example.org".replace("=?=", "= ?=")
    assert value_of("x" * 1000) == "x" * 300


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=10))
def test_no_pairs_at_all_make_it_raise(pairs: list[tuple[str, str]]) -> None:
    answers = filled(pairs, FIELDS, "ru")
    assert answers is None or set(answers) <= set(FIELDS)


@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize(
    ("kind", "format", "has_text", "pairs", "problem"),
    [
        ("contract", "docx", True, [], None),
        ("contract", "docx", False, [], "no_text"),
        ("contract", "pdf", False, [("ИНН", "1")], "not_word"),
        ("contract", "xlsx", False, [("ИНН", "1")], "not_word"),
        ("questionnaire", "docx", True, [], "no_fields"),
        ("questionnaire", "pdf", False, [("Дата", "1")], "no_fields"),
        ("questionnaire", "xlsx", False, [("ИНН", "")], None),
    ],
)
def test_what_counts_as_read(kind: str, format: str, has_text: bool, pairs: list[tuple[str, str]], problem: str | None) -> None:
    document = Document.model_validate({"sha256": "0" * 64, "name": "x", "kind": kind})
    assert understood(document, format, pairs, has_text, FIELDS, "ru").problem == problem
