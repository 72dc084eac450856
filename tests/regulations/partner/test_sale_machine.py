"""Properties of a sale: whatever is said and answered, there is one invoice and one next deal, and nothing wrong leaves."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from regulations.case import Refusal, Standing
from regulations.messages import Actor, Message
from regulations.partner import sale_messages as m
from regulations.partner.effects import NextDealAnswer, SmsOutcome
from regulations.partner.rows import DealRow, InvoiceRow
from regulations.partner.sale_narration import details, read_out, result
from regulations.partner.sale_state import ENDS
from tests.regulations.course import SENT
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT
from tests.regulations.partner.sales import CONTRACT, CRM, MADE, NETWORK, PAYER, SCRIPTS, Sale

MEMBERS = ["billing", "crm", "draft", "post", "registers", "search", "sms"]
ROLES = st.sampled_from(["support_manager", "support_manager", "head_of_support", "technical", "marketing", "director"])
DELAYS = st.sampled_from([0, 1, 59, 180, 1_440, 6_000])
MOMENTS = st.sampled_from([0, 0, 0, -5, -600, 4])
"""When something happened, in minutes from now."""
MINUTE = timedelta(minutes=1)
AMOUNTS = st.sampled_from([Decimal("0.01"), Decimal(20_000), None])
"""Of a payment; None: all that is open."""


class AnySale(RuleBasedStateMachine):
    """Random messages, answers, silences and moves of the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.sale = Sale()

    @initialize(
        renewal=st.booleans(),
        whole=st.booleans(),
        opens=st.booleans(),
        billing=st.sampled_from(["issued", None, "refused"]),
        silent=st.sets(st.sampled_from(MEMBERS), max_size=2),
        far=st.integers(0, 3),
    )
    def begin(self, renewal: bool, whole: bool, opens: bool, billing: str | None, silent: set[str], far: int) -> None:
        """``far``: to the consent, to what billing says first, to the invoice, or to the whole payment; ``whole``: nothing of the invoice
        is missing."""
        self.sale = sale = Sale(renewal=renewal)
        sale.billing = billing if far < 2 else "issued"
        sale.settings = {"crm_opens_next": opens}
        sale.silent = silent if far == 0 else set()
        if renewal:
            sale.renew(package="standard" if whole or far else "crm")
        else:
            sale.order(contract=CONTRACT if whole or far else None, services=[CRM])
        if far and not renewal:
            sale.form()
        if far == 3:
            sale.pays(sale.state.open_sum)
        sale.silent = silent

    def send(self, kind: type[Message], minutes: int = 0, **fields: Any) -> None:
        """A message is taken, or refused without a trace."""
        sale = self.sale
        before, stage = sale.state.model_dump_json(), sale.state.at
        message = sale.message(kind, None if minutes == 0 else sale.now + minutes * MINUTE, **fields)
        try:
            sale.deliver(message)  # whatever is no refusal fails the test
        except Refusal:
            assert sale.state.model_dump_json() == before
        else:
            assert stage not in ENDS, "a message was taken after the end"

    @rule(services=st.sampled_from([[], [CRM], [NETWORK]]), minutes=MOMENTS)
    def form(self, services: list[dict[str, str]], minutes: int) -> None:
        self.send(m.FormReceived, minutes, payer=PAYER, services=services)

    @rule(
        role=ROLES,
        fields=st.sampled_from(
            [{}, {"contract": CONTRACT}, {"city": "Казань"}, {"services": [SCRIPTS]}, {"payer": {**PAYER, "email": "x@lutik.example"}}]
        ),
    )
    def correct(self, role: str, fields: dict[str, Any]) -> None:
        self.send(m.Corrected, by=Actor(id="u", role=role), **fields)

    @precondition(lambda self: self.sale.stage == "invoicing")
    @rule(fields=st.sampled_from([{}, {}, {"services": [SCRIPTS]}]))
    def correct_well(self, fields: dict[str, Any]) -> None:
        self.send(m.Corrected, by=HEAD_OF_SUPPORT, **fields)

    @precondition(lambda self: self.sale.stage == "paid")
    @rule()
    def tell_well(self) -> None:
        self.send(m.PartnerTold, by=HEAD_OF_SUPPORT)

    @rule(role=ROLES, number=st.sampled_from(["H-1", "H-2"]))
    def make_by_hand(self, role: str, number: str) -> None:
        self.send(m.InvoiceMade, by=Actor(id="u", role=role), **{**MADE, "number": number})

    @precondition(lambda self: self.sale.state.invoice is not None)
    @rule(amount=AMOUNTS, minutes=MOMENTS)
    def pay(self, amount: Decimal | None, minutes: int) -> None:
        state = self.sale.state
        assert state.invoice is not None
        amount = amount or state.open_sum or Decimal(1)
        fields = {"payment": "b-1", "invoice": state.invoice.number, "amount": amount, "paid": state.paid + amount}
        self.send(m.Allocated, minutes, **fields)

    @rule(role=ROLES, reason=st.sampled_from(["", "аванс"]), over=st.booleans(), minutes=MOMENTS)
    def tell(self, role: str, reason: str, over: bool, minutes: int) -> None:
        self.send(m.PartnerTold, minutes, by=Actor(id="u", role=role), reason=reason, hand_over=over)

    @rule(role=ROLES, minutes=MOMENTS)
    def execute(self, role: str, minutes: int) -> None:
        self.send(m.Executed, minutes, by=Actor(id="u", role=role))

    @rule(role=ROLES, decision=st.sampled_from(["ask", "approved", "refused"]))
    def card(self, role: str, decision: str) -> None:
        by = Actor(id="u", role=role)
        if decision == "ask":
            self.send(m.CardAsked, by=by, bank="bank-1", reason="настаивает")
        else:
            self.send(m.CardDecided, by=by, decision=decision)

    @rule(deal=st.sampled_from(["D-7", "D-8"]))
    def name_the_next_deal(self, deal: str) -> None:
        self.send(m.NextDealOpened, next_deal=deal)

    @rule(clause=st.sampled_from(["5.1", "5.2", "5.3", "5.4", "5.6", "6.1", "6.2", "6.3"]), rare=st.integers(0, 2))
    def waive(self, clause: str, rare: int) -> None:
        if rare == 0:
            self.send(m.WaiveOfSale, by=HEAD_OF_SUPPORT, clause=clause, reason="не нужно")

    @rule(rare=st.integers(0, 5))
    def withdraw(self, rare: int) -> None:
        if rare == 0:  # it ends the case
            self.send(m.WithdrawOfSale, by=HEAD_OF_SUPPORT, reason="по ошибке")

    # --- the world

    @rule(billing=st.sampled_from(["issued", "issued", "refused", None]), crm=st.booleans())
    def billing_and_crm(self, billing: str | None, crm: bool) -> None:
        self.sale.billing, self.sale.crm_up = billing, crm

    @rule(deals=st.sampled_from([(), ("D-2",), ("D-2", "D-3"), None]), post=st.booleans())
    def automation_and_post(self, deals: tuple[str, ...] | None, post: bool) -> None:
        self.sale.deals = None if deals is None else NextDealAnswer(deals=deals)
        self.sale.post, self.sale.gateway = (SENT, SmsOutcome(result="sent")) if post else (None, None)

    @rule(silent=st.sets(st.sampled_from(MEMBERS), max_size=3))
    def fall_silent(self, silent: set[str]) -> None:
        self.sale.silent = silent

    @rule(who=st.one_of(st.none(), st.sampled_from(MEMBERS)))
    def answer(self, who: str | None) -> None:
        self.sale.answer(who)

    @rule(minutes=DELAYS)
    def time_passes(self, minutes: int) -> None:
        self.sale.go(minutes=minutes)

    # --- what always holds

    @invariant()
    def it_stands_somewhere(self) -> None:
        state = self.sale.state
        assert details(state)
        assert read_out(state).stage_text != state.stage
        assert result(state).paid >= 0
        rows = [r for r in [*self.sale.rows, *state.rows] if isinstance(r, DealRow)]
        assert max(rows, key=lambda r: r.seq).stage == state.stage

    @invariant()
    def there_is_one_invoice(self) -> None:
        """Billing is asked anew under another key only where it has refused; what it may have made is never asked for twice."""
        sale = self.sale
        assert len({r.number for r in sale.rows if isinstance(r, InvoiceRow)}) <= 1
        asked: dict[str, Any] = {}
        for order in sale.orders:
            assert asked.setdefault(order.key, order) == order, "the same key says something else"
        unrefused = set(asked) - {
            f.key.partition("#")[2].rpartition("#")[0] for f in sale.state.facts if f.what == "incident.invoice_refused"
        }
        assert len(unrefused) <= 1

    @invariant()
    def nothing_wrong_leaves(self) -> None:
        sale = self.sale
        assert all(not order.draft.defects for order in sale.orders)
        for letter in sale.letters:
            if letter.template == "partner/card":
                assert letter.values["invoice"] == (sale.state.invoice and sale.state.invoice.number)
        assert len({letter.key for letter in sale.letters}) == len(sale.letters)
        if sale.state.invoice is None:
            assert not sale.messages
            assert "partner/invoice" not in {letter.template for letter in sale.letters}

    @invariant()
    def there_is_one_next_deal(self) -> None:
        sale = self.sale
        entered = {record.external_id for record in sale.records}
        assert entered <= {sale.state.address, f"{sale.state.address}#next"}
        assert len({fact.note for fact in sale.state.facts if fact.what == "next_deal"}) <= 1
        if not sale.state.renewal or not sale.state.paid_in_full:
            assert sale.state.next_deal is None
            assert f"{sale.state.address}#next" not in entered
        if sale.searches:
            assert f"{sale.state.address}#next" not in entered

    @invariant()
    def an_end_owes_nothing(self) -> None:
        state = self.sale.state
        if state.stage == "done":
            assert state.paid_in_full or state.handed_over
        if state.ended:
            assert not [o for o in state.obligations if o.standing in (Standing.OPEN, Standing.OVERDUE)]
            assert (state.outcome, state.tells, state.waits, self.sale.wake_at) == (state.stage, [], {}, None)

    def teardown(self) -> None:
        """When everybody answers, an end that was reached is final."""
        self.sale.silent = set()
        for _ in range(3):
            self.sale.answer()
        self.sale.go(days=4)
        assert self.sale.state.at not in ENDS or self.sale.state.ended


AnySale.TestCase.settings = settings(max_examples=25, stateful_step_count=20, derandomize=True, suppress_health_check=list(HealthCheck))
TestAnySale = AnySale.TestCase
