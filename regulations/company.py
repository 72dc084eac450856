"""The company: its name, its calendars, and where each role is reached. Read from a TOML file of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, EmailStr, ValidationError

from regulations.calendar_spec import CalendarError, CalendarSpec
from regulations.plans import Address
from regulations.working_time import working_time


class CompanyError(ValueError):
    """The company's file is wrong; the text names the place and the remedy."""


@dataclass(frozen=True)
class Company:
    """Who runs the regulations."""

    name: str
    calendars: Mapping[str, CalendarSpec]
    roles: Mapping[str, Address]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: str
    roles: dict[str, EmailStr]
    calendars: dict[str, dict[str, Any]]


def load_company(path: Path) -> Company:
    """Reads the company's file. Each calendar is compiled once, so that a wrong one is refused here and not in a case.

    A calendar has ``tz`` and ``country`` (``"none"`` for no country), and either ``hours = "09:00-18:00"`` (Monday to Friday) or
    ``weekly``, ``closed``, ``open``, ``short_days`` and ``layers``. One must be named ``company``.

    Raises:
        CompanyError: the file is missing or wrong.
    """
    try:
        file = _File.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise CompanyError(f"{path} does not exist; set REGLAMENT_COMPANY, deploy/demo/company.toml is an example") from None
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as e:
        raise CompanyError(f"{path}: {e}") from e
    calendars: dict[str, CalendarSpec] = {}
    for name, fields in file.calendars.items():
        try:
            calendars[name] = _calendar(name, fields)
            working_time(calendars[name])
        except CalendarError as e:
            raise CompanyError(f"{path}: calendars.{name}: {e}") from e
    if "company" not in calendars:
        raise CompanyError(f"{path}: one calendar must be named 'company': add [calendars.company]")
    return Company(file.name, calendars, {role: Address(email=email) for role, email in file.roles.items()})


def _calendar(name: str, fields: dict[str, Any]) -> CalendarSpec:
    country = None if fields.get("country") == "none" else fields.get("country")
    if "hours" in fields and "weekly" not in fields:
        return CalendarSpec.simple(str(fields.get("tz", "")), country, str(fields["hours"]), name=name)
    return CalendarSpec.from_json({**fields, "country": country, "name": name})
