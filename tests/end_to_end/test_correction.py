"""A first contact that is learnt of after its handoff was done: on the real worker, server and database, read by the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.demo.stage import Stage
from regulations.corrections import CorrectionOutcome
from runtime import tables
from starter.corrections import correction_id
from starter.views import read_corrections
from tests.end_to_end.deals import BY, Deal, Sender
from tests.end_to_end.ledgers import rows_of
from tests.patience import patiently

pytestmark = pytest.mark.xdist_group("end_to_end")


def at(event: dict[str, Any], happened: datetime) -> dict[str, Any]:
    return {**event, "occurred_at": happened.isoformat()}


@pytest.mark.clause("handoff 2.2.4")
async def test_a_contact_learnt_of_after_the_end_withdraws_its_breach(stage: Stage, sender: Sender) -> None:
    deal, begun = Deal(sender, "L-1", contract="offer"), datetime.now(UTC) - timedelta(days=12)
    await deal.bill(begun)
    await sender.send(at(deal.sold(), begun))
    await sender.send(at(deal.event("access_granted", reference="acc-L-1", tariff="bureau-12"), begun))
    await sender.send(at(deal.request(), begun))
    accepted = deal.event("accepted", by=BY, despite="известно из договора")
    await sender.send(at(accepted, begun + timedelta(hours=1)))
    await deal.until("letter", "crm")
    await deal.fulfil()  # the first contact is said to be made now: days too late
    assert (await deal.result()).outcome == "done"
    contact = next(o for o in await rows_of(stage, tables.obligations, deal.case) if o.clause == "2.2.4")
    assert contact.state == "met_late"

    late_news = at(deal.event("first_contact"), contact.due)
    first, again = await sender.send(late_news), await sender.send(late_news)
    assert (first.stage, first.duplicate, again.duplicate) == ("correction", False, True)
    correction = stage.client.get_workflow_handle(correction_id(deal.case, late_news["id"]), result_type=CorrectionOutcome)
    async with patiently():
        assert (await correction.result()).results == {"2.2.4": "withdrawn"}

    contact = next(o for o in await rows_of(stage, tables.obligations, deal.case) if o.clause == "2.2.4")
    assert (contact.state, contact.met_at) == ("met", contact.due)
    entries = [b.entry for b in await rows_of(stage, tables.breaches, deal.case) if b.clause == "2.2.4"]
    assert sorted(entries) == ["met_late", "recorded", "withdrawn"], "nothing is erased"
    (client,) = await rows_of(stage, tables.accepted_clients, deal.case)
    assert client.first_contact_at == contact.due
    told = [n.role for n in await rows_of(stage, tables.notices, deal.case) if n.kind == "breach_withdrawn"]
    assert {"cc", "cc_head"} <= set(told)
    (read,) = await read_corrections(stage.database_url, contact.case_uid)
    assert (read["what"], read["result"]) == ("FirstContact", "withdrawn")
