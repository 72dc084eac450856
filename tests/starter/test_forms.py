"""The blank questionnaire: what is written is what is read again; the shipped samples are those of the product's edition."""

from __future__ import annotations

import io
from importlib import resources
from pathlib import Path

import docx
import openpyxl
import pytest
from typer.testing import CliRunner

from regulations.catalogue import text
from regulations.editions import load_editions
from regulations.handoff.questionnaire import filled, form_labels
from regulations.handoff.state import HandoffSettings
from runtime.documents.child import examine
from starter.cli import app
from starter.commands.forms import FormError, write_form
from tests.regulations.course import EDITIONS, at
from tests.regulations.handoff.course import QUESTIONNAIRE

pytestmark = pytest.mark.clause("handoff 3.3")

FIELDS = HandoffSettings.model_validate(EDITIONS.in_force("handoff", at("2026-11-20 10:00"))[0].settings).questionnaire
SHIPPED = Path(str(resources.files("regulations").joinpath("forms", "ru")))
ENDINGS = [".docx", ".xlsx"]


def _read(content: bytes, fields: tuple[str, ...] = FIELDS) -> dict[str, str] | None:
    answer = examine(content)
    assert answer["problem"] is None
    return filled(answer["pairs"], fields, "ru")


def _labels(content: bytes) -> list[str]:
    """What stands in the left column, as the libraries see it."""
    if b"word/document.xml" in content:
        return [row.cells[0].text for row in docx.Document(io.BytesIO(content)).tables[0].rows]
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [str(row[0]) for row in sheet.iter_rows(min_row=4, max_col=1, values_only=True)]


def _fill_in(content: bytes, answers: list[str]) -> bytes:
    """As a partner does, with a real library."""
    saved = io.BytesIO()
    if b"word/document.xml" in content:
        document = docx.Document(io.BytesIO(content))
        for row, answer in zip(document.tables[0].rows, answers, strict=True):
            row.cells[1].text = answer
        document.save(saved)
    else:
        workbook = openpyxl.load_workbook(io.BytesIO(content))
        sheet = workbook.active
        assert sheet is not None
        for number, answer in enumerate(answers, 4):
            sheet.cell(number, 2).value = int(answer) if answer.isdigit() else answer
        workbook.save(saved)
    return saved.getvalue()


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_shipped_sample_has_the_fields_of_the_edition_and_is_read_as_left_empty(ending: str) -> None:
    content = (SHIPPED / f"Анкета клиента{ending}").read_bytes()
    assert _labels(content) == form_labels(FIELDS, "ru")
    assert _read(content) == {}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_shipped_sample_filled_in_is_read_whole(ending: str) -> None:
    content = (SHIPPED / f"Анкета клиента{ending}").read_bytes()
    assert _read(_fill_in(content, [QUESTIONNAIRE[code] for code in FIELDS])) == QUESTIONNAIRE


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_says_how_it_is_filled_in_and_is_the_same_every_time(tmp_path: Path, ending: str) -> None:
    first, second = tmp_path / f"1{ending}", tmp_path / f"2{ending}"
    for out in (first, second):
        assert write_form(out, None) == form_labels(FIELDS, "ru")
    assert first.read_bytes() == second.read_bytes()
    assert _labels(first.read_bytes()) == form_labels(FIELDS, "ru")
    shown = str(examine(first.read_bytes())["pairs"]) if ending == ".docx" else str(openpyxl.load_workbook(first).active["A2"].value)  # type: ignore[index]
    assert text("ru", "handoff", "form", "hint")[:20] in shown


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_form_of_a_company_has_its_own_fields(tmp_path: Path, ending: str) -> None:
    shipped = resources.files("regulations").joinpath("editions", "handoff-1.toml").read_text("utf-8")
    own = shipped.replace('id = "handoff-1"', 'id = "own"').replace("2020-01-01T00:00", "2021-01-01T00:00")
    lines = [line for line in own.splitlines() if not line.startswith("questionnaire")]
    folder = tmp_path / "editions"
    folder.mkdir()
    (folder / "own.toml").write_text("\n".join([*lines, 'questionnaire = ["name", "inn", "colour_of_the_logo"]', ""]), "utf-8")
    assert load_editions(folder).in_force("handoff", at("2026-11-20 10:00"))[0].id == "own"
    out = tmp_path / f"form{ending}"
    write_form(out, folder)
    assert _labels(out.read_bytes()) == ["Наименование или ФИО", "ИНН", "Colour_of_the_logo"]
    fields = ("name", "inn", "colour_of_the_logo")
    assert _read(_fill_in(out.read_bytes(), ["ООО", "7707083893", "синий"]), fields) == {
        "name": "ООО",
        "inn": "7707083893",
        "colour_of_the_logo": "синий",
    }


def test_another_ending_is_refused_with_what_would_do(tmp_path: Path) -> None:
    for name in ("form.pdf", "form.doc", "form"):
        with pytest.raises(FormError, match=r"\.docx or \.xlsx"):
            write_form(tmp_path / name, None)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_written_over_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("form.docx").write_text("filled in by somebody")
    refused = CliRunner().invoke(app, ["form", "form.docx"])
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert Path("form.docx").read_text() == "filled in by somebody"
    assert CliRunner().invoke(app, ["form", "form.docx", "--force", "--json"]).exit_code == 0
    assert _read(Path("form.docx").read_bytes()) == {}


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="cannot be written"):
        write_form(tmp_path / "no" / "form.docx", None)
