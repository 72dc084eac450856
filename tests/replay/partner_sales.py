"""The outcomes of a partner's order and renewal, and of an incoming payment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from regulations.editions import Editions
from regulations.effects import Told
from regulations.partner import sale_messages as m
from tests.regulations.course import EDITIONS
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT, SUPPORT
from tests.regulations.partner.sales import DIRECTOR, HALF, MARKETING, NETWORK, PARTNERS_DIRECTOR, TECHNICAL, TOTAL
from tests.replay.played import Outcome, Scene, case, passes
from tests.runtime.ledgers import issue
from tests.workflows import payments, sales
from tests.workflows.payments import PaymentWorld
from tests.workflows.sales import SaleCase, SaleWorld
from tests.workflows.skipping import ended, until_it_waits

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PRICE = Decimal(120_000)
INVOICE = "D-1-1"
"""The number of the first invoice of the deal."""
WE_OPEN_NEXT = Editions(
    f.model_copy(update={"settings": {**f.settings, "crm_opens_next": False}}) for f in EDITIONS.files if f.regulation == "partner"
)
"""6.3: without the CRM's automation."""


# --- the order and the renewal --------------------------------------------------------------------------------------


class Deal(SaleCase):
    """An order or a renewal, and its world."""

    def __init__(self, env: WorkflowEnvironment, world: SaleWorld, *, renewal: bool) -> None:
        super().__init__(env, renewal=renewal)
        self.world, self.deal = world, "D-1"

    async def pay(self, amount: Decimal, paid: Decimal) -> None:
        await self.send("allocated", await self.payment(INVOICE, amount, paid))

    async def withdraw(self) -> None:
        await self.say("withdraw", m.WithdrawOfSale, reason="партнёр передумал", by=HEAD_OF_SUPPORT)


def _deal(*, renewal: bool = False, editions: Editions = EDITIONS) -> Scene[Deal]:
    @asynccontextmanager
    async def scene(env: WorkflowEnvironment, folder: Path) -> AsyncIterator[Deal]:
        async with sales.world_in(folder, editions) as world, world.worker(env.client):
            yield Deal(env, world, renewal=renewal)

    return scene


async def _done(order: Deal) -> None:
    """Paid in two parts, of which the first is handed over at once; all is told and executed."""
    await order.begin()
    await passes(order, hours=1)
    await order.form()
    await passes(order, hours=1)
    await order.pay(HALF, HALF)
    await until_it_waits(order.handle)
    await order.tell(reason="ждёт аванса", hand_over=True)
    await order.say("executed", m.Executed, by=TECHNICAL)
    await passes(order, hours=1)
    await order.pay(HALF, TOTAL)
    await passes(order, hours=3)  # past the term of 5.3
    await order.tell()
    await passes(order, hours=1)
    await order.say("executed", m.Executed, by=TECHNICAL)


async def _mended(order: Deal) -> None:
    """Without its city the invoice is held past its term; mended, it meets a world that is away."""
    await order.begin(services=[NETWORK])
    await order.form()
    await passes(order, hours=3)
    order.world.away = {"billing", "mail", "crm", "sms"}
    await order.say("corrected", m.Corrected, city="Казань", by=SUPPORT)
    await passes(order, minutes=5)
    order.world.away = {"database", "mail", "crm", "sms"}
    await passes(order, minutes=20)
    order.world.away = {"crm", "sms"}
    await passes(order, minutes=30)
    await order.pay(Decimal(30_000), Decimal(30_000))
    await until_it_waits(order.handle)
    await order.tell()
    await order.say("executed", m.Executed, by=MARKETING)
    await until_it_waits(order.handle)
    order.world.away = {"sms"}


async def _card(order: Deal) -> None:
    """Refused first, then approved; a term is let go."""
    await order.begin()
    await order.form()
    await until_it_waits(order.handle)
    await order.say("card_asked", m.CardAsked, bank="sber", reason="только карта", by=SUPPORT)
    await order.say("card_decided", m.CardDecided, decision="refused", reason="есть счёт", by=DIRECTOR)
    await passes(order, hours=1)
    await order.say("card_asked", m.CardAsked, bank="sber", reason="счёт закрыт", by=SUPPORT)
    await order.say("card_decided", m.CardDecided, decision="approved", by=PARTNERS_DIRECTOR)
    await passes(order, hours=1)
    await order.pay(TOTAL, TOTAL)
    await until_it_waits(order.handle)
    await order.tell()
    await order.say("waive", m.WaiveOfSale, clause="5.6", reason="доступ уже открыт", by=HEAD_OF_SUPPORT)


async def _withdrawn(order: Deal) -> None:
    """While billing makes the invoice: its answer is waited for."""
    await order.begin()
    order.world.away = {"billing"}
    await order.form()
    await passes(order, minutes=5)
    await order.withdraw()
    await passes(order, minutes=5)
    order.world.away = set()


