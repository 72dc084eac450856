"""The form in which a franchisee asks for a replacement (5.1), read out of the text of an e-mail.

Labels are found whatever their case, ``ё``, spaces, separators and line breaks, `Погин` for `Логин`, and Latin letters typed for Russian
ones that look like them. What is missing or cannot be read is named, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from regulations.spelling import LOOKALIKES

MOST = 1_000_000
"""Identifications in one request, as `regulations.replacement.messages.Requested` has it."""
LONGEST_LINE = 300
LONGEST_LINK = 1900
LONGEST_PASSWORD = 1000
SHORT_FORM = ("asked", "login", "script")
OWN_CRM = ("crm", "crm_login", "password", "instructions")
"""What the long form has besides: the client works in its own CRM."""


@dataclass(frozen=True)
class Flaw:
    """What is wrong with a field. ``code``: ``missing``, ``zero``, ``unreadable``, ``too_many``, ``twice``, ``no_link``, ``too_long``."""

    field: str
    code: str


@dataclass(frozen=True)
class Form:
    """What the form says; a field that is missing or wrong is None, and stands in ``flaws``."""

    asked: int | None = None
    login: str | None = None
    admin_login: str | None = None
    """Where it is another one than ``login``."""
    script: str | None = None
    crm: str | None = None
    crm_login: str | None = None
    password: str | None = field(default=None, repr=False)
    instructions: str | None = None
    long: bool = False
    """Any field of the long form is there, so that all of them are wanted."""
    flaws: tuple[Flaw, ...] = ()

    @property
    def found(self) -> int:
        """How many fields are there, whether they can be read or not."""
        missing = sum(flaw.code == "missing" for flaw in self.flaws)
        return len(SHORT_FORM) + len(OWN_CRM) * self.long - missing


_BULLET = r"(?:\A|(?<=\n))[ \t]*(?:(?:[>*•·▪\-–—\"«']|\d{1,2}[.)])[ \t]*)*"
_AFTER_PUNCTUATION = r"(?<=[.,;!?)|\t])[ \t]*"
_SEPARATED = r"(?=[ \t]*(?:[:=–—]|-))"
_LABELS = {
    # Distinctive words: a label wherever they stand.
    "login": re.compile(r"(?<!\w)[лп]огин\s+(?:лк\s+)?клиента(?!\w)"),
    "crm_login": re.compile(r"(?<!\w)[лп]огин\s+(?:для\s+)?входа(?!\w)"),
    "crm": re.compile(r"(?<!\w)(?:црм|с[rр]м)[\s-]*систем\w*\s+клиента(?!\w)"),
    "instructions": re.compile(rf"(?<!\w)подробн\w*\s+инструкци\w*|{_BULLET}инструкци\w*"),
    # Words that a sentence may hold too: a label at the start of a line, or with a separator behind it.
    "script": re.compile(rf"{_BULLET}скрипт(?!\w)|{_AFTER_PUNCTUATION}скрипт(?!\w){_SEPARATED}"),
    "password": re.compile(
        rf"(?:{_BULLET}|{_AFTER_PUNCTUATION}|(?<=[ \t]))(?:пароль|раsswоrd)(?:\s+(?:для\s+входа|от\s+\S+|клиента))?(?!\w){_SEPARATED}"
        rf"|{_BULLET}(?:пароль|раsswоrd)(?!\w)"
    ),
}
_SEPARATOR = re.compile(r"[ \t]*(?:[:=–—]|-(?!\d))?[ \t]*")
_ASKED = re.compile(r"начисл(?:ение|ения|ить|ите)(?!\w)(.{0,60}?)(?<!\w)(?:определени\w+|идентификаци\w+)\s+на\s+замену", re.DOTALL)
_NUMBER = re.compile(r"\d+|\d{1,3}(?: \d{3})+")
_PLACEHOLDER = re.compile(r"[xх]{3,}|n|ссылка.*", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"«»…]{3,}", re.IGNORECASE)
_BARE_LINK = re.compile(r"(?<![\w@./-])(?:[\w-]+\.)+[^\W\d_]{2,}(?:[/:?#][^\s<>\"«»]*)?")
_WRAPPED = 60
"""Characters from which on a line that ends in a link may have been broken in the middle of it."""
_REPEATED = re.compile(r"<(?:mailto:[^<>\s]*|https?://[^<>\s]*)>", re.IGNORECASE)
_OTHER_LOGIN = re.compile(r"\W*(?:и\s|в\s+)?(?:лк(?!\w)|личн\w+|систем|админ|панел)")


def read_form(text: str) -> Form:
    """The form that stands in a text. Its last word never counts more than its first: two different ones are a flaw."""
    folded = _folded(text)
    said: dict[str, str | None] = {}
    flaws: dict[str, str] = {}
    asked, flaw = _asked(folded)
    if flaw:
        flaws["asked"] = flaw
    for name, start, end in _segments(folded):
        value, code = _value(name, text[start:end], last=end == len(text))
        known = said.get(name)
        if name not in said or known is None:
            said[name] = value
            _note(flaws, name, code)
        elif value is not None and value != known:
            said[name] = None
            flaws[name] = "twice"
    long = any(name in said for name in OWN_CRM)
    for name in (*SHORT_FORM[1:], *(OWN_CRM if long else ())):
        if name not in said:
            flaws[name] = "missing"
    login, admin = _both(said.get("login"))
    wanted = (*SHORT_FORM, *OWN_CRM)
    return Form(
        asked=asked,
        login=login,
        admin_login=admin,
        script=said.get("script"),
        crm=said.get("crm"),
        crm_login=said.get("crm_login"),
        password=said.get("password"),
        instructions=said.get("instructions"),
        long=long,
        flaws=tuple(Flaw(name, flaws[name]) for name in wanted if name in flaws),
    )


def passwords(text: str) -> list[tuple[int, int]]:
    """Where passwords stand in a text, form or no form: the places of everything that follows their label."""
    found = []
    for name, start, end in _segments(_folded(text)):
        if name == "password":
            begin, value = _password(text[start:end], last=end == len(text))
            if value:
                found.append((start + begin, start + begin + len(value)))
    return found


def _folded(text: str) -> str:
    """The text in small letters, ``ё`` and Latin look-alikes as Russian letters, each character in its place."""
    small = (char.lower() if len(char.lower()) == 1 else char for char in text)
    return "".join(small).replace("\xa0", " ").replace("ё", "е").translate(LOOKALIKES)


def _segments(folded: str) -> Iterator[tuple[str, int, int]]:
    """Each label with the place of what belongs to it: all up to the next label."""
    found = sorted((match.start(), match.end(), name) for name, label in _LABELS.items() for match in label.finditer(folded))
    labels: list[tuple[int, int, str]] = []
    for one in found:
        if not labels or one[0] >= labels[-1][1]:
            labels.append(one)
    for place, (_, end, name) in enumerate(labels):
        yield name, end, labels[place + 1][0] if place + 1 < len(labels) else len(folded)


def _note(flaws: dict[str, str], name: str, code: str) -> None:
    if code:
        flaws[name] = code
    else:
        flaws.pop(name, None)


def _asked(folded: str) -> tuple[int | None, str]:
    said = {" ".join(re.sub(r"\([^()]*\)", " ", match[1]).split()) for match in _ASKED.finditer(folded)}
    if not said:
        return None, "unreadable" if re.search(r"начислени\w+\s+\S+\s+определени", folded) else "missing"
    numbers = set[int]()
    for words in said:
        negative = words.startswith(("-", "–")) and words[1:2].isdigit()
        digits = re.sub(r"(?<=\d)\s*(?:шт\w*\.?)$", "", words.lstrip(":=–—- "))
        if negative or not (digits.isascii() and _NUMBER.fullmatch(digits)) or len(digits) > 20:
            return None, "unreadable"
        numbers.add(int(digits.replace(" ", "")))
    if len(numbers) > 1:
        return None, "twice"
    number = numbers.pop()
    if number == 0:
        return None, "zero"
    return (None, "too_many") if number > MOST else (number, "")


def _value(name: str, said: str, *, last: bool) -> tuple[str | None, str]:
    """What a segment says, or what is wrong with it."""
    if name == "password":
        value: str | None = _password(said, last=last)[1]
        limit = LONGEST_PASSWORD
    elif name == "crm_login":
        value = _first_line(_REPEATED.sub(" ", said)).rstrip(" ,;")
        limit = LONGEST_LINE
    elif name == "login":
        return _logins(_REPEATED.sub(" ", said))
    else:
        value, limit = _link(said), LONGEST_LINK
        if value is None:
            text = _first_line(said)
            return None, "no_link" if text and not _PLACEHOLDER.search(text) else "missing"
    if not value or _PLACEHOLDER.fullmatch(value):
        return None, "missing"
    return (None, "too_long") if len(value) > limit else (value, "")


def _first_line(said: str) -> str:
    """What stands behind the separator, or, where nothing does, on the next line that is not empty."""
    rest = said[_end_of_separator(said) :]
    lines = [line.strip() for line in rest.splitlines()]
    first = next((line for line in lines if line), "")
    if lines and not lines[0]:
        first = first[_end_of_separator(first) :]
    return first


def _end_of_separator(said: str) -> int:
    match = _SEPARATOR.match(said)
    return match.end() if match else 0


def _password(said: str, *, last: bool) -> tuple[int, str]:
    """A password as it was written, spaces and punctuation included, and where it begins.

    Only where the next label stands in the same line does the punctuation before that not belong to it.
    """
    begin = _end_of_separator(said)
    while begin < len(said) and said[begin].isspace():
        begin += 1
    value, end, _ = said[begin:].partition("\n")
    value = value.rstrip()
    return begin, value if end or last else re.sub(r"\s*[,;.]$", "", value)


def _logins(said: str) -> tuple[str | None, str]:
    """One login, or two, the second that of the admin panel; joined by a line end."""
    lines = [line for line in said[_end_of_separator(said) :].splitlines() if line.strip()]
    taken = lines[:1]
    for line in lines[1:]:
        if not _OTHER_LOGIN.match(_folded(line)):
            break
        taken.append(line)
    logins: dict[str, str] = {}
    role, others = "", list[str]()
    for word in re.findall(r"[^\s,;()<>«»\"|/]+", " ".join(taken)):
        bare = word.strip(":=–—-.!'")
        folded = _folded(bare)
        if not bare or folded in ("в", "и", "он", "же", "лк", "или"):
            continue
        if folded.startswith(("систем", "личн", "кабинет")):
            role = "system"
        elif folded.startswith(("админ", "панел")):
            role = "admin"
        elif role and role not in logins:
            logins[role], role = bare, ""
        else:
            others.append(bare)
    for bare in others:
        logins.setdefault("system" if "system" not in logins else "admin", bare)
    system, admin = logins.get("system"), logins.get("admin")
    if len({*others, *logins.values()}) > 2:
        return None, "unreadable"
    system = system or admin
    if system is None or _PLACEHOLDER.fullmatch(system):
        return None, "missing"
    if len(system) > LONGEST_LINE or len(admin or "") > LONGEST_LINE:
        return None, "too_long"
    same = admin is None or admin.casefold() == system.casefold() or _PLACEHOLDER.fullmatch(admin)
    return (system if same else f"{system}\n{admin}"), ""


def _both(logins: str | None) -> tuple[str | None, str | None]:
    if logins is None:
        return None, None
    system, _, admin = logins.partition("\n")
    return system, admin or None


def _link(said: str) -> str | None:
    """The first link; one that a mail program broke over two lines is whole again. A scheme that was left out is https."""
    lines = said.splitlines()
    for place, line in enumerate(lines):
        match = _LINK.search(line) or _BARE_LINK.search(line)
        if match is None:
            continue
        link = match[0]
        broken = match.end() == len(line.rstrip()) and len(line) >= _WRAPPED
        following = lines[place + 1].strip() if broken and place + 1 < len(lines) else ""
        if following and following.isascii() and re.fullmatch(r"[^\s<>\"]+", following) and not _LINK.match(following):
            link += following
        link = link.rstrip(".,;:!?'’]")
        if link.endswith(")") and "(" not in link:
            link = link.rstrip(").,;")
        scheme, found, rest = link.partition("://")
        return f"{scheme.lower()}://{rest}" if found else f"https://{link}"
    return None
