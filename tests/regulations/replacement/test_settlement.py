"""Decisions against verdicts, and what is credited of them: the amount of 5.3 and the cap of 6.2."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.replacement.findings import Verdict
from regulations.replacement.settlement import (
    MOST_PROBLEMS,
    Answered,
    Found,
    Merged,
    Outcome,
    Ruling,
    Settlement,
    accept_clear,
    merge,
    outcomes,
    settle,
)

TERMS: dict[str, Any] = {"asked": 100, "accepted": 100, "cards": 100, "identifications": 200, "replaced": 0, "cap_percent": 30}


def found(lead: str, verdict: Verdict = "replace") -> Found:
    return Found(lead, verdict, ("4.1",), "почему")


FOUND = (found("L1"), found("L2", "reject"), found("L3", "listen"))


def row(lead: str, decision: str = "", wrong: str = "", remark: str = "", number: int = 2) -> Answered:
    return Answered(number, lead, decision, wrong, remark)


def merged(*answered: Answered, of: tuple[Found, ...] = FOUND) -> Merged:
    return merge(of, answered, "ru")


def decided(*answered: Answered, of: tuple[Found, ...] = FOUND) -> list[tuple[str, str]]:
    result = merged(*answered, of=of)
    assert result.problems == ()
    return [(ruling.found.lead, ruling.choice) for ruling in result.rulings]


# --- how many ---


@pytest.mark.clause("replacement 5.3")
@pytest.mark.parametrize(
    ("changed", "amount"),
    [({"asked": 7}, 7), ({"accepted": 8}, 8), ({"cards": 9}, 9), ({"accepted": 0}, 0), ({}, 100), ({"replaced": 1_000}, 100)],
)
def test_without_a_wrong_card_it_is_the_least_of_asked_accepted_and_on_replacement(changed: dict[str, int], amount: int) -> None:
    assert settle(**(TERMS | changed)) == Settlement(amount, None, False)


@pytest.mark.clause("replacement 6.2")
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"accepted": 59}, Settlement(59, 60, False)),
        ({"accepted": 60}, Settlement(60, 60, False)),  # exactly 30 % of 200
        ({"accepted": 61}, Settlement(60, 60, True)),
        ({"identifications": 199}, Settlement(59, 59, True)),  # 59.7 is rounded down
        ({"identifications": 3}, Settlement(0, 0, True)),
        ({"identifications": 4}, Settlement(1, 1, True)),
        ({"replaced": 59}, Settlement(1, 1, True)),  # in all, with what was replaced before
        ({"replaced": 60}, Settlement(0, 0, True)),
        ({"replaced": 61}, Settlement(0, 0, True)),
        ({"accepted": 0}, Settlement(0, 60, False)),
    ],
)
def test_one_wrong_card_caps_all_replacements_of_the_tariff(changed: dict[str, int], expected: Settlement) -> None:
    assert settle(**(TERMS | changed), wrong=True) == expected


NUMBERS = st.integers(0, 2_000)


@pytest.mark.clause("replacement 6.2")
@settings(max_examples=300)
@given(
    asked=st.integers(1, 2_000),
    accepted=NUMBERS,
    cards=NUMBERS,
    identifications=st.integers(1, 3_000),
    replaced=NUMBERS,
    percent=st.integers(1, 100),
    wrong=st.booleans(),
)
def test_the_amount_never_passes_any_of_its_bounds(
    asked: int, accepted: int, cards: int, identifications: int, replaced: int, percent: int, wrong: bool
) -> None:
    found = settle(
        asked=asked,
        accepted=accepted,
        cards=cards,
        identifications=identifications,
        replaced=replaced,
        cap_percent=percent,
        wrong=wrong,
    )
    assert 0 <= found.amount <= min(asked, accepted, cards)
    if wrong:
        assert found.amount == 0 or (found.amount + replaced) * 100 <= identifications * percent
        assert found.capped == (found.amount < min(asked, accepted, cards))
        assert not found.capped or (found.amount + replaced + 1) * 100 > identifications * percent, "one more would have fitted"
    else:
        assert (found.amount, found.cap, found.capped) == (min(asked, accepted, cards), None, False)


# --- which ---


def ruling(lead: str, choice: Any = "replace") -> Ruling:
    return Ruling(found(lead), choice)


@pytest.mark.clause("replacement 5.3")
def test_those_that_appeared_first_are_credited_and_the_others_are_told_why_not() -> None:
    rulings = [ruling("L1"), ruling("L2", "reject"), ruling("L3"), ruling("L4"), ruling("L5")]
    told = [outcome for _, outcome in outcomes(rulings, Settlement(1, 1, True), asked=3)]
    assert told == [Outcome.CREDITED, Outcome.REJECTED, Outcome.OVER_CAP, Outcome.OVER_CAP, Outcome.OVER_ASKED]


@settings(max_examples=100)
@given(choices=st.lists(st.sampled_from(["replace", "reject"]), max_size=30), asked=st.integers(1, 30), cap=st.integers(0, 30))
def test_as_many_are_credited_as_the_amount_says(choices: list[str], asked: int, cap: int) -> None:
    rulings = [ruling(f"L{n}", choice) for n, choice in enumerate(choices)]
    terms = {"accepted": choices.count("replace"), "cards": len(choices), "identifications": cap, "replaced": 0, "cap_percent": 100}
    settlement = settle(asked=asked, **terms, wrong=True)
    told = [outcome for _, outcome in outcomes(rulings, settlement, asked)]
    assert told.count(Outcome.CREDITED) == settlement.amount
    assert told.count(Outcome.REJECTED) == choices.count("reject")
    assert (Outcome.OVER_CAP in told) == settlement.capped
    assert (Outcome.OVER_ASKED in told) == (choices.count("replace") > asked)


# --- accepting what is clear ---


@pytest.mark.clause("replacement 5.2")
def test_clear_verdicts_are_accepted_as_they_are() -> None:
    assert [(one.found.lead, one.choice, one.wrong) for one in accept_clear(FOUND[:2], "ru").rulings] == [
        ("L1", "replace", False),
        ("L2", "reject", False),
    ]


@pytest.mark.clause("replacement 6.4")
def test_what_has_to_be_heard_is_never_accepted_unheard() -> None:
    refused = accept_clear((*FOUND, *(found(f"M{n}", "listen") for n in range(30))), "ru")
    assert refused.rulings == ()
    assert len(refused.problems) == 1
    assert "31 (L3, M0, " in refused.problems[0]
    assert "и ещё 11" in refused.problems[0]


def test_nothing_is_decided_where_nothing_was_asked_for() -> None:
    assert accept_clear((), "ru") == Merged() == merge((), [], "ru")


# --- the sheet's decisions ---


@pytest.mark.clause("replacement 5.2")
def test_an_empty_decision_accepts_a_clear_verdict() -> None:
    assert decided(row("L3", "заменить"), row("L1"), row("L2")) == [("L1", "replace"), ("L2", "reject"), ("L3", "replace")]


@pytest.mark.parametrize(
    ("word", "choice"), [("Заменить", "replace"), (" ОТКЛОНИТЬ ", "reject"), ("отказ", "reject"), ("replace", "replace")]
)
def test_decisions_in_any_case(word: str, choice: str) -> None:
    assert decided(row("L3", word), of=FOUND[2:]) == [("L3", choice)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (row("L1", "может быть"), "строка 2, карточка L1: в столбце «Решение» может стоять только"),
        (row("L1", "отклонить"), "строка 2, карточка L1: решение не совпадает с проверкой; напишите в примечании"),
        (row("L2", "заменить"), "строка 2, карточка L2: решение не совпадает с проверкой; напишите в примечании"),
        (row("L3"), "строка 2, карточка L3: её надо прослушать и решить"),
        (row("L1", wrong="да"), "строка 2, карточка L1: напишите в примечании, что в карточке неверно"),
        (row("L1", wrong="наверное", remark="x"), "строка 2, карточка L1: в столбце «Заполнена неверно» может стоять только «да»"),
        (row("L9"), "строка 2: такой карточки в проверке нет"),
        (row("", "заменить"), "строка 2: не указана карточка"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_how_to_mend_it(answer: Answered, words: str) -> None:
    of = tuple(one for one in FOUND if one.lead == answer.lead)
    result = merged(answer, of=of)
    assert result.rulings == ()
    assert len(result.problems) == 1
    assert result.problems[0].startswith(words)


@pytest.mark.parametrize(
    ("answer", "choice"),
    [
        (row("L1", "отклонить", remark="дозвонились в субботу"), "reject"),
        (row("L2", "заменить", remark="телефония стояла"), "replace"),
        (row("L3", "отклонить"), "reject"),
        (row("L1", "заменить"), "replace"),
    ],
)
def test_a_decision_against_a_verdict_needs_a_remark_and_no_other_does(answer: Answered, choice: str) -> None:
    assert decided(answer, of=tuple(one for one in FOUND if one.lead == answer.lead)) == [(answer.lead, choice)]


@pytest.mark.clause("replacement 6.2")
def test_a_wrong_card_is_marked_with_what_is_wrong_in_it() -> None:
    [one] = merged(row("L1", wrong="Да", remark="клиент не отказывался"), of=FOUND[:1]).rulings
    assert (one.choice, one.wrong, one.remark) == ("replace", True, "клиент не отказывался")
    [other] = merged(row("L1", wrong="нет"), of=FOUND[:1]).rulings
    assert not other.wrong


def test_a_lead_stands_once_and_none_is_missing() -> None:
    result = merged(row("L1", number=2), row("L2", number=3), row("L1", number=4))
    assert result.problems == (
        "строка 4: карточка L1 уже стоит в строке 2; оставьте одну",
        "в таблице нет карточек: L3; верните их строки",
    )


def test_what_came_from_outside_is_not_told_back() -> None:
    assert "client@example.org" not in " ".join(merged(row("client@example.org", "client@example.org", remark="x")).problems)


@pytest.mark.parametrize("count", [MOST_PROBLEMS, MOST_PROBLEMS + 1, 500])
def test_at_most_twenty_problems_are_told_and_the_last_says_how_many_more(count: int) -> None:
    leads = tuple(found(f"L{n}", "listen") for n in range(count))
    problems = merged(*(row(one.lead, number=n) for n, one in enumerate(leads, 2)), of=leads).problems
    assert len(problems) == MOST_PROBLEMS
    assert [p.partition(",")[0] for p in problems[:19]] == [f"строка {n}" for n in range(2, 21)]
    assert problems[-1].startswith(f"и ещё ошибок: {count - 19}" if count > MOST_PROBLEMS else "строка 21, карточка L19")


@settings(max_examples=200)
@given(
    verdicts=st.lists(st.sampled_from(["replace", "reject", "listen"]), min_size=1, max_size=8),
    data=st.data(),
)
def test_a_sheet_is_either_decided_lead_by_lead_or_told_what_is_wrong(verdicts: list[Verdict], data: st.DataObject) -> None:
    leads = tuple(found(f"L{n}", verdict) for n, verdict in enumerate(verdicts))
    words, remarks = st.sampled_from(["", "заменить", "отклонить", "?"]), st.sampled_from(["", "x"])
    rows = [
        row(data.draw(st.sampled_from([one.lead, one.lead, "L0", "??"])), data.draw(words), "", data.draw(remarks), n)
        for n, one in enumerate(leads, 2)
    ]
    result = merged(*rows, of=leads)
    if result.problems:
        assert result.rulings == ()
    else:
        assert [one.found for one in result.rulings] == list(leads)
        by_lead = {one.lead: one for one in rows}
        for one in result.rulings:
            word = by_lead[one.found.lead].decision
            assert one.choice == {"": one.found.verdict, "заменить": "replace", "отклонить": "reject"}[word]
            assert one.choice == one.found.verdict or one.found.verdict == "listen" or one.remark
