"""The company: its name, its calendars, and where each role is reached. Read from a TOML file of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, EmailStr, ValidationError, field_validator

from regulations.control_time import calendar_named
from regulations.messages import Ident, Line
from regulations.partner.requisites import Requisites
from regulations.partner.services import Amount, Place, Service
from regulations.plans import Address, role_of
from regulations.time.calendar_spec import CalendarError, CalendarSpec
from regulations.time.working_time import working_time

Language: TypeAlias = Literal["ru", "uk"]


@dataclass(frozen=True)
class Person:
    """Somebody inside, by name."""

    id: str
    name: str
    email: str
    calendar: str
    roles: tuple[str, ...]


def calendar_in(zone: str, calendars: Mapping[str, CalendarSpec]) -> str | None:
    """The name of the calendar in which terms of a zone are counted: the company's own where that is its zone, else the first by name that
    has it; None: none has."""
    return min((name for name, spec in calendars.items() if spec.tz == zone), key=lambda name: (name != "company", name), default=None)


class CompanyError(ValueError):
    """The company's file is wrong; the text names the place and the remedy."""


@dataclass(frozen=True)
class Company:
    """Who runs the regulations."""

    name: str
    calendars: Mapping[str, CalendarSpec]
    roles: Mapping[str, Address]
    language: Language = "ru"
    """Of the letters to people inside."""
    scripts: tuple[str, ...] = ()
    """Links to the agreed scripts (replacement 3.5)."""
    people: Mapping[str, Person] = field(default_factory=dict)
    """By their id in the CRM. Each has its roles besides whoever has them in general: ``support_manager:u12``."""
    services: Mapping[str, Service] = field(default_factory=dict)
    """What partners buy (partner 7.1), by its code."""
    cards: Mapping[str, str] = field(default_factory=dict)
    """Numbers of the company's cards, by bank (partner 7.3)."""
    requisites: Requisites | None = None
    """None: it writes no invoices."""
    languages: Mapping[str, Language] = field(default_factory=dict)
    """Of the letters to an address inside, where it is said."""

    def joined(self, roles: Mapping[str, Address]) -> Company:
        """The company together with people who stand in a register and not in its file: those of the service centres.

        An address that the company's own roles have too keeps the working time that the file gives it.
        """
        return replace(self, roles={**self.roles, **roles})

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones in which people inside work, the company's own among them, sorted: each has its rounds of notices."""
        names = {"company", *(a.calendar for a in self.roles.values()), *(p.calendar for p in self.people.values())}
        return tuple(sorted({calendar_named(name, self.calendars).tz for name in sorted(names)}))

    def calendar_of(self, recipient: str) -> CalendarSpec:
        """Whose working time a recipient keeps: that of its roles; of an address that no role and no person has any more, the company's."""
        return calendar_named(self._kept.get(recipient, "company"), self.calendars)

    def language_of(self, recipient: str) -> Language:
        """In which language somebody inside is written to."""
        return self.languages.get(recipient, self.language)

    @cached_property
    def _kept(self) -> dict[str, str]:
        """The calendar of each address: that of its first role, or of a person without any."""
        found: dict[str, str] = {}
        for address in self.roles.values():
            found.setdefault(address.email, address.calendar)
        for person in self.people.values():
            found.setdefault(person.email, person.calendar)
        return found

    def recipients(self) -> dict[str, tuple[str, ...]]:
        """The addresses of the roles, each with its roles: one address is one recipient, however many roles it has."""
        found: dict[str, tuple[str, ...]] = {}
        for role, address in sorted(self.roles.items()):
            found[address.email] = (*found.get(address.email, ()), role)
        return found


