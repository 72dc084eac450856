"""The messages of a replacement (``replacement/{account}/{period}/{n}``) and of a lead watch (``lead-watch/{account}/{period}``)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, EmailStr, Field, StringConstraints, model_validator

from regulations import messages as m

Mode = Literal["ours", "integrated", "outside"]
"""Fixed per tariff period: our CRM and telephony; the client's own CRM connected to ours; everything else (6.1)."""
Status = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(m.one_line)]
Link = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^https?://[\x21-\x7e\u00a1-\uffff]{3,1900}$"), AfterValidator(m.one_line)
]
"""A link as it was sent. Whether a server of ours may follow it is decided where it would (`runtime.links`)."""
MessageId = Annotated[str, StringConstraints(pattern=r"^<[\x21-\x3b\x3d\x3f-\x7e]{1,240}>$")]


def _at_least_one(asked: int) -> int:
    if asked < 1:
        raise ValueError("ask for at least one identification (5.1)")
    return asked


MOST = 500
"""Leads, cards or calls in one message."""
TOP_UP = 0
"""The number under which 6.1 is kept: the 30 % that come with the top-up itself, instead of replacements."""


# --- a replacement --------------------------------------------------------------------------------------------------


class OfReplacement(m.Message):
    """A message to one replacement of a tariff period."""

    account: m.Ident
    """Billing's id of the client's account, never its login, which may be an e-mail address."""
    period: m.Ident
    """The tariff period, as billing names it."""
    n: int = Field(1, ge=TOP_UP, le=99)
    """1: the ordinary request of a period; 2 and more: further ones, on prolongation (6.3); 0: the top-up of 6.1."""


class Franchisee(m.Model):
    """Who asks (5.1)."""

    email: EmailStr
    name: m.Line | None = None


class OwnCrm(m.Model):
    """5.1: the client's own CRM (mode ``integrated``). The password came in at the door, and went to the secret store."""

    link: Link
    login: m.Line
    secret: m.Ident | None = None
    """Reference to the password in the secret store. A door sets it in place of ``password``; nobody else does."""
    instructions: Link


class Requested(OfReplacement):
    """5.1: the franchisee asks for a replacement; ``happened_at`` is the receipt, from which 5.2 runs. Begins the case."""

    n: int = Field(1, ge=1, le=99)
    asked: Annotated[int, AfterValidator(_at_least_one)] = Field(le=1_000_000, json_schema_extra={"exclusiveMinimum": 0})
    """How many identifications."""
    login: m.Line
    """The client's login in the system, and in the admin panel where that is another one."""
    admin_login: m.Line | None = None
    script: Link
    franchisee: Franchisee
    crm: OwnCrm | None = None
    """The long form; None: the short one."""
    prolongation: m.Ident | None = None
    """6.3: the new tariff's period, of a further request."""
    subject: m.Line | None = None
    message_id: MessageId | None = None
    """Of the e-mail that asked: letters answer it in its thread."""
    references: tuple[MessageId, ...] = Field((), max_length=50)


class ToppedUp(OfReplacement):
    """6.1: the account was topped up for this tariff period; in mode ``outside`` 30 % come with it. Begins the case ``…/0``."""

    n: int = Field(TOP_UP, ge=TOP_UP, le=TOP_UP)


class ExportReceived(OfReplacement):
    """5.2: the technical specialists' export of cards, calls, recordings and tickets; a later one takes the place of an earlier one."""

    by: m.Actor
    files: tuple[m.SentFile, ...] = Field(min_length=1, max_length=1)


class Decided(OfReplacement):
    """5.2: quality control decides: by the audit's sheet with its decisions, or by accepting the clear verdicts as they are."""

    by: m.Actor
    files: tuple[m.SentFile, ...] = Field((), max_length=1)
    accept_clear: bool = False
    """Every ``replace`` is replaced, every ``reject`` rejected; refused while a ``listen`` is undecided."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.files) == self.accept_clear:
            raise ValueError("send either the sheet in 'files' or 'accept_clear': true")
        return self


class Barred(OfReplacement):
    """3.6: by a person's decision the client gets no replacement: it does not take up feedback."""

    by: m.Actor
    reason: m.Reason


class AccountChanged(OfReplacement):
    """Something about the account has changed in billing (a debt was paid): it is looked up again."""


class WaiveOfReplacement(m.Waive, OfReplacement):
    """Lets an obligation of a replacement go."""


class ExtendOfReplacement(m.Extend, OfReplacement):
    """Sets a later due instant."""


class PauseOfReplacement(m.Pause, OfReplacement):
    """Stops the clock of an obligation."""


class ResumeOfReplacement(m.Resume, OfReplacement):
    """The clock goes on."""


class WithdrawOfReplacement(m.Withdraw, OfReplacement):
    """Ends the replacement in an orderly way."""


# --- the watch over a tariff ----------------------------------------------------------------------------------------


class OfWatch(m.Message):
    """A message to the watch over one tariff period of one account."""

    account: m.Ident
    period: m.Ident


class WatchStarted(OfWatch):
    """A tariff runs: its leads are watched from now on. Begins the watch; told again, the newest data stand."""

    identifications: int = Field(gt=0, le=1_000_000)
    """N of the tariff."""
    zone: m.Line
    """IANA zone of the client, in which 3.3 and 3.4 are counted."""
    manager: EmailStr
    """The client's manager, who is reminded."""
    manager_name: m.Line | None = None
    franchisee: Franchisee
    mode: Mode = "ours"


class WatchedLead(m.Model):
    """A lead (an identification) that has appeared."""

    lead: m.Ident
    at: m.Instant


class LeadsAppeared(OfWatch):
    """Leads have appeared in the system: 3.3 and 3.4 run."""

    leads: tuple[WatchedLead, ...] = Field(min_length=1, max_length=MOST)


class WatchedCall(m.Model):
    """A call to a lead's number."""

    call: m.Ident
    lead: m.Ident
    at: m.Instant
    """When it began."""
    answered: bool
    recorded: bool
    comment: Status = ""
    """Status or comment that was set after it (3.1)."""


class CallsMade(OfWatch):
    """Calls, as the telephony tells them. The same call again is nothing new."""

    calls: tuple[WatchedCall, ...] = Field(min_length=1, max_length=MOST)


class WatchedCard(m.Model):
    """The card of a lead as it stands."""

    lead: m.Ident
    at: m.Instant
    """When it was changed: the newest stands."""
    status: Status
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(m.lines)] = ""


class CardsChanged(OfWatch):
    """Status and comment of cards (3.1)."""

    cards: tuple[WatchedCard, ...] = Field(min_length=1, max_length=MOST)


class BalanceNoted(OfWatch):
    """The balance of the tariff; at 25 % a request is possible (1)."""

    balance: int = Field(ge=0, le=1_000_000)


class TariffEnded(OfWatch):
    """The tariff has run out; the watch ends once the last term of its leads has."""


class WithdrawOfWatch(m.Withdraw, OfWatch):
    """Ends the watch."""
