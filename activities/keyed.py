"""What every effect under a key shares: the hash of its input, the length of its lease, and the ledger's refusals as errors."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from pydantic import BaseModel
from temporalio import activity

from activities import errors
from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
from runtime.effect_ledger import EffectConflictError, LeaseHeldError, LeaseLostError


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
