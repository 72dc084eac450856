"""How long a test waits for what must come.

Far longer than it takes: a test that waits in vain fails all the same, and a busy machine fails none. What must *not* come, or must come
within a term, is asserted by other means than the clock of this machine.
"""

import asyncio

PATIENCE = 180.0
"""Seconds."""


def patiently() -> asyncio.Timeout:
    """The limit of a wait: `async with patiently(): …`."""
    return asyncio.timeout(PATIENCE)