class _Role(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: EmailStr
    calendar: str = "company"
    language: Language | None = None


class _Person(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Line
    email: EmailStr
    calendar: str = "company"
    language: Language | None = None
    roles: tuple[str, ...]


class _Service(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Line
    price: Amount
    appendix: Place
    number: Place
    marketing: bool = False
    package: bool = False
    executor: str = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: str
    language: Language = "ru"
    scripts: tuple[str, ...] = ()
    roles: dict[str, _Role]
    people: dict[Ident, _Person] = {}
    services: dict[Ident, _Service] = {}
    cards: dict[Ident, Line] = {}
    requisites: Requisites | None = None
    calendars: dict[str, dict[str, Any]]

    @field_validator("roles", mode="before")
    @classmethod
    def _plain_addresses(cls, roles: Any) -> Any:
        """A role written as an address alone is a role with that address."""
        if not isinstance(roles, dict):
            return roles
        return {role: {"email": given} if isinstance(given, str) else given for role, given in roles.items()}


def load_company(path: Path) -> Company:
    """Reads the company's file. Each calendar is compiled once, so that a wrong one is refused here and not in a case.

    A calendar has ``tz`` and ``country`` (``"none"`` for no country), either ``hours = "09:00-18:00"`` (Monday to Friday) or ``weekly``,
    and, where it has any, days of its own in ``closed`` and ``open``, ``short_days`` and ``layers``. One must be named ``company``.

    A role is an e-mail address, or a table ``{ email = "…", calendar = "vladivostok" }`` that names the calendar of its working time
    (default: ``company``) and the ``language`` of the rounds and digests that go there (``ru`` or ``uk``; default: the company's, which is
    ``ru`` unless ``language`` says otherwise). Roles and persons of one address share calendar and language. ``scripts`` are the links to
    the agreed scripts of replacements.

    ``people`` are persons by their id in the CRM: name, address, roles, and calendar and language as a role has them. Who of them is absent
    stands in the register of absences, not here. ``services`` are what partners buy, by code: name, price (a text
    such as ``"45000.00"``, never a float), number in its appendix, whether it is a marketing service or a package that is renewed, and
    the role that executes it; ``cards`` the company's cards by bank; ``requisites`` where the invoices say that the money goes.

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
    people = {id: Person(id, p.name, p.email, p.calendar, p.roles) for id, p in file.people.items()}
    inside: dict[str, _Role | _Person] = {f"roles.{role}": given for role, given in file.roles.items()}
    inside |= {f"people.{id}": given for id, given in file.people.items()}
    languages = _check_addresses(path, inside, calendars)
    own = {role_of(role, id): Address(email=p.email, calendar=p.calendar) for id, p in people.items() for role in p.roles}
    roles = {role: Address(email=given.email, calendar=given.calendar) for role, given in file.roles.items()} | own
    services = {code: Service(code=code, **given.model_dump()) for code, given in file.services.items()}
    return Company(file.name, calendars, roles, file.language, file.scripts, people, services, file.cards, file.requisites, languages)


def _check_addresses(path: Path, inside: Mapping[str, _Role | _Person], calendars: Mapping[str, CalendarSpec]) -> dict[str, Language]:
    """Every calendar that is named exists, and one address keeps one working time and is written to in one language: which, where said."""
    first: dict[str, str] = {}
    languages: dict[str, tuple[str, Language]] = {}
    for name, given in inside.items():
        if given.calendar not in calendars:
            known = ", ".join(sorted(calendars))
            raise CompanyError(f"{path}: {name}: there is no calendar {given.calendar!r}; add [calendars.{given.calendar}] or use {known}")
        other = first.setdefault(given.email, name)
        if inside[other].calendar != given.calendar:
            raise CompanyError(f"{path}: {name} and {other} have one address and two calendars: give both the same")
        if given.language is not None:
            other, language = languages.setdefault(given.email, (name, given.language))
            if language != given.language:
                raise CompanyError(f"{path}: {name} and {other} have one address and two languages: give both the same")
    return {email: language for email, (_, language) in languages.items()}


def _calendar(name: str, fields: dict[str, Any]) -> CalendarSpec:
    country = None if fields.get("country") == "none" else fields.get("country")
    if "hours" in fields and "weekly" not in fields:
        week = CalendarSpec.simple(str(fields.get("tz", "")), None, str(fields["hours"]), name=name).to_json()["weekly"]
        fields = {**{key: value for key, value in fields.items() if key != "hours"}, "weekly": week}
    return CalendarSpec.from_json({**fields, "country": country, "name": name})
