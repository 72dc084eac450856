"""Text out of the bytes of e-mails: charsets, right or wrong; encoded words; HTML; what is new in an e-mail, and what it quotes."""

from __future__ import annotations

import binascii
import codecs
import html
import re
import unicodedata

LONGEST_TEXT = 100_000
"""Characters of one body that are looked at: a form has some hundreds."""
LONGEST_PAGE = 1_000_000
"""The same of an HTML page, which is mostly marks."""

_GUESSES = ("cp1251", "koi8-r", "cp866", "iso8859-5")
_COMMON, _OTHER = "оеаинтсрвл", "кмдпуяыьгзбчйхжшюцщэфёъіїєґ"
_WEIGHTS = {
    **dict.fromkeys(_COMMON, 2.0),
    **dict.fromkeys(_OTHER, 1.0),
    **dict.fromkeys(_COMMON.upper(), 1.0),
    **dict.fromkeys(_OTHER.upper(), 0.5),
    **dict.fromkeys("«»—–№…“”„•’°\xa0\n\r\t", 0.5),
}
_KNOWN = re.compile(r"логин|клиент|начислени|определени|замену|скрипт|пароль|инструкци|обучени|анкета|здравствуйте|прошу", re.IGNORECASE)
_DECLARED = 0.8
"""What a letter declares is believed unless another charset reads much better."""


def decoded(raw: bytes, charset: str | None) -> tuple[str, bool]:
    """The text that these bytes are.

    Returns:
        The text, and whether it is certain: read in the declared charset, in UTF-8 or in ASCII, without a single wrong byte.
    """
    declared = _codec(charset)
    if raw.isascii() and declared not in ("utf-7", "iso2022_jp", "hz", "utf-16", "utf-32"):
        return raw.decode("ascii"), True
    if declared not in ("utf-16", "utf-32", "utf-16-le", "utf-16-be"):
        try:
            return raw.decode("utf-8-sig"), True
        except UnicodeDecodeError:
            pass
    best, best_score, certain = raw.decode("cp1251", "replace"), float("-inf"), False
    for name in dict.fromkeys(one for one in (declared, "utf-8", *_GUESSES) if one):
        text = raw.decode(name, "replace")
        score = _score(text) + (_DECLARED if name == declared else 0.0)
        if score > best_score:
            best, best_score, certain = text, score, name == declared and "\ufffd" not in text
    return best, certain


def _codec(charset: str | None) -> str | None:
    """The codec of a declared charset; None: there is none, or it says nothing of letters outside ASCII."""
    try:
        name = codecs.lookup((charset or "").strip(" \"'")).name
        "".encode(name)
    except (LookupError, ValueError, TypeError):  # TypeError: a codec that is no charset
        return None
    return None if name in ("ascii", "iso8859-1") else name


def _score(text: str) -> float:
    """How much the text looks like Russian, for each letter outside ASCII."""
    weight, letters, before = 0.0, 0, ""
    for char in text[:20_000]:
        if not char.isascii():
            letters += 1
            weight += _WEIGHTS.get(char, -2.0)
            if char.isupper() and before.islower():  # what KOI8-R and Windows-1251 do to each other
                weight -= 3.0
        before = char
    return (weight + 20.0 * len(_KNOWN.findall(text[:20_000]))) / max(letters, 1)


# --- headers ------------------------------------------------------------------------------------------------------------

