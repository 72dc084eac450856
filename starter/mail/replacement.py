"""A franchisee's e-mail becomes a request for a replacement (5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from regulations.catalogue import text
from regulations.replacement.form import Form, read_form
from regulations.replacement.state import KIND
from runtime.account_billing import LoginFound, LoginNotFound
from starter.doors.replacement_checks import USED
from starter.mail.meaning import LANGUAGE, Ask, Meaning, Say
from starter.mail.parts import Mail
from starter.mail.redaction import masked, secrets_of

TEMPLATE = "mail/replacement_form"


class Accounts(Protocol):
    """Billing, asked which account goes by a login."""

    async def of_login(self, login: str, admin_login: str | None, now: datetime) -> LoginFound | LoginNotFound: ...


class Numbers(Protocol):
    """The register, asked which requests of a tariff period there are."""

    async def numbers(self, account: str, period: str) -> Mapping[int, str]: ...


class ReplacementMail:
    """Reads requests; writes nothing. Raises DatabaseUnavailableError, DatabaseRefusedError."""

    def __init__(self, accounts: Accounts, register: Numbers) -> None:
        self._accounts, self._register = accounts, register

    async def understand(self, mail: Mail, event_id: str, received_at: datetime) -> Meaning:
        """The request that the e-mail makes, for the account's current tariff period; or what is wrong with it."""
        form = form_of(mail)
        if form.flaws or form.asked is None or form.login is None:
            problems: list[JsonValue] = [
                text(
                    LANGUAGE,
                    "mail",
                    "flawed",
                    field=text(LANGUAGE, "mail", "field", flaw.field),
                    flaw=text(LANGUAGE, "mail", "flaw", flaw.code),
                )
                for flaw in form.flaws
            ]
            return Ask(TEMPLATE, {"problems": problems}, "malformed")
        found = await self._accounts.of_login(form.login, form.admin_login, received_at)
        if isinstance(found, LoginNotFound):
            return Ask(TEMPLATE, {"problems": [text(LANGUAGE, "mail", "login", found.reason)]}, f"login {found.reason}")
        n = 1
        numbers = await self._register.numbers(found.account, found.period)
        while numbers.get(n) in USED:
            n += 1
        return Say(_event(mail, form, found, n, event_id, received_at))


def form_of(mail: Mail) -> Form:
    """The form as it stands in what was written anew; of a letter that was passed on, else as it stands in that."""
    fresh = [body.new for body in mail.bodies]
    best = _best([*fresh, "\n".join(fresh)])
    if best.found or not mail.forwarded:
        return best
    return _best([body.quoted for body in mail.bodies])


def _best(texts: list[str]) -> Form:
    """The fullest; of equals the first: an e-mail often says the same twice, as plain text and as HTML."""
    return max((read_form(one) for one in texts), key=lambda form: (form.found - len(form.flaws), form.found), default=read_form(""))


def _event(mail: Mail, form: Form, found: LoginFound, n: int, event_id: str, received_at: datetime) -> dict[str, JsonValue]:
    hidden = masked(mail.subject, secrets_of(mail))
    franchisee: dict[str, JsonValue] = {"email": mail.sender}
    if mail.sender_name:
        franchisee["name"] = mail.sender_name
    data: dict[str, JsonValue] = {
        "account": found.account,
        "period": found.period,
        "n": n,
        "asked": form.asked,
        "login": form.login,
        "script": form.script,
        "franchisee": franchisee,
        "subject": hidden or text(LANGUAGE, "mail", "no_subject"),
        "references": list(mail.references),
    }
    if form.admin_login is not None:
        data["admin_login"] = form.admin_login
    if mail.message_id is not None:
        data["message_id"] = mail.message_id
    if n > 1 and found.prolongation is not None:  # 6.3
        data["prolongation"] = found.prolongation
    if form.long:
        data["crm"] = {"link": form.crm, "login": form.crm_login, "password": form.password, "instructions": form.instructions}
    return {"id": event_id, "type": f"{KIND}.requested", "occurred_at": received_at.isoformat(), "data": data}
