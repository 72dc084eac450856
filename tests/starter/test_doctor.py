"""What the doctor finds in the company's own files and databases, without any server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from activities.record import Registers
from regulations.rows import CentreRow, RecordBatch
from runtime.database import create_billing_tables, open_database
from runtime.mailbox import MailboxSettings
from runtime.registers import RegisterWriter
from runtime.settings import Settings
from starter.doctor import check_files, check_leads, check_partners, check_replacements
from tests.activities.attempts import attempt

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
