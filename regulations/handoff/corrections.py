"""A fact of a handoff that is learnt after its end: which clause it bears on, what is written down, who is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from pydantic import JsonValue

from regulations.case import Refusal
from regulations.catalogue import text
from regulations.corrections import Bearing, Breach, Corrected, LearntFact, Result, ToCorrect, bear, numbered
from regulations.dates import offset_text
from regulations.documents import Document, DocumentsAnswer, DocumentsQuestion
from regulations.effects import AccessGrant, Letter, Thread
from regulations.handoff.checks import BEFORE_SALE, counts
from regulations.handoff.facts import PLAIN_DUTIES
from regulations.handoff.rows import AcceptedClientRow
from regulations.handoff.state import CC_HEAD, KIND, PARTNER, HandoffSettings
from regulations.messages import AccessGranted, EnteredIntoCrm, FirstContact, Message, RequestReceived
from regulations.obligations import AHEAD
from regulations.plans import Opening, PlanAnswer, TermToPlan
from regulations.record_batch import AnyRow
from regulations.rows import BreachEntry, BreachRow, CorrectionRow, IncidentRow, NoticeKind, NoticeRow, ObligationRow
from regulations.wire import Wire

CLAUSES: dict[str, tuple[str, ...]] = {
    **{message.__name__: (clause,) for message, clause in PLAIN_DUTIES.items()},
    AccessGranted.__name__: ("2.1.2",),
    RequestReceived.__name__: ("2.1.3", "2.1.4"),
    EnteredIntoCrm.__name__: ("2.2.5",),
}
"""Fact → the clauses that it may discharge. Every other message is a decision, or news of a payment: too late for both."""
OF_ITS_ROUND = frozenset({"2.2.5", "2.2.7"})
"""Clauses of which every round needs a fact of its own; of the others one is enough."""
TEMPLATE, TOLD_BY = "handoff/breach_withdrawn", "handoff/breach"
"""The letter about a withdrawn breach, and the letter that told the partner of it."""
TELLING = "telling"
BETWEEN = "; "
"""Between the links to breaches in a note."""


def learnt(message: Message, now: datetime) -> LearntFact:
    """The fact that an ended handoff can still be corrected by.

    Raises:
        Refusal: ``Ended`` (a decision, not a fact), ``FromTheFuture``.
    """
    what = type(message).__name__
    if what not in CLAUSES:
        raise Refusal("Ended", "the case has ended; decisions about it come too late, only facts that happened before can be corrected")
    if message.happened_at > now + AHEAD:
        raise Refusal("FromTheFuture", "happened_at lies in the future by more than 5 minutes; send when it happened, with its offset")
    access, counted, unread = None, list[str](), list[Document]()
    if isinstance(message, AccessGranted):
        access = AccessGrant(
            reference=message.reference, granted_at=message.happened_at, tariff=message.tariff, starts_on=message.starts_on
        )
    if isinstance(message, RequestReceived):
        for f in message.files:
            if f.kind != "other" and f.sha256 is not None and f.problem is None:
                unread.append(Document(sha256=f.sha256, name=f.name, kind=f.kind))
            elif counts(f):
                counted.append(f.kind)
    return LearntFact(
        what=what,
        key=message.key,
        happened_at=message.happened_at,
        source=message.source,
        by=f"{message.by.role}:{message.by.id}" if message.by else None,
        files=tuple(counted),
        unread=tuple(unread),
        access=access,
    )


def to_read(fact: LearntFact, opening: Opening) -> DocumentsQuestion:
    """What is asked about the attachments that nobody has read."""
    fields = HandoffSettings.model_validate(opening.edition.settings).questionnaire
    return DocumentsQuestion(documents=fact.unread, fields=fields, language=opening.language)


def read(fact: LearntFact, answer: DocumentsAnswer | None) -> LearntFact:
    """The fact with what was found in its attachments; None: they could not be read, and do not count."""
    found = answer.found if answer is not None and len(answer.found) == len(fact.unread) else ()
    readable = [d.kind for d, f in zip(fact.unread, found, strict=False) if f.problem is None]
    return fact.model_copy(update={"files": (*fact.files, *readable), "unread": ()})


class LetterOfBreach(Wire):
    """A letter that told the partner of missed terms, as it went out."""

    key: str
    message_id: str
    subject: str
    recipients: tuple[str, ...]


@dataclass(frozen=True)
class Registered:
    """What the registers hold of the handoff."""

    case_uid: str
    edition: str
    decided_at: datetime
    highest_seq: int
    obligations: Sequence[ObligationRow]
    breaches: Sequence[BreachRow]
    clients: Sequence[AcceptedClientRow]
    corrections: Sequence[CorrectionRow]
    letters: Sequence[LetterOfBreach]
    """The last one first."""

    def duties(self, clause: str) -> list[ObligationRow]:
        return [o for o in self.obligations if o.clause == clause]


@dataclass(frozen=True)
class Correction:
    """What a fact changes."""

    rows: list[AnyRow]
    """What is to be written, all at once; nothing for a fact that has been decided on before."""
    corrected: Corrected


def terms_to_plan(registered: Registered, now: datetime) -> tuple[TermToPlan, ...]:
    """What `correct` has to know of the calendar: the local texts of the due instants, and the next hour for a letter."""
    dues = {o.key: o.breached_at or o.due for o in registered.obligations}
    known = [TermToPlan(key=key, term="at once", start=due, warn=False) for key, due in dues.items() if due is not None]
    return (*known, TermToPlan(key=TELLING, term="at once", start=now, warn=False))


def correct(registered: Registered, news: ToCorrect, opening: Opening, times: PlanAnswer) -> Correction:
    """Decides on a fact; one that has been decided on gives the same answer and no rows.

    A fact that lies before the sale by more than a day corrects nothing: it is written down, and a person is told.
    """
    fact, say = news.fact, _Saying(registered, news, opening, times)
    known = [row for row in registered.corrections if row.key.partition(" ")[0] == fact.key]
    if known:
        results = {row.clause: row.result for row in known}
        return Correction([], say.corrected(results, _linked(registered, known), registered.highest_seq))
    rows: list[AnyRow] = []
    results, withdrawn = {}, list[Breach]()
    before_sale = any(fact.happened_at < sale.started_at - BEFORE_SALE for sale in registered.duties("2.1.1"))
    note = text(opening.language, "breach", "withdrawn", at=say.local(fact.happened_at))
    for clause in CLAUSES[fact.what]:
        why_not = "before_sale" if before_sale else _incomplete(registered, fact) if clause == "2.1.4" else ""
        bearing = Bearing()
        if not why_not:
            of_all = clause not in OF_ITS_ROUND
            bearing = bear(registered.duties(clause), registered.breaches, fact.happened_at, news.now, note, every_round=of_all)
        rows += [_row(fact, clause, bearing, news.now, why_not), *bearing.rows, *say.new_breaches(bearing)]
        results[clause] = bearing.result
        withdrawn += bearing.withdrawn
    rows += say.before_sale() if before_sale else _client(registered.clients, fact)
    rows = numbered([*rows, *say.withdrawn(withdrawn)], registered.highest_seq)
    return Correction(rows, say.corrected(results, withdrawn, registered.highest_seq + len(rows)))


def _incomplete(registered: Registered, fact: LearntFact) -> str:
    """Why a request does not meet 2.1.4, as a note; empty: it does.

    The registers do not hold the attachments of other requests, nor, before an acceptance, the form of the contract: one request has to
    bring all that may have been owed, so that no breach is withdrawn without a proof.
    """
    offer = bool(registered.clients) and not registered.duties("2.2.1")  # 2.2.1 opens with the acceptance of a written contract
    wanted = {"questionnaire"} if offer else {"questionnaire", "contract"}
    return "" if wanted <= set(fact.files) else f"incomplete: {', '.join(sorted(set(fact.files)))}"


def _row(fact: LearntFact, clause: str, bearing: Bearing, now: datetime, why_not: str) -> CorrectionRow:
    first = clause == CLAUSES[fact.what][0]
    return CorrectionRow(
        seq=0,
        key=fact.key if first else f"{fact.key} {clause}",  # the key of a message holds no blank
        clause=clause,
        what=fact.what,
        happened_at=fact.happened_at,
        learnt_at=now,
        source=fact.source,
        by=fact.by,
        result=bearing.result,
        note=why_not or BETWEEN.join(bearing.links),
    )


def _linked(registered: Registered, known: Iterable[CorrectionRow]) -> list[Breach]:
    """The breaches that these corrections have withdrawn, by the links in their notes."""
    links = [link.rpartition("@") for row in known if row.result == "withdrawn" for link in row.note.split(BETWEEN)]
    duties = {o.key: o for o in registered.obligations}
    return [Breach(duties[key], datetime.fromisoformat(due)) for key, _, due in links]


def _client(clients: Sequence[AcceptedClientRow], fact: LearntFact) -> list[AnyRow]:
    """4.1, 4.2: the register of accepted clients learns of the access and of the first contact; the earliest of each stands."""
    reversed_rounds = {row.round for row in clients if row.entry == "reversed"}
    accepted = [row for row in clients if row.entry == "accepted" and row.round not in reversed_rounds]
    if not accepted:
        return []
    row, changed = max(accepted, key=lambda r: r.round), dict[str, object]()
    if fact.what == FirstContact.__name__ and (row.first_contact_at is None or fact.happened_at < row.first_contact_at):
        changed = {"first_contact_at": fact.happened_at}
    elif fact.access is not None:
        grant, known = fact.access, row.access_granted_at
        if known is None or grant.granted_at < known:
            changed = {"access_granted_at": grant.granted_at, "tariff": grant.tariff, "tariff_starts_on": grant.starts_on}
        elif grant.granted_at == known and row.tariff_starts_on is None and grant.starts_on is not None:
            changed = {"tariff_starts_on": grant.starts_on}
    return [row.model_copy(update=changed)] if changed else []


class _Saying:
    """Who is told what, in the words of the case's language. Rows are still without their number ``seq``."""

    def __init__(self, registered: Registered, news: ToCorrect, opening: Opening, times: PlanAnswer) -> None:
        self._registered, self._news, self._opening = registered, news, opening
        self._times = {t.key: t for t in times.terms}
        self._offset = times.offset

    def local(self, at: datetime) -> str:
        """As `CaseState.local`."""
        return offset_text(at.astimezone(timezone(self._offset)))

    def withdrawn(self, breaches: Iterable[Breach]) -> list[AnyRow]:
        """To everyone inside who was told of a breach: that it was none."""
        return [row for b in breaches for role in _inside(b.obligation) for row in self._notice(role, "breach_withdrawn", b)]

    def new_breaches(self, bearing: Bearing) -> list[AnyRow]:
        """Of a breach that nobody knows of yet, since its case was ended by force."""
        recorded = {row.key for row in bearing.rows if isinstance(row, BreachRow) and row.entry is BreachEntry.RECORDED}
        new = [b for b in bearing.standing if b.obligation.key in recorded]
        return [row for b in new for role in _inside(b.obligation) for row in self._notice(role, "breach", b)]

    def before_sale(self) -> list[AnyRow]:
        """Of a date that cannot be."""
        fact = self._news.fact
        said = text(self._opening.language, "notice", "fact_before_sale", fact=text(self._opening.language, KIND, "fact", fact.what))
        incident = IncidentRow(seq=0, key=fact.key, what="fact_before_sale", at=self._news.now, text=f"{KIND} {fact.what}")
        return [incident, *self._to(CC_HEAD, "incident", fact.key, "", None, said)]

    def corrected(self, results: dict[str, Result], withdrawn: Sequence[Breach], highest_seq: int) -> Corrected:
        """The answer of the correction, with the letter to the partner where one is due."""
        letter = self._letter([b for b in withdrawn if b.obligation.owner == PARTNER])
        unsent: list[AnyRow] = []
        if letter is not None:
            incident = IncidentRow(seq=0, key=letter.key, what="letter_refused", at=self._news.now, text=TEMPLATE)
            said = text(self._opening.language, "notice", "letter_refused", template=TEMPLATE)
            unsent = [incident, *self._to(CC_HEAD, "incident", letter.key, "", None, said)]
        return Corrected(
            case_uid=self._registered.case_uid,
            kind=KIND,
            edition=self._registered.edition,
            decided_at=self._registered.decided_at,
            language=self._opening.language,
            results=results,
            letter=letter,
            not_before=self._times[TELLING].tell_at,
            if_unsent=tuple(numbered(unsent, highest_seq)),
        )

    def _letter_about(self, b: Breach) -> LetterOfBreach | None:
        """The letter that told the partner of the breach; None: nobody told it, so that nobody has to take anything back."""
        named = f"+{b.link}+"  # as `tellings.keys` joins them
        return next((sent for sent in self._registered.letters if named in f"+{sent.key.rpartition('#')[2]}+"), None)

    def _letter(self, breaches: Sequence[Breach]) -> Letter | None:
        """To the partner, as an answer to our own letter about the breach: its address stands nowhere else."""
        told = [(b, sent) for b in breaches if (sent := self._letter_about(b)) is not None]
        if not told:
            return None
        _, sent = told[0]
        client = self._registered.clients[-1] if self._registered.clients else None
        return Letter(
            key=f"{self._registered.case_uid}#{TEMPLATE}#{'+'.join(b.link for b, _ in told)}",
            template=TEMPLATE,
            language=self._opening.language,
            to=sent.recipients,
            values={
                "deal": self._news.address.partition("/")[2],
                "partner": client.partner_name if client else "",
                "client": client.client_name if client else "",
                "login": client.client_login if client else "",
                "company": self._opening.company,
                "duties": [self._duty(b) for b, _ in told],
                "learnt_late": True,
            },
            thread=Thread(message_id=sent.message_id, subject=sent.subject),
            now=self._news.now,
        )

    def _duty(self, b: Breach) -> JsonValue:
        clause = b.obligation.clause
        words = text(self._opening.language, KIND, "duty", clause)
        return {"clause": clause, "duty": words, "due": self._times[b.obligation.key].due_text}

    def _notice(self, role: str, kind: NoticeKind, b: Breach) -> list[AnyRow]:
        clause, language = b.obligation.clause, self._opening.language
        said = text(language, "notice", kind, clause=clause, duty=text(language, KIND, "duty", clause))
        return self._to(role, kind, b.obligation.key, clause, b.due, said)

    def _to(self, role: str, kind: NoticeKind, key: str, clause: str, due: datetime | None, said: str) -> list[AnyRow]:
        """A notice; a role without an address is an incident, not a silence."""
        now, address = self._news.now, self._opening.roles.get(role)
        if address is None:
            return [IncidentRow(seq=0, key=f"no-address#{role}#{key}", what="role_without_address", at=now, text=f"{role}: {said}")]
        return [
            NoticeRow(
                seq=0,
                key=key,
                clause=clause,
                kind=kind,
                role=role,
                recipient=address.email,
                language=self._opening.language,
                due=due,
                earliest=now,
                text=said,
            )
        ]


def _inside(o: ObligationRow) -> list[str]:
    return sorted({o.owner, o.escalation} - {PARTNER})