async def _found_late(renewal: Deal) -> None:
    """The CRM is away, then its automation late: the next deal is looked for until it is there."""
    renewal.world.deals = ()
    await renewal.begin()
    await until_it_waits(renewal.handle)
    renewal.world.away = {"crm"}
    await renewal.pay(PRICE, PRICE)
    await until_it_waits(renewal.handle)
    await renewal.tell()
    await passes(renewal, minutes=5)
    renewal.world.away = set()
    for _ in range(6):
        await passes(renewal, minutes=30)
    assert renewal.world.incidents() == ["next_deal_missing"]
    renewal.world.deals = ("D-late",)


async def _opened_by_us(renewal: Deal) -> None:
    await renewal.begin()
    await passes(renewal, hours=1)
    await renewal.pay(PRICE, PRICE)
    await until_it_waits(renewal.handle)
    await renewal.tell()


async def _paid_twice(renewal: Deal) -> None:
    """Two allocations that complete the sum and one above it, with the database away; a person names the next deal."""
    renewal.world.deals = ()
    await renewal.begin()
    await until_it_waits(renewal.handle)
    renewal.world.away = {"database"}
    await renewal.pay(PRICE / 2, PRICE / 2)
    await renewal.pay(PRICE / 2, PRICE)
    await renewal.pay(PRICE, PRICE * 2)
    await renewal.say("next_deal_opened", m.NextDealOpened, next_deal="D-2")
    await passes(renewal, hours=3)  # past the term of 5.3
    renewal.world.away = set()
    await renewal.tell()


async def _given_up(renewal: Deal) -> None:
    """Paid in part, then withdrawn: the invoice is void, which the partner hears once the post is back."""
    await renewal.begin()
    await until_it_waits(renewal.handle)
    await renewal.pay(PRICE / 2, PRICE / 2)
    await until_it_waits(renewal.handle)
    renewal.world.away = {"mail"}
    await renewal.withdraw()
    await passes(renewal, minutes=10)
    renewal.world.away = set()


# --- the payment ----------------------------------------------------------------------------------------------------


class Payment(payments.Case):
    """A payment and its world."""

    def __init__(self, env: WorkflowEnvironment, world: PaymentWorld) -> None:
        super().__init__(env, skipping=True)
        self.world, self.reference = world, "P-1"


@asynccontextmanager
async def _payment(env: WorkflowEnvironment, folder: Path) -> AsyncIterator[Payment]:
    async with payments.world_in(folder) as world, world.worker(env.client):
        await issue(world.engine, "117", "45000.00")
        yield Payment(env, world)


async def _exact(payment: Payment) -> None:
    """The order cannot be told for a while."""
    payment.world.cases_up = False
    await payment.arrive("45000.00")
    await passes(payment, minutes=5)
    payment.world.cases_up = True


async def _assigned(payment: Payment) -> None:
    """Fits nothing: finance names an invoice that there is not, then two, of which one belongs to a deal that is over."""
    await payment.arrive("50000.00", "за услуги")
    await passes(payment, hours=1)
    await payment.assign("999")
    await until_it_waits(payment.handle)
    await payment.assign("117")
    await until_it_waits(payment.handle)
    payment.world.answer = Told(result="no_case")
    await issue(payment.world.engine, "118", "5000.00")
    await payment.assign("118", amount="5000.00")


async def _returned_late(payment: Payment) -> None:
    """Its purpose does not follow the invoice."""
    await payment.arrive("45000.00", "счет № 117, в т.ч. НДС 20%")
    await passes(payment, days=5)
    await payment.refund("45000.00")


async def _divided(payment: Payment) -> None:
    """More than the invoice, with database and cases away; the return is made in time, and entered late."""
    payment.world.database_up = payment.world.cases_up = False
    await payment.arrive("60000.00")
    await passes(payment, minutes=5)
    payment.world.database_up = True
    await passes(payment, days=3, hours=8)  # until shortly before the term of 7.2
    payment.world.database_up = False
    await payment.refund("15000.00")
    await passes(payment, hours=2)
    payment.world.database_up = payment.world.cases_up = True


async def _refused(payment: Payment) -> None:
    """The ledger has another payment under the reference."""
    await payment.arrive("45000.00")
    await ended(payment.env, payment.handle)
    await payment.arrive("1.00")


OUTCOMES: dict[str, Outcome] = {
    "order_done": case(_deal(), _done, "done"),
    "order_mended": case(_deal(), _mended, "done"),
    "order_card": case(_deal(), _card, "done"),
    "order_withdrawn": case(_deal(), _withdrawn, "withdrawn"),
    "renewal_found_late": case(_deal(renewal=True), _found_late, "done"),
    "renewal_opened_by_us": case(_deal(renewal=True, editions=WE_OPEN_NEXT), _opened_by_us, "done"),
    "renewal_paid_twice": case(_deal(renewal=True), _paid_twice, "done"),
    "renewal_given_up": case(_deal(renewal=True), _given_up, "withdrawn"),
    "payment_exact": case(_payment, _exact, "allocated"),
    "payment_assigned": case(_payment, _assigned, "allocated"),
    "payment_returned_late": case(_payment, _returned_late, "returned"),
    "payment_divided": case(_payment, _divided, "divided"),
    "payment_refused": case(_payment, _refused, "refused"),
}
