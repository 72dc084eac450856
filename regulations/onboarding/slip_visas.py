"""Chapter 2: the visas of the slip, given, refused, withdrawn, mended; who owes which of them now."""

from __future__ import annotations

from datetime import datetime

from regulations.case import UNMET, Refusal
from regulations.catalogue import text
from regulations.clause_case import prove
from regulations.messages import SentFile
from regulations.obligations import not_before, open_obligation, put_obligation, waive
from regulations.onboarding.case import AUTHORS, HEAD_OF_SALES, ITEMS, OWNERS
from regulations.onboarding.rows import VisaRow
from regulations.onboarding.slip_messages import ItemMended, VisaGiven, VisaRefused, VisaWithdrawn
from regulations.onboarding.slip_state import COPY, ENTRY, KIND, PRICE, WITH_DOCUMENT, SlipStage, SlipState, Visa
from regulations.roster import Authority

STANDS = "stands"
"""The answer to what was said before."""
MEND = "mend"
"""Note of the duty of an author whose item was refused."""


def give(state: SlipState, message: VisaGiven, now: datetime) -> str:
    """A visa. Told again, the first stands, and the earliest time at which it is told to have been given counts.

    Raises:
        Refusal: ``SlipClosed``, ``NotYours``, ``NotInRole``, ``OutOfOrder``, ``NotMended``, ``Stopped``, ``NoDocument``, ``VisaStands``
            (on other documents), ``ImpossibleDate``.
    """
    item, at, sent = message.item, message.happened_at, documents(message.files)
    who = _who(state, message)
    _in_order(state, message)
    visa = state.visas[item]
    if visa.state == "refused":
        raise Refusal("NotMended", f"onboarding {item}: this item was refused; its author mends it first (onboarding.item_mended)")
    if visa.state == "given":
        _the_same(item, visa, sent)
        state.answer = STANDS
        if visa.at is not None and at < visa.at:
            state.visas[item] = visa.model_copy(update={"at": at})
            _register(state, item)
        prove(state, state.obligation(visa.duty), at, message.key, now)
        return _said(state, item, who, message.by.id, STANDS)
    if state.stopped:
        raise Refusal("Stopped", "onboarding 2: an item was refused, and the rest waits until its author has mended it")
    known = sent or (visa.documents if visa.state == "missing" else ())
    if item in WITH_DOCUMENT and not known:
        raise Refusal("NoDocument", f"onboarding {item}: this visa stands on its document; send the file with it")
    update = {"state": "given", "at": at, "person": who.person, "by": message.by.id, "documents": known, "remark": message.remark}
    state.visas[item] = visa.model_copy(update=update)
    prove(state, state.obligation(visa.duty), at, message.key, now)
    if item == PRICE:
        _owed_from(state, (COPY,), at)
    if item == ENTRY:
        state.to_enter = message.key
    _register(state, item)
    follow(state, at, now)
    return _said(state, item, who, message.by.id, *(name for name, _ in known), message.remark)


def refuse(state: SlipState, message: VisaRefused, now: datetime) -> str:
    """An item is refused: the opinion was given in time, and the item goes back to its author, who is told why. The first refusal stands.

    Raises:
        Refusal: ``SlipClosed``, ``NotYours``, ``NotInRole``, ``OutOfOrder``, ``VisaStands``, ``ImpossibleDate``.
    """
    item, at = message.item, message.happened_at
    who = _who(state, message)
    _in_order(state, message)
    visa = state.visas[item]
    if visa.state == "given":
        raise Refusal("VisaStands", f"onboarding {item}: its visa stands; withdraw it first (onboarding.visa_withdrawn)")
    if visa.state == "refused":
        state.answer = STANDS
        if message.reason != visa.remark:
            _back_to_author(state, message, now)
        return _said(state, item, who, message.by.id, STANDS, message.reason)
    prove(state, state.obligation(visa.duty), at, message.key, now)
    state.visas[item] = Visa(
        state="refused",
        since=at,
        at=at,
        person=who.person,
        by=message.by.id,
        documents=visa.documents,
        remark=message.reason,
        duty=visa.duty,
    )
    _owe_mending(state, item, at, now)
    _back_to_author(state, message, now)
    _register(state, item)
    follow(state, at, now)
    return _said(state, item, who, message.by.id, message.reason)


