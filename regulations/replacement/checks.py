"""The checks of a request: what a door asks before anything is kept, and the grounds on which a request is refused."""

from __future__ import annotations

from datetime import datetime

from regulations.case import Refusal
from regulations.obligations import check_instant
from regulations.replacement.messages import Requested, ToppedUp
from regulations.replacement.state import Ground, ReplacementState

LIMIT = "request_limit"
"""The wait at whose end requests for a tariff that ran out are taken no more."""


def check_start(message: Requested | ToppedUp, now: datetime) -> None:
    """The starting checks, made by the door before anything is kept, and by the case. Raises Refusal.

    They concern the message alone; what billing has to be asked for is refused by the case, with a letter (`grounds`).

    Raises:
        Refusal: ``FromTheFuture``, ``ImpossibleDate``, or ``NoProlongation`` for a prolongation that cannot be one (6.3).
    """
    check_instant(message.happened_at, now, "the request")
    if not isinstance(message, Requested) or message.prolongation is None:
        return
    if message.n == 1:
        raise Refusal("NoProlongation", "replacement 6.3: the first request of a period has no 'prolongation'; leave it out, or raise 'n'")
    if message.prolongation == message.period:
        raise Refusal("NoProlongation", "replacement 6.3: 'prolongation' is the new tariff's period, not the one that is replaced")


def grounds(state: ReplacementState) -> list[Ground]:
    """Everything that stands against a request, in the order of the checks; the first names the clause. Empty: it is in order.

    Whoever does not know the account's login hears nothing more of the account. A link that does not answer is no ground.
    """
    return [*_about_account(state), *_about_links(state)]


def _about_account(state: ReplacementState) -> list[Ground]:
    request, account, settings = state.request, state.account, state.settings
    assert account is not None  # noqa: S101 - looked up before it is judged
    if not account.known:
        return [Ground(clause="5.1", code="account_unknown")]
    if not account.login_right:
        return [Ground(clause="5.1", code="login_wrong")]
    found: list[Ground] = []
    if account.mode == "outside":
        found.append(Ground(clause="6.1", code="outside", values={"percent": settings.cap_percent}))
    elif (account.mode == "integrated") is not (request.crm is not None):
        found.append(Ground(clause="5.1", code="form_long" if account.mode == "integrated" else "form_short"))
    if _too_late(state):
        found.append(Ground(clause="5.1", code="too_late", values={"until": _limit_text(state)}))
    found += _about_prolongation(state)
    if account.balance * 100 > account.identifications * settings.balance_percent:
        values: dict[str, str | int] = {
            "balance": account.balance,
            "identifications": account.identifications,
            "percent": settings.balance_percent,
        }
        found.append(Ground(clause="1", code="balance", values=values))
    if account.past_due_since is not None:
        found.append(Ground(clause="2", code="past_due", values={"since": state.local(account.past_due_since)}))
    if not account.script_agreed:
        found.append(Ground(clause="3.5", code="script"))
    return found


def _too_late(state: ReplacementState) -> bool:
    """Requests are taken until so long after the tariff ran out; at that instant still. An interpretation of 5.1, ``request_limit``."""
    wait = state.waits.get(LIMIT)
    ran_out = state.account is not None and state.account.ran_out_at is not None
    return ran_out and wait is not None and wait.plan is not None and state.request.happened_at > wait.plan.due


def _limit_text(state: ReplacementState) -> str:
    wait = state.waits.get(LIMIT)
    return wait.plan.due_text if wait is not None and wait.plan is not None else ""


def _about_prolongation(state: ReplacementState) -> list[Ground]:
    """6.3: a further replacement comes with a prolongation alone, the new tariff paid; the first one comes once."""
    request, account = state.request, state.account
    assert account is not None  # noqa: S101
    if request.n == 1:
        return [Ground(clause="6.3", code="replaced_before", values={"replaced": account.replaced})] if account.replaced else []
    if request.prolongation is None:
        return [Ground(clause="6.3", code="no_prolongation")]
    return [] if account.prolonged else [Ground(clause="6.3", code="not_prolonged", values={"prolongation": request.prolongation})]


def _about_links(state: ReplacementState) -> list[Ground]:
    private = state.links.private if state.links is not None else ()
    return [Ground(clause="5.1", code="link_private", values={"link": link}) for link in sorted(private)]
