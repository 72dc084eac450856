"""Which invoices a payment pays (partner 7.2): by what its purpose says, by who pays, and by the sum, exact to the kopeck.

An invoice is found in one of three ways, the surest first:

1. *named*: the purpose names its number. Nothing is taken from an invoice of another payer: a number is mistyped too easily.
2. *described*: without a number, the purpose names the contract or the services of exactly one invoice of this payer.
3. *by the sum*: the purpose says nothing of either, and the sum is exactly what is open on exactly one invoice of this payer.

Where two fit, none is taken: a person chooses. An invoice that was found and that the purpose contradicts (another contract, another
service, another city, with VAT), that is void or in another currency, is not paid: the money is to be returned. What is silent
contradicts nothing. A payment to a card (7.3) is entered by finance with the invoice's number: neither purpose nor payer are held
against it.

All is pure and exact. What is allocated and what is left are together what came, and no invoice gets more than is open on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from regulations.partner.effects import Verdict
from regulations.partner.payment_purpose import Named, NamedContract, Purpose, bare, plain, read_purpose, short
from regulations.partner.services import ZERO

How = Literal["named", "described", "by_sum"]
_CITIES = {"спб": "санкт-петербург", "мск": "москва", "екб": "екатеринбург"}


@dataclass(frozen=True)
class Invoice:
    """An invoice as the ledger has it. Its number may come again (another year): with its case it is unique."""

    number: str
    address: str
    """Its case."""
    payer_inn: str
    total: Decimal
    paid: Decimal
    currency: str
    contract_number: str
    contract_date: date
    places: tuple[tuple[str, str], ...]
    """Appendix and number of each service."""
    city: str | None
    issued_on: date
    void: bool = False

    @property
    def open(self) -> Decimal:
        """What is still to be paid."""
        return ZERO if self.void else max(ZERO, self.total - self.paid)


@dataclass(frozen=True)
class Received:
    """A payment that came."""

    amount: Decimal
    currency: str
    purpose: str
    payer_inn: str | None
    card: bool = False


@dataclass(frozen=True)
class Match:
    """What becomes of a payment: allocated sums + ``left`` = the payment."""

    verdict: Verdict
    left: Decimal
    allocated: tuple[tuple[Invoice, Decimal], ...] = ()
    why: tuple[str, ...] = ()
    """Codes of the catalogue: how the invoice was found, and why something is left."""
    candidates: tuple[str, ...] = ()
    """Numbers of the invoices that it may be meant for, where something is left."""


def match(received: Received, invoices: Iterable[Invoice]) -> Match:
    """Matches a payment with invoices, in whatever order they come.

    Args:
        received: The payment.
        invoices: All there are; those that `Signs.concern` does not name make no difference.
    """
    return _Matching(received, sorted(invoices, key=lambda i: (i.number, i.address))).found()


AssignResult = Literal["assigned", "no_invoice", "ambiguous", "not_open", "other_currency", "above_open", "above_left"]
"""``above_open``: more than is open on the invoice; ``above_left``: more than is left of the payment."""


def assign(
    left: Decimal, currency: str, wanted: Decimal | None, invoices: Sequence[Invoice]
) -> tuple[AssignResult, Invoice | None, Decimal]:
    """What a person allocates of a payment to an invoice (7.2).

    Args:
        left: What is left of the payment.
        currency: Of the payment.
        wanted: How much; None: as much as is left and open.
        invoices: Those with the number that the person names, in the case that it names, if it does.

    Returns:
        The result, and, where it is ``assigned``, the invoice and the sum.
    """
    payable = [i for i in invoices if i.open]
    if len(payable) > 1:
        return "ambiguous", None, ZERO
    if not payable:
        return "not_open" if invoices else "no_invoice", None, ZERO
    (invoice,) = payable
    amount = min(left, invoice.open) if wanted is None else wanted
    if invoice.currency != currency:
        return "other_currency", None, ZERO
    if amount > invoice.open:
        return "above_open", None, ZERO
    if amount > left or not amount:
        return "above_left", None, ZERO
    return "assigned", invoice, amount


class Signs:
    """By what signs an invoice may be meant by a payment: for choosing among many without reading all of each."""

    def __init__(self, received: Received) -> None:
        said = read_purpose(received.purpose)
        self._numbers = {name.number for name in said.invoices} | {said.whole}
        self._shorts = {short(number) for number in sorted(self._numbers)}
        self._inns = _payers(received, said)
        self._described = said.describes and not self._inns

    def concern(self, number: str, payer_inn: str) -> bool:
        """Whether an invoice with this number and payer may make a difference."""
        if self._described or _digits(payer_inn) in self._inns or bare(number) in self._numbers:
            return True
        return short(number) in self._shorts


def _digits(inn: str) -> str:
    """A taxpayer number as spreadsheets leave it: without the zeros before it."""
    return inn.lstrip("0")


def _payers(received: Received, said: Purpose) -> frozenset[str]:
    """Who pays, and for whom: whoever pays for another names its taxpayer number in the purpose."""
    given = {received.payer_inn} if received.payer_inn else set()
    return frozenset(map(_digits, given | said.inns))


class _Matching:
    def __init__(self, received: Received, known: Sequence[Invoice]) -> None:
        self._received = received
        self._known = known
        self._said = read_purpose(received.purpose)
        self._inns = _payers(received, self._said)

    def found(self) -> Match:
        """The three ways, the surest first."""
        chosen: list[Invoice] = []
        unknown = False
        doubtful: list[Invoice] = []
        for name in self._names():
            fits = self._fits(name)
            if len(fits) == 1:
                chosen += [i for i in fits if i not in chosen]
            elif fits:
                doubtful += fits
            elif name.sure:
                unknown = True
        if doubtful:
            return self._left("ambiguous", [*chosen, *doubtful], "number_twice")
        if unknown:
            return self._left("unknown", [*chosen, *self._by_sum()], "number_unknown")
        if chosen:
            return self._pay(chosen, "named")
        return self._described() if self._said.describes and not self._received.card else self._silent()

    # --- named

    def _names(self) -> list[Named]:
        """The numbers that the purpose names. What finance enters for a card may be the number alone."""
        names = list(self._said.invoices)
        if not self._received.card or any(name.sure for name in names) or not self._said.whole:
            return names
        return [Named(self._said.whole)]

    def _fits(self, name: Named) -> list[Invoice]:
        """The invoices that a number means. One that nobody calls an invoice means one of ours only where it is the payer's own."""
        fits = [i for i in self._known if bare(i.number) == name.number and (name.sure or self._own(i))]
        if not fits and name.sure:
            fits = [i for i in self._known if short(i.number) == short(name.number) and self._own(i)]
        for wanted in (
            lambda i: i.issued_on == name.day,
            self._own,
            lambda i: not i.void,
            lambda i: not self._contradictions([i]),
            lambda i: i.open == self._received.amount,
        ):
            if len(fits) > 1:
                fits = [i for i in fits if wanted(i)] or fits
        return fits

    def _own(self, invoice: Invoice) -> bool:
        """Whether the payer is known, and the invoice is made out to it."""
        return _digits(invoice.payer_inn) in self._inns

    # --- described

    def _described(self) -> Match:
        """By contract and services, among the payer's invoices; among all of them where nobody says who pays."""
        theirs = [i for i in self._known if not self._inns or self._own(i)]
        fits = [i for i in theirs if not self._against_description([i])]
        standing = [i for i in fits if not i.void]
        payable = [i for i in standing if i.open]
        if len(payable) > 1:  # the sum may tell which, where it is exactly what is open on one
            exact = [i for i in payable if i.open == self._received.amount]
            payable = exact if len(exact) == 1 else payable
        if len(payable) == 1:
            return self._pay(payable, "described")
        if payable:
            return self._left("ambiguous", payable, "described_several")
        if standing:
            return self._left("double", standing, "described", "paid_already")
        if fits:
            return self._left("wrong_invoice", fits, "described", "void")
        meant = self._by_sum()
        if len(meant) == 1:
            return self._left("wrong_purpose", meant, "by_sum", *self._contradictions(meant))
        among = [i for i in theirs if i.open]
        if self._split(among):
            return self._left("ambiguous", among, "described_several")
        return self._left("unknown", among if self._inns else [], "described_none")

    def _split(self, invoices: Sequence[Invoice]) -> bool:
        """Whether the services are those of several invoices together."""
        return len(invoices) > 1 and not self._against_description(invoices)

    # --- by the sum

    def _by_sum(self) -> list[Invoice]:
        """The payer's invoices on which exactly this sum is open."""
        currency, amount = self._received.currency, self._received.amount
        return [i for i in self._known if self._own(i) and i.currency == currency and i.open == amount]

    def _silent(self) -> Match:
        """The purpose says nothing by which an invoice is told."""
        if self._received.card:
            return self._left("unknown", [], "number_missing")
        meant = self._by_sum()
        if len(meant) == 1:
            return self._pay(meant, "by_sum")
        if meant:
            return self._left("ambiguous", meant, "sum_twice")
        own = [i for i in self._known if self._own(i)]
        paid = [i for i in own if not i.void and not i.open and i.total == self._received.amount]
        if paid and not any(i.open for i in own):
            return self._left("double", paid, "by_sum", "paid_already")
        return self._left("unknown", [i for i in own if i.open], "silent")

    # --- what speaks against it

    def _contradictions(self, invoices: Sequence[Invoice]) -> list[str]:
        """What the purpose says that is not so of these invoices, as codes (7.2)."""
        return [*self._against_description(invoices), *(["with_vat"] if self._said.with_vat else [])]

    def _against_description(self, invoices: Sequence[Invoice]) -> list[str]:
        said = self._said
        codes = []
        agreed = [[_same_contract(named, i) for named in said.contracts] for i in invoices]
        if said.contracts and not (all(map(any, agreed)) and all(map(any, zip(*agreed, strict=True)))):
            codes.append("other_contract")
        places = [(bare(appendix), bare(number)) for i in invoices for appendix, number in i.places]
        if not all(any(_same_place(named, place) for place in places) for named in said.places):
            codes.append("other_service")
        cities = [i.city for i in invoices if i.city]
        if cities and not all(any(_same_city(words, city) for city in cities) for words in said.cities):
            codes.append("other_city")
        return codes

    # --- the sums

    def _pay(self, chosen: Sequence[Invoice], how: How) -> Match:
        """Allocates to the invoices that were found, unless something speaks against it."""
        received = self._received
        if any(i.void for i in chosen):
            return self._left("wrong_invoice", chosen, how, "void")
        if any(i.currency != received.currency for i in chosen):
            return self._left("wrong_currency", chosen, how, "other_currency")
        if not received.card and (against := self._contradictions(chosen)):
            return self._left("wrong_purpose", chosen, how, *against)
        if not received.card and self._inns and not all(map(self._own, chosen)):
            return self._left("unknown", chosen, how, "other_payer")
        payable = [i for i in chosen if i.open]
        total = sum((i.open for i in payable), ZERO)
        if not payable:
            return self._left("double", chosen, how, "paid_already")
        if received.amount >= total:
            left = received.amount - total
            verdict: Verdict = "over" if left else "exact" if len(payable) == 1 else "several"
            numbers = tuple(i.number for i in chosen) if left else ()
            why = (how, "above_open") if left else (how,)
            return Match(verdict, left, tuple((i, i.open) for i in payable), why, numbers)
        if len(payable) > 1:
            return self._left("ambiguous", payable, how, "not_enough_for_all")
        return Match("partial", ZERO, ((payable[0], received.amount),), (how,))

    def _left(self, verdict: Verdict, candidates: Iterable[Invoice], *why: str) -> Match:
        """Nothing is allocated."""
        return Match(verdict, self._received.amount, why=why, candidates=tuple(dict.fromkeys(i.number for i in candidates)))


def _same_contract(named: NamedContract, invoice: Invoice) -> bool:
    """A contract is its number and its date; of what is not said nothing is demanded."""
    number = bare(invoice.contract_number)
    right_number = named.number is None or named.number == number or (number.endswith(f"-{named.number}") and not number[0].isdigit())
    return right_number and (named.day is None or named.day == invoice.contract_date)


def _same_place(named: tuple[str | None, str | None], place: tuple[str, str]) -> bool:
    return all(said is None or said == is_ for said, is_ in zip(named, place, strict=True))


def _same_city(words: Sequence[str], city: str) -> bool:
    """A city in whatever case it is declined in; the first letter of a word stands for it (``Н. Новгород``)."""
    names = bare(city).split("-")
    whole = next((full for brief, full in _CITIES.items() if words and words[0] == plain(brief)), None)
    said = list(words) if whole is None else bare(whole).split("-")
    return len(said) >= len(names) and all(_same_word(one, other) for one, other in zip(said, names, strict=False))


def _same_word(one: str, other: str) -> bool:
    if len(one) == 1:
        return other.startswith(one)
    longest = max(len(one), len(other))
    alike = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return alike >= longest - (2 if longest > 4 else 1)
