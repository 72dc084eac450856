"""What holds of every export, and that every finding has words."""

from __future__ import annotations

import ast
import random
import re
import tomllib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from regulations.replacement import export_content, judging
from regulations.replacement.audit import Audited, Judged
from regulations.replacement.audit_words import RULES, evidence_words, rules
from regulations.replacement.export import Call, Card, Recording, Row, Ticket
from regulations.replacement.findings import is_on_replacement
from tests.regulations.replacement import exports
from tests.regulations.replacement.exports import KALININGRAD, MOSCOW, NOW, VLADIVOSTOK, at, audited, card, large, recorded, worked

CATALOGUE = tomllib.loads((Path(judging.__file__).parents[1] / "catalogues" / "ru-audit.toml").read_text("utf-8"))
ZONES = st.sampled_from([MOSCOW, VLADIVOSTOK, KALININGRAD])
BEGIN = at("2026-10-29 00:00")
"""A Thursday; the next Wednesday, 4 November, is a holiday."""
LEADS = ("a", "b", "c")
COMMENTS = ("недозвон", "нецелевой", "недозвон, нецелевой", "плохой", "")


def steps(first: datetime, hours: int) -> st.SearchStrategy[datetime]:
    """Half hours, so that gaps and terms are met exactly as often as they are missed."""
    return st.integers(0, 2 * hours).map(lambda n: first + timedelta(minutes=30 * n))


cards = st.builds(
    Card, st.sampled_from(LEADS), steps(BEGIN, 48), st.sampled_from(["на замену", "на замену", "в работе"]), st.sampled_from(COMMENTS)
)
made = st.builds(
    Call,
    st.integers(1, 40).map(str),
    st.sampled_from([*LEADS, "nobody"]),
    steps(BEGIN - timedelta(hours=5), 9 * 24),
    st.sampled_from([False, False, True]),
    st.sampled_from(["не отвечает", "не отвечает", ""]),
)
records = st.builds(Recording, st.integers(1, 40).map(str))
tickets = st.builds(
    Ticket,
    st.sampled_from(["t1", "t2"]),
    steps(BEGIN, 96),
    st.none() | steps(BEGIN, 96),
    st.sampled_from([True, True, False]),
    st.sampled_from([True, True, False]),
)
rows_of = st.lists(st.one_of(cards, made, made, made, records, records, tickets), max_size=60)


@st.composite
def good(draw: st.DrawFn) -> tuple[list[Row], str]:
    """A lead that is worked nearly as it should be: some of its rows are changed or lost."""
    zone = draw(ZONES)
    appeared = draw(st.sampled_from(["2026-11-23 10:00", "2026-11-23 16:00", "2026-11-26 10:00", "2026-11-28 10:00", "2026-11-03 12:00"]))
    first = at(appeared, zone)
    days = draw(st.sampled_from([(0, 1, 2), (1, 2, 3), (0, 1, 4), (2, 3, 4), (0, 2, 3)]))
    base = datetime.fromisoformat(appeared).replace(hour=draw(st.sampled_from([9, 17]) if days[0] else st.just(17)))
    starts = [at(str(base + timedelta(days=days[0], hours=n)), zone) for n in range(3)]
    starts += [at(str(base + timedelta(days=day)), zone) for day in days[1:]]
    calls = [Call(f"call-{n}", "a", start, False, "не отвечает") for n, start in enumerate(starts)]
    if draw(st.booleans()):
        calls.append(Call("early", "a", first, False, "не отвечает"))
    if draw(st.integers(0, 3)) == 0:
        spoiled = draw(st.integers(0, len(calls) - 1))
        calls[spoiled] = calls[spoiled]._replace(answered=draw(st.booleans()), comment=draw(st.sampled_from(["", "ответил"])))
    recordings = recorded(calls)
    if draw(st.integers(0, 3)) == 0:
        recordings.pop()
    outage = [exports.ticket(first, first + timedelta(days=2))] if draw(st.integers(0, 4)) == 0 else []
    return [card(first, draw(st.sampled_from(COMMENTS[:3])), "a"), *calls, *recordings, *outage], zone


exports_of = st.tuples(rows_of, ZONES) | good()


