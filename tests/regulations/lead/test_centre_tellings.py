"""What a service centre tells: the leads of its measures, the centre and its head, the sales support service, the Temporal UI."""

from __future__ import annotations

import pytest

from regulations.effects import Told
from regulations.lead import messages as lm
from regulations.lead.centre_narration import details, read_out
from tests.regulations.lead.centres import CODE, LEAD, LEAD_UID, PROPOSAL, Course, at, definition, proposed

NOON = at("2026-11-20 12:00")


def course(*keys: str) -> Course:
    return Course(NOON, *(proposed(key=key) for key in keys or (PROPOSAL,)))


# --- leads ----------------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 9.1.1")
@pytest.mark.clause("lead 9.1.4")
@pytest.mark.parametrize("measures", [("move",), ("move_client",), ("move", "move_client")])
def test_a_decided_move_tells_the_very_lead_once(measures: tuple[lm.MeasureKind, ...]) -> None:
    played = course()
    key = played.decide(*measures, to="kgd-1")
    [told] = played.messages
    assert (told.address, told.update) == (LEAD, "moved")
    moved = lm.Moved.model_validate(told.message)
    assert (moved.uid, moved.centre, moved.to, moved.measure) == (LEAD_UID, CODE, "kgd-1", PROPOSAL)
    assert (moved.client, moved.product, moved.by.id, moved.by.role) == ("c-311", "bureau", "u30", "sales_support")
    assert moved.happened_at == NOON
    assert moved.key != key, "the lead may know a message of that key"
    assert played.state.counts == {"decided": 1, "moved": 1}


@pytest.mark.clause("lead 9.2")
def test_a_decided_deletion_tells_the_lead() -> None:
    played = Course(NOON, proposed(clause="8.2.4", allows=("delete", "disconnect")))
    played.decide("delete")
    [told] = played.messages
    assert told.update == "deleted"
    assert lm.Deleted.model_validate(told.message).measure == PROPOSAL


@pytest.mark.clause("lead 9.4")
@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Told(result="refused", type="Passed", text="this lead has passed to another centre"), "this lead has passed"),
        (Told(result="no_case"), "no_case"),
        (None, "no_answer"),
    ],
)
def test_a_lead_that_does_not_take_its_measure_is_an_incident(said: Told | None, words: str) -> None:
    played = course()
    played.lead_says = said
    played.decide("move", "close_product", to="kgd-1")
    assert played.incidents() == ["lead_refused"]
    assert words in played.noticed("sales_support")[-1].text
    assert played.row().products == ("elba",), "what is in force against the centre stays"


def test_a_repeat_at_the_lead_is_done() -> None:
    played = course()
    played.lead_says = Told(result="repeated")
    played.decide("move", to="kgd-1")
    assert played.incidents() == []


# --- people ---------------------------------------------------------------------------------------------------------


@pytest.mark.clause("lead 9.4")
def test_a_decided_measure_is_told_to_the_centre_and_its_head() -> None:
    played = course()
    played.decide("close_product")
    told = {n.role: n for n in played.noticed()}
    assert {role: n.recipient for role, n in told.items()} == {
        "centre:vlad-1": "leads@vlad.example.org",
        "centre_head:vlad-1": "head@vlad.example.org",
    }
    text = told["centre:vlad-1"].text
    assert "закрыть продукт (9.1.5)" in text
    assert PROPOSAL in text
    assert "centre.objected" in text


def test_people_are_told_at_the_addresses_of_the_newest_definition() -> None:
    played = course()
    played.deliver(definition(NOON, "d2", email="new@vlad.example.org"))
    played.decide("close_product")
    assert [n.recipient for n in played.noticed("centre:vlad-1")] == ["new@vlad.example.org"]


def test_every_word_of_the_details_stands_in_the_catalogue() -> None:
    played = course(PROPOSAL, "other")
    played.decide("left_out_for_quarter", "move", to="kgd-1")
    played.object()
    played.decide("close_product", proposal="other")
    shown = details(played.state)
    assert "Сервисный центр «СЦ Владивосток»" in shown
    assert "приостановлено возражением" in shown
    assert "01.01.2027" in shown
    for raw in ("MeasureDecided", "told.moved", "decided:", "close_product", "left_out"):
        assert raw not in shown
    read = read_out(played.state)
    assert (read.kind, read.stage, read.stage_text, read.obligations) == ("centre", "active", "работает", [])
    assert [f.what for f in read.facts][:3] == ["CentreDefined", "MeasureDecided", "decided"]
