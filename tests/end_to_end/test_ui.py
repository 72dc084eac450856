"""What operations see: the Temporal UI in a real browser, on a running case."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright, expect

from deploy.demo.stage import Stage
from tests.end_to_end.deals import Deal, Sender

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.xdist_group("end_to_end"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: what the Temporal UI shows is not seen (apt-get install chromium)"),
]
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""A test as root has no sandbox, and a browser of a test talks to nobody but the page."""
PATIENCE = 20_000


@pytest_asyncio.fixture(loop_scope="session")
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=CHROMIUM, args=list(QUIET), viewport={"width": 1500, "height": 1800}, locale="ru-RU"
        )
        yield await browser.new_page()
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def accepted(sender: Sender) -> Deal:
    """Accepted, with the first contact and the training still owed: the next timer is the reminder of 2.2.4."""
    deal = Deal(sender, "UI-1", contract="offer")
    await deal.bill()
    await deal.sell()
    await deal.until("payment", "access")
    await sender.send(deal.request())
    await sender.send(deal.accepted())
    await deal.say("closing_documents_signed")
    await deal.until("letter", "crm")
    return deal


async def test_the_ui_names_timers_activities_and_obligations_in_russian(stage: Stage, page: Page, accepted: Deal) -> None:
    shots = os.environ.get("REGLAMENT_SCREENSHOTS")
    case = f"{stage.ui}/namespaces/default/workflows/{accepted.case.replace('/', '%2F')}"
    run = (await accepted.handle.describe()).run_id

    async def look(place: str) -> str:
        await page.goto(f"{case}/{run}/{place}")
        await page.wait_for_timeout(4000)
        if shots:
            await page.screenshot(path=Path(shots) / f"{place}.png", full_page=True)
            (Path(shots) / f"{place}.txt").write_text(await page.locator("body").inner_text())
        return await page.locator("body").inner_text()

    for place in ("timeline", "history", "user-metadata", "workers", "pending-activities", "call-stack"):
        await look(place)
