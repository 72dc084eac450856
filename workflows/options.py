"""How long each kind of activity may take and how it is tried again: one preset each, with its reason."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy


class Preset(TypedDict):
    """What every call of an activity names."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


class BoundedPreset(Preset):
    """A preset whose attempts end after a time: what is left then is somebody else's to try."""

    schedule_to_close_timeout: timedelta


class HeartbeatPreset(Preset):
    """A preset of long work that says every few seconds that it is alive."""

    heartbeat_timeout: timedelta


LOCAL_READ = BoundedPreset(
    # Reading takes milliseconds. One that hangs would hold a workflow slot and delay every other case. One that finds no free slot on a
    # busy worker is asked for otherwise before the workflow task has to be prolonged (`workflows.local_reads`).
    start_to_close_timeout=timedelta(seconds=1),
    schedule_to_close_timeout=timedelta(seconds=4),
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
NOTICES = BoundedPreset(
    # The letter of a round. Rounds do not overlap, so one mailbox that does not answer must not hold up the rest of the zone for long: what
    # this round cannot send the next one sends, together with what is new. The lease of the effect is over before the next round begins.
    start_to_close_timeout=timedelta(minutes=1),
    schedule_to_close_timeout=timedelta(minutes=4),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=20), backoff_coefficient=2, maximum_interval=timedelta(minutes=1)),
)
DIGEST = BoundedPreset(
    # As for correspondence, until the working day is about over: what could not be sent by then stands in tomorrow's digest.
    start_to_close_timeout=timedelta(minutes=1),
    schedule_to_close_timeout=timedelta(hours=7),
    retry_policy=CORRESPONDENCE["retry_policy"],
)
WATCH = BoundedPreset(
    # As for correspondence, within the hour: the next one has a list of its own, and watches do not overlap.
    start_to_close_timeout=timedelta(minutes=1),
    schedule_to_close_timeout=timedelta(minutes=45),
    retry_policy=CORRESPONDENCE["retry_policy"],
)
CRM = Preset(
    # As for correspondence; the CRM's own Retry-After overrides the interval.
    start_to_close_timeout=timedelta(minutes=1),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=10), backoff_coefficient=2, maximum_interval=timedelta(minutes=15)),
)
TELL = BoundedPreset(
    # An Update of another case. A worker that is down for a day comes back; a case that nobody can wake must not hold up this one for ever.
    start_to_close_timeout=timedelta(seconds=30),
    schedule_to_close_timeout=timedelta(days=1),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=5)),
)
BILLING = Preset(
    # A read. Billing that is away is asked until it is back: "no payment" and "not known" are different answers.
    start_to_close_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=15)),
)
DOCUMENTS = Preset(
    # Eight files, each with its own 20 seconds, and two files at a time in one worker. Tried for about two days: a database that is away
    # for a day comes back; a file that brings down every worker that touches it must not be tried for ever.
    start_to_close_timeout=timedelta(minutes=5),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=15), maximum_attempts=200),
)
LINKS = BoundedPreset(
    # Somebody else's servers: a request does not wait long for them, since a person sees the links anyway.
    start_to_close_timeout=timedelta(seconds=40),
    schedule_to_close_timeout=timedelta(minutes=10),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5), backoff_coefficient=2, maximum_interval=timedelta(minutes=2)),
)
AUDIT = BoundedPreset(
    # A process of seconds over one file. A database that is away for a day comes back; an export that brings down every worker that
    # touches it must not be tried for ever.
    start_to_close_timeout=timedelta(minutes=5),
    schedule_to_close_timeout=timedelta(days=2),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=15), maximum_attempts=200),
)
CREDIT = Preset(
    # As for correspondence: the lease of the effect outlives the client's own timeout. The same key credits once, so it is tried until
    # billing answers.
    start_to_close_timeout=timedelta(minutes=1),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5), backoff_coefficient=2, maximum_interval=timedelta(minutes=15)),
)
INVOICE = Preset(
    # As for correspondence: the lease of the effect outlives the client's own timeout. The same key is one invoice in billing, so it is
    # tried until billing answers.
    start_to_close_timeout=timedelta(minutes=1),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5), backoff_coefficient=2, maximum_interval=timedelta(minutes=15)),
)
SMS = BoundedPreset(
    # A notice beside an e-mail: one that cannot be sent within a day is worth nothing any more.
    start_to_close_timeout=timedelta(minutes=1),
    schedule_to_close_timeout=timedelta(days=1),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=10), backoff_coefficient=2, maximum_interval=timedelta(minutes=15)),
)
REPORT = Preset(
    # Reads the registers of a month and asks up to thousands of running cases, for two minutes at most; then one transaction.
    start_to_close_timeout=timedelta(minutes=5),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=5)),
)
BULK = HeartbeatPreset(
    # A page of a bulk action, or the freezing of its selection: minutes of work, each step safe to repeat. A worker that died is noticed
    # by its silence; a server or a database that is away is tried until it is back, since what was begun has to be finished.
    start_to_close_timeout=timedelta(minutes=30),
    heartbeat_timeout=timedelta(seconds=20),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30)),
)


def payment_poll(every: timedelta) -> Preset:
    """The durable poll for a payment: each attempt is one look, and attempts leave no events in the history."""
    return Preset(
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=RetryPolicy(initial_interval=every, backoff_coefficient=1, maximum_interval=every),
    )
