"""What the doctor finds in the company's own files and databases, without any server."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from activities.record import Registers
from regulations.lead.rows import CentreRow
from regulations.onboarding.case import COMPANY_ROLES
from regulations.record_batch import RecordBatch
from regulations.time.production_calendars import production_calendar
from runtime.absences import AbsenceLine, AbsenceRegister
from runtime.database import create_billing_tables, open_database
from runtime.mailbox import MailboxSettings
from runtime.registers import RegisterWriter
from runtime.settings import Settings
from starter import doctor
from starter.doctor import WITH_PERSONS, check_absences, check_files, check_leads, check_onboardings, check_partners, check_replacements
from tests.activities.attempts import attempt
from tests.databases import migrated

COMPANY = """
name = "Company"
[roles]
cc = "cc@company.example"
[calendars.company]
tz = "Europe/Moscow"
country = "RU"
hours = "09:00-18:00"
"""


def test_a_role_without_an_address_is_found_with_its_remedy(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    file.write_text(COMPANY, "utf-8")
    found = {f.check: f for f in check_files(Settings(company=file))}
    assert not found["company"].ok
    assert "cc_head" in found["company"].remedy
    assert "cc@company.example" not in str(found)
    assert found["calendar company"].seen.startswith("RU known through ")
    assert found["editions"].ok


def test_a_company_file_that_is_not_there_is_found_with_its_remedy(tmp_path: Path) -> None:
    found = {f.check: f for f in check_files(Settings(company=tmp_path / "nowhere.toml"))}
    assert not found["company"].ok
    assert "REGLAMENT_COMPANY" in found["company"].seen + found["company"].remedy


async def test_leads_ask_for_their_views_and_roles_only_where_a_service_centre_is_defined(tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "company.toml"
    file.write_text(COMPANY, "utf-8")
    settings = Settings(company=file, database_url=SecretStr(database_url))
    assert await check_leads(settings) == []
    centre = CentreRow(
        seq=1,
        code="vlad-1",
        name="Владивосток",
        zone="Asia/Vladivostok",
        email="vlad@example.org",
        head="head@example.org",
        managers=(),
        products=("extern",),
        version=1,
    )
    engine = open_database(database_url)
    batch = RecordBatch(
        case_uid="u", address="service-centre/vlad-1", kind="service-centre", edition="", now=datetime.now(UTC), rows=(centre,)
    )
    await attempt(Registers(RegisterWriter(engine)).record, batch)
    await engine.dispose()
    found = {f.check: f for f in await check_leads(settings)}
    assert "sales_support" in found["leads"].remedy
    assert not found["billing of leads"].ok
    await create_billing_tables(database_url)
    file.write_text(COMPANY.replace("[roles]", '[roles]\nsales_support = "support@company.example"'), "utf-8")
    assert [f.ok for f in await check_leads(settings)] == [True, True]


async def test_replacements_ask_for_what_they_need_only_of_a_company_that_has_their_roles(tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "company.toml"
    file.write_text(COMPANY, "utf-8")
    settings = Settings(company=file, database_url=SecretStr(database_url))
    assert await check_replacements(settings) == []
    file.write_text(COMPANY.replace("[roles]", '[roles]\nquality_control = "qc@company.example"'), "utf-8")
    found = {f.check: f for f in await check_replacements(settings)}
    wanted = ("roles.technical", "roles.head_office", "scripts", "REGLAMENT_BILLING_API__URL", "REGLAMENT_ENCRYPTION_KEYS")
    assert [name for name in wanted if name not in found["replacements"].remedy] == []
    assert not found["billing of accounts"].ok
    await create_billing_tables(database_url)
    assert {f.check: f.ok for f in await check_replacements(settings)}["billing of accounts"]


def test_partners_ask_for_what_they_need_only_of_a_company_that_has_their_roles(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    file.write_text(COMPANY.replace("[roles]", '[roles]\nfinance = "finance@company.example"'), "utf-8")
    settings = Settings(company=file)
    assert check_partners(settings) == []
    service = '[services.crm]\nname = "CRM"\nprice = "10.50"\nappendix = "2"\nnumber = "2.3"\nexecutor = "technical"\n[calendars.company]'
    roles = COMPANY.replace("[roles]", '[roles]\nsupport_manager = "partners@company.example"')
    file.write_text(roles.replace("[calendars.company]", service), "utf-8")
    (found,) = check_partners(settings)
    wanted = ("roles.director_for_partners", "roles.technical", "requisites", "REGLAMENT_BILLING_API__URL", "REGLAMENT_CRM__DEALS")
    assert [name for name in wanted if name not in found.remedy] == []
    assert (found.ok, "REGLAMENT_SMS__URL" in found.seen) == (False, True)


async def test_a_mailbox_that_does_not_answer_is_found_without_its_address(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    file.write_text(COMPANY, "utf-8")
    where = {"host": "127.0.0.1", "port": 1, "security": "none", "username": "zamena", "password": "s3cr3t-word"}
    mailbox = MailboxSettings.model_validate({"purpose": "replacement", "address": "zamena@company.example", **where})
    (finding,) = await check_replacements(Settings(company=file, mailboxes=(mailbox,)))
    assert (finding.check, finding.ok) == ("mailbox 1 (replacement)", False)
    assert not any(word in str(finding) for word in ("zamena", "s3cr3t-word"))


def test_onboardings_ask_for_roles_persons_and_a_calendar_only_of_a_company_that_has_them(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    settings = Settings(company=file)

    def found(roles: tuple[str, ...], more: str = "") -> tuple[bool, str, str]:
        addresses = "".join(f'{role} = "{role}@company.example"\n' for role in roles)
        file.write_text(COMPANY.replace("[calendars.company]", f"{addresses}{more}[calendars.company]"), "utf-8")
        (finding,) = check_onboardings(settings)
        return finding.ok, finding.seen, finding.remedy

    ok, seen, _ = found(("head_of_sales", "sales_manager"))  # the support of partners has them too
    assert (ok, "none" in seen) == (True, True)
    ok, _, remedy = found(("lawyer",))
    wanted = ("roles.service,", "roles.head_of_client_department", "role of lawyer, accountant, group_head", 'tz = "Europe/Kyiv"')
    assert (ok, [name for name in wanted if name not in remedy]) == (False, [])
    assert "roles.lawyer" not in remedy

    roles = ", ".join(f'"{role}"' for role in WITH_PERSONS)
    person = f'[people.u7]\nname = "Name"\nemail = "u7@company.example"\nroles = [{roles}]\n'
    ok, _, remedy = found((), person)
    assert (ok, "roles.lawyer" in remedy, "give a person" in remedy) == (False, True, False)
    kyiv = '[calendars.kyiv]\ntz = "Europe/Kyiv"\ncountry = "UA"\nhours = "09:00-18:00"\n'
    assert found(COMPANY_ROLES, person)[0] is False, "there is no calendar of the zone"
    assert found(COMPANY_ROLES, person + kyiv) == (True, "1 persons have their roles", "")


async def test_an_absence_of_or_by_somebody_whom_the_file_does_not_know_is_found(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    people = "".join(f'[people.u{n}]\nname = "Name"\nemail = "u{n}@company.example"\nroles = []\n' for n in (1, 2))
    file.write_text(COMPANY.replace("[calendars.company]", f"{people}[calendars.company]"), "utf-8")
    url = f"sqlite:///{tmp_path / 'registers.db'}"
    settings = Settings(company=file, database_url=SecretStr(url))
    assert await check_absences(settings) == [], "that there is no database is a finding of its own"
    await migrated(url)
    engine = open_database(url)
    today = datetime.now(UTC).date()

    async def entered(person: str, days: int, deputy: str) -> tuple[bool, str, str]:
        day = today + timedelta(days=days)
        async with AbsenceRegister(engine).open() as register:
            await register.enter(AbsenceLine(person, day, day, deputy), datetime.now(UTC))
        (finding,) = await check_absences(settings)
        return finding.ok, finding.seen, finding.remedy

    assert await entered("u1", 3, "u2") == (True, "1 now or to come", "")
    assert (await entered("u1", -3, "u9"))[0], "over"
    ok, seen, remedy = await entered("u2", 0, "u9")
    assert (ok, seen, f"u2 from {today} by u9" in remedy, "--cancel" in remedy) == (False, "2 now or to come", True, True)
    assert "u8 from" in (await entered("u8", 9, "u1"))[2]
    await engine.dispose()


@pytest.mark.parametrize(("country", "today", "ok"), [("RU", "2027-11-01", True), ("RU", "2027-11-02", False), ("UA", "2026-11-22", True)])
def test_a_calendar_is_well_while_the_next_two_months_are_certain_or_hang_on_a_regime(country: str, today: str, ok: bool) -> None:
    found = doctor._calendar("any", production_calendar(country), date.fromisoformat(today))
    assert found.ok is ok, found.seen
    assert ("provisional" in found.seen) is (country == "UA")
