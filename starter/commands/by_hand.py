"""What a person tells a case from a terminal: one event, and the files that belong to it. The commands share it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from starter.commands.command import WRONG_USE, fail, settings_or_fail

if TYPE_CHECKING:
    from runtime.settings import Settings

AT_OPTION = Annotated[
    str | None,
    typer.Option("--at", help="When it happened, e.g. 2026-11-23T09:00, in the company's zone unless it has an offset; now by default."),
]


@dataclass(frozen=True)
class File:
    """A file that is handed in."""

    name: str
    """As a message takes it: one line, nothing that a mail program would read as an encoded word."""
    content: bytes


def read(file: Path, most: int, remedy: str) -> File:
    """The file; one of more than ``most`` bytes ends the command with the remedy."""
    if file.stat().st_size > most:
        fail(WRONG_USE, f"{file.name} has more than {most // 1024 // 1024} MB: {remedy}")
    name = "".join(c if c.isprintable() else " " for c in file.name).replace("=?", "=").strip()[:200] or "file"
    return File(name, file.read_bytes())


async def keep(settings: Settings, file: File) -> str:
    """Keeps the file before anything is told of it, sealed where there are keys; the same content again is nothing new.

    Returns:
        Its SHA-256: events and cases hold no more of it.

    Raises:
        Unavailable: the database does not answer.
    """
    from runtime.database import database_errors
    from runtime.encryption import EncryptionError, KeyRing
    from runtime.files import FileStore
    from starter.registers import opened

    try:
        keys = KeyRing.parse(settings.encryption_keys.get_secret_value())
    except EncryptionError as e:
        fail(WRONG_USE, f"settings: {e}")
    async with opened(settings.database_url.get_secret_value()) as engine:
        with database_errors():
            async with engine.begin() as connection:
                return await FileStore(engine, keys).put(connection, file.content)


async def tell(
    type: str, address: str, data: Mapping[str, Any], at: datetime, as_json: bool, *, files: Sequence[File] = (), mark: str = ""
) -> int:
    """Keeps the files, delivers the event through the inbox, and prints what came of it.

    Args:
        type: The type of the event.
        address: Its case: the id of the event is made of it.
        data: The event's data, without its files.
        at: When it happened. The same command with the same time is a repeat, which counts once.
        as_json: Whether the answer is printed as JSON.
        files: What the event brings.
        mark: Tells apart what may happen to one case at one time.

    Returns:
        The exit code.
    """
    from starter.commands.inbox import deliver_event

    settings = settings_or_fail()
    kept = [(file.name, await keep(settings, file)) for file in files]
    what = "-".join(filter(None, (type.partition(".")[2], mark)))
    event = {
        "id": f"{address}/{what}-{at.astimezone(UTC):%Y%m%d%H%M%S%f}",
        "type": type,
        "occurred_at": at.isoformat(),
        "data": {**data, **({"files": [{"name": name, "sha256": sha256} for name, sha256 in kept]} if kept else {})},
    }
    answer, code = await deliver_event(settings, event, [sha256 for _, sha256 in kept])
    if code:
        fail(code, f"{answer['error']}: {answer['text']}")
    said = ", ".join(filter(None, (answer.get("answer"), answer["stage"]))) or "taken"
    twice = ", known already" if answer["duplicate"] else ""
    print(json.dumps(answer, ensure_ascii=False) if as_json else f"{answer['case']}: {said}{twice}")
    return 0
