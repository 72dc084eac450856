"""The company's file: roles with addresses and working time of their own, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from regulations.company import Company, CompanyError, load_company

CALENDARS = """
[calendars.company]
tz = "Europe/Moscow"
country = "RU"
hours = "09:00-18:00"
[calendars.vladivostok]
tz = "Asia/Vladivostok"
country = "RU"
hours = "09:00-18:00"
"""


def company(tmp_path: Path, roles: str, head: str = 'name = "Company"') -> Company:
    file = tmp_path / "company.toml"
    file.write_text(f"{head}\n[roles]\n{roles}\n{CALENDARS}", "utf-8")
    return load_company(file)


def test_a_role_is_an_address_or_a_table_with_a_calendar(tmp_path: Path) -> None:
    made = company(tmp_path, 'cc = "cc@company.example"\nfar = { email = "far@company.example", calendar = "vladivostok" }')
    assert (made.roles["cc"].calendar, made.roles["far"].calendar) == ("company", "vladivostok")
    assert made.zones == ("Asia/Vladivostok", "Europe/Moscow")
    assert made.calendar_of("far@company.example").tz == "Asia/Vladivostok"
    assert made.language == "ru"


def test_who_is_in_the_file_no_more_keeps_the_hours_of_the_company(tmp_path: Path) -> None:
    made = company(tmp_path, 'far = { email = "far@company.example", calendar = "vladivostok" }')
    assert made.calendar_of("gone@company.example").tz == "Europe/Moscow"
    assert "Europe/Moscow" in made.zones, "nobody would hold the rounds of those who are gone"


def test_two_roles_of_one_address_are_one_recipient(tmp_path: Path) -> None:
    made = company(tmp_path, 'b = "one@company.example"\na = "one@company.example"\nc = "c@company.example"')
    assert made.recipients() == {"one@company.example": ("a", "b"), "c@company.example": ("c",)}


@pytest.mark.parametrize(
    ("roles", "head", "words"),
    [
        ('cc = { email = "cc@company.example", calendar = "moon" }', 'name = "C"', "roles.cc: there is no calendar 'moon'"),
        (
            'a = "one@company.example"\nb = { email = "one@company.example", calendar = "vladivostok" }',
            'name = "C"',
            "roles.b and roles.a have one address and two calendars",
        ),
        (
            'a = { email = "one@company.example", language = "ru" }\nb = { email = "one@company.example", language = "uk" }',
            'name = "C"',
            "roles.b and roles.a have one address and two languages",
        ),
        ('cc = { email = "cc@company.example", language = "en" }', 'name = "C"', "language"),
        ('cc = { email = "nobody", calendar = "company" }', 'name = "C"', "roles.cc.email"),
        ("cc = 7", 'name = "C"', "roles.cc"),
        ('cc = { email = "cc@company.example", calender = "company" }', 'name = "C"', "calender"),
        ('cc = "cc@company.example"', 'name = "C"\nlanguage = "en"', "language"),
    ],
)
def test_what_is_wrong_is_refused_by_name_and_without_the_address(tmp_path: Path, roles: str, head: str, words: str) -> None:
    with pytest.raises(CompanyError) as refused:
        company(tmp_path, roles, head)
    assert words in str(refused.value)
    assert "@company.example" not in str(refused.value)


def person(id: str, fields: str) -> str:
    return f'[people.{id}]\nname = "Person"\n{fields}'


def test_people_inside_are_written_to_in_the_language_of_their_address(tmp_path: Path) -> None:
    roles = 'a = "one@company.example"\nb = { email = "one@company.example", language = "uk" }\nc = "c@company.example"'
    olga = person("u1", 'email = "u1@company.example"\nroles = ["d"]\nlanguage = "uk"')
    made = company(tmp_path, f"{roles}\n{olga}")
    assert [made.language_of(f"{who}@company.example") for who in ("one", "u1", "c", "gone")] == ["uk", "uk", "ru", "ru"]
    assert made.joined({"d": made.roles["c"]}).language_of("u1@company.example") == "uk"
    ukrainian = company(
        tmp_path, 'a = "a@company.example"\nb = { email = "b@company.example", language = "ru" }', 'name = "C"\nlanguage = "uk"'
    )
    assert [ukrainian.language_of(f"{who}@company.example") for who in ("a", "b")] == ["uk", "ru"]


def test_a_person_without_a_role_has_working_time_of_its_own(tmp_path: Path) -> None:
    far = person("u1", 'email = "u1@company.example"\ncalendar = "vladivostok"\nroles = []')
    made = company(tmp_path, f'cc = "cc@company.example"\n{far}')
    assert made.calendar_of("u1@company.example").tz == "Asia/Vladivostok"
    assert made.zones == ("Asia/Vladivostok", "Europe/Moscow"), "nobody would hold the rounds in which it stands in for others"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ('email = "u1@company.example"\ncalendar = "moon"', "people.u1: there is no calendar 'moon'"),
        ('email = "cc@company.example"\ncalendar = "vladivostok"', "people.u1 and roles.cc have one address and two calendars"),
        ('email = "cc@company.example"\nlanguage = "uk"', "people.u1 and roles.cc have one address and two languages"),
    ],
)
def test_persons_and_roles_of_one_address_share_calendar_and_language(tmp_path: Path, fields: str, words: str) -> None:
    with pytest.raises(CompanyError) as refused:
        company(tmp_path, 'cc = { email = "cc@company.example", language = "ru" }\n' + person("u1", f"{fields}\nroles = []"))
    assert words in str(refused.value)
    assert "@company.example" not in str(refused.value)


def test_the_file_of_the_demo_is_taken() -> None:
    made = load_company(Path(__file__).parents[2] / "deploy" / "demo" / "company.toml")
    assert made.zones == ("Europe/Kyiv", "Europe/Moscow")


REQUISITES = {
    "name": "ООО «Моё дело»",
    "inn": "5003052454",
    "kpp": "500301001",
    "address": "Москва",
    "bank": "Банк",
    "bic": "044525999",
    "account": "40702810900000000001",
    "correspondent_account": "30101810400000000999",
}
SERVICE = {"name": "Настройка", "price": "1.00", "appendix": "2", "number": "2.3"}


def table(name: str, fields: dict[str, str]) -> str:
    return "\n".join([f"[{name}]", *(f'{key} = "{value}"' for key, value in fields.items())])


@pytest.mark.clause("partner 7.1")
def test_requisites_are_where_the_money_goes(tmp_path: Path) -> None:
    made = company(tmp_path, 'cc = "cc@company.example"\n' + table("requisites", REQUISITES))
    assert made.requisites is not None
    assert made.requisites.model_dump(exclude_none=True) == REQUISITES
    assert company(tmp_path, 'cc = "cc@company.example"').requisites is None


@pytest.mark.clause("partner 7.1")
@pytest.mark.parametrize(
    ("field", "value"),
    [("inn", "5003052455"), ("kpp", "1"), ("bic", "04452599"), ("account", "4070281090000000000"), ("account", "x" * 20), ("name", "")],
)
def test_wrong_requisites_are_refused_by_name(tmp_path: Path, field: str, value: str) -> None:
    with pytest.raises(CompanyError, match=rf"requisites\.{field}"):
        company(tmp_path, 'cc = "cc@company.example"\n' + table("requisites", {**REQUISITES, field: value}))


@pytest.mark.clause("partner 7.1")
@pytest.mark.parametrize(
    ("place", "right"),
    [
        ("2", True),
        ("2.3", True),
        ("2а", True),
        ("А", True),
        ("П-2", True),
        ("2, 3", False),
        ("прил. 2", False),
        ("п.2", False),
        ("", False),
    ],
)
def test_a_service_has_one_number_by_which_a_purpose_names_it(tmp_path: Path, place: str, right: bool) -> None:
    text = 'cc = "cc@company.example"\n' + table("services.crm", {**SERVICE, "number": place})
    if right:
        assert company(tmp_path, text).services["crm"].number == place
    else:
        with pytest.raises(CompanyError, match=r"services\.crm\.number"):
            company(tmp_path, text)
