"""The grammar of Russian words, from a dictionary that is part of the product: no network, the same answer every time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pymorphy3 import MorphAnalyzer

Part = Literal[
    "noun", "adjective", "short", "verb", "infinitive", "participle", "passive", "gerund", "number", "predicative", "adverb", "other"
]
"""``short``: a short adjective; ``passive``: a short passive participle, the predicate of what has been done."""
Tense = Literal["past", "present", "future", ""]

_PARTS: dict[str, Part] = {
    "NOUN": "noun",
    "ADJF": "adjective",
    "COMP": "adjective",
    "ADJS": "short",
    "VERB": "verb",
    "INFN": "infinitive",
    "PRTF": "participle",
    "PRTS": "passive",
    "GRND": "gerund",
    "NUMR": "number",
    "PRED": "predicative",
    "ADVB": "adverb",
}
_TENSES: dict[str, Tense] = {"past": "past", "pres": "present", "futr": "future"}
_REMEMBERED = 20_000
"""Words; the vocabulary of a department's comments is smaller."""


@dataclass(frozen=True)
class Grammar:
    """What a word is, most probably."""

    part: Part
    tense: Tense
    command: bool
    """An imperative."""
    lemmas: tuple[str, ...]
    """Dictionary forms, in small letters and with ``е`` for ``ё``: of each way in which the word can be read, the likeliest first."""


class Morphology:
    """Looks words up; of one that the dictionary lacks, as with a slip of the keyboard, it judges by the ending."""

    def __init__(self) -> None:
        """Loads the dictionary: about a third of a second and 30 MB. Make one for the process."""
        analyzer = MorphAnalyzer(lang="ru")

        @lru_cache(maxsize=_REMEMBERED)
        def look_up(word: str) -> Grammar:
            readings = analyzer.parse(word)
            tag = readings[0].tag
            lemmas = dict.fromkeys(reading.normal_form.replace("ё", "е") for reading in readings)
            part: Part = "other" if "Apro" in tag else _PARTS.get(tag.POS, "other")  # a pronoun that is declined as an adjective
            return Grammar(part, _TENSES.get(tag.tense, ""), tag.mood == "impr", tuple(lemmas))

        self._look_up = look_up

    def grammar(self, word: str) -> Grammar:
        """The grammar of one word in any spelling of its letters' case."""
        return self._look_up(word.casefold())
