"""The register by which an e-mail of a partner finds its deal, as the record activity writes it; on both kinds of database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.registers import Origin, RegisterRow, RegisterWriter
from runtime.sales import Sale, SaleReader

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def write(engine: AsyncEngine, case_uid: str, deal: str, seq: int = 1, at: datetime = NOW, **changes: Any) -> None:
    columns = {
        "seq": seq,
        "deal": deal,
        "partner_email": "Partner@partner.example",
        "partner_name": "ИП Петров",
        "client_login": "client@client.example",
        "client_name": "ООО Ромашка",
        "tariff_line": "bureau",
        "open": True,
        **changes,
    }
    origin = Origin(case_uid, f"handoff/{deal}", "handoff", "handoff-1", at)
    await RegisterWriter(engine).write(origin, [RegisterRow("sales", columns)])


async def test_the_deals_of_a_partner_are_found_by_its_address_whatever_its_case(engine: AsyncEngine) -> None:
    await write(engine, "u-1", "D-1")
    await write(engine, "u-2", "D-2", open=False)
    await write(engine, "u-3", "D-3", partner_email="other@partner.example")
    found = await SaleReader(engine).of_partner("PARTNER@partner.example")
    assert found[0] == Sale("D-1", "Partner@partner.example", "ИП Петров", "client@client.example", "ООО Ромашка", True)
    assert [(sale.deal, sale.open) for sale in found] == [("D-1", True), ("D-2", False)]
    assert await SaleReader(engine).of_partner("nobody@partner.example") == []


async def test_those_that_take_requests_are_those_whose_newest_row_says_so(engine: AsyncEngine) -> None:
    await write(engine, "u-1", "D-1")
    await write(engine, "u-1", "D-1", seq=2, open=False)
    await write(engine, "u-1", "D-1", seq=1)  # an older row changes nothing
    await write(engine, "u-2", "D-2")
    assert [sale.deal for sale in await SaleReader(engine).takes_requests()] == ["D-2"]


async def test_of_a_deal_that_was_sold_again_the_newest_case_counts(engine: AsyncEngine) -> None:
    await write(engine, "u-1", "D-1", open=False)
    await write(engine, "u-2", "D-1", at=NOW + timedelta(days=1), client_login="new@client.example")
    (sale,) = await SaleReader(engine).of_partner("partner@partner.example")
    assert (sale.client_login, sale.open) == ("new@client.example", True)
    assert [one.client_login for one in await SaleReader(engine).takes_requests()] == ["new@client.example"]
