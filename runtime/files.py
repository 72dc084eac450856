"""Files from outside, kept under the SHA-256 of their content: events and cases hold only that name."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.database import database_errors, database_now, insert
from runtime.encryption import KeyRing
from runtime.tables import files


class FileStore:
    """Keeps files, sealed where there are keys. A file never changes; the same content is kept once."""

    def __init__(self, engine: AsyncEngine, keys: KeyRing) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine
        self._keys = keys

    async def put(self, connection: AsyncConnection, content: bytes, now: datetime | None = None) -> str:
        """Keep a file as part of the caller's transaction; the same content again is nothing new.

        Args:
            connection: Whoever began its transaction turns the database's errors (`runtime.database.database_errors`).
            content: The bytes as they came, whatever they are.
            now: When the file came; None: the database's own time.

        Returns:
            The SHA-256 of the content, 64 hexadecimal digits: its name from now on.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        row = insert(connection, files).values(
            sha256=sha256,
            content=self._keys.seal(content, _context(sha256)),
            size=len(content),
            received_at=now or await database_now(connection),
        )
        await connection.execute(row.on_conflict_do_nothing(index_elements=["sha256"]))
        return sha256

    async def keep(self, content: bytes, now: datetime | None = None) -> str:
        """Keep a file in a transaction of its own: as `put`.

        Raises:
            DatabaseUnavailableError, DatabaseRefusedError: as everywhere.
        """
        with database_errors():
            async with self._engine.begin() as connection:
                return await self.put(connection, content, now)

    async def get(self, sha256: str) -> bytes | None:
        """The content; None where no such file is kept.

        Raises:
            EncryptionError: its key is not in the ring, or the stored content was changed.
            DatabaseUnavailableError, DatabaseRefusedError: as everywhere.
        """
        with database_errors():
            async with self._engine.connect() as connection:
                sealed: bytes | None = (await connection.execute(select(files.c.content).where(files.c.sha256 == sha256))).scalar()
        return None if sealed is None else self._keys.open(sealed, _context(sha256))


def _context(sha256: str) -> str:
    return f"file:{sha256}"
