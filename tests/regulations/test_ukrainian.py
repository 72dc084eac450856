"""Everything that people read is there in Ukrainian: the words that all regulations share, and letters of the rounds."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from regulations import catalogue

WORDS = Path(catalogue.__file__).parent / "catalogues"
LETTERS = Path(catalogue.__file__).parent / "letters"
RUSSIAN_REGULATIONS = ("audit", "bulk", "centre", "doors", "handoff", "lead", "mail", "partner", "replacement", "watch")
"""How the files of regulations whose people read Russian are called. What stands in any other is everybody's."""
UKRAINIAN_REGULATIONS = ("doors", "onboarding", "service")
RUSSIAN_LETTERS = set("ыэъёЫЭЪЁ")
Place = tuple[str, ...]


def places(words: dict[str, Any], above: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every place of a catalogue with what stands there."""
    for name, value in words.items():
        if isinstance(value, dict):
            yield from places(value, (*above, name))
        else:
            yield (*above, name), value


def files_of(language: str, *, without: tuple[str, ...] = ()) -> dict[Place, Any]:
    """What stands in the files of a language, but for those of some regulations."""
    found: dict[Place, Any] = {}
    for file in sorted(WORDS.glob(f"{language}*.toml")):
        if file.stem.partition("-")[2].split("-")[0] not in without:
            found.update(places(tomllib.loads(file.read_text("utf-8"))))
    return found


RUSSIAN, UKRAINIAN = files_of("ru"), files_of("uk")
SHARED = files_of("ru", without=RUSSIAN_REGULATIONS)


def fields(words: Any) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None} if isinstance(words, str) else set()


def test_there_are_words_that_all_regulations_share() -> None:
    assert len(SHARED) > 100
    assert {place[0] for place in SHARED} >= {
        "case",
        "weekday",
        "month",
        "standing",
        "source",
        "timer",
        "notice",
        "activity",
        "round",
        "digest",
    }
    assert not {place[0] for place in SHARED} & {"handoff", "lead", "replacement", "report", "partner", "mail"}


def test_what_all_share_has_ukrainian_words() -> None:
    assert sorted(SHARED.keys() - UKRAINIAN.keys()) == [], "write them in regulations/catalogues/uk.toml"


def test_both_languages_fill_in_the_same_values_and_have_as_many_forms() -> None:
    def shape(words: Any) -> Any:
        return len(words) if isinstance(words, list) else fields(words)

    both = RUSSIAN.keys() & UKRAINIAN.keys()
    assert {place: shape(UKRAINIAN[place]) for place in both} == {place: shape(RUSSIAN[place]) for place in both}


def test_a_noun_has_three_forms() -> None:
    assert {len(words) for words in UKRAINIAN.values() if isinstance(words, list)} == {3}


def test_ukrainian_words_are_ukrainian() -> None:
    said = [(place, word) for place, words in UKRAINIAN.items() for word in (words if isinstance(words, list) else [words])]
    assert [place for place, word in said if not word or RUSSIAN_LETTERS & set(word)] == []
    assert [place for place, word in said if "’" in word or "ʼ" in word] == [], "the apostrophe is ' everywhere"


def test_what_stands_only_in_ukrainian_is_of_the_ukrainian_regulations() -> None:
    """A place that Russian lacks, in a file that all share, is a place that nobody reads or that Russian has forgotten."""
    assert files_of("uk", without=UKRAINIAN_REGULATIONS).keys() <= RUSSIAN.keys()


# --- letters ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(p.name for p in (LETTERS / "ru" / "notices").iterdir() if not p.name.startswith("layout")))
def test_every_letter_of_the_rounds_is_there_in_ukrainian(file: str) -> None:
    given = (LETTERS / "uk" / "notices" / file).read_text("utf-8")
    assert f'"ru/notices/{file}"' in given, "they are one letter: all words in it come from the catalogue"
    assert ("{% block language %}uk{% endblock %}" in given) is file.endswith(".html.j2")


def test_the_shared_letters_have_no_words_of_their_own() -> None:
    """Both languages are sent through them: a word in them would be Russian in a Ukrainian letter."""
    for file in (LETTERS / "ru" / "notices").iterdir():
        plain = re.sub(r"{#.*?#}", "", file.read_text("utf-8"), flags=re.DOTALL)
        assert not re.search("[А-Яа-яЁёІіЇїЄєҐґ]", plain), file.name


@pytest.mark.parametrize("file", ["layout.txt.j2", "layout.html.j2"])
def test_the_frame_of_letters_differs_in_its_words_alone(file: str) -> None:
    def without_words(language: str) -> str:
        return re.sub("[А-Яа-яЁёІіЇїЄєҐґ']+", "…", (LETTERS / language / file).read_text("utf-8").replace(f'lang="{language}"', "lang"))

    russian, ukrainian = (re.sub("…[… ]*", "…", without_words(language)) for language in ("ru", "uk"))
    assert ukrainian == russian
    assert not RUSSIAN_LETTERS & set((LETTERS / "uk" / file).read_text("utf-8"))
