"""A comment as it is read (partner 4.2): without the markup of a CRM and what is quoted; its labels, sentences and words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from regulations.partner.comment_words import ABBREVIATED, AROUND_HEADS, HEADS, NEUTRAL_HEADS, SOFT_HEADS
from regulations.partner.effects import PARTS, Part
from regulations.spelling import LOOKALIKES, folded

Kind = Literal["word", "latin", "number", "date", "mark"]
Head = Part | Literal["neutral"]

_QUOTED_BLOCKS = (
    re.compile(r"\[quote\b[^\]]*\].*?(?:\[/quote\]|\Z)", re.IGNORECASE | re.DOTALL),
    re.compile(r"<blockquote\b[^>]*>.*?(?:</blockquote>|\Z)", re.IGNORECASE | re.DOTALL),
    re.compile(r"^-{10,}\s*$.*?^-{10,}\s*$", re.MULTILINE | re.DOTALL),
)
_QUOTED_LINE = re.compile(r"^\s*>.*$", re.MULTILINE)
_BREAKS = re.compile(r"<(?:br|/p|/div|/li|/tr|/h\d)\b[^<>]{0,200}>", re.IGNORECASE)
_TAGS = re.compile(r"</?[a-z][^<>]{0,1000}>|\[/?[a-z]{1,12}(?:=[^\]\n]{0,200})?\]", re.IGNORECASE)
_ADDRESSES = re.compile(r"https?://\S+|(?<!\S)\S+@\S+|\+?\d(?:[ ()-]{0,2}\d){9,14}")
_SENTENCES = re.compile(r"[.!?;…]+(?=\s|$)|\s[/|]+\s|\n+")
_TOKENS = re.compile(
    r"(?P<date>\d{1,2}:\d{2}|\d{1,2}\.(?:0\d|1[0-2])(?:\.\d{2,4})?(?![\d%])|\d{1,3}-?(?:го|ое|му|е|й|м|х)(?![а-я]))"
    r"|(?P<number>\d{1,3}(?:[ \u00a0]\d{3})+(?!\d)|\d+(?:[.,]\d+)?)"
    r"|(?P<word>[а-яіїєґ]+(?:['’-][а-яіїєґ]+)*)"
    r"|(?P<latin>[a-z]+(?:-[a-z]+)*)"
    r"|(?P<mark>[₽%,:()«»\"–—+-])"
)
_SOFT_WORDS = "|".join(sorted(word for part in SOFT_HEADS.values() for word in part))
_ABBREVIATION = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, ABBREVIATED))})\.(?=\s+[a-zа-яё\d(«])")
_WRAPPED = re.compile(rf"(?<=[^\n]{{90}})(?<![.!?;:])\n(?!(?i:{_SOFT_WORDS})\b)(?=[a-zа-яё\d(«]|[A-ZА-ЯЁ]{{2}})")
"""A line broken by its length."""
_SOFT_INSIDE = re.compile(rf"(?<=[^\W\d_]) +(?=(?:{'|'.join(map(str.capitalize, _SOFT_WORDS.split('|')))})\b)")
"""A label in the middle of a line, known by its capital letter alone."""
_MIXED = re.compile(r"(?<![^\W_])(?=\w*[а-я])(?=\w*[a-z])\w+")
_HEAD_WORDS = 6
_SHORTEST_WITH_SLIP = 6
"""Letters: in a shorter label one wrong letter makes another word."""
DASHES = frozenset("-–—")


@dataclass(frozen=True)
class Token:
    """A word, number or mark, in small letters."""

    text: str
    kind: Kind


@dataclass(frozen=True)
class Sentence:
    """A sentence, and the part under whose label it stands; None: under none."""

    tokens: tuple[Token, ...]
    label: Part | None
    first: bool = True
    """The first one under its label."""


def cleaned(comment: str) -> str:
    """The comment's own words: without markup, quotations, addresses and telephone numbers; in small letters, ``е`` for ``ё``."""
    text = comment.replace("\r\n", "\n")
    for quote in _QUOTED_BLOCKS:
        text = quote.sub("\n", text)
    text = _QUOTED_LINE.sub("", html.unescape(_TAGS.sub("", _BREAKS.sub("\n", text))))
    text = _SOFT_INSIDE.sub("\n", _WRAPPED.sub(" ", _ABBREVIATION.sub(r"\1", _ADDRESSES.sub(" ", text))))
    lines = (folded(line) for line in text.split("\n"))
    return _MIXED.sub(lambda word: word[0].translate(LOOKALIKES), "\n".join(line for line in lines if line))