@settings(max_examples=250)
@given(exports_of, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(export: tuple[list[Row], str], shuffle: random.Random) -> None:
    rows, zone = export
    mixed = [*rows, *shuffle.sample(rows, len(rows) // 3)]  # some of them twice
    shuffle.shuffle(mixed)
    assert audited(mixed, zone) == audited(rows, zone)


@settings(max_examples=250)
@given(exports_of)
def test_every_lead_on_replacement_has_one_verdict_with_its_reasons(export: tuple[list[Row], str]) -> None:
    rows, zone = export
    whole = audited(rows, zone)
    asked = {row.lead for row in rows if isinstance(row, Card) and is_on_replacement(row.status)}
    assert sorted(found.lead for found in whole.judged) == sorted(asked)
    for found in whole.judged:
        assert found.verdict in ("replace", "reject", "listen")
        assert found.clauses
        assert list(found.clauses) == sorted(set(found.clauses))
        assert found.evidence
        assert {evidence.clause for evidence in found.evidence} >= set(found.clauses) - {"4.2"}
        assert (found.last_call_at is None) == (found.calls == 0)
    _words(whole)


def _words(whole: Audited) -> None:
    """Every finding can be said, with all its values."""
    for evidence in [*whole.doubtful, *(evidence for found in whole.judged for evidence in found.evidence)]:
        said = evidence_words("ru", evidence)
        assert said != evidence.code
        assert all(value in said for _, value in evidence.values), (evidence, said)


@settings(max_examples=250)
@given(exports_of)
def test_nothing_is_replaced_with_a_recording_missing_or_an_answer_in_the_three_days(export: tuple[list[Row], str]) -> None:
    rows, zone = export
    recordings = {row.call for row in rows if isinstance(row, Recording)}
    for found in audited(rows, zone).judged:
        if found.verdict != "replace":
            continue
        own = [row for row in rows if isinstance(row, Call) and row.lead == found.lead]
        assert len(own) >= 5
        assert {call.call for call in own} <= recordings
        assert all(call.comment for call in own)
        assert not any(call.answered and call.at < found.appeared_at + timedelta(days=2) for call in own)
        assert found.reason == "no_answer"
        for row in rows:
            if isinstance(row, Ticket) and row.by_client and row.confirmed and sum(isinstance(t, Ticket) for t in rows) == 1:
                assert not any(row.since <= call.at and (row.until is None or call.at <= row.until) for call in own)


@settings(max_examples=400)
@given(good(), st.integers(0, 2 * 24 * 9), st.booleans())
def test_one_more_call_made_as_it_should_be_rejects_only_who_was_reached(
    export: tuple[list[Row], str], half_hours: int, answered: bool
) -> None:
    rows, zone = export
    [before] = audited(rows, zone).judged
    start = before.appeared_at + timedelta(minutes=30 * half_hours)
    assume(start <= NOW)
    [after] = audited([*rows, Call("more", "a", start, answered, "не отвечает"), Recording("more")], zone).judged
    rank = {"reject": 0, "listen": 1, "replace": 2}
    if not answered:
        in_outage = after.verdict == "listen" and "6.4" in after.clauses
        assert rank[after.verdict] >= rank[before.verdict] or in_outage
    elif before.verdict == "replace" and after.verdict == "reject":
        assert after.clauses == ("4.1",)
        assert "reached" in [evidence.code for evidence in after.evidence]


def test_the_cases_above_hold_every_verdict() -> None:
    """The strategy is worth its while: it finds leads that are replaced, heard and rejected, for every clause."""
    seen: set[str] = set()

    @settings(max_examples=300, derandomize=True, database=None)
    @given(good())
    def look(export: tuple[list[Row], str]) -> None:
        for found in audited(*export).judged:
            seen.update((found.verdict, *found.clauses))

    look()
    assert seen >= {"replace", "listen", "reject", "3.1", "3.2", "3.3", "3.4", "4.1", "4.2", "6.4"}


# --- the large export, and the words --------------------------------------------------------------------------------


def test_a_large_export_holds_every_kind_of_outcome() -> None:
    rows = list(large(60))
    whole = audited(rows)
    assert (whole.leads, len(whole.judged), whole.barred) == (60, 54, ())
    assert len({row.call for row in rows if isinstance(row, Call)}) == 600
    for found in whole.judged:
        assert (found.verdict, found.clauses) == exports.KINDS[exports.kind_of(int(found.lead[1:]))]
    _words(whole)


@pytest.mark.parametrize("zone", [VLADIVOSTOK, KALININGRAD])
def test_a_large_export_is_the_same_in_every_zone(zone: str) -> None:
    def verdicts(found: Sequence[Judged]) -> list[tuple[str, str, tuple[str, ...]]]:
        return [(each.lead, each.verdict, each.clauses) for each in found]

    assert verdicts(audited(large(20, zone=zone), zone).judged) == verdicts(audited(large(20)).judged)


def test_every_code_has_words_and_all_words_are_used() -> None:
    words = CATALOGUE["audit"]["evidence"]
    named: set[str] = set()
    for module in (judging, export_content):
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        named |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    codes = {each for each in named if re.fullmatch(r"[a-z]+(_[a-z]+)+", each)} - {"not_target", "no_answer"}
    assert set(words) <= named
    assert codes - set(words) <= {"working_time"}
    assert set(CATALOGUE["audit"]["verdict"]) == {"replace", "reject", "listen"}


@pytest.mark.parametrize(
    ("first_call", "words"),
    [
        ("6 working hours", "6 рабочих часов"),
        ("1 working hour", "1 рабочего часа"),
        ("90 working minutes", "90 рабочих минут"),
        ("2 working days", "2 working days"),
    ],
)
def test_the_rules_are_explained_by_the_terms_of_the_edition(first_call: str, words: str) -> None:
    told = dict(rules("ru", exports.settings(first_call=first_call, attempts=7, gap_minutes=45)))
    assert tuple(told) == RULES
    assert words in told["3.3"]
    assert "7 попыток" in told["3.4"]
    assert "45 мин" in told["3.4"]
    assert not any("{" in paragraph for paragraph in told.values())


def test_a_lead_that_was_called_hundreds_of_times_is_told_shortly() -> None:
    starts = [str(datetime(2026, 11, 23, 10, 30) + timedelta(minutes=n)) for n in range(400)]  # noqa: DTZ001 - local to the client
    [found] = audited(worked("2026-11-23 10:00", starts)).judged
    assert found.calls == 400
    assert max(len(evidence_words("ru", evidence)) for evidence in found.evidence) < 600
