"""Calendars that the command line knows by name: a small built-in table, and a company's own from a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from regulations.time.calendar_spec import CalendarError, CalendarSpec

DEFAULT = "ru-moscow"

_ZONES = {
    "ru-kaliningrad": "Europe/Kaliningrad",
    "ru-moscow": "Europe/Moscow",
    "ru-samara": "Europe/Samara",
    "ru-yekaterinburg": "Asia/Yekaterinburg",
    "ru-omsk": "Asia/Omsk",
    "ru-novosibirsk": "Asia/Novosibirsk",
    "ru-krasnoyarsk": "Asia/Krasnoyarsk",
    "ru-irkutsk": "Asia/Irkutsk",
    "ru-yakutsk": "Asia/Yakutsk",
    "ru-vladivostok": "Asia/Vladivostok",
    "ru-magadan": "Asia/Magadan",
    "ru-kamchatka": "Asia/Kamchatka",
    "ua-kyiv": "Europe/Kyiv",
    "kz-almaty": "Asia/Almaty",
    "kz-aqtobe": "Asia/Aqtobe",
}
"""Zone by name; the country is the first two letters, the hours are 09:00-18:00 from Monday to Friday."""
NAMES = tuple(_ZONES)
"""The built-in calendars."""


def named_calendar(name: str, file: Path | None = None) -> CalendarSpec:
    """The calendar of that name.

    Args:
        name: A name of the file, or of the built-in table.
        file: A TOML file with one table a calendar, in the fields of `CalendarSpec.from_json`. TOML has no null: `country = "none"`.

    Raises:
        CalendarError: There is no such calendar, or the file cannot be used.
    """
    own = {} if file is None else _read(file)
    if name in own:
        fields = own[name]
        if not isinstance(fields, dict):
            raise CalendarError(f"{file}: {name!r} is no table: begin it with [{name}]")
        if fields.get("country") == "none":
            fields = fields | {"country": None}
        return CalendarSpec.from_json({**fields, "name": name})
    if name in _ZONES:
        return CalendarSpec.simple(_ZONES[name], name[:2].upper(), name=name)
    if name.startswith("control/"):
        from regulations.control_time import calendar_named  # only leads need it

        return calendar_named(name, {})
    hint = "" if file else "; calendars of your own come with --calendars FILE"
    raise CalendarError(f"there is no calendar {name!r}: use {', '.join([*own, *_ZONES])}, or control/ZONE{hint}")


def _read(file: Path) -> dict[str, Any]:
    import tomllib  # only own calendars need it here

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CalendarError(f"{file} cannot be read ({error.strerror}): give --calendars a TOML file") from None
    except ValueError as error:
        raise CalendarError(f"{file} is no TOML file in UTF-8: {error}") from None