def tokens(text: str) -> tuple[Token, ...]:
    """The words, numbers and marks of a cleaned text; of what is neither, as emoji, nothing is left."""
    return tuple(Token(match[0], _kind(match.lastgroup)) for match in _TOKENS.finditer(text))


def labelled(text: str) -> tuple[tuple[Sentence, ...], frozenset[Part]]:
    """The sentences of a cleaned text with their labels, and the parts that have a label, be there something under it or not."""
    sentences: list[Sentence] = []
    known: set[Part] = set()
    under: Part | None = None
    first = True
    for sentence in (tokens(piece) for line in text.split("\n") for piece in _SENTENCES.split(line)):
        for head, rest in _cut(sentence):
            soft = _soft(rest) if head is None else None
            if head is not None:
                under, first = (None if head == "neutral" else head), True
            label = soft or under
            if label is not None and (soft or head):
                known.add(label)
            if rest:
                sentences.append(Sentence(rest[1:] if soft else rest, label, first or soft is not None))
                first = False
    return tuple(sentences), frozenset(known)


def _kind(name: str | None) -> Kind:
    match name:
        case "word" | "latin" | "number" | "date":
            return name
        case _:
            return "mark"


def _cut(sentence: tuple[Token, ...]) -> Iterator[tuple[Head | None, tuple[Token, ...]]]:
    """The pieces of a sentence, cut before each label: the label, if it has one, and what follows it."""
    head: Head | None = None
    begun = 0
    for index, token in enumerate(sentence):
        colon = token.text == ":"
        if colon or (token.text in DASHES and head is None):
            start = _start_of_head(sentence, begun, index)
            found = _head(sentence[start:index], strictly=not colon)
            if found is not None and (colon or start == 0):
                if start > begun or head is not None:
                    yield head, sentence[begun:start]
                head, begun = found, index + 1
    rest = sentence[begun:]
    alone = _head(rest, strictly=True) if head is None else None
    if alone is not None:
        yield alone, ()
    elif rest or head is not None:
        yield head, rest


def _start_of_head(sentence: Sequence[Token], begun: int, end: int) -> int:
    """Where a label that ends at ``end`` begins: after the last mark, or with its last word, where it would be too long."""
    start = end
    while start > begun and sentence[start - 1].kind == "word":
        start -= 1
    return start if end - start <= _HEAD_WORDS else end - 1


def _head(words: Sequence[Token], *, strictly: bool) -> Head | None:
    """The part that a label names; ``strictly``: a label and nothing else, where a colon allows it one word of its own."""
    if not words or any(word.kind != "word" for word in words) or len(words) > _HEAD_WORDS:
        return None
    named = [_part(word.text, HEADS) or ("neutral" if word.text in NEUTRAL_HEADS else None) for word in words]
    others = sum(part is None and word.text not in AROUND_HEADS for part, word in zip(named, words, strict=True))
    if others > (0 if strictly else 1):
        return None
    # "What has been done up to now" is of what was done.
    return "was" if "was" in named else next((part for part in named if part is not None), None)


def _soft(words: Sequence[Token]) -> Part | None:
    """The part that a sentence names with its first word."""
    return _part(words[0].text, SOFT_HEADS) if len(words) > 1 else None


def _part(word: str, heads: Mapping[Part, frozenset[str]]) -> Part | None:
    for part in PARTS:
        if word in heads[part]:
            return part
    for part in PARTS:
        if any(len(head) >= _SHORTEST_WITH_SLIP and one_slip(word, head) for head in heads[part]):
            return part
    return None


def one_slip(word: str, meant: str) -> bool:
    """Whether one letter is missing, too many or another one, or two neighbours have changed places."""
    if len(word) > len(meant):
        word, meant = meant, word
    if len(meant) - len(word) > 1:
        return False
    at = next((i for i, (one, other) in enumerate(zip(word, meant, strict=False)) if one != other), len(word))
    if len(word) < len(meant):
        return word[at:] == meant[at + 1 :]
    return word[at + 1 :] == meant[at + 1 :] or (word[at : at + 2] == meant[at : at + 2][::-1] and word[at + 2 :] == meant[at + 2 :])