_WORD = re.compile(rb"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(rb"(\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")


def header_text(raw: str) -> str:
    """A header as it was meant: encoded words, also split inside a letter, and raw eight-bit text."""
    value = _BETWEEN.sub(rb"\1", raw.encode("utf-8", "surrogateescape"))
    said: list[str] = []
    pending, charset, place = b"", "", 0
    for word in _WORD.finditer(value):
        before = value[place : word.start()]
        named = word[1].decode("ascii", "replace").partition("*")[0].lower()
        if pending and (before or named != charset):
            said.append(decoded(pending, charset)[0])
            pending = b""
        said.append(decoded(before, None)[0])
        pending, charset, place = pending + _bytes_of_word(word[2], word[3]), named, word.end()
    said.append(decoded(pending, charset)[0])
    said.append(decoded(value[place:], None)[0])
    return line("".join(said))


def _bytes_of_word(encoding: bytes, said: bytes) -> bytes:
    if encoding in b"qQ":
        return binascii.a2b_qp(said, header=True)
    try:
        return binascii.a2b_base64(said.rstrip(b"=") + b"=" * (-len(said.rstrip(b"=")) % 4))
    except binascii.Error:
        return b""


def line(value: str, most: int = 300) -> str:
    """One line that every event and every letter takes: without control characters, line ends of any kind and encoded words."""
    kept = (" " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp", "Zs") else char for char in value)
    return " ".join("".join(char for char in kept if unicodedata.category(char) != "Cf").replace("=?", "= ?").split())[:most].strip()


# --- bodies -------------------------------------------------------------------------------------------------------------

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANKS = re.compile(r"[ \t]{3,}")


def plain(text: str) -> str:
    """Lines that end in ``\\n`` alone, without invisible characters and long runs of blanks, cut to `LONGEST_TEXT`."""
    text = _LINE_ENDS.sub("\n", text[: 2 * LONGEST_TEXT].translate(_INVISIBLE))
    text = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return _BLANKS.sub("  ", text)[:LONGEST_TEXT]


def unwrapped(text: str, *, delete_space: bool) -> str:
    """The text of ``format=flowed`` (RFC 3676) in its own lines."""
    flowing: list[str] = []
    open_end = False
    for one in plain(text).split("\n"):
        bare = one.removeprefix(" ")
        quoted = one.startswith(">")
        if open_end and not quoted and flowing and not flowing[-1].startswith(">"):
            flowing[-1] = (flowing[-1][:-1] if delete_space else flowing[-1]) + bare
        else:
            flowing.append(bare)
        open_end = bare.endswith(" ") and bare != "-- " and not quoted
    return "\n".join(flowing)


_TAG = re.compile(r"(<[^<>]*>)")
_NAME = re.compile(r"</?\s*([a-zA-Z][a-zA-Z0-9]*)")
_ENDS_LINE = frozenset("br p div tr li ul ol table h1 h2 h3 h4 h5 h6 pre hr blockquote title".split())  # noqa: SIM905
_UNSEEN = frozenset("script style head title".split())  # noqa: SIM905


def html_text(page: str) -> str:
    """What a reader sees of a page, in lines; those of a ``blockquote`` begin with ``>``. Takes time in proportion to the page."""
    shown: list[str] = []
    unseen, depth = "", 0
    for piece in _TAG.split(_without_comments(page[:LONGEST_PAGE])):
        name = _NAME.match(piece) if piece.startswith("<") and piece.endswith(">") else None
        if name is None:
            if not unseen:
                shown.append(re.sub(r"\s+", " ", html.unescape(piece)))
            continue
        tag, closes = name[1].lower(), piece.startswith("</")
        if unseen:
            unseen = "" if closes and tag == unseen else unseen
        elif tag in _UNSEEN and not closes and not piece.endswith("/>"):
            unseen = tag
        elif tag in _ENDS_LINE:
            if tag == "blockquote":
                depth = max(0, depth - 1) if closes else min(depth + 1, 9)
            shown.append("\n" + ">" * depth)
        elif tag in ("td", "th"):
            shown.append(" ")
    lines = (" ".join(one.split(" ")).strip() for one in "".join(shown).split("\n"))
    return plain("\n".join(one for one in lines if one.strip(">")))


def _without_comments(page: str) -> str:
    kept: list[str] = []
    place = 0
    while (start := page.find("<!--", place)) >= 0:
        kept.append(page[place:start])
        end = page.find("-->", start)
        if end < 0:
            return "".join(kept)
        place = end + 3
    return "".join([*kept, page[place:]])


# --- what is new ----------------------------------------------------------------------------------------------------------

_ALL_BELOW = re.compile(
    r"[-_=*\s]{0,80}(?:original message|forwarded message"
    r"|(?:исходное|оригинальное|пересланное|пересылаемое|перенаправленное|переадресованное) сообщение"
    r"|(?:начало|begin) (?:переадресованного|пересланного|forwarded) (?:сообщения|message):?)[-_=*\s]{0,80}",
    re.IGNORECASE,
)
_SAID = re.compile(r"(?:on\b.{4,300}\bwrote|.{4,300}(?:пишет|писал\S{0,3}|написал\S{0,3}|пише|написав\S{0,2}))\s*:", re.IGNORECASE)
_FROM = re.compile(r"\*?(?:от|from|від)\*?:\s", re.IGNORECASE)
_AND = re.compile(r"\*?(?:отправлено|дата|кому|тема|sent|date|to|subject|надіслано)\*?:\s", re.IGNORECASE)


def new_and_quoted(text: str) -> tuple[str, str]:
    """The text in two: what was written anew, and what an earlier e-mail said, without the marks of the quotation."""
    lines = text.split("\n")
    new: list[str] = []
    for place, one in enumerate(lines):
        bare = one.strip()
        block = _FROM.match(bare) and any(_AND.match(other.strip()) for other in lines[place + 1 : place + 5])
        said = _SAID.fullmatch(bare)
        if _ALL_BELOW.fullmatch(bare) or block or (said and not any(other.startswith(">") for other in lines[place + 1 :])):
            return "\n".join(_unquoted(new)[0]), "\n".join([*_unquoted(new)[1], *(other.lstrip("> ") for other in lines[place + 1 :])])
        if not said:
            new.append(one)
    fresh, quoted = _unquoted(new)
    return "\n".join(fresh), "\n".join(quoted)


def _unquoted(lines: list[str]) -> tuple[list[str], list[str]]:
    return [one for one in lines if not one.startswith(">")], [one.lstrip("> ") for one in lines if one.startswith(">")]
