"""Partner support on real parts: a renewal paid twice, invoices whose worker dies, and names that stand nowhere but where they belong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from deploy.demo.crm_standin import CrmFault
from deploy.demo.partners import CLOSED, NEXT
from deploy.demo.smtp_catcher import MailFault
from deploy.demo.stage import CRM_DEALS, Stage
from runtime.partner_tables import partner_invoices
from tests.end_to_end.ledgers import rows_of
from tests.end_to_end.partners import CARD, FINANCE, MANAGER, Sale, Support, failing, failures, ledger, of_clause, printed
from tests.end_to_end.test_command_line import reglament
from tests.end_to_end.test_kill import Moment
from tests.end_to_end.test_starter import rows
from tests.patience import patiently

pytestmark = pytest.mark.xdist_group("end_to_end")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def support(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Support]:
    parts = Support(stage, tmp_path_factory.mktemp("support"))
    try:
        await parts.opens()
        stage.crm.opens_next = (CLOSED, NEXT)
        yield parts
    finally:
        stage.crm.opens_next = None
        parts.close()


async def waiting(stage: Stage) -> dict[str, Any]:
    """What `reglament partner payments` says of each payment that waits: the verdict, what is left, which invoices it may mean."""
    said = await reglament(stage, "partner", "payments", "--json")
    assert said.code == 0, said.err
    return {one["reference"]: (one["verdict"], one["left"], one["candidates"]) for one in json.loads(said.out)}


@pytest.mark.clause("partner 6.3")
@pytest.mark.clause("partner 7.2")
async def test_a_renewal_paid_twice_at_once_has_one_next_deal_and_the_second_payment_is_returned(stage: Stage, support: Support) -> None:
    """The bank's webhook tells one payment, a person at the terminal the other; both are there before anybody looks at either."""
    renewal = Sale(stage, "R-1", "renewal")
    await stage.post(renewal.consented(package="standard", discount_percent="10.00", payer=renewal.payer))
    await renewal.until_met("6.2")
    (number,) = renewal.billed()
    payments = {name: renewal.payment(name, "108000.00") for name in ("bank-1", "bank-2")}
    async with support.worker_held():
        by_hand = asyncio.create_task(support.deliver(payments["bank-2"].arrived()))
        assert (await stage.post(payments["bank-1"].arrived()))["state"] == "received"
        await asyncio.gather(*(one.until_there() for one in payments.values()))
    assert (await by_hand).code == 0
    await renewal.until_met("6.3")
    stages = {name: (await one.until(lambda read: read.stage != "matching")).stage for name, one in payments.items()}
    assert sorted(stages.values()) == ["settled", "undecided"]
    (extra,) = (name for name, seen in stages.items() if seen == "undecided")
    (taken,) = payments.keys() - {extra}
    whole = Decimal("108000.00")
    assert await ledger(stage, *payments) == {taken: (whole, [(number, whole)], []), extra: (whole, [], [])}
    assert await waiting(stage) == {extra: ("double", "108000.00", [number])}
    assert [o.state for o in of_clause(await payments[extra].read(), "7.2")] == ["open"]

    await payments[extra].told("refunded", refund="back-1", amount="108000.00", by=FINANCE)
    assert [o.state for o in of_clause(await payments[extra].until_stage("settled"), "7.2")] == ["met"]
    assert await ledger(stage, *payments) == {taken: (whole, [(number, whole)], []), extra: (whole, [], [("back-1", whole)])}

    listed, _ = await asyncio.gather(waiting(stage), renewal.told("told", by=MANAGER))
    assert listed == {}
    read = await renewal.until_stage("done")
    assert [f.what for f in read.facts].count("next_deal") == 1
    deals = [deal for deal in stage.crm.deals.values() if deal[CRM_DEALS["contact"]] == {"id": renewal.partner["contact"]}]
    assert sorted(deal[CRM_DEALS["status"]] for deal in deals) == sorted((CLOSED, NEXT))
    assert [deal[CRM_DEALS["sum"]] for deal in deals if deal[CRM_DEALS["status"]] == CLOSED] == [108000]


@pytest.mark.clause("partner 5.2")
@pytest.mark.clause("partner 5.6")
@pytest.mark.clause("partner 7.1")
async def test_an_order_from_its_form_to_its_execution_with_one_payment_told_three_times(stage: Stage, support: Support) -> None:
    order = Sale(stage, "O-1")
    await order.order()
    await order.until_met("5.2")
    (number,) = order.billed()
    (letter,) = order.letters()
    words = printed(letter)
    for one in (number, "45 000,00", "18 500,50", "63 500,50", "БЕЗ НДС", "О-114", "02.02.2026", "2.3", "2.7"):
        assert one in words, one

    payment = order.payment("bank-3", "63500.50")
    news, other_news = payment.arrived(), payment.arrived()
    async with support.worker_held():
        by_hand = asyncio.create_task(support.deliver(other_news, news))
        assert (await stage.post(news))["state"] == "received"
        async with patiently():
            while not {news["id"], other_news["id"]} <= (await rows(stage.database_url)).keys():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
    said = await by_hand
    other, same = said.lines()
    assert other["error"] in ("Open", "Ending", "Ended"), "by then the payment may be settled"
    assert same["duplicate"] is True
    await payment.until_stage("settled")
    await order.until_met("5.4")
    assert len([run async for run in stage.client.list_workflows(f"WorkflowId = '{payment.case}'")]) == 1
    assert await ledger(stage, "bank-3") == {"bank-3": (Decimal("63500.50"), [(number, Decimal("63500.50"))], [])}
    deals = [deal for deal in stage.crm.deals.values() if deal[CRM_DEALS["contact"]] == {"id": order.partner["contact"]}]
    assert [(deal[CRM_DEALS["direction"]], deal[CRM_DEALS["sum"]], deal[CRM_DEALS["invoice"]]) for deal in deals] == [
        ("Доп. услуги", 63500.5, number)
    ]

    await order.told("told", by=MANAGER)
    await order.told("executed", by={"id": "u60", "role": "technical"})
    await order.told("executed", by=MANAGER)
    read = await order.until_stage("done")
    assert {o.state for o in read.obligations} == {"met"}
    assert [f.what for f in read.facts].count("Allocated") == 1
    assert len(order.letters()) == 1


