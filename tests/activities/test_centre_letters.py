"""The letters to service centres: both forms say all they were given, link where they should, and load nothing from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.activities.test_letter_templates import Page, composed

LEAD = {
    "client": "ООО «Ромашка»",
    "product": "extern",
    "type": "подключение",
    "temperature": "🟡 тёплая",
    "due": "взять в работу до пт",
    "planned": "по плану 25.11.2026",
    "case": "lead/C-1/extern",
    "link": "https://crm.example.org/leads/1?a=1&b=2",
    "ui": "https://temporal.example.org/namespaces/default/workflows/lead%2FC-1%2Fextern",
}
BARE = {**LEAD, "client": "ИП <b>Пётр</b>", "case": "lead/C-2/extern", "due": "", "planned": "", "link": "", "ui": ""}
VALUES: dict[str, Any] = {
    "subject": "reglament: 2 новые ПП",
    "company": "Компания",
    "centre": "СЦ Владивосток",
    "sections": [
        {"title": "Новые", "about": "2 тёплые", "leads": [LEAD, BARE], "more": "… и ещё 3 ПП"},
        {"title": "Ждут", "about": "", "leads": [LEAD], "more": ""},
    ],
    "note": "В этом квартале 3 срока.",
    "more": "",
    "footer": "Сформировано",
}
NAMES = ("digest", "hot_watch")


def rendered(name: str, **values: Any) -> tuple[str, str, Page]:
    return composed(f"lead/{name}", VALUES | values)


@pytest.mark.clause("lead 3.3")
@pytest.mark.parametrize("name", NAMES)
def test_both_forms_say_all_in_one_order_and_link_to_the_crm_and_the_case(name: str) -> None:
    subject, text, page = rendered(name)
    assert subject == VALUES["subject"]
    words = ["СЦ Владивосток", "Новые", "2 тёплые", "ООО «Ромашка»", "по плану 25.11.2026", "lead/C-1/extern", "ИП <b>Пётр</b>"]
    words += ["lead/C-2/extern", "… и ещё 3 ПП", "Ждут", "В этом квартале 3 срока.", "Компания. Сформировано"]
    for form in text, "".join(page.text):
        places = [form.index(word) for word in words]
        assert places == sorted(places)
    assert page.links == [LEAD["ui"], LEAD["link"]] * 2
    assert text.count(f"CRM: {LEAD['link']}") == text.count(f"Temporal: {LEAD['ui']}") == 2
    assert (page.loaded, page.open) == ([], [])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_leaves_no_trace(name: str) -> None:
    _, text, page = rendered(name, sections=[{"title": "Ждут", "about": "", "leads": [BARE], "more": ""}], note="")
    assert page.links == []
    assert "CRM" not in text + "".join(page.text)
    assert "\n\n\n" not in text
    assert ";" not in text
    assert all(line == line.rstrip() or line == "-- " for line in text.split("\n"))
