"""Keeping a file from the command line, before anything is told of it: events and cases hold only the SHA-256 of its content."""

from __future__ import annotations

from runtime.database import DatabaseRefusedError, DatabaseUnavailableError, database_errors, open_database
from runtime.encryption import EncryptionError, KeyRing
from runtime.files import FileStore
from runtime.settings import Settings
from runtime.uploads import LARGEST
from starter.views import Unavailable


class UploadRefused(Exception):
    """The file cannot be kept; the text says why."""


async def keep(settings: Settings, content: bytes, most: int = LARGEST) -> str:
    """Keeps the file, sealed where there are keys; the same content again is nothing new. Gives its SHA-256.

    Raises:
        UploadRefused: it has more than ``most`` bytes, or the keys are malformed.
        Unavailable: the database does not answer.
    """
    if len(content) > most:
        raise UploadRefused(f"the file has more than {most // 1024 // 1024} MB: divide it")
    try:
        keys = KeyRing.parse(settings.encryption_keys.get_secret_value())
    except EncryptionError as e:
        raise UploadRefused(f"settings: {e}") from None
    engine = open_database(settings.database_url.get_secret_value())
    try:
        with database_errors():
            async with engine.begin() as connection:
                return await FileStore(engine, keys).put(connection, content)
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        raise Unavailable(f"the file cannot be kept: {e}; reglament doctor checks the database") from None
    finally:
        await engine.dispose()
