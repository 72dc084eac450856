"""Editions: which one holds when, and that a wrong one is refused by file, place and remedy before any case meets it."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest

from regulations.editions import EditionError, UnknownEdition, load_editions
from regulations.handoff.duties import OWNERS
from regulations.handoff.state import HandoffSettings

SHIPPED = resources.files("regulations").joinpath("editions", "handoff-1.toml").read_text("utf-8")


def _own(folder: Path, **changes: str) -> Path:
    """A company's edition: the shipped one with lines replaced."""
    content = SHIPPED.replace('id = "handoff-1"', 'id = "company-1"')
    for old, new in changes.items():
        line = next(x for x in content.splitlines() if x.replace('"', "").split(" = ")[0].replace(".", "_") == old.lstrip("c_"))
        content = content.replace(line, new)
    (folder / "company-1.toml").write_text(content, "utf-8")
    return folder


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.clause("handoff 2.2.4")
def test_the_shipped_edition_says_what_the_page_says() -> None:
    edition, language = load_editions().in_force("handoff", datetime(2026, 11, 16, tzinfo=UTC))
    assert (edition.id, edition.rules, language) == ("handoff-1", 1, "ru")
    assert edition.terms == {
        "2.1.2": "12:00 next working day",
        "2.1.3": "12:00 next working day",
        "2.1.4": "12:00 next working day",
        "2.2.1": "2 working days",
        "2.2.3": "8 working hours",
        "2.2.4": "24 working hours",
        "2.2.5": "2 working days",
        "2.2.7": "last working day of month",
        "4.4": "first working day of month",
        "5.3 (2)": "10 working days",
    }
    settings = HandoffSettings.model_validate(edition.settings)
    assert (settings.payment_wait, settings.resubmission_wait, settings.warn_fraction) == ("30 calendar days", "30 calendar days", 0.75)
    assert len(settings.questionnaire) == 12


def test_every_clause_with_a_term_is_somebodys_duty() -> None:
    assert set(tomllib.loads(SHIPPED)["terms"]) <= set(OWNERS)


def test_the_newest_edition_in_force_holds_from_its_instant_on(tmp_path: Path) -> None:
    _own(tmp_path, in_force="in_force = 2026-12-01T00:00:00+03:00", c_2_2_4='"2.2.4" = "8 working hours"')
    editions = load_editions(tmp_path)
    for moment, known in [
        ("2026-11-30T23:59:59+03:00", "handoff-1"),
        ("2026-12-01T00:00:00+03:00", "company-1"),
        ("2030-01-01T00:00:00+03:00", "company-1"),
    ]:
        assert editions.in_force("handoff", _at(moment))[0].id == known
    assert editions.in_force("handoff", _at("2026-12-01T00:00:00+03:00"))[0].terms["2.2.4"] == "8 working hours"


@pytest.mark.parametrize(("regulation", "moment"), [("handoff", "2019-12-31T23:59:59+03:00"), ("no-such", "2026-01-01T00:00:00+03:00")])
def test_where_none_is_in_force_the_known_ones_are_named(regulation: str, moment: str) -> None:
    with pytest.raises(UnknownEdition, match="handoff-1"):
        load_editions().in_force(regulation, _at(moment))


@pytest.mark.parametrize(
    ("line", "wrong", "says"),
    [
        ("c_2_2_4", '"2.2.4" = "24 working ours"', "2.2.4"),
        ("c_2_2_4", '"2.2.44" = "24 working hours"', r"no clause 2\.2\.44"),
        ("c_2_2_4", '"2.2.4" = "1 working hours before"', "lies before its start"),
        ("payment_wait", 'payment_wait = "a month"', "payment_wait"),
        ("pause_limit", 'pause_limit = "soon"', "pause_limit"),
        ("report_at", 'report_at = "at ten"', "report_at"),
        ("warn_fraction", "warn_fraction = 1.5", "warn_fraction"),
        ("extensions", "extensions = -1", "extensions"),
        ("pauses", "pause = 1", "pause"),
        ("rules", "rules = 99", "knows"),
        ("regulation", 'regulation = "handof"', "handoff"),
        ("in_force", "in_force = 2026-12-01T00:00:00", "in_force"),
        ("language", 'language = "en"', "language"),
        ("published", "published = 2020-13-01", "company-1"),
    ],
)
def test_a_wrong_edition_is_refused_with_its_file_and_its_place(tmp_path: Path, line: str, wrong: str, says: str) -> None:
    _own(tmp_path, **{line: wrong})
    with pytest.raises(EditionError, match=says) as error:
        load_editions(tmp_path)
    assert "company-1.toml" in str(error.value)


def test_an_id_stands_in_one_edition_only(tmp_path: Path) -> None:
    (tmp_path / "again.toml").write_text(SHIPPED, "utf-8")
    with pytest.raises(EditionError, match="handoff-1"):
        load_editions(tmp_path)


def test_a_folder_that_is_not_there_and_a_file_that_is_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(EditionError, match="no such folder"):
        load_editions(tmp_path / "missing")
    (tmp_path / "latin.toml").write_bytes(SHIPPED.encode("cp1251", "replace"))
    with pytest.raises(EditionError, match=r"latin\.toml.*UTF-8"):
        load_editions(tmp_path)
