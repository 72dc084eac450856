"""2.1, 2.2: support and marketing tell each other, with a term in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from regulations.messages import Actor, Message
from regulations.partner.account_messages import (
    CampaignTold,
    NeedAnswered,
    NeedReported,
    WishAnswered,
    WishNoted,
    WishReported,
)
from tests.regulations.course import at, local
from tests.regulations.partner.accounts import HEAD, HEAD_OF_MARKETERS, MANAGER, MARKETER, OTHER, Account

NEXT_CLOSE = "2026-11-17 19:00"
SUPPORT = "support_manager:u12"


def account_with(*steps: str) -> Account:
    """An account in which these things have been said, a quarter of an hour apart."""
    account = Account().soon()
    for step in steps:
        account.go(minutes=15)
        kind, fields = SAID[step]
        account.say(kind, **fields)
    return account


SAID: dict[str, tuple[type[Message], dict[str, Any]]] = {
    "noted": (WishNoted, {"wish": "w-1", "what": "more_leads", "text": "ещё 20 заявок"}),
    "reported": (WishReported, {"wish": "w-1", "by": MANAGER}),
    "reported as": (WishReported, {"wish": "w-1", "what": "further_network", "text": "подключить сеть", "by": OTHER}),
    "answered": (WishAnswered, {"wish": "w-1", "text": "увеличим со среды", "by": MARKETER}),
    "need": (NeedReported, {"need": "n-1", "what": "budget_top_up", "text": "бюджет кончается", "by": MARKETER}),
    "need answered": (NeedAnswered, {"need": "n-1", "agreed": True, "text": "пополнит завтра", "by": MANAGER}),
    "campaign": (CampaignTold, {"text": "контекст и соцсети", "by": MARKETER}),
}


@pytest.mark.clause("partner 2.1")
@pytest.mark.parametrize(("when", "standing"), [(NEXT_CLOSE, "met"), ("2026-11-17 19:01", "met_late")])
def test_marketing_says_within_a_working_day_which_campaign_will_be_made(when: str, standing: str) -> None:
    account = Account().soon().go_to(when).say(CampaignTold, text="контекст и соцсети", by=MARKETER)
    duty = account.duty("2.1/campaign")
    assert (duty.owner, duty.standing.value, local(duty.due)) == (SUPPORT, standing, NEXT_CLOSE)
    assert account.said(SUPPORT) == ["2.1 Партнёр ООО «Ромашка»: маркетинг сообщает о рекламной кампании: контекст и соцсети"]
    account.say(CampaignTold, text="ещё и карты", by=HEAD_OF_MARKETERS)
    assert len(account.said(SUPPORT)) == 2


@pytest.mark.clause("partner 2.1")
@pytest.mark.clause("partner 2.2")
def test_a_wish_goes_to_marketing_and_back_with_a_term_each_way() -> None:
    account = account_with("noted")
    noted = account.duty("2.1/wish/w-1")
    assert (noted.owner, noted.escalation, local(noted.due)) == (SUPPORT, "head_of_support", NEXT_CLOSE)
    account.go_to("2026-11-17 10:00").say(WishReported, wish="w-1", by=MANAGER)
    reported = account.duty("2.2/wish/w-1")
    assert account.duty("2.1/wish/w-1").standing.value == "met"
    assert (reported.owner, reported.escalation, local(reported.due)) == ("marketing", "head_of_marketing", "2026-11-18 19:00")
    assert account.said("marketing") == ["2.2 Партнёр ООО «Ромашка», пожелание w-1 (больше заявок): ещё 20 заявок. Нужен ответ маркетинга"]
    account.say(WishAnswered, wish="w-1", text="увеличим со среды", by=MARKETER)
    assert account.duty("2.2/wish/w-1").standing.value == "met"
    assert account.said(SUPPORT) == ["2.2 Партнёр ООО «Ромашка», ответ маркетинга на пожелание w-1 (больше заявок): увеличим со среды"]


@pytest.mark.clause("partner 2.2")
def test_marketing_that_does_not_answer_breaches_and_its_head_hears_of_it() -> None:
    account = account_with("campaign", "noted", "reported").go(days=3)
    assert account.standings("2.2") == {"2.2/wish/w-1": "overdue"}
    assert account.notices("breach") == [("2.2", "head_of_marketing"), ("2.2", "marketing")]
    account.say(WishAnswered, wish="w-1", text="увеличим", by=MARKETER)
    assert account.standings("2.2") == {"2.2/wish/w-1": "met_late"}


@pytest.mark.clause("partner 2.1")
def test_a_wish_reported_without_having_been_noted_is_both() -> None:
    account = account_with("reported as")
    assert account.standings() | {"2.1/wish/w-1": "met", "2.2/wish/w-1": "open"} == account.standings()
    assert "дополнительная сеть" in account.said("marketing")[0]


@pytest.mark.clause("partner 2.1")
@pytest.mark.clause("partner 2.2")
@pytest.mark.parametrize(("when", "standing"), [(NEXT_CLOSE, "met"), ("2026-11-17 19:01", "met_late")])
def test_what_marketing_needs_is_answered_within_a_working_day(when: str, standing: str) -> None:
    account = account_with("need")
    assert account.said(SUPPORT) == [
        "2.1 Партнёр ООО «Ромашка», маркетингу нужно: пополнение рекламного бюджета (n-1): бюджет кончается. Нужен ответ сопровождения"
    ]
    account.go_to(when).say(NeedAnswered, need="n-1", agreed=False, by=HEAD)
    assert account.duty("2.1/need/n-1").standing.value == standing
    assert account.said("marketing") == [
        "2.1 Партнёр ООО «Ромашка», ответ по запросу n-1 (пополнение рекламного бюджета): партнёр не согласен"
    ]


@pytest.mark.clause("partner 2.1")
@pytest.mark.clause("partner 2.2")
@pytest.mark.parametrize(
    ("before", "said", "changes", "type"),
    [
        ((), "reported", {}, "NoSuchWish"),
        ((), "answered", {}, "NoSuchWish"),
        ((), "need answered", {}, "NoSuchNeed"),
        (("noted",), "noted", {}, "KnownWish"),
        (("reported as",), "noted", {}, "KnownWish"),
        (("noted",), "answered", {}, "NotReported"),
        (("noted", "reported"), "reported as", {}, "Reported"),
        (("noted", "reported", "answered"), "answered", {}, "Answered"),
        (("need",), "need", {}, "KnownNeed"),
        (("need", "need answered"), "need answered", {}, "Answered"),
        (("noted",), "reported", {"by": MARKETER}, "NotYours"),
        (("noted", "reported"), "answered", {"by": MANAGER}, "NotYours"),
        ((), "need", {"by": HEAD}, "NotYours"),
        (("need",), "need answered", {"by": Actor(id="s1", role="sales_manager")}, "NotYours"),
        ((), "campaign", {"by": MANAGER}, "NotYours"),
        (("noted",), "reported", {"happened": at("2026-11-16 12:09")}, "ImpossibleDate"),
        (("noted", "reported"), "answered", {"happened": at("2026-11-16 12:24")}, "ImpossibleDate"),
        (("need",), "need answered", {"happened": at("2026-11-16 12:09")}, "ImpossibleDate"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(before: tuple[str, ...], said: str, changes: dict[str, Any], type: str) -> None:
    kind, fields = SAID[said]
    assert account_with(*before).refused(kind, **{**fields, **changes}) == type


@pytest.mark.clause("partner 2.1")
def test_a_role_without_an_address_is_an_incident_and_no_silence() -> None:
    account = Account().soon()
    assert account.state.opening is not None
    del account.state.opening.roles["marketing"]
    account.say(WishReported, wish="w-1", what="no_leads", by=MANAGER)
    assert account.incidents() == ["role_without_address"]
