"""The list for the franchisee: each lead with its outcome and the reasons. Nothing of the cards' own comments stands in it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from regulations.catalogue import text
from regulations.replacement.effects import DecisionQuestion
from regulations.replacement.settlement import Outcome, Ruling, Settlement, named, outcomes
from regulations.sheets import Cell, Colour, Column, Sheet, Table, Tint

_TINTS: dict[Outcome, Tint] = {Outcome.CREDITED: "good", Outcome.REJECTED: "bad", Outcome.OVER_ASKED: "doubt", Outcome.OVER_CAP: "doubt"}


def outcome_list(rulings: Sequence[Ruling], settlement: Settlement, question: DecisionQuestion) -> tuple[Sheet, ...]:
    """The sheets: the leads, the sums, and, where quality control found any, the wrong cards (6.2)."""
    write = _Writer(question)
    wrong = [ruling for ruling in rulings if ruling.wrong]
    sheets = (write.leads(rulings, settlement, wrong), write.sums(rulings, settlement, wrong))
    return (*sheets, write.wrong(wrong)) if wrong else sheets


class _Writer:
    def __init__(self, question: DecisionQuestion) -> None:
        self._question, self._language = question, question.language

    def _word(self, *place: str, **values: object) -> str:
        return text(self._language, "audit_sheet", *place, **values)

    def leads(self, rulings: Sequence[Ruling], settlement: Settlement, wrong: Sequence[Ruling]) -> Sheet:
        asked = self._question
        capped = self._word("reason", "over_cap", percent=asked.cap_percent, leads=named(self._language, [one.found.lead for one in wrong]))
        reasons = {Outcome.OVER_ASKED: self._word("reason", "over_asked", asked=asked.asked), Outcome.OVER_CAP: capped}
        words = {outcome: self._word("outcome", outcome) for outcome in Outcome}
        rows: list[tuple[Cell, ...]] = []
        for ruling, outcome in outcomes(rulings, settlement, asked.asked):
            why = [reasons.get(outcome, ""), ruling.remark, ruling.found.evidence]
            clauses = ", ".join(("6.2",) if outcome is Outcome.OVER_CAP else ruling.found.clauses)
            rows.append((ruling.found.lead, words[outcome], clauses, "\n".join(filter(None, why))))
        columns = (
            Column(self._word("heading", "lead"), "text", 18),
            Column(self._word("heading", "outcome"), "text", 26),
            Column(self._word("heading", "clauses"), "text", 12),
            Column(self._word("heading", "evidence"), "text", 110),
        )
        colours = tuple(Colour(1, tint, 1, words[outcome]) for outcome, tint in _TINTS.items())
        return Sheet(self._word("sheet", "outcome"), (Table(columns, tuple(rows), colours=colours),))

    def sums(self, rulings: Sequence[Ruling], settlement: Settlement, wrong: Sequence[Ruling]) -> Sheet:
        asked = self._question
        accepted = sum(ruling.choice == "replace" for ruling in rulings)
        rows: list[tuple[Cell, ...]] = [
            (self._word("total", "asked"), asked.asked),
            (self._word("total", "cards"), len(rulings)),
            (self._word("total", "accepted"), accepted),
            (self._word("total", "rejected"), len(rulings) - accepted),
        ]
        if settlement.cap is not None:
            share = {"percent": asked.cap_percent, "identifications": asked.identifications, "replaced": asked.replaced}
            rows += [(self._word("total", "wrong"), len(wrong)), (self._word("total", "cap", **share), settlement.cap)]
        rows.append((self._word("total", "amount"), settlement.amount))
        columns = (Column(self._word("heading", "outcome"), "text", 60), Column(self._word("heading", "number"), "count", 14))
        return Sheet(self._word("sheet", "summary"), (Table(columns, tuple(rows)),))

    def wrong(self, wrong: Sequence[Ruling]) -> Sheet:
        """6.2: the cards that set the cap."""
        columns = (Column(self._word("heading", "lead"), "text", 18), Column(self._word("heading", "remark"), "text", 110))
        return Sheet(self._word("sheet", "wrong"), (Table(columns, tuple((one.found.lead, one.remark) for one in wrong)),))
