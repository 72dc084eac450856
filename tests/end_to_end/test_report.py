"""The monthly report by the command line, over a real case, worker, database and mail server."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from sqlalchemy import update

from deploy.demo.stage import Stage
from regulations.handoff.report import month, month_before
from runtime import tables
from runtime.database import open_database
from tests.activities.office import attached
from tests.end_to_end.deals import Deal, Sender
from tests.end_to_end.ledgers import rows_of
from tests.end_to_end.test_command_line import reglament
from tests.regulations.handoff.test_report import COMPANY

pytestmark = pytest.mark.xdist_group("end_to_end")


async def open_access(stage: Stage, deal: Deal, at: datetime) -> None:
    """Billing says that access was opened then."""
    engine = open_database(stage.database_url)
    grants = tables.billing_access_grants
    async with engine.begin() as connection:
        await connection.execute(update(grants).where(grants.c.deal == deal.deal).values(granted_at=at))
    await engine.dispose()


@pytest.mark.clause("handoff 4.4")
async def test_a_client_accepted_now_stands_in_the_report_of_its_access_month(stage: Stage, sender: Sender) -> None:
    """Its first contact, met in time a moment ago, is known to the running case alone: the register still calls it open."""
    past = month(month_before(datetime.now(UTC) - timedelta(days=31), COMPANY), COMPANY)
    granted = past.begins + timedelta(days=14)
    deal = Deal(sender, "R-1", contract="offer")
    await deal.bill(paid=granted - timedelta(hours=1))
    await open_access(stage, deal, granted)
    sold = deal.sold()
    sold["occurred_at"] = (granted - timedelta(hours=2)).isoformat()
    await sender.send(sold)
    await deal.until("payment", "access")
    await sender.send(deal.request())
    await sender.send(deal.accepted())
    await deal.until("letter", "crm")
    await deal.say("first_contact")
    contact = next(r for r in await rows_of(stage, tables.obligations, deal.case) if r.clause == "2.2.4")
    assert contact.state == "open"

    sent = await reglament(stage, "report", "send", past.text, "--json")
    assert sent.code == 0, sent.err
    answer = json.loads(sent.out)
    assert (answer["case"], answer["state"]) == (f"report/handoff/{past.text}", "sent")
    [letter] = [one for one in stage.mail.letters if one.subject.startswith("Отчёт по принятым клиентам")]
    assert sorted(letter.recipients) == ["directorate@company.example", "finance@company.example"]
    name, content = attached(letter)
    rows = list(openpyxl.load_workbook(io.BytesIO(content))["Приняты"].values)
    line = dict(zip(rows[0], rows[1], strict=True))
    assert (line["Сделка"], line["Сумма"], line["Валюта"], line["В расчёты (4.3)"]) == ("R-1", 12000, "RUB", "да")
    assert line["Первый контакт (2.2.4)"] == "в срок"

    again, saved, listed, read = (
        await reglament(stage, "report", "send", past.text),
        await reglament(stage, "report", "save", past.text),
        await reglament(stage, "report", "list", "--json"),
        await reglament(stage, "case", f"report/handoff/{past.text}"),
    )
    assert (again.code, "--force" in again.out) == (0, True)
    assert saved.out.strip() == name
    assert (stage.folder / saved.out.strip()).read_bytes() == content
    assert [head["month"] for head in json.loads(listed.out)] == [past.text]
    assert (read.code, "уже был отправлен" in read.out) == (0, True)
    assert len([one for one in stage.mail.letters if one.subject.startswith("Отчёт по принятым клиентам")]) == 1
    obligation = next(r for r in await rows_of(stage, tables.obligations, f"report/handoff/{past.text}") if r.clause == "4.4")
    assert (obligation.state, obligation.owner) == ("met_late", "support")

    present = await reglament(stage, "report", "send", f"{COMPANY.local(datetime.now(UTC)):%Y-%m}")
    wrong = await reglament(stage, "report", "send", "2026-13")
    assert (present.code, "is not over" in present.err) == (1, True)
    assert (wrong.code, "2026-10" in wrong.err) == (2, True)
