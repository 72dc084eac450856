"""The worker as it is, for tests that kill it: it recovers in seconds, and it stops where it is told to.

What is other than in ``worker.py``, and why:

- Start-to-close timeouts and retry intervals of `workflows.options` are short, and so is the wait for a dead worker's own queue:
  what production recovers from within minutes is seen here within seconds. Leases and client timeouts follow from start-to-close.
- At a named moment it stops for ever (or dies at once), when a file ``stop-at-MOMENT`` in its folder holds a part of the key of
  the effect: such a moment lasts microseconds, and no kill from outside would hit it.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.common import RetryPolicy
from temporalio.worker import Worker

import worker
from activities.planning import Planning
from activities.tell import CaseTeller
from runtime import registers
from runtime.billing_api import BillingApi
from runtime.effect_ledger import EffectLedger
from runtime.process import leave
from runtime.registers import RegisterWriter
from workflows import options

for preset in (
    *(options.CORRESPONDENCE, options.CRM, options.RECORD, options.PLANNING, options.BILLING, options.INVOICE),
    options.TELL,
):
    preset["start_to_close_timeout"] = timedelta(seconds=3)
    preset["retry_policy"] = RetryPolicy(initial_interval=timedelta(milliseconds=300), maximum_interval=timedelta(seconds=1))
options.CORRESPONDENCE["start_to_close_timeout"] = timedelta(seconds=6)  # a busy machine must not leave a letter in doubt that no kill met
setattr(worker, "Worker", functools.partial(Worker, sticky_queue_schedule_to_start_timeout=timedelta(seconds=1)))  # noqa: B010


def told_to_stop(moment: str, about: str) -> bool:
    """Whether this is the moment; once only, so that the next worker goes on."""
    order = Path(f"stop-at-{moment}")
    if not order.exists() or order.read_text() not in about:
        return False
    order.rename(f"stopped-at-{moment}")
    return True


async def stop(moment: str, about: str) -> None:
    if told_to_stop(moment, about):
        await asyncio.Event().wait()


def stops_after(owner: Any, name: str, moment: str, about: Callable[..., str]) -> None:
    """The method does its work and then stops, if told to."""
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    @functools.wraps(original)
    async def stopping(*arguments: Any, **named: Any) -> Any:
        done = await original(*arguments, **named)
        await stop(moment, about(*arguments))
        return done

    setattr(owner, name, stopping)


stops_after(EffectLedger, "freeze", "rendered", lambda _, claim, *rest: claim.key)
stops_after(EffectLedger, "finish", "finished", lambda _, claim, *rest: claim.key)
stops_after(BillingApi, "invoice", "numbered", lambda _, key, *rest: key)
stops_after(RegisterWriter, "write", "recorded", lambda _, origin, *rest: origin.address)
stops_after(CaseTeller, "_deliver", "told", lambda _, message: message.address)
stops_after(registers, "_write", "recording", lambda _, origin, *rest: origin.address)

count = Planning.plan


@functools.wraps(count)
async def count_and_die(self: Planning, request: Any) -> Any:
    """The local activity has run, its workflow task has not ended: neither is in the history. The process dies between them."""
    answer = await count(self, request)
    if told_to_stop("planned", ",".join(term.key for term in request.terms)):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer


setattr(Planning, "plan", count_and_die)  # noqa: B010

if __name__ == "__main__":
    leave(worker.main())
