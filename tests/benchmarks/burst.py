"""A burst of signed events while Temporal stops and the webhooks are killed: `python -m tests.benchmarks.burst [EVENTS]`.

Ten events a case: the sale, then facts, in order; a tenth of them is sent twice. The sender sends again, with the same id, whatever got
no 2xx. In the middle the Temporal server is away for a while, and the webhooks are killed (SIGKILL) and started again. When the inbox
is empty, every case is read out: each event that was answered with 202 must stand in its trail once, in the order in which it was sent.
Prints counts, rates, and the delay from the answer to the delivery.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import func, select
from standardwebhooks.webhooks import Webhook

from deploy.demo.stage import Stage
from runtime.database import open_database
from runtime.inbox import UNDELIVERED, InboxState
from runtime.process import leave
from runtime.tables import inbox
from starter.doors.table import DOORS
from starter.views import read_case

OF_A_CASE = 10
FACTS = ("first_contact", "contract_signed", "training_done", "closing_documents_signed")
"""Facts that a case takes at any stage, again and again, and that do not end it while nobody has paid."""
LANES = 40


@dataclass
class Sent:
    """The sender's ledger."""

    answered: dict[str, datetime] = field(default_factory=dict)
    """Event id → when its first 202 came."""
    again: int = 0
    """How often something got no 2xx."""
    doubled: int = 0


@dataclass(frozen=True)
class Outcome:
    """What came of a burst."""

    events: int
    cases: int
    doubled: int
    sent_again: int
    kills: int
    seconds_in: float
    seconds: float
    attempts: int
    """Deliveries begun, those that a kill or an outage cut off among them."""
    delays: list[float]
    """Seconds from the answer to the delivery, sorted; 0: delivered before it was answered."""
    wrong: list[str]
    """What was lost, doubled or out of order."""

    def words(self) -> str:
        late = self.delays[int(len(self.delays) * 0.99)]
        return (
            f"{self.events} events of {self.cases} cases, {self.doubled} sent twice, {self.sent_again} sent again for want of a 2xx; "
            f"{self.kills} kills of the webhooks\n"
            f"taken at {self.events / self.seconds_in:.0f}/s ({self.seconds_in:.0f} s), delivered at {self.events / self.seconds:.0f}/s "
            f"({self.seconds:.0f} s with kills and outage), {self.attempts} attempts\n"
            f"from the answer to the delivery: median {statistics.median(self.delays):.2f} s, "
            f"99 % {late:.1f} s, worst {self.delays[-1]:.1f} s\n"
            f"lost, doubled or out of order: {len(self.wrong)}"
        )


def events_of(deal: str) -> list[dict[str, Any]]:
    """The events of one case, in order, happening now."""
    now = datetime.now(UTC).isoformat()

    def event(number: int, what: str, **data: Any) -> dict[str, Any]:
        return {
            "id": f"{deal}.{number}",
            "type": f"handoff.{what}",
            "occurred_at": now,
            "data": {**DOORS[f"handoff.{what}"].example, **data, "deal": deal},
        }

    return [event(0, "sold"), *(event(n, FACTS[n % len(FACTS)]) for n in range(1, OF_A_CASE))]


class Sender:
    """Sends as a CRM does: one event of a case at a time, again until it is answered."""

    def __init__(self, stage: Stage, http: httpx2.AsyncClient, draw: random.Random) -> None:
        self._stage, self._http, self._draw = stage, http, draw
        self._webhook = Webhook(stage.webhook_secret)
        self.sent = Sent()

    async def case(self, deal: str) -> None:
        for event in events_of(deal):
            twice = self._draw.random() < 0.1
            self.sent.doubled += twice
            await asyncio.gather(*(self._until_taken(event) for _ in range(1 + twice)))

    async def _until_taken(self, event: dict[str, Any]) -> None:
        body = json.dumps(event, ensure_ascii=False)
        while True:
            now = datetime.now(UTC)
            headers = {
                "content-type": "application/json",
                "webhook-id": event["id"],
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": self._webhook.sign(event["id"], now, body),
            }
            try:
                answer = await self._http.post(self._stage.webhooks, content=body.encode(), headers=headers)
            except httpx2.HTTPError:
                answer = None
            if answer is not None and answer.status_code == 202:
                self.sent.answered.setdefault(event["id"], datetime.now(UTC))
                return
            if answer is not None and answer.status_code != 503:
                raise RuntimeError(f"{event['id']} was answered with {answer.status_code}: {answer.text}")
            self.sent.again += 1
            await asyncio.sleep(0.3)


