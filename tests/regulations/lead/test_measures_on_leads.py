"""9.1 to 9.4 from end to end, without a server: a lead proposes, a person decides at the centre, and the very lead is told."""

from __future__ import annotations

import pytest

from regulations.case import Refusal
from regulations.effects import CaseMessageToTell
from regulations.lead import messages as lm
from regulations.lead.rows import MeasureRow
from tests.regulations.lead import course as leads
from tests.regulations.lead.centres import CODE, KNOWN, Course, Other, at, proposed


def late_lead(temperature: str = "hot") -> leads.Course:
    """A lead of the centre whose term has been missed."""
    lead = leads.Course(at("2026-11-20 10:00"))
    lead.deliver(leads.created(at("2026-11-20 10:00"), CODE, type="renewal", temperature=temperature))
    lead.go_to(at("2026-12-25 10:00"))
    return lead


def centre_about(lead: leads.Course) -> tuple[Course, str]:
    """The centre with what the lead has proposed in its register; the key of the proposal."""
    [row] = [r for r in lead.rows if isinstance(r, MeasureRow)]
    given = row.model_dump(include={"key", "clause", "centre", "product", "allows"})
    found = proposed(**given, lead=lead.state.address, lead_uid=lead.state.uid)
    return Course(lead.now, found), row.key


def told(centre: Course) -> tuple[CaseMessageToTell, lm.ToLead]:
    [message] = centre.messages
    model: type[lm.ToLead] = lm.Moved if message.update == "moved" else lm.Deleted
    return message, model.model_validate(message.message)


@pytest.fixture(autouse=True)
def _other_centre_sells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KNOWN, "kgd-1", Other(products=("extern",)))


@pytest.mark.clause("lead 9.1.1")
@pytest.mark.clause("lead 9.4")
@pytest.mark.parametrize("temperature", ["hot", "cold"])
def test_a_missed_term_is_proposed_and_the_lead_moves_on_a_decision_alone(temperature: str) -> None:
    lead = late_lead(temperature)
    centre, proposal = centre_about(lead)
    assert lead.state.centre == CODE, "nothing happens by itself"
    centre.decide("move", proposal=proposal, to="kgd-1")
    message, moved = told(centre)
    assert message.address == lead.state.address
    lead.deliver(moved)
    assert (lead.state.centre, lead.state.status, lead.state.round) == ("kgd-1", "new", 2)
    with pytest.raises(Refusal) as again:
        lead.deliver(moved)
    assert again.value.type == "Repeated"


@pytest.mark.clause("lead 10.1")
def test_a_move_that_is_objected_to_before_its_decision_does_not_happen() -> None:
    centre, proposal = centre_about(late_lead())
    centre.object(proposal)
    centre.decide("move", proposal=proposal, to="kgd-1")
    assert centre.messages == []
    centre.rule(upheld=True, proposal=proposal)
    centre.decide("move", proposal=proposal, to="kgd-1")
    assert centre.messages == []


@pytest.mark.clause("lead 9.4")
def test_a_lead_that_has_passed_meanwhile_is_left_alone() -> None:
    lead = late_lead()
    centre, proposal = centre_about(lead)
    lead.say(lm.Moved, to="msk-1", by=leads.PRINCIPAL_PERSON, reason="по просьбе клиента")
    centre.decide("move", proposal=proposal, to="kgd-1")
    _, moved = told(centre)
    with pytest.raises(Refusal) as refused:
        lead.deliver(moved)
    assert (refused.value.type, lead.state.centre) == ("Passed", "msk-1")


@pytest.mark.clause("lead 9.2")
def test_a_reported_violation_has_the_lead_deleted_by_a_decision() -> None:
    lead = leads.Course(at("2026-11-20 10:00"))
    lead.deliver(leads.created(at("2026-11-20 10:00"), CODE))
    lead.say(lm.ViolationReported, clause="8.2.4", evidence="телефон не существует", by=leads.SUPPORT_PERSON)
    centre, proposal = centre_about(lead)
    assert lead.state.status == "new"
    centre.decide("delete", "disconnect", proposal=proposal)
    lead.deliver(told(centre)[1])
    assert lead.state.status == "withdrawn"
    assert centre.row().disconnected
