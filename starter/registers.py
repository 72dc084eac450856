"""The registers for a command: the database opened and closed, and words for the operator when it does not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from runtime.database import DatabaseRefusedError, DatabaseUnavailableError, open_database
from starter.views import Unavailable


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Any]:
    """An engine on the registers.

    Raises:
        Unavailable: the database does not answer.
    """
    engine = open_database(url)
    try:
        yield engine
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        raise Unavailable(f"the database does not answer: {e}; check REGLAMENT_DATABASE_URL, reglament doctor looks into it") from None
    finally:
        await engine.dispose()
