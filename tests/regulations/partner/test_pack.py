"""The meeting pack (partner 8.1): the four lists and their sums, what is missing, the workbook and the e-mail."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from regulations.pages import LISTED
from regulations.partner import pack as packs
from regulations.partner import report as reports
from regulations.partner.pack import LISTS, MeetingPack
from regulations.partner.pack_words import file_name, letter_values, pack_sheets
from regulations.partner.rows import PartnerRow
from runtime.letters import Composed, Composition, Letters
from runtime.spreadsheets import workbook
from tests.regulations.partner.portfolios import BEFORE, MEETING, NOW, deal, heading, local, partner, receipt

LETTERS = Path(__file__).parents[3] / "regulations" / "letters"
SPACE = "\u00a0"
SUMS = st.one_of(st.none(), st.decimals("0", "99999999.99", places=2))


def built(*partners: PartnerRow, **overdue: tuple[str, ...]) -> MeetingPack:
    return packs.build(partners, overdue, BEFORE, NOW)


def gaps(**fields: Any) -> tuple[str, ...]:
    return built(partner(**fields)).partners[0].gaps


# --- the four lists -----------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 8.1")
def test_the_four_lists_have_their_partners_and_exact_sums() -> None:
    pack = built(
        partner(1, outlook="sure", renewal_sum=Decimal("120000.10")),
        partner(2, outlook="sure", renewal_sum=Decimal("0.20")),
        partner(3, outlook="doubtful", renewal_sum=Decimal("99999.99")),
        partner(4, outlook="none", additional="CRM", additional_sum=Decimal("45000.05"), problem="мало заявок", urgent=True),
        partner(5, outlook="sure"),
    )
    listed = {name: [one.row.partner for one in pack.listed(name)] for name in LISTS}
    assert listed == {"sure": ["p-1", "p-2", "p-5"], "doubtful": ["p-3"], "additional": ["p-4"], "urgent": ["p-4"]}
    assert [pack.sum(name) for name in LISTS] == [Decimal("120000.30"), Decimal("99999.99"), Decimal("45000.05"), Decimal(0)]


@pytest.mark.clause("partner 8.1")
@given(st.lists(st.tuples(st.sampled_from(["sure", "doubtful", "none", ""]), SUMS, SUMS), max_size=30))
def test_lists_part_the_renewals_and_lose_no_kopeck(rows: list[tuple[str, Decimal | None, Decimal | None]]) -> None:
    partners = [
        partner(number, outlook=outlook, renewal_sum=renewal, additional_sum=additional)
        for number, (outlook, renewal, additional) in enumerate(rows)
    ]
    pack = built(*partners)
    expected = [row.renewal_sum for row in partners if row.outlook in ("sure", "doubtful") and row.renewal_sum is not None]
    assert pack.sum("sure") + pack.sum("doubtful") == sum(expected, Decimal(0))
    assert pack.sum("additional") == sum((row.additional_sum for row in partners if row.additional_sum), Decimal(0))
    assert not {p.row.partner for p in pack.listed("sure")} & {p.row.partner for p in pack.listed("doubtful")}
    assert [p.row.partner for p in pack.partners] == [row.partner for row in partners], "each once, by name"


# --- what is missing ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 8.1")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ()),
        ({"noted_at": None}, ("state",)),
        ({"noted_at": BEFORE - timedelta(seconds=1)}, ("state",)),
        ({"noted_at": BEFORE}, ()),
        ({"next_step": ""}, ("next_step",)),
        ({"problem": "мало заявок"}, ("answer",)),
        ({"urgent": True}, ("answer",)),
        ({"problem": "мало заявок", "answer": "новая кампания"}, ()),
        ({"outlook": "sure"}, ("renewal_sum",)),
        ({"outlook": "doubtful"}, ("renewal_sum",)),
        ({"outlook": "none"}, ()),
        ({"outlook": "sure", "renewal_sum": Decimal(0)}, ()),
        ({"additional": "CRM"}, ("additional_sum",)),
        ({"additional": "CRM", "additional_sum": Decimal("0.01")}, ()),
        ({"noted_at": None, "next_step": "", "problem": "мало заявок", "outlook": "sure"}, ("state", "next_step", "answer", "renewal_sum")),
    ],
)
def test_what_the_manager_has_yet_to_prepare(fields: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert gaps(**fields) == expected


@pytest.mark.clause("partner 8.1")
def test_before_the_first_meeting_any_state_will_do() -> None:
    old = partner(noted_at=NOW - timedelta(days=300))
    assert packs.build([old], {}, None, NOW).unprepared == ()


@pytest.mark.clause("partner 4.1")
@pytest.mark.parametrize(("seconds", "activity"), [(-1, "past"), (0, "planned"), (1, "planned"), (None, "none")])
def test_a_next_activity_past_its_date_is_said_to_be(seconds: int | None, activity: str) -> None:
    at = NOW + timedelta(seconds=seconds) if seconds is not None else None
    assert built(partner(next_activity_at=at)).partners[0].activity == activity


# --- the workbook -------------------------------------------------------------------------------------------------------


def book(pack: MeetingPack, made_of: reports.ManagerReport | None = None) -> bytes:
    report = made_of or reports.build([p.row for p in pack.partners], [], [], local)
    return workbook(pack_sheets(pack, report, heading()), title="t", made_at=NOW)


def cells(content: bytes, sheet: str) -> list[list[Any]]:
    page = load_workbook(BytesIO(content), data_only=True)[sheet]
    return [[cell for cell in row if cell is not None] for row in page.iter_rows(values_only=True)]


@pytest.mark.clause("partner 8.1")
def test_the_workbook_holds_each_partner_the_lists_with_sums_and_what_is_missing() -> None:
    pack = packs.build(
        [
            partner(1, outlook="sure", renewal_sum=Decimal("120000.10"), leads=30, meetings=4, contracts=1),
            partner(2, outlook="sure", renewal_sum=Decimal("0.15"), problem="=1+1", urgent=True, next_step=""),
        ],
        {"p-2": ("4.2", "4.1")},
        BEFORE,
        NOW,
    )
    content = book(pack)
    assert load_workbook(BytesIO(content)).sheetnames == ["Итоги", "Партнёры", "Списки", "Не готово", "Отчёт менеджера"]
    headings, first, second = cells(content, "Партнёры")
    assert len(headings) == 22
    assert first[:5] == ["Партнёр 001", "p-1", 30, 4, 1]
    assert {"=1+1", "да", "4.1, 4.2"} <= set(second), "what people wrote is a text and never a formula"
    assert ["Точно продлевают", 2, 120000.25] in cells(content, "Итоги")
    assert ["Итого", 120000.25, "RUB"] in cells(content, "Списки")
    assert cells(content, "Не готово")[1] == ["Партнёр 002", "p-2", "нет следующего шага; нет своего решения по проблеме"]
    assert book(pack) == content, "the same rows give the same bytes"


@pytest.mark.clause("partner 8.1")
def test_the_name_of_the_file_names_the_day_and_nobody() -> None:
    assert file_name(heading(), "pack") == "Пакет к планёрке 2026-11-23.xlsx"
    assert file_name(heading(None), "report") == "Отчёт менеджера 2026-11-23.xlsx"


# --- the e-mail ---------------------------------------------------------------------------------------------------------


def composed(pack: MeetingPack, template: str = "pack", report: reports.ManagerReport | None = None) -> Composed:
    made = report or reports.build([p.row for p in pack.partners], [], [], local)
    values = {**letter_values(pack, made, heading()), "company": "Моё дело", "due": "пн 11:00"}
    composition = Composition("key", f"partner/{template}", "ru", ("head@company.example",), values, NOW)
    return Letters([LETTERS], "robot@company.example").compose(composition)


def bodies(letter: Composed) -> tuple[str, str]:
    message = message_from_bytes(letter.content, policy=policy.default)
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


@pytest.mark.clause("partner 8.1")
def test_the_e_mail_can_be_read_without_the_workbook() -> None:
    pack = packs.build(
        [
            partner(
                1, name="ООО <Ромашка>", outlook="sure", renewal_sum=Decimal("120000.50"), leads=30, next_activity_at=NOW - timedelta(1)
            ),
            partner(2, problem="мало заявок", urgent=True, answer="новая кампания", last_contact_at=None, next_activity_at=None),
        ],
        {"p-1": ("4.1",)},
        BEFORE,
        NOW,
    )
    report = reports.build([p.row for p in pack.partners], [deal(1)], [receipt(1, "20000.00")], local)
    letter = composed(pack, report=report)
    assert letter.subject == "Пакет к планёрке пн 23.11.2026 12:00: Ольга Сергеева"
    plain, html = bodies(letter)
    for words in (
        f"Точно продлевают: 1, всего 120{SPACE}000,50{SPACE}₽",
        "мало заявок",
        "новая кампания",
        f"20{SPACE}000,00{SPACE}₽",
        f"25{SPACE}000,00{SPACE}₽",
        "(просрочен)",
        "не назначен",
        "4.1",
    ):
        assert words in plain, words
        assert words in html, words
    assert "ООО <Ромашка>" in plain
    assert "ООО &lt;Ромашка&gt;" in html


@pytest.mark.clause("partner 8.1")
def test_an_empty_portfolio_has_its_pack_too() -> None:
    pack = built()
    assert [pack.sum(name) for name in LISTS] == [Decimal(0)] * 4
    plain, html = bodies(composed(pack))
    assert "партнёров пока нет" in plain
    assert "Партнёров пока нет." in html
    assert cells(book(pack), "Партнёры")[0][0] == "Партнёр"


@pytest.mark.clause("partner 8.1")
def test_two_hundred_partners_stand_in_the_workbook_and_the_e_mail_says_how_many_more() -> None:
    long = "слово " * 600
    pack = built(
        *(
            partner(number, outlook="sure", renewal_sum=Decimal("1000.01"), problem=long, urgent=True, additional=long, next_step=long)
            for number in range(200)
        )
    )
    assert pack.sum("sure") == Decimal("200002.00")
    assert len(cells(book(pack), "Партнёры")) == 201
    plain, _ = bodies(composed(pack))
    assert f"… и ещё {200 - LISTED}: все стоят в файле" in plain
    assert f"200{SPACE}002,00{SPACE}₽" in plain
    values = letter_values(pack, reports.build([], [], [], local), heading())
    assert len(str(values).encode()) < 400_000, "what a case hands to the post stays small"


@pytest.mark.clause("partner 8.1")
def test_the_manager_reads_what_is_missing_for_whom() -> None:
    letter = composed(built(partner(1, next_step=""), partner(2)), "gaps")
    assert letter.subject == "К планёрке пн 23.11.2026 12:00 ещё не всё готово: 1"
    for body in bodies(letter):
        assert "Партнёр 001: нет следующего шага" in body
        assert "Партнёр 002" not in body
        assert "пн 11:00" in body
    assert MEETING > NOW
