"""How long a server asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2

_LONGEST_WAIT = timedelta(hours=1)


def retry_after(response: httpx2.Response) -> timedelta | None:
    """By its header ``Retry-After``, seconds or a date: at least a second, at most an hour; None: it does not say, or not readably."""
    value = response.headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        wait = timedelta(seconds=min(int(value), 3600))
    else:
        try:
            instant = parsedate_to_datetime(value)
        except ValueError:
            return None
        wait = instant.astimezone(UTC) - datetime.now(UTC)
    return min(max(wait, timedelta(seconds=1)), _LONGEST_WAIT)
