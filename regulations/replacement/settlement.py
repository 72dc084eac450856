"""5.2, 6.2: quality control's decisions against the audit, and what is to be credited of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from regulations.catalogue import text
from regulations.replacement.findings import Verdict
from regulations.spelling import folded

MOST_PROBLEMS = 20
NAMED = 20
"""Leads named in one sentence."""
Choice = Literal["replace", "reject"]
CHOICES: tuple[Choice, ...] = ("replace", "reject")


@dataclass(frozen=True, slots=True)
class Found:
    """A verdict of the audit, as it was kept."""

    lead: str
    verdict: Verdict
    clauses: tuple[str, ...]
    evidence: str
    """In words."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A row of the sheet as quality control sent it back: words, as they stand there."""

    row: int
    lead: str
    decision: str
    wrong: str
    remark: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was decided about a lead."""

    found: Found
    choice: Choice
    wrong: bool = False
    """6.2: its status or comment is wrong."""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """The decisions on all leads, in the order of the audit; or why they do not count."""

    rulings: tuple[Ruling, ...] = ()
    problems: tuple[str, ...] = ()
    """In words, at most `MOST_PROBLEMS`."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is to be credited."""

    amount: int
    cap: int | None
    """6.2: what may still be replaced of this tariff; None: no card was found wrong."""
    capped: bool
    """6.2 made it less."""


class Outcome(StrEnum):
    """What becomes of a lead."""

    CREDITED = "credited"
    OVER_ASKED = "over_asked"
    """Accepted, but less was asked for."""
    OVER_CAP = "over_cap"
    """Accepted, but more than 6.2 allows."""
    REJECTED = "rejected"


def settle(
    *, asked: int, accepted: int, cards: int, identifications: int, replaced: int, cap_percent: int, wrong: bool = False
) -> Settlement:
    """How many identifications are credited: never more than was asked for, accepted, stands on ``на замену``, or 6.2 allows.

    Args:
        asked: By the request.
        accepted: By quality control.
        cards: On ``на замену``.
        identifications: N of the tariff, of which 6.2 takes its share, rounded down.
        replaced: Credited for this tariff before: 6.2 counts in all.
        cap_percent: The share.
        wrong: A card's status or comment was found wrong: one is enough.
    """
    wanted = max(min(asked, accepted, cards), 0)
    if not wrong:
        return Settlement(wanted, None, False)
    cap = max(identifications * cap_percent // 100 - replaced, 0)
    return Settlement(min(wanted, cap), cap, cap < wanted)


def outcomes(rulings: Sequence[Ruling], settlement: Settlement, asked: int) -> Iterator[tuple[Ruling, Outcome]]:
    """What becomes of each lead, in the order of the audit: of those accepted, the leads that appeared first are credited."""
    accepted = 0
    for ruling in rulings:
        if ruling.choice == "reject":
            yield ruling, Outcome.REJECTED
            continue
        accepted += 1
        if accepted <= settlement.amount:
            yield ruling, Outcome.CREDITED
        else:
            yield ruling, Outcome.OVER_ASKED if accepted > asked else Outcome.OVER_CAP


def accept_clear(found: Sequence[Found], language: str) -> Merged:
    """Every clear verdict as it is; refused while a lead has to be heard."""
    unheard = [one.lead for one in found if one.verdict == "listen"]
    if unheard:
        problem = text(language, "audit_sheet", "problem", "listen_first", count=len(unheard), leads=named(language, unheard))
        return Merged(problems=(problem,))
    return Merged(tuple(Ruling(one, _clear(one)) for one in found))


def merge(found: Sequence[Found], answered: Iterable[Answered], language: str) -> Merged:
    """The sheet's decisions on the leads of the audit.

    Each lead stands in it once, and no other. An empty decision accepts a clear verdict. A decision against a verdict needs a remark, and
    so does a wrong card: the franchisee is told why.
    """
    words = _Words(language)
    by_lead = {one.lead: one for one in found}
    rows: dict[str, int] = {}
    rulings: dict[str, Ruling] = {}
    problems: list[str] = []
    for answer in sorted(answered, key=lambda a: a.row):
        known = by_lead.get(answer.lead)
        if known is None:
            problems.append(words.problem("unknown_lead" if answer.lead else "no_lead", answer))  # it may be anything: never quoted
        elif answer.lead in rows:
            problems.append(words.problem("lead_twice", answer, first=rows[answer.lead]))
        else:
            rows[answer.lead] = answer.row
            wrong = list(words.wrong_with(known, answer))
            problems.extend(wrong)
            if not wrong:
                rulings[answer.lead] = words.ruling(known, answer)
    missing = [one.lead for one in found if one.lead not in rows]
    if missing:
        problems.append(text(language, "audit_sheet", "problem", "missing_leads", leads=named(language, missing)))
    if len(problems) > MOST_PROBLEMS:
        more = len(problems) - MOST_PROBLEMS + 1
        problems = [*problems[: MOST_PROBLEMS - 1], text(language, "audit_sheet", "problem", "more", count=more)]
    if problems:
        return Merged(problems=tuple(problems))
    return Merged(tuple(rulings[one.lead] for one in found))


def named(language: str, leads: Sequence[str]) -> str:
    """Leads in one sentence, at most `NAMED` of them."""
    more = [text(language, "audit_sheet", "some_more", count=len(leads) - NAMED)] if len(leads) > NAMED else []
    return ", ".join([*leads[:NAMED], *more])


class _Words:
    """The words of a sheet, and what they mean."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._choices = {word: choice for choice in CHOICES for word in self._ways("decision_words", choice)}
        self._flags = {"": False} | {word: flag == "yes" for flag in ("yes", "no") for word in self._ways("wrong_words", flag)}

    def _ways(self, *place: str) -> list[str]:
        return [folded(word) for word in text(self._language, "audit_sheet", *place).split("|")]

    def wrong_with(self, found: Found, answer: Answered) -> Iterator[str]:
        """What is wrong with a row, and how to mend it."""
        decision = folded(answer.decision)
        if decision and decision not in self._choices:
            yield self.problem("decision_word", answer)
        elif not decision and found.verdict == "listen":
            yield self.problem("undecided", answer)
        elif found.verdict != "listen" and decision and self._choices[decision] != found.verdict and not answer.remark:
            yield self.problem("needs_remark", answer)
        flag = self._flags.get(folded(answer.wrong))
        if flag is None:
            yield self.problem("wrong_word", answer)
        elif flag and not answer.remark:
            yield self.problem("wrong_needs_remark", answer)

    def ruling(self, found: Found, answer: Answered) -> Ruling:
        """What a row says in which nothing is wrong."""
        choice = self._choices.get(folded(answer.decision))
        return Ruling(found, choice or _clear(found), self._flags[folded(answer.wrong)], answer.remark)

    def problem(self, code: str, answer: Answered, **values: object) -> str:
        return text(self._language, "audit_sheet", "problem", code, row=answer.row, lead=answer.lead, **values)


def _clear(found: Found) -> Choice:
    """What accepting a clear verdict decides."""
    return "replace" if found.verdict == "replace" else "reject"
