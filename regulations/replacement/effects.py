"""What a replacement and a lead watch ask of the world, and what the world answers. Instants are aware, UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from regulations.messages import Sha256
from regulations.replacement.messages import Mode, WatchedCall, WatchedCard, WatchedLead
from regulations.wire import Wire

Entry = Literal["replacement", "tariff", "top_up"]
"""What a credit is for: a replacement (6.3: marked as such), the new tariff of a prolongation (6.3), the 30 % of 6.1."""

# --- billing --------------------------------------------------------------------------------------------------------


class AccountQuestion(Wire):
    """What billing says of an account and its tariff period (1, 2, 3.5, 6.1, 6.3). Only reads."""

    account: str
    period: str
    login: str | None = None
    """The logins that the request names; None: not asked."""
    admin_login: str | None = None
    script: str | None = None
    prolongation: str | None = None
    now: datetime
    """What is due by then is past due."""


class AccountAnswer(Wire):
    """The answer."""

    known: bool = False
    """Billing has the account, and the period of it."""
    login_right: bool = True
    """The logins asked for are the account's (compared without regard to case)."""
    mode: Mode = "ours"
    identifications: int = 0
    """N of the tariff."""
    balance: int = 0
    """What is left of it."""
    ran_out_at: datetime | None = None
    """When the tariff ran out; None: it runs."""
    zone: str = "Europe/Moscow"
    """The client's zone, in which 3.3 and 3.4 are judged."""
    past_due_since: datetime | None = None
    """2: since when a payment is past due; None: none is. What is not yet due is no debt."""
    script_agreed: bool = True
    """3.5: the script is on the company's list."""
    replaced: int = 0
    """Identifications credited so far as replacements of this period, by the register of credits."""
    prolonged: bool = False
    """6.3: the tariff of ``prolongation`` is there and paid."""
    prolonged_identifications: int = 0


class LinksQuestion(Wire):
    """Whether links may be followed, and answer. A private, loopback or link-local address is never asked."""

    links: dict[str, str]
    """By what they are: ``crm``, ``instructions``, ``script``."""


class LinksAnswer(Wire):
    """The links that are wrong, by what they are; the rest answers."""

    private: tuple[str, ...] = ()
    """They lead to an address that is not public, directly or by DNS."""
    silent: tuple[str, ...] = ()
    """No such host, or no answer."""


class CreditOrder(Wire):
    """Identifications to be credited to an account, once."""

    key: str
    account: str
    period: str
    """The period whose balance grows."""
    entry: Entry
    identifications: int
    of_period: str
    """The tariff to which it belongs: of a replacement the one that is replaced."""
    case: str
    """Address of the case, for the note in billing."""
    now: datetime


class CreditOutcome(Wire):
    """What billing said."""

    result: Literal["credited", "refused"]
    reference: str = ""
    reason: str = ""


class SecretToDestroy(Wire):
    """5.1: at the end of the case the client's password is destroyed."""

    secret: str
    case: str
    now: datetime


# --- the audit ------------------------------------------------------------------------------------------------------


class AuditSettings(Wire):
    """The terms and interpretations that the audit judges by; of the edition."""

    zone: str
    """IANA zone of the client."""
    first_call: str
    """3.3: a term in working time."""
    attempts: int
    """3.4: at least so many in the three days."""
    first_day_attempts: int
    gap_minutes: int
    """3.4: between the attempts of the first day."""


class AuditQuestion(Wire):
    """Judge an export."""

    case_uid: str
    export: Sha256
    export_name: str
    asked: int
    identifications: int
    settings: AuditSettings
    language: Literal["ru", "uk"]
    now: datetime
    """Calls after this instant lie in the future; the sheet is dated with it."""


class AuditAnswer(Wire):
    """What the audit found. The verdicts are rows of ``verdicts``; the sheet is kept as a file."""

    problem: str = ""
    """Why the export cannot be judged at all, in words: the case waits for another one; empty: it was judged."""
    barred: tuple[str, ...] = ()
    """Clauses that bar the whole request (3.1: no card is kept; 3.2: no telephony is used)."""
    cards: int = 0
    """Cards on ``на замену``."""
    replace: int = 0
    reject: int = 0
    listen: int = 0
    doubtful_rows: int = 0
    """Rows of the export that contradict others, or name nothing: they stand in the sheet, and count for nobody."""
    sheet: Sha256 | None = None
    sheet_name: str = ""


class DecisionQuestion(Wire):
    """Take quality control's decision: check it against the audit, write it down, find what is to be credited."""

    case_uid: str
    export: Sha256
    """The audit that is decided on: a sheet of another one is refused."""
    sheet: Sha256 | None
    """None: the clear verdicts are accepted as they are."""
    by: str
    at: datetime
    asked: int
    identifications: int
    replaced: int
    """Credited for this period before: 6.2 counts in all."""
    cap_percent: int
    language: Literal["ru", "uk"]


class DecisionAnswer(Wire):
    """What came of it."""

    problems: tuple[str, ...] = ()
    """Why it does not count, at most 20, in words; empty: it counts."""
    accepted: int = 0
    """Leads that quality control accepts."""
    rejected: int = 0
    wrong: tuple[str, ...] = ()
    """6.2: leads whose status or comment quality control found wrong, at most 20 of them."""
    wrong_count: int = 0
    amount: int = 0
    """What is to be credited: never more than was asked, was accepted, or 6.2 allows."""
    capped: bool = False
    """6.2 made it less."""
    outcome: Sha256 | None = None
    """The list for the franchisee: each lead with its outcome and the reasons."""
    outcome_name: str = ""


# --- the watch ------------------------------------------------------------------------------------------------------


class WatchBatch(Wire):
    """What one message brought; written as rows by the next step."""

    key: str
    leads: tuple[WatchedLead, ...] = ()
    calls: tuple[WatchedCall, ...] = ()
    cards: tuple[WatchedCard, ...] = ()


class WatchSettings(Wire):
    """The terms by which leads are watched; of the edition."""

    zone: str
    first_call: str
    warn_fraction: float
    attempts: int
    first_day_attempts: int
    gap_minutes: int
    least_left_minutes: int
    """The day of the appearance is taken for the first when at least so much working time is left of it."""


class WatchStep(Wire):
    """One step: writes a batch, looks at the leads that it touches and at those whose instant has come, at most `PAGE` of them."""

    watch: str
    """Case uid."""
    address: str
    edition: str
    account: str
    batch: WatchBatch | None
    manager: str
    """Where reminders go."""
    language: Literal["ru", "uk"]
    settings: WatchSettings
    recount: bool = False
    """The client's zone or its calendar has changed: every lead is looked at anew, a page at a time."""
    now: datetime


class WatchStepDone(Wire):
    """What came of a step. The numbers are those of the whole watch, so that a step repeated after a crash counts nothing twice."""

    next_at: datetime | None
    """When the watch has to look again; None: nothing is open. It may lie in the past: more leads are due than one step takes."""
    leads: int = 0
    calls: int = 0
    reminded: int = 0
    """Reminders written."""
    missed: int = 0
    """Leads that have missed 3.3 or 3.4, where it stands."""
    unknown: tuple[str, ...] = ()
    """Leads that calls or cards name and nobody has told of, at most 20: kept until they appear."""


class PassingQuestion(Wire):
    """How many cards would pass the audit today, by what the watch knows."""

    watch: str
    settings: AuditSettings
    now: datetime


class PassingAnswer(Wire):
    """Cards on ``на замену``, by verdict."""

    replace: int
    listen: int
    reject: int
