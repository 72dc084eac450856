"""A partner's e-mail becomes the training request of a handoff (2.1.3, 2.1.4)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from regulations.catalogue import text
from regulations.handoff.state import KIND
from regulations.spelling import folded
from runtime.documents.reader import ReaderUnavailableError, Reading
from runtime.sales import Sale
from starter.inbox.files import MOST
from starter.mail.meaning import LANGUAGE, Ask, Meaning, Say
from starter.mail.parts import Attachment, Mail

TEMPLATE = "mail/handoff_form"

_SUBJECT = re.compile(r"обучени\w*\s+клиент\w*(?:\s+от\s+(?P<partner>.+))?")
_LOGIN = re.compile(r"[^\s<>@,;:\"()«»]+@[^\s<>@,;:\"()«»]+\.[^\W\d_]{2,}")
_DOCUMENTS = (".docx", ".doc", ".xlsx", ".xls", ".pdf", ".rtf", ".odt")
_ENDINGS = re.compile(r"(\.(docx?|xlsx?|pdf|rtf|odt|zip))+$")


class Sales(Protocol):
    """The register of deals that partners hand over."""

    async def of_partner(self, email: str) -> Sequence[Sale]: ...
    async def takes_requests(self) -> Sequence[Sale]: ...


class Documents(Protocol):
    """Looks into a questionnaire."""

    async def read(self, content: bytes, name: str) -> Reading: ...


class HandoffMail:
    """Reads training requests; writes nothing. Raises DatabaseUnavailableError, DatabaseRefusedError."""

    def __init__(self, sales: Sales, documents: Documents, our_domain: str) -> None:
        """``our_domain`` is that of our own letters: an answer to one of them needs no prescribed subject."""
        self._sales, self._documents = sales, documents
        self._ours = f"@{our_domain.lower()}>" if our_domain else None

    async def understand(self, mail: Mail, event_id: str, received_at: datetime) -> Meaning:
        """The request that the e-mail brings, to the deal that it is about; or what it lacks."""
        subject = _SUBJECT.search(folded(mail.subject))
        if subject is None and not self._answers_us(mail):
            return _ask("subject")
        kinds = kinds_of(mail.attachments)
        found = await self._deals(mail, subject["partner"] if subject else None)
        if not found:
            return _ask("unknown", wait=True)
        sale = await self._the_one(found, mail, kinds)
        if isinstance(sale, str):
            return _ask(sale, wait=True)
        return Say(_event(mail, sale, kinds, event_id, received_at))

    def _answers_us(self, mail: Mail) -> bool:
        return self._ours is not None and any(one.lower().endswith(self._ours) for one in mail.references)

    async def _deals(self, mail: Mail, partner: str | None) -> Sequence[Sale]:
        """By the address that it came from, else by the partner's name in the subject."""
        if mail.sender is not None and (found := await self._sales.of_partner(mail.sender)):
            return found
        named = _words(partner or "")
        return [sale for sale in await self._sales.takes_requests() if named and _words(sale.partner_name) == named]

    async def _the_one(self, found: Sequence[Sale], mail: Mail, kinds: Sequence[str]) -> Sale | str:
        """The deal that is meant: by the client's login, by the client's name, or the only one; else why there is none."""
        files = [folded(_ENDINGS.sub("", folded(file.name))) for file in mail.attachments]
        said = [folded(mail.subject), *files, *(folded(part) for body in mail.bodies for part in (body.new, body.quoted))]
        if (meant := _named_in(found, said)) is not None:
            return meant
        if any(_LOGIN.search(name) for name in files):  # a client of whom no sale is known
            return "none_open"
        takes = [sale for sale in found if sale.open]
        if len(takes) == 1:
            return takes[0]
        if not takes:
            return "none_open"
        return _named_in(takes, await self._answers(mail, kinds)) or "ambiguous"

    async def _answers(self, mail: Mail, kinds: Sequence[str]) -> list[str]:
        said: list[str] = []
        for file, kind in zip(mail.attachments, kinds, strict=True):
            if kind == "questionnaire" and file.content is not None:
                try:
                    reading = await self._documents.read(file.content, file.name)
                except ReaderUnavailableError:  # then it is asked for, as if nothing stood there
                    continue
                said += [folded(value) for _, value in reading.pairs]
        return said


def _named_in(sales: Sequence[Sale], said: Iterable[str]) -> Sale | None:
    texts = list(said)
    words = [f" {_words(one)} " for one in texts]
    by_login = [sale for sale in sales if any(_stands_in(folded(sale.client_login), one) for one in texts)]
    by_name = [sale for sale in sales if (name := _words(sale.client_name)) and any(f" {name} " in one for one in words)]
    for group in (by_login, by_name):
        for some in (group, [sale for sale in group if sale.open]):
            if len(some) == 1:
                return some[0]
    return None


def _stands_in(login: str, said: str) -> bool:
    return re.search(rf"(?<![\w.+@-]){re.escape(login)}(?![\w@-]|\.\w)", said) is not None


def _words(said: str) -> str:
    return " ".join(re.findall(r"\w+", folded(said)))


def kinds_of(attachments: Sequence[Attachment]) -> list[str]:
    """What each file is (2.1.4): by its name; of documents whose names say nothing, the questionnaire comes first, then the contract."""
    kinds = ["other"] * len(attachments)
    for place, file in enumerate(attachments):
        name = folded(file.name)
        if "анкет" in name:
            kinds[place] = "questionnaire"
        elif "договор" in name or "contract" in name:
            kinds[place] = "contract"
    for place, file in enumerate(attachments):
        wanted = next((kind for kind in ("questionnaire", "contract") if kind not in kinds), None)
        if kinds[place] == "other" and wanted and (file.name.lower().endswith(_DOCUMENTS) or file.problem == "winmail"):
            kinds[place] = wanted
    return kinds


def _event(mail: Mail, sale: Sale, kinds: Sequence[str], event_id: str, received_at: datetime) -> dict[str, JsonValue]:
    files: list[JsonValue] = []
    contents = 0
    for file, kind in zip(mail.attachments, kinds, strict=True):
        if kind == "other" or (file.content is not None and contents == MOST):
            files.append({"name": file.name, "kind": "other"})
        elif file.content is None:
            files.append({"name": file.name, "kind": kind, "problem": file.problem})
        else:
            contents += 1
            files.append({"name": file.name, "kind": kind, "content": base64.b64encode(file.content).decode()})
    data: dict[str, JsonValue] = {
        "deal": sale.deal,
        "subject": mail.subject or text(LANGUAGE, "mail", "no_subject"),
        "references": list(mail.references),
        "files": files,
    }
    if mail.message_id is not None:
        data["message_id"] = mail.message_id
    return {"id": event_id, "type": f"{KIND}.request_received", "occurred_at": received_at.isoformat(), "data": data}


def _ask(code: str, *, wait: bool = False) -> Ask:
    problems: list[JsonValue] = [text(LANGUAGE, "mail", "partner", code)]
    return Ask(TEMPLATE, {"problems": problems}, f"partner {code}", "mail_unmatched" if wait else None, wait)
