"""The check of the comment after a call (partner 4.2): what was done, how it is now, what is planned, each with substance.

A part is known by its label or, without one, by its grammar: the past; the present, figures, what is lacking; the future, what must be
done. It has substance when it names something: a figure with what is counted, a thing with what is done to it, something that is lacking.
Words that fit any call say nothing, however many they are (``comment_words``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Protocol

from regulations.partner import comment_words as words
from regulations.partner.comment_text import DASHES, Sentence, Token, cleaned, labelled
from regulations.partner.effects import PARTS, CommentVerdict, Part

_ACTS = frozenset({"verb", "infinitive", "passive", "participle", "gerund"})
_UKRAINIAN = frozenset("іїєґ")
_FEWEST_WORDS = 3
"""In fewer no language is recognised."""
_ALIKE = 0.8
"""Share of common words from which on one part is a copy of another."""
_FOUND_WORDS = 8
"""Of the words by which a part was found to have substance, so many are told."""


class Grammar(Protocol):
    """What a word is."""

    @property
    def part(self) -> str:
        """Part of speech: ``noun``, ``verb``, ``infinitive`` …"""
        ...

    @property
    def tense(self) -> str:
        """``past``, ``present``, ``future`` or nothing."""
        ...

    @property
    def command(self) -> bool:
        """An imperative."""
        ...

    @property
    def lemmas(self) -> Sequence[str]:
        """Dictionary forms, in small letters and with ``е`` for ``ё``."""
        ...


@dataclass(frozen=True)
class _Word:
    """A token with its grammar."""

    token: Token
    part: str
    tense: str
    command: bool
    lemmas: tuple[str, ...]

    def of(self, known: frozenset[str]) -> bool:
        """Whether it is one of these words."""
        return self.token.text in known or any(lemma in known for lemma in self.lemmas)


@dataclass(frozen=True)
class _Clause:
    """A statement with the parts that it may be, by its grammar."""

    parts: tuple[Part, ...]
    substance: str
    """The words that have it; empty: none."""


def check(comment: str, grammar: Callable[[str], Grammar]) -> CommentVerdict:
    """Judges a comment.

    Args:
        comment: As it came from the CRM, up to 4,000 characters, with its markup.
        grammar: Knows the grammar of a Russian word.

    Returns:
        Which parts are missing, which are there and say nothing, and by which words the others were found. Of a comment in another
        language all three are missing, and ``russian`` is false.
    """
    text = cleaned(comment)
    sentences, labels = labelled(text)
    if _is_foreign(sentences):
        return CommentVerdict(missing=PARTS, empty=(), russian=False)
    read = [(sentence, [_word(token, grammar) for token in sentence.tokens]) for sentence in sentences]
    under = {part: [_said(s) for sentence, s in read if sentence.label == part] for part in PARTS if part in labels}
    found = {part: told for part, said in under.items() if (told := next((one for one in said if one), ""))}
    for copy in _copies({part: [s for sentence, s in read if sentence.label == part] for part in found}):
        del found[copy]
    free = [
        clause
        for sentence, s in read
        if sentence.label is None or not sentence.first
        for clause in _clauses(s)
        if sentence.label is None or len(labels) == 1 or len(clause.parts) == 1
    ]
    assigned = _assigned([part for part in PARTS if part not in found], free)
    found |= {part: clause.substance for part, clause in assigned.items()}
    left = [clause for clause in free if not any(clause is taken for taken in assigned.values())]
    hinted = {part for clause in left for part in clause.parts} | labels
    return CommentVerdict(
        missing=tuple(part for part in PARTS if part not in found and part not in hinted),
        empty=tuple(part for part in PARTS if part not in found and part in hinted),
        found=tuple((part, found[part]) for part in PARTS if part in found),
    )


def _word(token: Token, grammar: Callable[[str], Grammar]) -> _Word:
    if token.kind != "word":
        return _Word(token, token.kind, "", False, (token.text,))
    known = grammar(token.text)
    return _Word(token, known.part, known.tense, known.command, tuple(known.lemmas))


def _is_foreign(sentences: Sequence[Sentence]) -> bool:
    """Whether most words are not Russian; one sign of Ukrainian in ten words is enough."""
    said = [token for sentence in sentences for token in sentence.tokens]
    russian = sum(token.kind == "word" for token in said)
    latin = sum(token.kind == "latin" for token in said)
    ukrainian = sum(not _UKRAINIAN.isdisjoint(token.text) for token in said)
    return russian + latin >= _FEWEST_WORDS and (latin > russian or 10 * ukrainian >= russian > 0 < ukrainian)


def _copies(said: dict[Part, list[list[_Word]]]) -> list[Part]:
    """The parts that only repeat another one; where all three say the same, all three."""
    content = {part: {w.lemmas[0] for s in sentences for w in s if w.part not in {"other", "mark"}} for part, sentences in said.items()}
    alike = [
        pair
        for pair in combinations(said, 2)
        if len(content[pair[0]] & content[pair[1]]) >= _ALIKE * len(content[pair[0]] | content[pair[1]])
    ]
    return list(PARTS) if len(alike) == len(PARTS) else list(dict.fromkeys(later for _, later in alike))


# --- substance --------------------------------------------------------------------------------------------------------


def _said(sentence: Sequence[_Word]) -> str:
    """The words of a sentence that have substance; empty: none."""
    figures = [counted for index, word in enumerate(sentence) if (counted := _counted(sentence, index))]
    things = [word for word in sentence if _is_thing(word)]
    routine = [word for word in sentence if word.part == "noun" and word.of(words.ROUTINE)]
    others = [word for word in sentence if word.part in _ACTS | {"adjective"} and not word.of(words.EMPTY | words.TIMES)]
    acts = [word for word in others if word.part in _ACTS]
    light = [word for word in sentence if (word.part in _ACTS and word.of(words.EMPTY)) or (word.part == "noun" and word.of(words.TOPICS))]
    numbers = [
        w for w, after in zip(sentence, [*sentence[1:], None], strict=True) if w.part == "number" and not (after and after.of(words.TIMES))
    ]
    telling: list[_Word] = [word for figure in figures for word in figure]
    if (
        (things and len(things) + len(routine) + len(others) + len(light) + len(numbers) > 1)
        or (others and routine)
        or (acts and (numbers or _tells_ahead(sentence)))
    ):
        telling += [*things, *routine, *others]
    if routine and _is_lacking(sentence):
        telling += [word for word in sentence if word.of(words.ABSENT | words.ROUTINE_VERBS | words.ROUTINE)]
    told = [word.token.text for word in sentence if any(word is one for one in telling)]
    return " ".join(told[:_FOUND_WORDS])


def _is_thing(word: _Word) -> bool:
    """Whether it names something in particular."""
    named = word.part in {"noun", "latin"} and len(word.token.text) > 1
    return named and not word.of(words.EMPTY | words.TIMES | words.ROUTINE | words.CURRENCY)


def _counted(sentence: Sequence[_Word], index: int) -> tuple[_Word, ...]:
    """The figure at a place with what it counts; none of a time, a share or a bare number."""
    number = sentence[index]
    if number.part != "number":
        return ()
    for word in sentence[index + 1 : index + 4]:
        if word.of(words.CURRENCY):
            return (number, word)
        if word.of(words.TIMES):
            return ()
        if word.part == "noun":
            return (number, word) if _is_countable(word) else ()
        if word.part not in {"adjective", "participle", "number"}:
            break
    before = [word for word in sentence[max(index - 2, 0) : index] if word.token.text not in DASHES | {":"}]
    if before and before[-1].part == "noun" and _is_countable(before[-1]):
        return (before[-1], number)
    return ()


def _has_figures(clause: Sequence[_Word]) -> bool:
    """Whether something is counted; a sum alone tells nothing but what the statement before it is about."""
    found = [_counted(clause, index) for index in range(len(clause))]
    return any(figure and not figure[-1].of(words.CURRENCY) for figure in found)


def _is_countable(word: _Word) -> bool:
    return word.of(words.ROUTINE) or not word.of(words.EMPTY | words.TIMES)


def _is_lacking(sentence: Sequence[_Word]) -> bool:
    """Whether what goes without saying is not there: none at all, or not done."""
    if any(word.of(words.ABSENT) for word in sentence):
        return True
    return any(one.token.text == "не" and other.of(words.ROUTINE_VERBS) for one, other in pairwise(sentence))


# --- grammar ----------------------------------------------------------------------------------------------------------


def _clauses(sentence: Sequence[_Word]) -> list[_Clause]:
    """The statements of a sentence. What has no predicate or depends on the one before belongs to it."""
    pieces: list[list[_Word]] = []
    for piece, joined in _pieces(sentence):
        bare = not any(_predicate(word) for word in piece) and not _has_figures(piece)
        depends = any(word.of(words.SUBORDINATE) for word in piece[:1]) or any(word.token.text == "ли" for word in piece[:2])
        same = bool(pieces) and joined and _parts(pieces[-1]) == _parts(piece)
        waits = bool(pieces) and not any(_predicate(word) for word in pieces[-1])
        if pieces and (bare or depends or same or (waits and len(pieces) == 1 and not _said(pieces[-1]))):
            pieces[-1] += piece
        else:
            pieces.append(list(piece))
    before: list[list[_Word]] = [[], *pieces[:-1]]
    return [_Clause(_parts(piece), _said(piece) or _said_of(piece, of)) for piece, of in zip(pieces, before, strict=False)]


def _said_of(piece: Sequence[_Word], before: Sequence[_Word]) -> str:
    """The substance of a statement that leaves out its object, since the one before it has named it."""
    acts = [word for word in piece if word.part in _ACTS and not word.of(words.EMPTY)]
    named = [word for word in before if _is_thing(word) or (word.part == "participle" and not word.of(words.EMPTY))]
    if not acts or not named or any(word.part in {"noun", "latin"} and not word.of(words.TIMES) for word in piece):
        return ""
    return " ".join(word.token.text for word in [*acts, *named][:_FOUND_WORDS])


def _pieces(sentence: Sequence[_Word]) -> Iterator[tuple[Sequence[_Word], bool]]:
    """What stands between marks and conjunctions, and whether a conjunction joins it to what is before it."""
    begun, joined = 0, False
    for index, word in enumerate(sentence):
        between_numbers = 0 < index < len(sentence) - 1 and sentence[index - 1].part == sentence[index + 1].part == "number"
        joint = word.token.text in words.JOINTS
        if joint or (word.part == "mark" and word.token.text not in "%₽+" and not between_numbers):
            if index > begun:
                yield sentence[begun:index], joined
            begun, joined = index + 1, joint
    if begun < len(sentence):
        yield sentence[begun:], joined


def _predicate(word: _Word) -> str:
    """What a word says of when: ``must``, ``past``, ``present``, ``future``, ``infinitive``, ``done``, ``state``, or nothing."""
    if word.part not in {"adjective", "noun", "participle"} and word.of(words.MODALS):
        return "must"
    if word.command:
        return "future"
    if word.part == "verb":
        return word.tense
    return {"infinitive": "infinitive", "passive": "done", "predicative": "state", "short": "state"}.get(word.part, "")


def _parts(clause: Sequence[_Word]) -> tuple[Part, ...]:
    """Which parts a statement may be: by its first predicate, and what follows it."""
    predicates = [(index, kind) for index, word in enumerate(clause) if (kind := _predicate(word))]
    kinds = [kind for _, kind in predicates]
    if not kinds:
        return ("plans",) if _tells_ahead(clause) else ("now",)
    first = clause[predicates[0][0]]
    ahead = "infinitive" in kinds[1:] or "future" in kinds[1:]
    negated = predicates[0][0] > 0 and clause[predicates[0][0] - 1].token.text == "не"
    match kinds[0]:
        case "must" | "future" | "infinitive":
            return ("plans",)
        case "past" if ahead and first.of(words.PROMISES):
            return ("was", "plans")
        case "past":
            return (
                ("was", "now")
                if negated or _has_figures(clause) or first.of(words.BECOMING) or any(word.of(words.HERE) for word in clause)
                else ("was",)
            )
        case "done":
            return ("now",) if negated else ("was", "now")
        case "present" if "must" in kinds:
            return ("plans",)
        case "present" | "state":
            if ahead:
                return ("now",) if first.of(words.ABILITIES) else ("now", "plans")
            if _tells_ahead(clause) and not any(word.of(words.HERE) for word in clause):
                return ("plans",)
            return ("now", "plans") if first.of(words.PROMISES | {"ждать", "ожидать"}) else ("now",)
    return ("now",)


def _tells_ahead(clause: Sequence[_Word]) -> bool:
    """Whether a day, a date or a term is named at which something is to be."""
    for index, word in enumerate(clause):
        if word.of(words.AHEAD) or word.part == "date":
            return True
        after = [one for one in clause[index + 1 : index + 4] if one.part not in {"number", "adjective"}][:1]
        if word.token.text in {"в", "во", "к", "ко", "до", "с", "со", "после"} and any(
            one.of(words.DAYS) or one.part == "date" for one in after
        ):
            return True
        if word.token.text in {"до", "к", "ко", "через"} and any(one.of(words.TIMES) for one in after):
            return True
        if word.of(words.NEXT) and any(one.of(words.TIMES) for one in after):
            return True
        if word.part == "number" and any(one.of(words.DAYS) for one in clause[index + 1 : index + 2]):
            return True
    return False


def _assigned(wanted: Sequence[Part], free: Sequence[_Clause]) -> dict[Part, _Clause]:
    """A statement of its own for each of the wanted parts, for as many of them as there are."""
    taken: dict[int, Part] = {}

    def take(part: Part, seen: list[int]) -> bool:
        for index, clause in enumerate(free):
            if clause.substance and part in clause.parts and index not in seen:
                seen.append(index)
                if index not in taken or take(taken[index], seen):
                    taken[index] = part
                    return True
        return False

    for part in wanted:
        take(part, [])
    return {part: free[index] for index, part in taken.items()}
