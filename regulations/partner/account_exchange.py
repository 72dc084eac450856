"""2.1, 2.2: support and marketing tell each other what a partner wishes and needs, with a term in both directions.

Each is told by a notice what the other has said. A wish is noted, reported by support within the term of 2.1, and answered by marketing
within that of 2.2; reported without having been noted it is both at once. What marketing needs is answered within 2.1.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from pydantic import JsonValue

from regulations.case import Refusal
from regulations.catalogue import text
from regulations.obligations import not_before, only
from regulations.partner.account_duties import flooded, owe, prove, tell
from regulations.partner.account_messages import CampaignTold, NeedAnswered, NeedReported, WishAnswered, WishNoted, WishReported
from regulations.partner.account_state import KIND, LONGEST_TEXT, MOST_WISHES, AccountState, Needed, Wished
from regulations.partner.case import HEAD_OF_MARKETING, HEAD_OF_SUPPORT, MARKETING, SUPPORT_MANAGER

SUPPORT = (SUPPORT_MANAGER, HEAD_OF_SUPPORT)
OF_MARKETING = (MARKETING, HEAD_OF_MARKETING)
CAMPAIGN = "campaign"

T = TypeVar("T", Wished, Needed)


# --- 2.1: wishes ----------------------------------------------------------------------------------------------------


def note_wish(state: AccountState, message: WishNoted, now: datetime) -> str:
    """2.1: something that marketing must hear."""
    if message.wish in state.wishes:
        raise Refusal("KnownWish", "partner 2.1: this wish was told of before; give every wish an id of its own")
    _room(state)
    text = message.text[:LONGEST_TEXT]
    state.wishes = _newest({**state.wishes, message.wish: Wished(what=message.what, text=text, noted_at=message.happened_at)})
    owe(state, "2.1", f"wish/{message.wish}", message.happened_at, now)
    return message.what


def report_wish(state: AccountState, message: WishReported, now: datetime) -> str:
    """2.1: marketing has been told; it owes an answer."""
    only(SUPPORT, message.by, "report to marketing")
    at, wish = message.happened_at, state.wishes.get(message.wish)
    if wish is None:
        if message.what is None:
            raise Refusal("NoSuchWish", "partner 2.1: no such wish is known; say with 'what' which it is, or deliver its noting first")
        _room(state)
        wish = Wished(what=message.what, noted_at=at)
        owe(state, "2.1", f"wish/{message.wish}", at, now)
    if wish.reported_at is not None:
        raise Refusal("Reported", "partner 2.1: this wish has been reported; report what has changed as another one")
    not_before(at, wish.noted_at, "the noting of the wish")
    what, said = message.what or wish.what, message.text or wish.text
    reported = wish.model_copy(update={"what": what, "text": "", "reported_at": at})
    state.wishes = _newest({**state.wishes, message.wish: reported})
    prove(state, f"2.1/wish/{message.wish}", at, message.key)
    owe(state, "2.2", f"wish/{message.wish}", at, now)
    _say(state, MARKETING, "wish_reported", message.key, now, "2.2", message.wish, what, said)
    return what


def answer_wish(state: AccountState, message: WishAnswered, now: datetime) -> str:
    """2.2: marketing has answered."""
    only(OF_MARKETING, message.by, "answer a wish")
    wish = state.wishes.get(message.wish)
    if wish is None:
        raise Refusal("NoSuchWish", "partner 2.2: no such wish is known, or it was answered long ago")
    if wish.reported_at is None:
        raise Refusal("NotReported", "partner 2.2: this wish has not been reported to marketing yet")
    if wish.answered:
        raise Refusal("Answered", "partner 2.2: this wish has been answered")
    not_before(message.happened_at, wish.reported_at, "the report of the wish")
    state.wishes[message.wish] = wish.model_copy(update={"answered": True})
    prove(state, f"2.2/wish/{message.wish}", message.happened_at, message.key)
    _say(state, SUPPORT_MANAGER, "wish_answered", message.key, now, "2.2", message.wish, wish.what, message.text)
    return wish.what


# --- 2.2: needs -----------------------------------------------------------------------------------------------------


def report_need(state: AccountState, message: NeedReported, now: datetime) -> str:
    """2.2: marketing has told support; it owes an answer."""
    only(OF_MARKETING, message.by, "report a need to support")
    if message.need in state.needs:
        raise Refusal("KnownNeed", "partner 2.2: this need was told of before; give every need an id of its own")
    _room(state)
    state.needs = _newest({**state.needs, message.need: Needed(what=message.what, reported_at=message.happened_at)})
    owe(state, "2.1", f"need/{message.need}", message.happened_at, now)
    _say(state, SUPPORT_MANAGER, "need_reported", message.key, now, "2.1", message.need, message.what, message.text)
    return message.what


def answer_need(state: AccountState, message: NeedAnswered, now: datetime) -> str:
    """2.1: support has answered."""
    only(SUPPORT, message.by, "answer a need")
    need = state.needs.get(message.need)
    if need is None:
        raise Refusal("NoSuchNeed", "partner 2.1: no such need is known, or it was answered long ago")
    if need.answered:
        raise Refusal("Answered", "partner 2.1: this need has been answered")
    not_before(message.happened_at, need.reported_at, "the report of the need")
    state.needs[message.need] = need.model_copy(update={"answered": True})
    prove(state, f"2.1/need/{message.need}", message.happened_at, message.key)
    said = text(state.language, KIND, "agreed" if message.agreed else "declined")
    _say(state, MARKETING, "need_answered", message.key, now, "2.1", message.need, need.what, ". ".join(filter(None, (said, message.text))))
    return need.what


def tell_campaign(state: AccountState, message: CampaignTold, now: datetime) -> str:
    """2.1: marketing says which campaign will be made; told again, the newest stands."""
    only(OF_MARKETING, message.by, "say which campaign will be made")
    prove(state, f"2.1/{CAMPAIGN}", message.happened_at, message.key)
    tell(state, SUPPORT_MANAGER, "campaign_told", message.key, now, {"clause": "2.1", "said": message.text})
    return message.text


# --- what both need -------------------------------------------------------------------------------------------------


def _room(state: AccountState) -> None:
    if flooded(state):
        raise Refusal("Busy", "partner 2.1, 2.2: many terms of this partner run already; deliver this again in a while")


def _newest(known: dict[str, T]) -> dict[str, T]:
    """Those that are answered go first, of the others the oldest."""
    while len(known) > MOST_WISHES:
        del known[next((id for id, one in known.items() if one.answered), next(iter(known)))]
    return known


def _say(state: AccountState, role: str, notice: str, key: str, now: datetime, clause: str, id: str, what: str, said: str) -> None:
    values: dict[str, JsonValue] = {"clause": clause, "id": id, "what": text(state.language, KIND, "what", what), "said": said or "—"}
    tell(state, role, notice, key, now, values)