async def burst(
    folder: Path, events: int, *, kills: int, away: float, say: Callable[[str], None] = print, parts: type[Stage] = Stage
) -> Outcome:
    """Runs the burst on a stage of its own in this folder; ``away`` are the seconds without a Temporal server."""
    draw = random.Random(20_261_121)  # noqa: S311 - the same burst on every machine
    deals = [f"B-{number}" for number in range(events // OF_A_CASE)]
    async with parts(folder, webhooks=True) as stage, httpx2.AsyncClient(timeout=30) as http:
        sender = Sender(stage, http, draw)
        begun = time.perf_counter()
        trouble = asyncio.create_task(_trouble(stage, sender.sent, events, kills, away, say))
        waiting = iter(deals)

        async def lane() -> None:
            for deal in waiting:
                await sender.case(deal)

        await asyncio.gather(*(lane() for _ in range(LANES)))
        seconds_in = time.perf_counter() - begun
        say(f"all taken after {seconds_in:.0f} s")
        await trouble
        rows = await _drained(stage, say)
        seconds = time.perf_counter() - begun
        say(f"all delivered after {seconds:.0f} s; reading {len(deals)} cases")
        wrong = await _judge(stage, deals, sender.sent, rows)
    delays = sorted(max((row.settled_at - sender.sent.answered[row.event_id]).total_seconds(), 0.0) for row in rows)
    return Outcome(
        events=len(sender.sent.answered),
        cases=len(deals),
        doubled=sender.sent.doubled,
        sent_again=sender.sent.again,
        kills=kills,
        seconds_in=seconds_in,
        seconds=seconds,
        attempts=sum(row.attempts for row in rows),
        delays=delays,
        wrong=wrong,
    )


async def _trouble(stage: Stage, sent: Sent, events: int, kills: int, away: float, say: Callable[[str], None]) -> None:
    """Kills spread over the taking; the Temporal server away in the middle."""

    async def taken(share: float) -> None:
        while len(sent.answered) < events * share:  # noqa: ASYNC110 - other processes' doing
            await asyncio.sleep(0.05)

    async def kill(share: float) -> None:
        await taken(share)
        stage.kill_starter()
        say(f"webhooks killed at {len(sent.answered)} taken")
        await stage.start_starter()

    async def outage() -> None:
        await taken(0.4)
        assert stage.server is not None
        stage.server.terminate()
        await asyncio.to_thread(stage.server.wait)
        say(f"Temporal stopped at {len(sent.answered)} taken, for {away:.0f} s")
        await asyncio.sleep(away)
        await stage.start_server()
        say(f"Temporal is back at {len(sent.answered)} taken")

    async def killing() -> None:
        for number in range(1, kills + 1):
            await kill(number / (kills + 1))

    await asyncio.gather(outage(), killing())


async def _drained(stage: Stage, say: Callable[[str], None]) -> list[Any]:
    """Waits until nothing is undelivered; the rows."""
    engine = open_database(stage.database_url)
    left = select(func.count()).select_from(inbox).where(inbox.c.state.in_(UNDELIVERED))
    said = time.perf_counter()
    try:
        while True:
            async with engine.connect() as connection:
                number = (await connection.execute(left)).scalar_one()
                if not number:
                    chosen = select(inbox.c.event_id, inbox.c.state, inbox.c.attempts, inbox.c.settled_at)
                    return list((await connection.execute(chosen)).all())
            if time.perf_counter() - said > 15:
                said = time.perf_counter()
                say(f"{number} to be delivered")
            await asyncio.sleep(0.5)
    finally:
        await engine.dispose()


async def _judge(stage: Stage, deals: list[str], sent: Sent, rows: list[Any]) -> list[str]:
    wrong = [f"{row.event_id} is {row.state}" for row in rows if row.state != InboxState.DELIVERED]
    if {row.event_id for row in rows} != sent.answered.keys():
        wrong.append("the inbox holds other events than were answered")
    at_a_time = asyncio.Semaphore(8)

    async def read(deal: str) -> None:
        async with at_a_time:
            trail = [fact.key for fact in (await read_case(stage.client, f"handoff/{deal}")).facts]
        expected = [event["id"] for event in events_of(deal) if event["id"] in sent.answered]
        if [key for key in trail if key.startswith(f"{deal}.")] != expected:
            wrong.append(f"the trail of {deal} is not what was sent")

    await asyncio.gather(*(read(deal) for deal in deals))
    return wrong


def main(events: int = 10_000) -> int:
    """Runs the burst and prints what came of it; 1 when anything was lost, doubled or out of order."""
    with tempfile.TemporaryDirectory(prefix="reglament-burst-", ignore_cleanup_errors=True) as folder:
        outcome = asyncio.run(burst(Path(folder), events, kills=3, away=20))
    print(outcome.words())
    for one in outcome.wrong[:20]:
        print(f"  {one}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    leave(main(int(sys.argv[1])) if len(sys.argv) > 1 else main())
