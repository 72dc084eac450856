"""Orders and renewals as people read them: in Russian, bounded, free of markup from outside, without e-mails, phones and names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from regulations.catalogue import role_words, text
from regulations.partner import sale_messages, sale_state
from regulations.partner.sale_messages import OfSale
from regulations.partner.sale_narration import details, read_out, result
from regulations.partner.sale_state import ORDER, RENEWAL, SaleStage
from tests.regulations.partner.intakes import PARTNER, SUPPORT
from tests.regulations.partner.sales import HALF, NETWORK, PAYER, TOTAL, Sale

HOSTILE = "<script>x</script> | [пиши](http://evil.example) `код` **жирно** # _тут_"
RULES = Path(sale_state.__file__).parent
SOURCES = "".join(path.read_text("utf-8") for name in ("sale", "order", "renewal") for path in sorted(RULES.glob(f"{name}_*.py")))
ONLY_ORDER = {"OrderConsented", "FormReceived", "Executed"}
ONLY_RENEWAL = {"RenewalConsented", "NextDealOpened", "next_deal"}


def words(*place: str) -> str:
    found = text("ru", *place)
    assert found != place[-1], f"the catalogue has no words for {place}"
    return found


def test_the_details_tell_the_way_from_the_consent_to_the_end() -> None:
    sale = Sale().invoiced().pays(HALF)
    shown = details(sale.state)
    for part in (
        "### Доп. услуги: сделка D-1, партнёр p-77",
        "**Стадия:** оплачено частично · **Услуги:** Настройка CRM · **Редакция:** partner-1",
        "**Счёт:** 17 · **Сумма:** 45\u00a0000,00\u00a0₽ · **Оплачено:** 22\u00a0500,00\u00a0₽",
        "| 5.3 | Сообщить партнёру, что деньги пришли | менеджер сопровождения | пн 16.11.2026 14:00 (+03:00) | открыто |",
    ):
        assert part in shown
    assert "**Следующая сделка:** D-2" in details(Sale(renewal=True).invoiced().pays(HALF * 5).state)


def test_the_details_say_what_is_wrong() -> None:
    assert "> Счёт не отправлен: не указан договор" in details(Sale().order(contract=None).form().state)
    sale = Sale()
    sale.billing = None
    assert "Неизвестно, выставил ли биллинг счёт" in details(sale.invoiced().state)
    sale = Sale().invoiced()
    sale.crm_up = False
    sale.pays(HALF).say(sale_messages.CardAsked, bank="bank-1", reason="настаивает", by=SUPPORT)
    assert "Ждём решения директора" in details(sale.state)
    assert "CRM не приняла сделку" in details(sale.state)
    sale = Sale().order()
    sale.silent = {"billing"}
    assert "Дело отозвано и закончится" in details(sale.form().withdraw().state)


def test_a_case_that_has_not_begun_has_details() -> None:
    assert details(Sale().state).startswith("### partner/D-1/order")


def test_the_result_and_the_read_out_tell_the_sums() -> None:
    sale = Sale().invoiced().pays(TOTAL).tells().executes()
    ended = result(sale.state)
    assert (ended.outcome, ended.invoice, ended.total, ended.paid, ended.met) == ("done", "17", TOTAL, TOTAL, 5)
    read = read_out(sale.state)
    assert (read.kind, read.stage_text, read.edition) == ("partner-order", "завершено", "partner-1")
    assert [o.clause for o in read.obligations] == ["partner 5.1", "partner 5.2", "partner 5.3", "partner 5.4", "partner 5.6"]


def test_what_is_said_outside_is_no_markup() -> None:
    sale = Sale().order(services=[NETWORK], city=HOSTILE).form().pays(HALF).tells(reason=HOSTILE).withdraw()
    for mark in ("<script>", "[пиши]", "`код`", "**жирно**", " # _тут_"):
        assert mark not in details(sale.state)


def test_nobody_is_named_in_details_notices_and_incidents() -> None:
    sale = (
        Sale()
        .order(partner={**PARTNER, "phone": "+79990000001"}, contract=None)
        .form()
        .correct(contract={"number": "1", "date": "2026-01-01"})
    )
    sale.pays(HALF).tells(reason="аванс").withdraw()
    said = [row.text for row in sale.rows if hasattr(row, "text")]
    trail = read_out(sale.state).model_dump_json()
    hidden = (PARTNER["name"], PARTNER["email"], PAYER["name"], PAYER["email"], PAYER["phone"], PAYER["inn"], "+79990000001")
    for value in hidden:
        for shown in (details(sale.state), trail, *said):
            assert value not in shown


# --- the catalogue --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ORDER, RENEWAL])
def test_every_stage_duty_and_wait_has_words(kind: str) -> None:
    for stage in SaleStage:
        if (kind, stage) != (RENEWAL, SaleStage.AWAITING_FORM):
            words(kind, "stage", stage)
    for clause in ("5.1", "5.2", "5.3", "5.4", "5.6", "7.3") if kind == ORDER else ("5.3", "6.1", "6.2", "6.3", "7.3"):
        words(kind, "duty", clause)
    for wait in ("crm",) if kind == ORDER else ("crm", "seek", "next_deal"):
        words(kind, "wait", wait)
    words("register", "partner_deals")
    words("register", "partner_invoices")


@pytest.mark.parametrize("kind", [ORDER, RENEWAL])
def test_everything_that_is_written_into_the_trail_has_words(kind: str) -> None:
    models = {m.__name__ for m in vars(sale_messages).values() if isinstance(m, type) and issubclass(m, OfSale) and m is not OfSale}
    noted = set(re.findall(r'\.note\(\s*"(\w+)"', SOURCES))
    assert {"defects", "invoice", "crm", "next_deal", "sms", "sms_unsent"} <= noted
    others = ONLY_RENEWAL if kind == ORDER else ONLY_ORDER
    for what in sorted((models | noted) - others):
        words(kind, "fact", what)
    incidents = {"invoice_refused", "invoice_unanswered", "crm_refused", "crm_duplicates", "letter_held", "role_without_address"}
    for incident in incidents if kind == ORDER else incidents | {"next_deals", "next_deal_missing", "next_deal_unsought"}:
        words(kind, "fact", f"incident.{incident}")


def test_every_notice_letter_role_and_activity_has_words() -> None:
    told = set(re.findall(r'(?:\.tell\(|tell_informed\()\s*[\w.]+, "(\w+)"', SOURCES)) | {"money_came", "money_came_partly"}
    told |= {"handed_over", "handed_over_partly", "next_deal_missing", "next_deal_unsought", "invoice_refused", "invoice_unanswered"}
    assert {"invoice_defect", "card_asked", "card_refused", "deal_refused", "money_left", "ended"} <= told
    for what in sorted(told):
        words("notice", what)
    letters = RULES.parent / "letters" / "ru" / "partner"
    for template in ("form", "invoice", "card", "invoice_void"):
        words("letter", f"partner/{template}")
        assert (letters / f"{template}.subject.j2").exists()
    words("letter", "partner/sms")
    words("sms", "invoice")
    for role in ("support_manager:m1", "head_of_support", "finance", "director", "director_for_partners"):
        assert role_words("ru", role) != role
    for activity in ("compose_invoice", "issue_invoice", "send_sms", "enter_deal", "find_next_deal"):
        words("activity", activity)
