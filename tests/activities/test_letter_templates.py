"""The letters of the cases: every one renders, says what it must, and loads nothing from elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from runtime.letters import Composition, Letters

LETTERS = Path(__file__).parents[2] / "regulations" / "letters"

TO_ALL: dict[str, Any] = {
    "deal": "4711",
    "partner": "ИП Иванов",
    "client": "ООО «Ромашка»",
    "login": "romashka@client.example",
    "company": "Моя компания",
}
DUTIES = [
    {"clause": "handoff 2.1.2", "duty": "Открыть клиенту доступ", "due": "03.03.2026 12:00 (МСК)"},
    {"clause": "handoff 2.1.3", "duty": "Прислать заявку на обучение", "due": "04.03.2026 12:00 (МСК)"},
]
REASONS = [
    {"clause": "handoff 3.3", "text": "Сведения о клиенте неполные", "details": ["ИНН", "режим налогообложения"]},
    {"clause": "handoff 3.1", "text": "Клиент не знал тарифов", "details": []},
]
OWN: dict[str, dict[str, Any]] = {
    "accepted": {"ask_told_client": True, "access_missing": True},
    "returned": {"reasons": REASONS, "comment": "Позвоните нам", "resubmit_by": "01.04.2026"},
    "incomplete": {"missing": ["анкета клиента", "договор в формате Word"], "due": "03.03.2026 12:00 (МСК)"},
    "reminder": {"duties": DUTIES, "learnt_late": True},
    "breach": {"duties": DUTIES, "learnt_late": True},
    "breach_withdrawn": {"duties": DUTIES, "learnt_late": True},
    "breach_moved": {"duties": DUTIES},
    "not_paid": {"waited_until": "01.04.2026"},
    "not_resubmitted": {"returned_on": "02.03.2026", "waited_until": "01.04.2026"},
    "withdrawn": {"reason": "Клиент передумал"},
}


class Page(HTMLParser):
    """What a reader sees of a page, and everything that it would load or leave open."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        if tag in {"img", "script", "link", "iframe", "object", "video", "form", "style"}:
            self.loaded.append(tag)
        if tag == "a":
            self.links += [value or "" for name, value in attrs if name == "href"]
            attrs = [(name, value) for name, value in attrs if name != "href"]
        self.loaded += [name for name, value in attrs if name in {"src", "href", "background"} or "url(" in (value or "")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def rendered(name: str, **values: Any) -> tuple[str, str, Page]:
    """Subject, text and page of a letter of the handoff."""
    return composed(f"handoff/{name}", TO_ALL | OWN[name] | values)


def composed(template: str, values: dict[str, Any]) -> tuple[str, str, Page]:
    composition = Composition(
        key="key",
        template=template,
        language="ru",
        recipients=("partner@partner.example",),
        values=values,
        date=datetime(2026, 3, 2, tzinfo=UTC),
    )
    letter = Letters([LETTERS], "robot@company.example").compose(composition)
    message = message_from_bytes(letter.content, policy=policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    page = Page()
    page.feed(html.get_content())
    return letter.subject, text.get_content().replace("\r\n", "\n"), page


def _words(text: str) -> list[str]:
    return re.findall(r"[\w@.]+", text)


def _told(value: Any) -> list[str]:
    """All texts inside a value, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _told(inner)]
    return [text for inner in value for text in _told(inner)] if isinstance(value, list) else []


def test_every_template_is_tested() -> None:
    files = [path.name for path in (LETTERS / "ru" / "handoff").iterdir() if not path.name.startswith("layout.")]
    shipped = {name.partition(".")[0] for name in files}
    assert shipped == set(OWN)
    assert len(files) == 3 * len(shipped)


@pytest.mark.parametrize("name", OWN)
def test_a_letter_tells_all_it_was_given_in_both_forms(name: str) -> None:
    subject, text, page = rendered(name)
    seen = " ".join(_words("".join(page.text)))
    for told in _told(TO_ALL | OWN[name]):
        assert " ".join(_words(told)) in " ".join(_words(text))
        assert " ".join(_words(told)) in seen
    assert "ООО «Ромашка»" in subject
    assert "4711" in subject


@pytest.mark.parametrize("name", OWN)
def test_a_page_loads_nothing_and_fits_a_small_screen(name: str) -> None:
    page = rendered(name)[2]
    assert page.loaded == page.links == []
    assert page.open == []
    layout = (LETTERS / "ru" / "layout.html.j2").read_text(encoding="utf-8")
    assert 'name="viewport"' in layout
    assert "max-width" in layout


@pytest.mark.parametrize("name", OWN)
def test_a_text_has_no_holes(name: str) -> None:
    text = rendered(name)[1]
    assert "\n\n\n\n" not in text
    assert "{" not in text
    assert all(line == line.rstrip() or line == "-- " for line in text.split("\n"))


@pytest.mark.clause("handoff 2.2.3")
def test_the_status_words_stand_in_the_letters() -> None:
    for part in rendered("accepted")[0], rendered("accepted")[1], "".join(rendered("accepted")[2].text):
        assert re.search(r"\bПринят\b", part)
        assert "Не принят" not in part
    for part in rendered("returned")[0], rendered("returned")[1], "".join(rendered("returned")[2].text):
        assert "Не принят" in part


@pytest.mark.clause("handoff 2.1.1")
@pytest.mark.parametrize("asked", [True, False])
def test_the_partner_is_asked_only_for_what_he_did_not_declare(asked: bool) -> None:
    assert ("24 рабочих часов" in rendered("accepted", ask_told_client=asked)[1]) is asked


@pytest.mark.clause("handoff 4.3")
@pytest.mark.parametrize("missing", [True, False])
def test_the_partner_is_told_that_access_is_missing(missing: bool) -> None:
    assert ("Доступ клиенту пока не открыт" in rendered("accepted", access_missing=missing)[1]) is missing


@pytest.mark.parametrize("name", ["reminder", "breach", "breach_withdrawn"])
def test_what_we_learnt_late_is_said(name: str) -> None:
    plain, late = rendered(name, learnt_late=False), rendered(name)
    assert len(late[1]) > len(plain[1])
    assert len("".join(late[2].text)) > len("".join(plain[2].text))


def test_a_return_without_a_comment_leaves_no_trace_of_one() -> None:
    _, text, page = rendered("returned", comment="")
    assert "Комментарий" not in text
    assert "Комментарий" not in "".join(page.text)


def test_a_withdrawn_breach_can_be_told_by_the_deal_alone() -> None:
    """After the end of a case that was never accepted nobody knows more."""
    subject, text, page = rendered("breach_withdrawn", partner="", client="", login="")
    assert subject == "Отметка о пропуске срока снята: сделка 4711"
    for part in text, "".join(page.text):
        assert "Здравствуйте!" in part
        assert "по сделке 4711" in part
        assert "Клиент:" not in part
        assert "()" not in part


# --- leads ----------------------------------------------------------------------------------------------------------

LINKS = {
    "link": "https://crm.example.org/leads/1?tab=main&x=1",
    "ui": "https://temporal.example.org/namespaces/default/workflows/lead%2FC-1%2Fextern",
}
HOT: dict[str, Any] = {
    "company": "Моя компания",
    "centre": "СЦ Владивосток",
    "client": "ООО «Ромашка»",
    "product": "extern",
    "type": "подключение",
    "due": "пн 23.11.2026 11:30 (+10:00)",
    **LINKS,
}


@pytest.mark.clause("lead 3.3")
@pytest.mark.clause("lead 5.2.1")
def test_a_hot_lead_is_told_with_its_term_and_both_links() -> None:
    subject, text, page = composed("lead/assigned", HOT)
    assert subject == "Горячая ПП: ООО «Ромашка», extern"
    seen = " ".join(_words("".join(page.text)))
    for told in HOT.values():
        assert " ".join(_words(told)) in " ".join(_words(text))
        assert " ".join(_words(told)) in seen
    assert page.links == list(LINKS.values())
    assert (page.loaded, page.open) == ([], [])


@pytest.mark.parametrize("without", [("link",), ("ui",), ("link", "ui")])
def test_a_link_that_nobody_has_given_leaves_no_trace(without: tuple[str, ...]) -> None:
    _, text, page = composed("lead/assigned", HOT | dict.fromkeys(without, ""))
    assert page.links == [url for name, url in LINKS.items() if name not in without]
    assert ("CRM" in text) is ("link" not in without)
    assert ("Ход дела" in text) is ("ui" not in without)
    assert "\n\n\n" not in text
    assert all(line == line.rstrip() or line == "-- " for line in text.split("\n"))
