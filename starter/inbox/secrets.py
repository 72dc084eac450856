"""Secrets that come inside an event: exchanged for references before anything of it is kept, so that nothing else ever holds them."""

from __future__ import annotations

from pydantic import JsonValue

from runtime.secrets import LONGEST, reference
from starter.doors.door import SecretField
from starter.doors.table import DOORS
from starter.inbox.outcome import DeliveryError, FieldError


def take_secrets(raw: JsonValue) -> tuple[JsonValue, dict[str, str]]:
    """Takes the secrets out of an event. The references come from the event's id: a repeat gives the same ones.

    Whatever is no event of a type with secrets is left as it is, for the validation to judge.

    Returns:
        The event with references in their place, and the secrets by reference.

    Raises:
        DeliveryError: ``invalid``: a secret is missing or is none, or the event names a reference itself: somebody could name a secret
            that is not theirs.
    """
    if not isinstance(raw, dict) or not isinstance(type := raw.get("type"), str) or type not in DOORS:
        return raw, {}
    taken: dict[str, str] = {}
    wrong: list[FieldError] = []
    event: dict[str, JsonValue] = raw
    for secret in DOORS[type].secrets:
        event = _exchanged(event, secret, taken, wrong)
    if wrong:
        raise DeliveryError.of_fields("InvalidEvent", *wrong)
    return event, taken


def _exchanged(event: dict[str, JsonValue], secret: SecretField, taken: dict[str, str], wrong: list[FieldError]) -> dict[str, JsonValue]:
    """The event with one secret exchanged; what leads there is copied, and what was given stays as it was."""
    copy = dict(event)
    holder = copy
    for name in ("data", *secret.place):
        below = holder.get(name)
        if not isinstance(below, dict):
            return event
        below = dict(below)
        holder[name] = below
        holder = below
    if secret.kept in holder:
        wrong.append(FieldError(secret.path(secret.kept), f"is set by the door; send {secret.given} instead"))
    given = holder.pop(secret.given, None)
    at, id = secret.path(secret.given), event.get("id")
    if not isinstance(given, str) or not 1 <= len(given) <= LONGEST or not _can_be_kept(given):
        wrong.append(FieldError(at, f"must be a text of 1 to {LONGEST} characters"))
    elif isinstance(id, str):  # an event without one is judged as such
        ref = reference(id, at)
        holder[secret.kept] = ref
        taken[ref] = given
    return copy


def _can_be_kept(given: str) -> bool:
    try:
        given.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