def withdraw(state: SlipState, message: VisaWithdrawn, now: datetime) -> str:
    """A visa is taken back while the slip is open, and owed anew.

    Raises:
        Refusal: ``SlipClosed``, ``NotYours``, ``NotInRole``, ``NoVisa``, ``OutOfOrder`` (2.2 under a standing 2.7), ``ImpossibleDate``.
    """
    item, at = message.item, message.happened_at
    who = _who(state, message)
    visa = state.visas[item]
    if visa.state != "given":
        raise Refusal("NoVisa", f"onboarding {item}: no visa stands that could be withdrawn")
    if item == PRICE and state.stands(COPY):
        raise Refusal("OutOfOrder", "onboarding 2.7: the visa of the agreement's copy stands on that of 2.2; withdraw 2.7 first")
    not_before(at, visa.at, "the visa")
    state.visas[item] = Visa(state="withdrawn", since=at, at=at, person=who.person, by=message.by.id, remark=message.reason)
    if item == ENTRY:
        tell_crm_of_withdrawal(state, message.key)
    _register(state, item)
    follow(state, at, now)
    return _said(state, item, who, message.by.id, message.reason)


def tell_crm_of_withdrawal(state: SlipState, key: str) -> None:
    """2.5: the CRM shows no client as handed over who is not. A client whom it has not heard of stays unknown to it."""
    state.to_enter = key if state.entered else ""


def mend(state: SlipState, message: ItemMended, now: datetime) -> str:
    """The author has mended what was refused: its visa is owed anew. What rested rests no more once nothing is refused.

    Raises:
        Refusal: ``NotYours``, ``NotInRole``, ``NotRefused``, ``ImpossibleDate``.
    """
    item, at = message.item, message.happened_at
    state.may((AUTHORS[item],), message.by, at)
    visa, rested = state.visas[item], state.stopped
    if visa.state != "refused":
        raise Refusal("NotRefused", f"onboarding {item}: this item is not refused, so that there is nothing to mend")
    not_before(at, visa.since, "the refusal")
    prove(state, state.mend(item), at, message.key, now)
    sent = documents(message.files)
    state.visas[item] = Visa(since=at, documents=sent, remark=message.remark)
    if rested and not state.stopped:
        _owed_from(state, ITEMS, at)
    _register(state, item)
    follow(state, at, now)
    return ", ".join(part for part in (item, *(name for name, _ in sent), message.remark) if part)


def follow(state: SlipState, at: datetime, now: datetime) -> None:
    """Opens the duty of every visa that is owed now, once for each round, and lets go at ``at`` those that are not any more."""
    for item in ITEMS:
        visa = state.visas[item]
        if visa.state in ("given", "refused"):
            continue
        if state.wants(item):
            if not visa.duty:
                _owe(state, item, visa, now)
        elif visa.duty:
            o = state.obligation(visa.duty)
            if o is not None and o.standing in UNMET:
                waive(state, o, at, "stopped" if state.stopped else "price_withdrawn")
            state.visas[item] = visa.model_copy(update={"duty": ""})


def close_when_complete(state: SlipState, now: datetime) -> None:
    """Once all seven stand the slip is closed, and the client passes to service."""
    if state.closed_at is None and state.complete:
        state.closed_at = max(visa.at for visa in state.visas.values() if visa.at is not None)
        state.stage = SlipStage.IN_SERVICE
        state.note("slip_complete", state.closed_at, now, key="slip")


def documents(files: tuple[SentFile, ...]) -> tuple[tuple[str, str], ...]:
    """Name and SHA-256 of each."""
    return tuple((file.name, file.sha256 or "") for file in files)


