"""A replacement from the webhook to the credit, on real parts, with the command line of those who work on it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openpyxl
import pytest

from deploy.demo.stage import Stage
from runtime.database import open_database
from runtime.encryption import KeyRing
from runtime.secrets import SecretError, SecretStore
from tests.end_to_end.replacements import BALANCE, Replacement, export, traces
from tests.end_to_end.test_command_line import Said, reglament
from tests.end_to_end.test_secrets import webhooks
from tests.end_to_end.test_starter import Door

__all__ = ["webhooks"]
pytestmark = pytest.mark.xdist_group("end_to_end")

PASSWORD = "snegir-1917"


async def command(stage: Stage, *arguments: str) -> Said:
    said = await reglament(stage, "replacement", *arguments)
    assert said.code == 0, said.err
    assert "snegir" not in said.out + said.err
    return said


def decide(file: Any, lead: str, decision: str) -> dict[str, str]:
    """Fills in quality control's decision on one lead; gives the verdicts by lead."""
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    rows = list(sheet.iter_rows())
    header = next(row for row in rows if any(cell.value == "Карточка" for cell in row))
    places = {str(cell.value): cell.column - 1 for cell in header if cell.value}
    found = {}
    for row in rows[rows.index(header) + 1 :]:
        if (name := row[places["Карточка"]].value) is not None:
            found[str(name)] = str(row[places["Вердикт"]].value)
        if name == lead:
            row[places["Решение"]].value = decision
    book.save(file)
    return found


@pytest.mark.clause("replacement 4.1")
@pytest.mark.clause("replacement 4.2")
@pytest.mark.clause("replacement 5.2")
@pytest.mark.clause("replacement 5.3")
async def test_from_the_request_to_the_credit(stage: Stage, webhooks: Door) -> None:
    asked = Replacement(stage, "r-1", PASSWORD)
    await asked.bill()
    request = asked.requested(asked=3)
    assert (await stage.post(request))["case"] == asked.case
    await asked.until("awaiting_export")

    file = stage.folder / "выгрузка.csv"
    file.write_text(export(), "utf-8")
    await command(stage, "export", asked.case, str(file), "--by", "u40")
    await asked.until("awaiting_decision")
    sheet = stage.folder / "sheet.xlsx"
    told, hasty, _ = await asyncio.gather(
        command(stage, "show", asked.case, "--json"),
        reglament(stage, "replacement", "decide", asked.case, "--accept-clear", "--by", "u51"),
        command(stage, "sheet", asked.case, "--out", str(sheet)),
    )
    shown = json.loads(told.out)
    assert (shown["stage"], shown["verdicts"]) == ("awaiting_decision", {"listen": 1, "reject": 1, "replace": 2})
    assert (hasty.code, "Undecided" in hasty.err) == (1, True), "one card has to be listened to"
    verdicts = decide(sheet, "l-4", "заменить")
    assert sorted(verdicts) == ["l-1", "l-2", "l-3", "l-4"], "the card that nobody asks to have replaced is not judged"
    await command(stage, "decide", asked.case, str(sheet), "--by", "u51")
    await asked.until("credited")
    await asked.until_destroyed()

    credits = [one["body"] for one in stage.billing.credits.values() if one["body"]["account"] == asked.account]
    assert [(one["period"], one["entry"], one["identifications"]) for one in credits] == [("2026-10", "replacement", 3)]
    assert await asked.balance() == BALANCE + 3
    outcome = stage.folder / "outcome.xlsx"
    told, _ = await asyncio.gather(
        command(stage, "list", "--account", asked.account, "--json"),
        command(stage, "outcome", asked.case, "--out", str(outcome)),
    )
    listed = json.loads(told.out)
    assert [(one["address"], one["stage"], one["credited"]) for one in listed["replacements"]] == [(asked.case, "credited", 3)]
    cells = {str(cell) for row in openpyxl.load_workbook(outcome).worksheets[0].iter_rows(values_only=True) for cell in row}
    assert {"l-1", "l-2", "l-3", "l-4"} <= cells

    assert (await stage.post(request))["duplicate"] is True
    with pytest.raises(RuntimeError, match=r"422.*Replaced.*6\.3"):
        await stage.post(asked.requested(asked=1))

    # Whatever was written down anywhere: other words of the case are found in every kind of place, the password in none.
    words = (asked.case, f"specialist-{asked.account}", "недозвон", f"{asked.account}@franchise.example")
    places = {trace.split(" ")[0] for word in words for trace in await traces(stage, [asked.case], word)}
    assert places == {"history", "table", "file", "letter", "kept"}
    assert await traces(stage, [asked.case], "snegir-") == []
    assert "snegir" not in webhooks.log.read_text("utf-8")
    engine = open_database(stage.database_url)
    with pytest.raises(SecretError, match="destroyed at"):
        await SecretStore(engine, KeyRing.parse(stage.encryption_key)).show(asked.case, "u40", "to see that it is gone")
    await engine.dispose()
