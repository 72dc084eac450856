"""Onboardings as the outside world sees them: a client handed over, its visas and its installation told by webhook; and what follows them,
its service plan and its manager's diary."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.demo.onboardings import ACCOUNTANT, CLIENT, GROUP_HEAD, HEAD_OF_SALES, INSTALLER, MANAGER, SALES, SERVICE_HEAD, document
from deploy.demo.stage import Stage
from regulations.onboarding.case import ITEMS
from regulations.read_out import ReadOut
from tests.end_to_end.ledgers import rows_of
from tests.end_to_end.partners import Case
from tests.patience import patiently

LAWYER = {"id": "u51", "role": "lawyer"}
WHO = {"2.1": LAWYER, "2.2": LAWYER, "2.3": ACCOUNTANT}
"""Whose visas these are; the others are the group head's."""
WITH_DOCUMENT = ("2.6", "2.7")


class Onboarding(Case):
    """The onboarding of one contract; the client's id is made of the contract's."""

    def __init__(self, stage: Stage, contract: str) -> None:
        super().__init__(stage, f"onboarding/{contract}", "onboarding", contract=contract)
        self.contract, self.client = contract, {**CLIENT, "id": f"cl-{contract}"}
        self.plan = Case(stage, f"service-plan/{self.client['id']}", "service-plan", client=self.client["id"])
        self.said: list[str] = []
        """Ids of its events, in the order in which they were posted."""

    async def say(self, what: str, **data: Any) -> str:
        self.said.append(await super().say(what, **data))
        return self.said[-1]

    def handed_over(self) -> dict[str, Any]:
        """The event that begins it."""
        return self.event("handed_over", **self.hand_over())

    def hand_over(self) -> dict[str, Any]:
        """What the head of sales says of the client."""
        return {
            "client": self.client,
            "regular": True,
            "programs": ["Мережева версія"],
            "price_agreement": f"ДУ-{self.contract}",
            "payment_day": 15,
            "update_every": "7 calendar days",
            "update_set": "Універсал",
            "group_head": GROUP_HEAD["id"],
            "sales_manager": SALES["id"],
            "client_manager": MANAGER["id"],
            "by": HEAD_OF_SALES,
        }

    async def until_counted(self) -> ReadOut:
        """Until the register of people has been read, so that visas are taken."""
        return await self.until(lambda read: any(o.due for o in read.obligations))

    async def give(self, item: str, **data: Any) -> str:
        """A visa, with the document where it needs one."""
        files = {"files": [document(f"{item}.pdf")]} if item in WITH_DOCUMENT else {}
        return await self.say("visa_given", item=item, by=WHO.get(item, GROUP_HEAD), **{**files, **data})

    async def give_all(self, *but: str) -> None:
        """The visas but for these."""
        for item in ITEMS:
            if item not in but:
                await self.give(item)

    async def install(self) -> None:
        """The payment, the first contact, the installation and its report."""
        agreed = (datetime.now(UTC) + timedelta(hours=20)).isoformat()
        await self.say("payment_posted", reference=f"pay-{self.contract}")
        await self.say("first_contact", installation_at=agreed, by=SERVICE_HEAD)
        await self.say("installed", by=INSTALLER)
        await self.say("installation_reported", files=[document("акт.pdf")], by=GROUP_HEAD)

    def entered(self) -> list[dict[str, Any]]:
        """What the CRM has of it."""
        return [record for record in self.stage.crm.records.values() if record.get("External_Id") == self.case]

    async def ends(self) -> dict[str, Any]:
        """How it ended, once it has."""
        async with patiently():
            result: dict[str, Any] = await self.handle.result()
        return result

    async def until_served(self) -> ReadOut:
        """Until the terms of its service plan are counted."""
        return await self.plan.until(lambda read: {"4.1", "4.2", "4.3"} <= {o.clause.split()[1] for o in read.obligations if o.due})


def diary(stage: Stage) -> Case:
    """Of the one manager whom the company has."""
    return Case(stage, f"service-diary/{MANAGER['id']}", "service-diary", manager=MANAGER["id"])


async def written(stage: Stage, table: Any, case: Case) -> list[Any]:
    """The rows of a register that belong to a case, as soon as there are any."""
    async with patiently():
        while not (rows := await rows_of(stage, table, case.case)):  # noqa: ASYNC110 - the worker's doing
            await asyncio.sleep(0.1)
    return rows