# --- what may be said ---------------------------------------------------------------------------------------------------


def _who(state: SlipState, message: VisaGiven | VisaRefused | VisaWithdrawn) -> Authority:
    """In whose right it was said, of an open slip."""
    if state.closed_at is not None:
        raise Refusal("SlipClosed", "onboarding 2: all seven visas stand, and the slip is closed; the client has passed to service")
    who = state.right(OWNERS[message.item][0], message.by, message.happened_at)
    not_before(message.happened_at, state.visas[message.item].since, "the hand-over of this item, or the last word about it")
    return who


def _in_order(state: SlipState, message: VisaGiven | VisaRefused) -> None:
    """2.7 comes after 2.2."""
    if message.item != COPY:
        return
    if not state.stands(PRICE):
        raise Refusal("OutOfOrder", "onboarding 2.7: the copy of the price agreement comes after the visa of 2.2, which does not stand")
    not_before(message.happened_at, state.visas[PRICE].at, "the visa of 2.2")


def _the_same(item: str, visa: Visa, sent: tuple[tuple[str, str], ...]) -> None:
    if sent and {digest for _, digest in sent} != {digest for _, digest in visa.documents}:
        raise Refusal("VisaStands", f"onboarding {item}: its visa stands on other documents; withdraw it first (onboarding.visa_withdrawn)")


# --- what follows -------------------------------------------------------------------------------------------------------


def _owed_from(state: SlipState, items: tuple[str, ...], at: datetime) -> None:
    """What is still missing is owed from an instant on, at the earliest."""
    for item in items:
        visa = state.visas[item]
        if visa.state in ("missing", "withdrawn"):
            state.visas[item] = visa.model_copy(update={"since": max(visa.since, at)})


def _owe(state: SlipState, item: str, visa: Visa, now: datetime) -> None:
    owner, escalation = OWNERS[item]
    rounds = sum(o.clause == item and f"/{MEND}/" not in o.key for o in state.obligations)
    o = open_obligation(
        state,
        f"{item}/{rounds + 1}",
        clause=item,
        owner=state.role(owner),
        escalation=escalation,
        started_at=visa.since,
        now=now,
        term=state.term(item),
    )
    state.visas[item] = visa.model_copy(update={"duty": o.key})


def _owe_mending(state: SlipState, item: str, at: datetime, now: datetime) -> None:
    rounds = sum(o.clause == item and f"/{MEND}/" in o.key for o in state.obligations)
    o = open_obligation(
        state,
        f"{item}/{MEND}/{rounds + 1}",
        clause=item,
        owner=state.role(AUTHORS[item]),
        escalation=HEAD_OF_SALES,
        started_at=at,
        now=now,
        term=state.settings.mend_limit,
    )
    o.note = MEND
    put_obligation(state, o)


def _back_to_author(state: SlipState, message: VisaRefused, now: datetime) -> None:
    """Item and reason, to the author by name."""
    named = text(state.language, KIND, "item", message.item)
    values = {"clause": message.item, "item": named, "reason": message.reason}
    state.tell(state.role(AUTHORS[message.item]), "visa_refused", message.key, now, {**values})


def _register(state: SlipState, item: str) -> None:
    visa = state.visas[item]
    state.put(
        VisaRow(
            seq=state.next_seq(),
            contract=state.begun.contract,
            item=item,
            state=visa.state,
            person=visa.person,
            by=visa.by,
            at=visa.at,
            documents=visa.documents,
            remark=visa.remark,
        )
    )


def _said(state: SlipState, item: str, who: Authority, by: str, *more: str) -> str:
    """The words for the trail: the item, for whom a deputy acted, documents, remark or reason."""
    words = [text(state.language, KIND, "answer", part) if part == STANDS else part for part in more if part]
    deputy = [text(state.language, KIND, "case", "deputy_for", person=who.person)] if by != who.person else []
    return "; ".join([item, *deputy, *words])
