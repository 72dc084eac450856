"""Files that come inside an event: their contents are taken out, so that events and cases hold only the SHA-256 of each."""

from __future__ import annotations

import base64
import binascii
import hashlib

from pydantic import JsonValue

from regulations.messages import RequestReceived
from runtime.documents.reader import LARGEST
from starter.delivery_outcome import DeliveryError, FieldError
from starter.doors import DOORS

MOST = 10
"""Files with a content in one event."""
TOO_LARGE = "too_large"


def take_files(raw: JsonValue) -> tuple[JsonValue, list[bytes]]:
    """Takes the contents out of an event that may bring files.

    An entry of ``data.files`` may have a ``content``, base64; it then has the ``sha256`` of what was decoded, or, where that is too
    large, ``problem: "too_large"``. Whatever is no such event is left as it is, for the validation to judge.

    Returns:
        The event without contents, and the contents to be kept.

    Raises:
        DeliveryError: ``invalid``: a content is no base64, there are too many, or the event names a ``sha256`` itself: somebody could
            name a file that is not theirs.
    """
    if not isinstance(raw, dict) or not _brings_files(raw.get("type")):
        return raw, []
    data = raw.get("data")
    files = data.get("files") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(files, list):
        return raw, []
    contents: list[bytes] = []
    wrong: list[FieldError] = []
    named = [_named(entry, f"data.files.{place}", contents, wrong) for place, entry in enumerate(files)]
    if sum(isinstance(entry, dict) and "content" in entry for entry in files) > MOST:
        wrong.append(FieldError("data.files", f"at most {MOST} files may bring their content"))
    if wrong:
        raise DeliveryError.of_fields("InvalidEvent", *wrong)
    return {**raw, "data": {**data, "files": named}}, contents


def _brings_files(type: JsonValue) -> bool:
    return isinstance(type, str) and type in DOORS and issubclass(DOORS[type].message, RequestReceived)


def _named(entry: JsonValue, place: str, contents: list[bytes], wrong: list[FieldError]) -> JsonValue:
    if not isinstance(entry, dict):
        return entry
    if "sha256" in entry:
        wrong.append(FieldError(f"{place}.sha256", "is found by the door; send the file itself as content"))
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
