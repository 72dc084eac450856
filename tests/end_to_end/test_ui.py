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
from tests.patience import PATIENCE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.xdist_group("end_to_end"),
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium is installed: what the Temporal UI shows is not seen (apt-get install chromium)"
    ),
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
    case = f"{stage.ui}/namespaces/default/workflows/{accepted.case.replace('/', '%2F')}/{(await accepted.handle.describe()).run_id}"

    await page.goto(f"{case}/timeline")
    timer = re.compile(r"2\.2\.4 Первый контакт с клиентом: напоминание, срок [а-я]{2} \d\d\.\d\d\.\d{4} \d\d:\d\d \(\+03:00\)")
    await expect(page.get_by_text(timer)).to_be_visible(timeout=1_000 * PATIENCE)
    for shown in ("2.2.3 Ответ партнёру: Принят", "2.2.5 Карточка клиента в CRM", "Запись в реестры"):
        await expect(page.get_by_text(shown).first).to_be_visible(timeout=1_000 * PATIENCE)
    await _keep(page, "timeline")

    await page.goto(f"{case}/user-metadata")
    summary, details = page.frame_locator("iframe").first, page.frame_locator("iframe").last  # the UI draws Markdown in frames
    await expect(details.get_by_role("heading", name="Передача клиента, сделка UI-1")).to_be_visible(timeout=1_000 * PATIENCE)
    await expect(summary.get_by_text("Передача клиента «ООО Ромашка UI-1» от партнёра «ИП Петров»")).to_be_visible()
    await expect(details.get_by_role("columnheader")).to_have_text(["Пункт", "Обязанность", "Кто", "Срок", "Состояние"])
    first = details.get_by_role("row").filter(has_text="2.2.4").get_by_role("cell")
    await expect(first).to_have_text(
        [
            "2.2.4",
            "Первый контакт с клиентом",
            "контакт-центр",
            re.compile(r"[а-я]{2} \d\d\.\d\d\.\d{4} \d\d:\d\d \(\+03:00\)"),
            "открыто",
        ]
    )
    met = details.get_by_role("row").filter(has_text="2.2.3").get_by_role("cell").nth(4)
    await expect(met).to_have_text(re.compile(r"выполнено \d\d\.\d\d\.\d{4}"))
    await expect(details.get_by_text("Продажа: Бюро, договор-оферта")).to_be_visible()
    await _keep(page, "details")


async def _keep(page: Page, name: str) -> None:
    """For a person who wants to see it: REGLAMENT_SCREENSHOTS names a folder."""
    if folder := os.environ.get("REGLAMENT_SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
