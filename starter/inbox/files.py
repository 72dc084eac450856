"""Files that come inside an event: their contents are taken out, so that events and cases hold only the SHA-256 of each."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Collection

from pydantic import JsonValue

from runtime.documents.reader import LARGEST
from starter.doors.door import FILES, Door
from starter.doors.table import DOORS
from starter.inbox.outcome import DeliveryError, FieldError

MOST = 10
"""Files with a content in one event."""
TOO_LARGE = "too_large"


def take_files(raw: JsonValue, kept: Collection[str] = ()) -> tuple[JsonValue, list[bytes]]:
    """Takes the contents out of an event that may bring files, whatever its type.

    An entry of ``data.files`` may have a ``content``, base64; it then has the ``sha256`` of what was decoded, or, where that is too
    large, ``problem: "too_large"``. Whatever is no such event is left as it is, for the validation to judge.

    Args:
        raw: The event as it came.
        kept: SHA-256 of files that whoever hands the event over has kept already: these alone it may name.

    Returns:
        The event without contents, and the contents to be kept.

    Raises:
        DeliveryError: ``invalid``: a content is no base64, there are too many, or the event names a ``sha256`` itself: somebody could
            name a file that is not theirs.
    """
    if not isinstance(raw, dict) or (door := _bringing(raw.get("type"))) is None:
        return raw, []
    data = raw.get("data")
    files = data.get(FILES) if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(files, list):
        return raw, []
    contents: list[bytes] = []
    wrong: list[FieldError] = []
    named: list[JsonValue] = []
    for number, entry in enumerate(files):
        place = f"data.{FILES}.{number}"
        if _is_kept(entry, kept):
            named.append(entry)
        else:
            wrong += _found_by_us(door, entry, place)
            named.append(_named(entry, place, contents, wrong))
    if sum(isinstance(entry, dict) and "content" in entry for entry in files) > MOST:
        wrong.append(FieldError(f"data.{FILES}", f"at most {MOST} files may bring their content"))
    if wrong:
        raise DeliveryError.of_fields("InvalidEvent", *wrong)
    return {**raw, "data": {**data, FILES: named}}, contents


def _bringing(type: JsonValue) -> Door | None:
    door = DOORS.get(type) if isinstance(type, str) else None
    return door if door is not None and door.brings_files else None


def _is_kept(entry: JsonValue, kept: Collection[str]) -> bool:
    return isinstance(entry, dict) and isinstance(sha256 := entry.get("sha256"), str) and sha256 in kept and "content" not in entry


def _found_by_us(door: Door, entry: JsonValue, place: str) -> list[FieldError]:
    named = sorted(door.found_of_files & entry.keys()) if isinstance(entry, dict) else []
    return [FieldError(f"{place}.{name}", "is found by the door; send the file itself as content") for name in named]


def _named(entry: JsonValue, place: str, contents: list[bytes], wrong: list[FieldError]) -> JsonValue:
    if not isinstance(entry, dict):
        return entry
    if "content" not in entry:
        return entry
    rest = {name: value for name, value in entry.items() if name != "content"}
    content = entry["content"]
    if not isinstance(content, str):
        wrong.append(FieldError(f"{place}.content", "must be the file in base64"))
        return rest
    if len(content) > (LARGEST + 2) // 3 * 4:
        return {**rest, "problem": TOO_LARGE}
    try:
        decoded = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):  # ValueError: other letters than ASCII
        wrong.append(FieldError(f"{place}.content", "is no base64 (RFC 4648, padded, without line ends)"))
        return rest
    if len(decoded) > LARGEST:
        return {**rest, "problem": TOO_LARGE}
    contents.append(decoded)
    return {**rest, "sha256": hashlib.sha256(decoded).hexdigest()}
