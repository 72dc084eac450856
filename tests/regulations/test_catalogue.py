"""Numbers with their nouns, and what a catalogue lacks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.catalogue import _merge, counted, text

FORMS = ("нарушение", "нарушения", "нарушений")


@pytest.mark.parametrize(
    ("n", "form"),
    [
        *((0, 2), (1, 0), (2, 1), (4, 1), (5, 2), (10, 2), (11, 2), (12, 2), (14, 2), (15, 2), (20, 2), (21, 0), (22, 1), (25, 2)),
        *((100, 2), (101, 0), (104, 1), (111, 2), (112, 2), (114, 2), (121, 0), (1_000, 2), (1_011, 2), (1_022, 1)),
    ],
)
def test_a_number_takes_the_form_that_it_needs(n: int, form: int) -> None:
    assert counted("ru", n, "plural", "breach") == f"{n} {FORMS[form]}"


@given(st.integers(0, 10**9))
def test_only_the_last_two_digits_decide(n: int) -> None:
    word, same = (counted("ru", m, "plural", "breach").split(" ", 1)[1] for m in (n, n % 100))
    assert word == same
    assert word in FORMS


@given(st.integers(0, 10**6).map(lambda n: n * 10))
def test_round_numbers_and_teens_take_the_last_form(n: int) -> None:
    assert counted("ru", n, "plural", "warning").endswith("напоминаний")
    assert counted("ru", n * 10 + 11, "plural", "warning").endswith("напоминаний")


@pytest.mark.parametrize("language", ["ru", "uk"])
@pytest.mark.parametrize("kind", ["breach", "warning", "incident", "ended", "breach_withdrawn", "overdue", "line"])
def test_every_language_has_three_forms_of_every_noun(language: str, kind: str) -> None:
    forms = [counted(language, n, "plural", kind).split(" ", 1)[1] for n in (1, 2, 5)]
    assert all(forms)
    assert kind not in forms


def test_what_one_catalogue_lacks_the_other_gives() -> None:
    assert text("uk", "weekday", "7") == "нд"
    assert text("uk", "handoff", "duty", "2.2.4") == text("ru", "handoff", "duty", "2.2.4") == "Первый контакт с клиентом"
    assert text("ru", "role", "lawyer") == text("uk", "role", "lawyer") == "юрист"
    assert text("uk", "nowhere", "word") == "word"


def test_two_files_of_a_language_have_no_words_for_one_place() -> None:
    whole = {"notice": {"passed": "прошло"}}
    _merge(whole, {"notice": {"moved": "перенесено"}, "role": {}})
    with pytest.raises(ValueError, match="'passed' stands in two catalogues"):
        _merge(whole, {"notice": {"passed": "передано"}})
