"""The labelled comments of the tests of partner 4.2, and how well the check does on them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from regulations.partner.comment import check
from regulations.partner.effects import PARTS, CommentVerdict, Part
from runtime.morphology import Morphology

FOLDER = Path(__file__).with_name("comments")
DEVELOPMENT = "development"
HELD_OUT = "held_out"


@dataclass(frozen=True)
class Labelled:
    """A comment, and which parts it lacks in a person's judgement; none: it counts."""

    text: str
    lacks: tuple[Part, ...]


@dataclass(frozen=True)
class Judged:
    """A labelled comment with the verdict on it."""

    comment: Labelled
    verdict: CommentVerdict

    @property
    def lacks(self) -> tuple[Part, ...]:
        """The parts that the check finds lacking, be they missing or empty."""
        return tuple(part for part in PARTS if part in self.verdict.missing + self.verdict.empty)


@dataclass(frozen=True)
class Figures:
    """How well comments that count are told from others."""

    precision: float
    """Of those that the check lets pass, the share that should."""
    recall: float
    """Of those that should pass, the share that the check lets."""
    exact: float
    """Share of all comments of which the very parts that lack were named."""


@cache
def morphology() -> Morphology:
    """One for all tests: loading it takes a third of a second."""
    return Morphology()


def comments(name: str) -> list[Labelled]:
    """The comments of one half of the set."""
    files = sorted(FOLDER.glob(f"{name}_*.toml"))
    found = [one for file in files for one in tomllib.loads(file.read_text("utf-8"))["comment"]]
    return [Labelled(one["text"], tuple(one.get("lacks", ()))) for one in found]


def judged(name: str) -> list[Judged]:
    """The comments of one half of the set with the verdicts on them."""
    return [Judged(comment, check(comment.text, morphology().grammar)) for comment in comments(name)]


def figures(of: Sequence[Judged]) -> Figures:
    """Precision and recall of ``counts``."""
    passed = [one for one in of if one.verdict.counts]
    right = sum(not one.comment.lacks for one in passed)
    return Figures(
        precision=right / len(passed),
        recall=right / sum(not one.comment.lacks for one in of),
        exact=sum(one.lacks == one.comment.lacks for one in of) / len(of),
    )
