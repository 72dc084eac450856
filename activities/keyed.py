"""What every effect under a key shares: the hash of its input, its lease, its claim and its end, and the ledger's refusals as errors."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Self, TypeVar

from pydantic import BaseModel, JsonValue
from temporalio import activity

from activities import errors
from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
from runtime.effect_ledger import EffectConflictError, EffectLedger, Finished, LeaseHeldError, LeaseLostError
from runtime.keyed_api import ApiConflictError, ApiMisconfiguredError, ApiUnavailableError

R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True)
class Allowance:
    """How long one attempt may act: its client's time, shorter than its lease, shorter than start-to-close.

    Temporal gives an attempt up after start-to-close and begins the next one; by then the lease of the first has ended, and
    before that its client has stopped. So two attempts never act at the same time.
    """

    lease: timedelta
    client: timedelta

    @classmethod
    def of(cls, start_to_close: timedelta | None) -> Self:
        """From the activity's start-to-close timeout; one minute where only schedule-to-close is set."""
        whole = start_to_close or timedelta(minutes=1)
        return cls(lease=whole * 0.9, client=whole * 0.7)

    @classmethod
    def of_this_attempt(cls) -> Self:
        """From the timeout of the activity that is running."""
        return cls.of(activity.info().start_to_close_timeout)

    def stop_at(self) -> float:
        """When the client has to stop, if the attempt begins now: by the clock of the event loop, which never jumps.

        To be asked for before the effect is claimed, so that a slow ledger takes time from the client and not from the lease.
        """
        return asyncio.get_running_loop().time() + self.client.total_seconds()


def input_hash(model: BaseModel, *, leaving_out: set[str]) -> str:
    """A hash of what is asked for. Fields at their default do not count, so that a field added later changes no old hash."""
    content = model.model_dump(mode="json", exclude=leaving_out, exclude_defaults=True)
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn the database's failures into errors of an activity."""
    try:
        yield
    except DatabaseUnavailableError as error:
        raise errors.transient(f"database: {error}") from None
    except DatabaseRefusedError as error:
        raise errors.permanent(f"database: {error}", type=errors.INVALID) from None


@contextmanager
def ledger_errors() -> Iterator[None]:
    """Turn the ledger's refusals and the database's failures into errors of an activity."""
    try:
        with database_errors():
            yield
    except EffectConflictError as error:
        raise errors.permanent(f"effect: {error}", type=errors.CONFLICT) from None
    except LeaseHeldError as error:
        # Expected: a repeat that came while the first one is still at work.
        raise errors.transient(f"effect: {error}", type=errors.IN_PROGRESS, after=error.remaining, expected=True) from None
    except LeaseLostError as error:
        raise errors.transient(f"effect: {error}", type=errors.IN_PROGRESS) from None


@contextmanager
def api_errors(name: str) -> Iterator[None]:
    """Turn the failures of an interface, and the end of the attempt's time, into errors of an activity. What it refuses is an answer."""
    try:
        yield
    except ApiUnavailableError as error:
        raise errors.transient(f"{name}: {error}", after=error.after) from None
    except ApiMisconfiguredError as error:
        raise errors.permanent(f"{name}: {error}", type=errors.MISCONFIGURED) from None
    except ApiConflictError as error:
        raise errors.permanent(f"{name}: {error}", type=errors.CONFLICT) from None
    except TimeoutError:
        raise errors.transient(f"{name}: no answer in time") from None


async def once(
    ledger: EffectLedger,
    key: str,
    kind: str,
    asked: BaseModel,
    answer: type[R],
    act: Callable[[], Awaitable[R]],
    failures: Callable[[], AbstractContextManager[None]],
) -> R:
    """Act under a key, once; asked again it gives the first answer.

    For what the other side itself counts once, so that an attempt whose end is unknown may be made again.

    Args:
        ledger: Knows what has been done.
        key: Of the effect.
        kind: Of the effect, for people who look at the ledger.
        asked: What is done; the same key with another input is a conflict. Its ``key`` and ``now`` do not count.
        answer: What it comes to.
        act: Does it; stopped when the attempt's time is over.
        failures: Turns what ``act`` raises, TimeoutError among it, into errors of an activity.
    """
    allowance = Allowance.of_this_attempt()
    stop_at = allowance.stop_at()
    digest = input_hash(asked, leaving_out={"now", "key"})
    with ledger_errors():
        claim = await ledger.claim(key, kind, digest, allowance.lease)
        if isinstance(claim, Finished):
            return answer.model_validate(claim.result)
        try:
            with failures():
                async with asyncio.timeout_at(stop_at):
                    done = await act()
        except Exception:
            # This attempt has stopped: the next one need not wait for the lease.
            with suppress(DatabaseUnavailableError, DatabaseRefusedError):
                await ledger.release(claim)
            raise
        stored: JsonValue = done.model_dump(mode="json")
        await ledger.finish(claim, stored)
        return done
