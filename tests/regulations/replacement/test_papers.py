"""The files of a replacement, as its case names them at every stage."""

from __future__ import annotations

import pytest

from regulations.messages import SentFile
from regulations.replacement.effects import AuditAnswer, DecisionAnswer
from regulations.replacement.papers import Paper, Papers, papers
from regulations.replacement.state import ReplacementState

EXPORT, LATER, SHEET, OUTCOME = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def state(**known: object) -> ReplacementState:
    fresh = ReplacementState(kind="replacement", address="replacement/a-1/2026-10/1", uid="u", stage="auditing")
    return fresh.model_copy(update=known)


@pytest.mark.clause("replacement 5.2")
def test_each_file_is_there_once_it_is_made() -> None:
    assert papers(state()) == Papers()
    export = {"export": SentFile(name="выгрузка.csv", sha256=EXPORT)}
    brought = papers(state(**export))
    assert (brought.export, brought.sheet, brought.outcome) == (Paper(name="выгрузка.csv", sha256=EXPORT), None, None)
    audited = {**export, "audited": EXPORT, "audit": AuditAnswer(cards=1, replace=1, sheet=SHEET, sheet_name="Проверка.xlsx")}
    assert papers(state(**audited)).sheet == Paper(name="Проверка.xlsx", sha256=SHEET)
    decided = {**audited, "decision": DecisionAnswer(accepted=1, amount=1, outcome=OUTCOME, outcome_name="Итог.xlsx")}
    assert papers(state(**decided)).outcome == Paper(name="Итог.xlsx", sha256=OUTCOME)


def test_the_sheet_of_an_earlier_export_is_no_sheet_any_more() -> None:
    audit = AuditAnswer(cards=1, replace=1, sheet=SHEET, sheet_name="Проверка.xlsx")
    later = papers(state(export=SentFile(name="вторая.csv", sha256=LATER), audited=EXPORT, audit=audit))
    assert (later.export, later.sheet) == (Paper(name="вторая.csv", sha256=LATER), None)


def test_what_could_not_be_judged_and_a_decision_that_does_not_count_have_no_file() -> None:
    unusable = AuditAnswer(problem="это не выгрузка")
    found = papers(
        state(
            export=SentFile(name="x.csv", sha256=EXPORT), audited=EXPORT, audit=unusable, decision=DecisionAnswer(problems=("строка 2: …",))
        )
    )
    assert (found.sheet, found.outcome) == (None, None)
