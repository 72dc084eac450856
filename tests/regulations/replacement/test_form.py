"""The form of 5.1 as people really write it: what is read, what is named as missing or wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.replacement.form import MOST, Form, passwords, read_form

pytestmark = pytest.mark.clause("replacement 5.1")

ASKED = "Прошу произвести начисление 25 определений на замену."
LOGIN = "Логин клиента romashka"
SCRIPT = "Скрипт - https://docs.example.org/s"
SHORT = "\n\n".join((ASKED, LOGIN, SCRIPT))
OWN = (
    "ЦРМ система клиента - https://crm.example.org",
    "Логин для входа: reader",
    "Пароль: Sesam-1",
    'Подробная инструкция, как в ЦРМ клиента найти карточки клиента в статусе "на замену" для проверки - https://help.example.org/how',
)
LONG = "\n".join((ASKED, LOGIN, SCRIPT, *OWN))


def flaws(form: Form) -> dict[str, str]:
    return {flaw.field: flaw.code for flaw in form.flaws}


def test_the_short_form() -> None:
    form = read_form(SHORT)
    assert (form.asked, form.login, form.admin_login, form.script) == (25, "romashka", None, "https://docs.example.org/s")
    assert not form.long
    assert form.flaws == ()


def test_the_long_form() -> None:
    form = read_form(LONG)
    assert (form.crm, form.crm_login, form.password) == ("https://crm.example.org", "reader", "Sesam-1")
    assert form.instructions == "https://help.example.org/how"
    assert form.long
    assert form.flaws == ()
    assert "Sesam" not in repr(form)


@pytest.mark.parametrize(
    "label",
    [
        *("логин клиента", "ЛОГИН  КЛИЕНТА:", "Погин клиента", "погин клиента -", "Логин ЛК клиента —", "  • Логин клиента :"),
        *("2. Логин клиента", "Лoгин клиeнтa:", "Логин\nклиента", "Логин клиента\n\n", "* Логин клиента =", "«Логин клиента»:"),
    ],
)
def test_a_label_is_found_however_it_is_written(label: str) -> None:
    """``Лoгин клиeнтa`` holds Latin letters that look like Russian ones."""
    form = read_form(f"{ASKED}\n{label} romashka\n{SCRIPT}")
    assert (form.login, form.flaws) == ("romashka", ())


@pytest.mark.parametrize(
    ("said", "login", "admin"),
    [
        ("romashka, romashka-adm", "romashka", "romashka-adm"),
        ("romashka / romashka-adm", "romashka", "romashka-adm"),
        ("в системе romashka и админ. панели romashka-adm", "romashka", "romashka-adm"),
        ("(админ. панель): romashka-adm, (система): romashka", "romashka", "romashka-adm"),
        ("romashka, romashka", "romashka", None),
        ("romashka, ROMASHKA", "romashka", None),
        ("a@b.example <mailto:a@b.example>", "a@b.example", None),
        ("romashka\nАдмин. панель: romashka-adm", "romashka", "romashka-adm"),
        ("romashka.", "romashka", None),
        ("admin", "admin", None),
    ],
)
def test_one_login_or_two(said: str, login: str, admin: str | None) -> None:
    form = read_form(f"{ASKED}\nЛогин клиента: {said}\n{SCRIPT}")
    assert (form.login, form.admin_login, form.flaws) == (login, admin, ())


def test_what_follows_the_last_label_is_no_second_login() -> None:
    assert read_form(f"{ASKED}\n{SCRIPT}\n{LOGIN}\n\nС уважением,\nПётр").admin_login is None


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("начисление 25 определений на замену", 25),
        ("НАЧИСЛЕНИЕ  25\nОПРЕДЕЛЕНИЙ НА ЗАМЕНУ", 25),
        ("начисление: 1 200 определений на замену", 1200),
        ("начисление 1\u00a0200\u00a0000 определений на замену", None),
        ("начисление 25 (двадцати пяти) определений на замену", 25),
        ("начисление 25шт. определений на замену", 25),
        ("начисление - 25 идентификаций на замену", 25),
        ("начислить 7 определений на замену", 7),
        (f"начисление {MOST} определений на замену", MOST),
    ],
)
def test_the_number_is_read(said: str, asked: int | None) -> None:
    assert read_form(said).asked == asked


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("", "missing"),
        ("начисление 0 определений на замену", "zero"),
        ("начисление XXX определений на замену", "unreadable"),
        ("начисление -5 определений на замену", "unreadable"),
        ("начисление 2,5 определений на замену", "unreadable"),
        ("начисление 1.200 определений на замену", "unreadable"),
        ("начисление двадцати определений на замену", "unreadable"),
        ("начисление ٢٥ определений на замену", "unreadable"),
        (f"начисление {MOST + 1} определений на замену", "too_many"),
        ("начисление 5 определений на замену, начисление 6 определений на замену", "twice"),
    ],
)
def test_a_number_that_cannot_be_read_is_named(said: str, code: str) -> None:
    form = read_form(f"{said}\n{LOGIN}\n{SCRIPT}")
    assert (form.asked, flaws(form)) == (None, {"asked": code})


@given(st.integers(1, MOST), st.sampled_from(["{:d}", "{: d}"]))
def test_every_number_up_to_the_most_is_read_with_and_without_spaces(number: int, style: str) -> None:
    written = f"{number:,}".replace(",", " ") if style == "{: d}" else str(number)
    assert read_form(f"начисление {written} определений на замену").asked == number


@pytest.mark.parametrize("missing", range(len(OWN) + 3))
def test_each_field_that_is_missing_is_named_alone(missing: int) -> None:
    lines = [ASKED, LOGIN, SCRIPT, *OWN]
    names = ["asked", "login", "script", "crm", "crm_login", "password", "instructions"]
    form = read_form("\n".join(line for place, line in enumerate(lines) if place != missing))
    assert flaws(form) == {names[missing]: "missing"}
    assert form.found == 6


def test_the_template_as_it_is_given_out_counts_for_nothing() -> None:
    text = (
        "Прошу произвести начисление XXX определений на замену.\nЛогин клиента XXXXX\nСкрипт - ссылка на скрипт для клиента.\n"
        "ЦРМ система клиента - ссылка\nЛогин для входа\nПароль\nПодробная инструкция - ссылка"
    )
    form = read_form(text)
    assert flaws(form) == {
        "asked": "unreadable",
        **dict.fromkeys(("login", "script", "crm", "crm_login", "password", "instructions"), "missing"),
    }


@pytest.mark.parametrize(
    ("said", "link"),
    [
        ("https://a.example/x.", "https://a.example/x"),
        ("(https://a.example/x)", "https://a.example/x"),
        ("HTTPS://a.example/X", "https://a.example/X"),
        ("ссылка https://a.example/x <https://a.example/x>", "https://a.example/x"),
        ("docs.example.org/d/1", "https://docs.example.org/d/1"),
        ("https://docs.example.org/document/d/0123456789012345678901234567\n890123/edit", None),
        ("\nhttps://a.example/x", "https://a.example/x"),
    ],
)
def test_a_link_is_found_where_it_stands(said: str, link: str | None) -> None:
    """One that a mail program broke over two lines is whole again."""
    whole = "https://docs.example.org/document/d/0123456789012345678901234567890123/edit"
    assert read_form(f"Скрипт - {said}\n{LOGIN}\n{ASKED}").script == (link or whole)


@pytest.mark.parametrize("said", ["у менеджера", "docs", "https://…", "a@b.example"])
def test_what_is_no_link_is_named(said: str) -> None:
    form = read_form(f"{ASKED}\n{LOGIN}\nСкрипт: {said}")
    assert (form.script, flaws(form)) == (None, {"script": "no_link"})


@pytest.mark.parametrize("field", ["Логин клиента", "Скрипт"])
def test_two_different_answers_to_one_question_are_a_flaw(field: str) -> None:
    other = {"Логин клиента": "Логин клиента other", "Скрипт": "Скрипт - https://other.example/s"}[field]
    name = {"Логин клиента": "login", "Скрипт": "script"}[field]
    assert flaws(read_form(f"{SHORT}\n{other}")) == {name: "twice"}
    assert read_form(f"{SHORT}\n{SHORT}").flaws == ()


@pytest.mark.parametrize(
    "password",
    [
        "Sesam-1",
        "two words",
        "p:w=x–y",
        "ends with dots...",
        "Пароль1",
        "-dash",
        "•••",
        "a,b;c",
        '"quoted"',
        "💥",
        "https://a.example/b",
        "y" * 1000,
    ],
)
def test_a_password_is_taken_as_it_is_written(password: str) -> None:
    text = LONG.replace("Sesam-1", password)
    form = read_form(text)
    assert form.password == password
    assert [text[start:end] for start, end in passwords(text)] == [password]


def test_a_password_may_stand_on_the_next_line_or_in_the_middle_of_one() -> None:
    assert read_form(LONG.replace("Пароль: Sesam-1", "Пароль:\n\n  Sesam-1")).password == "Sesam-1"
    one_line = f"{ASKED} {LOGIN}. {SCRIPT}. ЦРМ система клиента: https://c.example; логин для входа: u, пароль: p w; подробная инструкция - https://i.example"
    form = read_form(one_line)
    assert (form.crm_login, form.password, form.instructions, form.flaws) == ("u", "p w", "https://i.example", ())


def test_a_password_that_is_too_long_is_named() -> None:
    assert flaws(read_form(LONG.replace("Sesam-1", "y" * 1001))) == {"password": "too_long"}


def test_a_password_is_found_also_where_there_is_no_form() -> None:
    text = "Добрый день! Доступ прежний, пароль: Sesam-1\nСпасибо"
    assert [text[start:end] for start, end in passwords(text)] == ["Sesam-1"]
    assert passwords("Пароль мы пришлём позже, это слово ни о чём не говорит"[7:]) == []


@given(st.text(max_size=400))
def test_any_text_gives_a_form_and_names_what_it_lacks(text: str) -> None:
    form = read_form(text)
    for name in ("asked", "login", "script"):
        assert (getattr(form, name) is None) == (name in flaws(form))


@given(st.lists(st.sampled_from([ASKED, LOGIN, SCRIPT, *OWN, "Спасибо!", "", "> цитата"]), max_size=30))
def test_any_order_of_lines_is_read(lines: list[str]) -> None:
    form = read_form("\n".join(lines))
    assert (form.asked, form.login) == (25 if ASKED in lines else None, "romashka" if LOGIN in lines else None)
    assert form.script == ("https://docs.example.org/s" if SCRIPT in lines else None)
