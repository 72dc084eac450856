"""A handoff with a written contract, all in time, on real e-mail, CRM and database."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from temporalio.api.enums.v1 import EventType

from deploy.demo.stage import Stage
from runtime import tables
from tests.end_to_end.deals import Deal, Sender
from tests.end_to_end.ledgers import agree, rows_of
from workflows import attributes

pytestmark = pytest.mark.xdist_group("end_to_end")


async def test_a_happy_handoff_with_a_written_contract(stage: Stage, sender: Sender) -> None:
    deal = Deal(sender, "H-1")
    await deal.bill()
    began = await deal.sell()
    assert (began.case, began.duplicate, began.revision) == ("handoff/H-1", False, 1)
    await deal.until("payment", "access")
    request = deal.request()
    await sender.send(request)
    await sender.send(deal.accepted())
    await deal.until("letter", "crm")
    for what in ("contract_signed", "first_contact", "training_done", "closing_documents_signed"):
        await deal.say(what)
    result = await deal.result()
    assert (result.outcome, result.met, result.met_late, result.waived, result.breaches) == ("done", 11, 0, 0, 0)

    found = (await agree(sender, [deal]))["H-1"]
    assert (found.letters, found.incidents) == ({"handoff/accepted": 1}, [])

    events = Counter(EventType.Name(e.event_type).removeprefix("EVENT_TYPE_") for e in found.history.events)
    assert sum(events.values()) <= 96, events
    polls = [
        e
        for e in found.history.events
        if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        and e.activity_task_scheduled_event_attributes.activity_type.name == "await_payment"
    ]
    assert polls == []

    letter = next(one for one in stage.mail.letters if one.recipients == (deal.partner,))
    asked = request["data"]["message_id"]
    assert letter.message["In-Reply-To"] == asked
    assert str(letter.message["References"]).split() == [*request["data"]["references"], asked]
    assert letter.subject == "Re: Обучение клиента от ИП Петров"
    for kind in ("plain", "html"):
        body = letter.body(kind)
        assert "Принят" in body
        assert f"ООО Ромашка {deal.deal}" in body
        assert re.search(r"[a-z]{3,}_[a-z]{3,}|\{\{|None", body) is None, "a code or an empty value stands in the letter"
    assert "<html" in letter.body("html")

    (accepted,) = await rows_of(stage, tables.accepted_clients, deal.case)
    assert (accepted.deal, accepted.partner_id, accepted.tariff_line, accepted.tariff) == ("H-1", "p-H-1", "bureau", "bureau-12")
    assert (accepted.payment_reference, str(accepted.payment_amount), accepted.payment_currency) == ("pay-H-1", "12000", "RUB")
    assert accepted.access_granted_at is not None
    assert accepted.tariff_starts_on == datetime.now(UTC).date() or accepted.tariff_starts_on == accepted.access_granted_at.date()
    states = {r.clause: r.state for r in await rows_of(stage, tables.obligations, deal.case)}
    assert set(states.values()) == {"met"}
    assert states.keys() == {"2.1.1", "2.1.2", "2.1.3", "2.1.4", "2.2.1", "2.2.2", "2.2.3", "2.2.4", "2.2.5", "2.2.7", "5.3 (2)"}

    described = await deal.handle.describe()
    shown = described.typed_search_attributes
    assert {key.name: shown.get(key) for key in (attributes.CASE_KIND, attributes.STAGE, attributes.PARTNER, attributes.EDITION)} == {
        "CaseKind": "handoff",
        "Stage": "done",
        "Partner": "p-H-1",
        "Edition": "handoff-1",
    }
    assert str(shown.get(attributes.CLIENT)).startswith("h-"), "the client has no number: its keyed hash stands for it"
    assert (shown.get(attributes.CLAUSE), shown.get(attributes.NEXT_DUE), shown.get(attributes.OVERDUE)) == (None, None, None)
