"""How long each kind of activity may take and how it is tried again: one preset each, with its reason."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy


class Preset(TypedDict):
    """What every call of an activity names."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


LOCAL_READ = Preset(
    # Reading takes milliseconds. One that hangs would hold a workflow slot and delay every other case.
    start_to_close_timeout=timedelta(seconds=1),
    retry_policy=RetryPolicy(maximum_attempts=2, initial_interval=timedelta(milliseconds=100)),
)
PLANNING = Preset(
    # The same work when it could not be done locally: without it no clock of the case runs, so it is tried for ever.
    start_to_close_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)),
)
RECORD = Preset(
    # One short transaction. The registers must have it, however long the database is away.
    start_to_close_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5)),
)
CORRESPONDENCE = Preset(
    # Longer than the lease of the effect, which is longer than the mail client's own total timeout: an older attempt is dead
    # before a newer one acts. Attempts are apart, since a mail server that is down or greylists does not like haste.
    start_to_close_timeout=timedelta(minutes=1),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=30), backoff_coefficient=2, maximum_interval=timedelta(minutes=15)),
)
CRM = Preset(
    # As for correspondence; the CRM's own Retry-After overrides the interval.
    start_to_close_timeout=timedelta(minutes=1),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=10), backoff_coefficient=2, maximum_interval=timedelta(minutes=15)),
)
BILLING = Preset(
    # A read. Billing that is away is asked until it is back: "no payment" and "not known" are different answers.
    start_to_close_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=15)),
)


def payment_poll(every: timedelta) -> Preset:
    """The durable poll for a payment: each attempt is one look, and attempts leave no events in the history."""
    return Preset(
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=RetryPolicy(initial_interval=every, backoff_coefficient=1, maximum_interval=every),
    )