@pytest.mark.clause("partner 5.2")
async def test_a_worker_that_dies_between_billing_and_the_post_makes_one_invoice_and_one_letter(stage: Stage, support: Support) -> None:
    """Three invoices at their worst moments: billing has numbered one, we have noted the number of another, the letter of the last one is
    written and not handed over."""
    orders = {name: Sale(stage, f"K-{name}") for name in ("numbered", "finished", "rendered")}
    stops = [
        Moment(support.folder, "numbered", "#5.2#K-numbered"),
        Moment(support.folder, "finished", "#5.2#K-finished"),
        Moment(support.folder, "rendered", "#partner/invoice#K-rendered"),
    ]
    await asyncio.gather(*(one.order() for one in orders.values()))
    await asyncio.gather(*(stop.reached() for stop in stops))
    support.kill_worker()
    assert [(len(one.billed()), len(one.letters())) for one in orders.values()] == [(1, 0)] * 3
    support.start_worker()
    for order in orders.values():
        await order.until_met("5.2")
        (number,) = order.billed()
        (letter,) = order.letters()
        assert number in printed(letter)
        written = await rows_of(stage, partner_invoices, order.case)
        assert [(row.number, row.total, row.state) for row in written] == [(number, Decimal("63500.50"), "open")]
        scheduled = [e.activity_task_scheduled_event_attributes for e in (await order.handle.fetch_history()).events]
        assert [one.activity_type.name for one in scheduled].count("issue_invoice") == 1


CANARY = ("zyablik", "зяблик", "9161917", CARD[-9:])
"""Of names, addresses and purposes; of phones; of the card. None of them may stand where everybody looks."""


def silent(words: str) -> bool:
    return not any(one in words.casefold() for one in CANARY)


@pytest.mark.clause("partner 7.3")
async def test_nothing_about_people_or_cards_stands_where_everybody_looks(stage: Stage, support: Support) -> None:
    """Workflow ids, search attributes, logs and errors, after mail server and CRM have failed in their own words."""
    order = Sale(stage, "S-1")
    order.partner |= {"name": "ИП Зяблик", "email": "zyablik@partner.example", "phone": "+79161917001"}
    order.payer |= {"name": "ООО «Зяблик»", "email": "zyablik-pay@partner.example", "phone": "+79161917002", "address": "ул. Зяблика, 1"}
    await stage.post(order.consented(services=[{"service": "crm"}, {"service": "scripts"}]))
    form = order.event("form_received", payer=order.payer)
    wrong = {**form, "data": {**form["data"], "payer": {**order.payer, "email": "zyablik at partner", "phone": "89161917003"}}}
    with pytest.raises(RuntimeError, match=r"data\.payer\.email") as invalid:
        await stage.post(wrong)
    stage.mail.fault = MailFault.BUSY  # it says whom it takes no letters for
    try:
        await stage.post(form)
        said = await failing(order)
    finally:
        stage.mail.fault = None
    assert any("451" in one for one in said)
    await order.until_met("5.2")
    with pytest.raises(RuntimeError, match="409") as conflict:
        await stage.post({**form, "data": {**form["data"], "payer": {**order.payer, "name": "ИП Другой Зяблик"}}})
    director = {"id": "u1", "role": "director"}
    await order.told("card_asked", bank="bank-1", reason="так просит Зяблик", by=MANAGER)
    await order.told("card_decided", decision="approved", by=director)
    await order.until(lambda read: any(f.what == "letter" and "partner/card" in f.key for f in read.facts))

    stage.crm.fault = CrmFault.INVALID
    try:
        payment = order.payment("bank-4", "20000.00", purpose="За Зяблика.")
        given = await support.deliver(payment.arrived(), wrong, payment.event("arrived", amount="1.00", purpose="Зяблик"))
        await order.until(lambda read: any(f.what == "incident.crm_refused" for f in read.facts))
    finally:
        stage.crm.fault = None

    card = order.letters()[-1]
    assert CARD in card.body()
    assert "Зяблик" in printed(order.letters()[0])
    errors = [words for case in (order, payment) for e in (await case.handle.fetch_history()).events for words in failures(e)]
    assert any("crm" in one for one in errors), "the search finds what is there"
    shown = [
        str((pair.key.name, pair.value)) for case in (order, payment) for pair in (await case.handle.describe()).typed_search_attributes
    ]
    assert any("p-S-1" in one for one in shown)
    logs = [log.read_text("utf-8") for log in (support.log, support.door.log, stage.folder / "temporal.log")]
    assert "send_letter" in logs[0]
    assert "POST /webhooks/events 422" in logs[1]
    answers = [str(invalid.value), str(conflict.value), given.out, given.err]
    for one in (*said, *errors, *shown, *logs, *answers, order.case, payment.case):
        assert silent(one), one
