"""What the doctor finds in the company's own files, without any server."""

from __future__ import annotations

from pathlib import Path

from runtime.settings import Settings
from starter.doctor import check_files

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
