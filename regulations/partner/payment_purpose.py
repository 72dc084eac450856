"""What the purpose of a payment says, as payers write it (partner 7.1, 7.2): invoices, contract, services, city, VAT.

A payer types: in any case, with ``ё`` or ``е``, with Latin letters that look like Russian ones, with or without spaces and signs. Words
and numbers are therefore compared as `plain` gives them. Nothing here knows our invoices; what fits what is decided in `matching`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TypeVar

from regulations.spelling import alike

Found = TypeVar("Found")

_DASHES = re.compile("[\u00ad\u2010-\u2015\u2212_]")
_DATES_FROM = 0xE000
"""Dates are lifted out of the text first; each leaves one character of the private use area, which no text has of its own."""
_LONGEST_NUMBER = 100
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_MONTHS = ("январ", "феврал", "март", "апрел", "ма", "июн", "июл", "август", "сентябр", "октябр", "ноябр", "декабр")


def plain(text: str) -> str:
    """The text with what payers write in many ways written in one: for comparing, never for reading."""
    return alike(_DASHES.sub("-", _PRIVATE.sub(" ", text).replace("№", " № ")))


@lru_cache(maxsize=50_000)
def bare(number: str) -> str:
    """A number of an invoice, of a contract or of a service for comparing: signs between its parts and leading zeros do not count."""
    parts = re.findall(r"[^\W_]+", plain(number))
    return "-".join(re.sub(r"(?<!\d)0+(?=\d)", "", part) for part in parts)


@lru_cache(maxsize=50_000)
def short(number: str) -> str:
    """The same without the letters before its first digit: ``INV-17`` is often written as ``17``."""
    return re.sub(r"^\D+(?=\d)", "", bare(number))


@dataclass(frozen=True)
class Named:
    """An invoice that the purpose names."""

    number: str
    day: date | None = None
    """Of the invoice: ``от 21.11.2026``."""
    sure: bool = True
    """It is called an invoice. Else it may be any number: it counts only where it is one of ours."""


@dataclass(frozen=True)
class NamedContract:
    """A contract that the purpose names; at least one of both is known."""

    number: str | None
    day: date | None


@dataclass(frozen=True)
class Purpose:
    """What a purpose says."""

    whole: str = ""
    """All of it as one number; empty: it is too long for one."""
    invoices: tuple[Named, ...] = ()
    contracts: tuple[NamedContract, ...] = ()
    places: tuple[tuple[str | None, str | None], ...] = ()
    """Appendix and number of each service, as `bare`; what is not said is None."""
    cities: tuple[tuple[str, ...], ...] = ()
    """The words after each ``г.`` or ``город``."""
    with_vat: bool = False
    inns: frozenset[str] = frozenset()
    """Taxpayer numbers in the text: whoever pays for another names it."""

    @property
    def describes(self) -> bool:
        """Whether contract or service are named, so that an invoice can be told by them."""
        return bool(self.contracts or self.places)


# --- the patterns ---------------------------------------------------------------------------------------------------

_LETTER = r"[^\W\d_]"
_SIGN = r"(?:№|n[оr°º]?(?=[\s.\d])\.?)"
_SIGNS = rf"(?:{_SIGN}\s*){{1,3}}"
_NUMBER = r"(?=[^\s,;()]*\d)[^\W_]+(?:[-/.][^\W_]+)*"
_PLACE = r"\d++\w*+(?:[./-]\w++)*+"
"""Number of an appendix, or of a service in it: ``2``, ``2.3``, ``7а``."""
_DOTTED = r"\d+(?:\.\w+)+"
_DAY = "[\ue000-\uefff]"
_OF_DAY = re.compile(rf"\s*(?:от\s*)?({_DAY})")
_AND = r"\s*(?:,|;|\+|&|и(?=\s|№))\s*"
_NEXT, _SIGNED_HERE = re.compile(_AND), re.compile(_SIGNS)
_INVOICE_ABROAD, _CURRENCIES = alike("invoice"), "|".join(map(alike, ("rub", "usd", "eur")))
_PIECES = "шт|мес|ед|экз|дн|год|квартал|%"

_SPELLED = re.compile(rf"[«\"']?\b(\d{{1,2}})[»\"']?\s*({'|'.join(_MONTHS)}){_LETTER}{{0,2}}\s*(\d{{4}})\s*(?:год{_LETTER}*|г\b\.?)?")
_DOTTED_DAY = re.compile(
    rf"(?<![\d.])(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}}|(?<=(?<!\d)\d\d\.\d\d\.)\d{{2}})(?!\d|\.\d)\s*(?:год{_LETTER}*|г\b\.?)?"
)
_DASHED_DAY = re.compile(r"(?<![\d./-])(\d{2})([-/])(\d{2})\2(\d{4})(?![\d/-])")
_ISO_DAY = re.compile(r"(?<![\d./-])(\d{4})-(\d{2})-(\d{2})(?![\d-])")

_ACCOUNT = re.compile(
    rf"(?:(?:расчетн|лицев|корр|банковск){_LETTER}*\.?\s*сч{_LETTER}*|\b[рлк]/сч{_LETTER}*|\b[рлк]/с\b)\.?\s*(?:{_SIGNS})?(?:\d{{5,}})?"
)
_INN = re.compile(r"\bинн\b\D{0,3}(\d{10}(?:\d{2})?)\b(?:\s*/\s*\d{9})?")
_LONG = re.compile(r"(?<![\d.-])\d{16,}(?![\d-])")
_PAPER = re.compile(
    rf"(?<![^\W_])(?:сч{_LETTER}*\s*[-.]?\s*факт{_LETTER}*|с/ф|сч[-/.]\s?ф|акт{_LETTER}*|накладн{_LETTER}*|упд|спецификац{_LETTER}*"
    rf"|заявк{_LETTER}*|заказ{_LETTER}*|соглашени{_LETTER}*|д/с|п/п|поручени{_LETTER}*)\.?\s*(?:{_SIGNS})?{_NUMBER}"
)
"""Numbers of other papers."""
_AMOUNT = r"\d{1,3}(?:\s\d{3})+(?:[.,=-]\d{2})?|\d+(?:[.,=-]\d{2})?"
_SUM = re.compile(
    rf"(?:сумм{_LETTER}*|в\s+размере)\s*[:-]?\s*(?:{_AMOUNT})(?![\d.])(?:\s*(?:руб{_LETTER}*|р\b))?\.?"
    rf"|(?<![\w.№/-])(?:{_AMOUNT})\s*(?:руб{_LETTER}*|р\b|₽|коп{_LETTER}*|{_CURRENCIES})\.?"
)

_CUT_VAT = re.compile(r"н\.\s*д\.\s*с\b\.?")
_NO_VAT = re.compile(
    r"без\s*(?:учета\s+)?(?:налога\s*)?\(?\s*ндс\)?|\bб[/.]\s*ндс"
    r"|ндс\s*[-:(]*\s*(?:нет\b|не\s+(?:облаг|предусм|взим|начисл)\w*|освоб\w*)|не\s+облаг\w*\.?\s*(?:налогом\s*)?\(?\s*ндс"
    r"|освобожд\w*\s+от\s+(?:уплаты\s+)?ндс"
    r"|(?:(?:в\s*т\.?\s*ч|в\s+том\s+числе)\.?\s*)?ндс\s*[-:(]*\s*0+(?:[.,=-]0+)?(?![\d.,]*\d)\s*%?(?:\s*[-:(]*\s*0+(?:[.,=-]0+)?(?![\d.,]*\d))?"
)
_VAT = re.compile(
    r"(?:\bв\s*т\.?\s*ч\.?|\bв\s+том\s+числе|\bвкл\w*\.?|\bс|\bплюс|\bкроме\s+того|\bсумма)\s*:?\s*(?:сумма\s*)?ндс"
    r"|ндс\s*[-:(]*\s*(?:по\s+)?(?:ставк\w\s*)?[\d]|\d\s*%\s*ндс"
)

_INVOICE = re.compile(
    rf"(?<![^\W_])(?:счет(?P<many>ам|ами|ах|ов)|счет(?:а|у|ом|е|ы)?|сч|инвойс\w*|{_INVOICE_ABROAD}s?|inv(?=[.\s№]))(?![^\W_])\.?"
    r"(?:\s*-\s*(?:оферт|договор)\w*)?(?!\s*[-./]*\s*ф(?:акт|\b))"
)
_TO_NUMBER = re.compile(rf"(?:\s+на\s+оплату)?\s*[:.]?\s*(?P<sign>{_SIGNS})?")
_DAY_TO_NUMBER = re.compile(rf"\s*от\s*({_DAY})\s*,?\s*(?P<sign>{_SIGNS})")
_WORDS_TO_SIGN = re.compile(rf"(?:\s+(?!сч|дог|прил|усл|от\b){_LETTER}+){{1,3}}\s*(?P<sign>{_SIGNS})")
_PREFIXED = re.compile(rf"(?:(?P<prefix>{_LETTER}{{1,6}})\s+(?=\d))?(?P<number>{_NUMBER})")

_CONTRACT = re.compile(r"(?<![^\W_])(?:договор\w*|дог|контракт\w*|оферт\w*)(?![^\W_])\.?(?:[\s-]*(?:публичн\w*\s*)?оферт\w*)?")
_WORDS_TO_CONTRACT = re.compile(rf"(?:[\s\"«»()-]+(?!сч|дог|прил|усл|соглаш|от\b|за\b){_LETTER}+){{0,6}}[\s\"»]*(?P<sign>{_SIGNS})")
_WORDS_TO_DAY = re.compile(rf"(?:\s*б/н)?(?:\s+(?!сч|дог|прил|усл|соглаш|за\b){_LETTER}+){{0,4}}?\s*от\s*(?={_DAY})")
_SIGNED = re.compile(rf"\s*,?\s*{_SIGNS}({_NUMBER})")
_APPENDIX = re.compile(rf"(?<![^\W_])прил(?:ожени\w*)?\.?\s*(?:{_SIGNS})?({_PLACE})")
_SERVICE = re.compile(rf"(?<![^\W_])усл(?:уг\w*)?\.?\s*:?\s*(?:{_SIGNS}({_NUMBER})|({_DOTTED}))")
_POINT = re.compile(rf"\s*[,:]?\s*(?:п|пп|пункт\w*|поз|усл|услуг\w*)\b\.?\s*(?:{_SIGNS})?({_PLACE})(?!\s*дог)")
"""Behind an appendix: its service, with a sign or without."""
_MORE = re.compile(rf"{_AND}(?:{_SIGNS})?(?=\d{{1,3}}(?!\d))({_PLACE})(?!\s*(?:{_PIECES}))")
_CITY = re.compile(rf"(?<![\w/-])(?:г\.|гор\.|г\s|город\w*)\s*:?\s*[«\"]?(?!от\b)({_LETTER}+\.?(?:[\s-]+{_LETTER}+){{0,2}})")
_LOOSE = re.compile(rf"(?P<sign>{_SIGNS})?(?<![^\W_])(?!{_LETTER}+\.)(?P<number>{_NUMBER})")
"""Not ``п.2.3``: a word cut short is part of no number."""
_LISTED = re.compile(rf"(?:(?P<prefix>{_LETTER}{{1,6}})\s+(?=\d))?(?!{_LETTER}+\.)(?P<number>{_NUMBER})(?!\s*(?:{_PIECES}))")
"""Not a number of pieces."""


# --- reading --------------------------------------------------------------------------------------------------------


def read_purpose(purpose: str) -> Purpose:
    """Reads a purpose. What is not understood is left out: a purpose never says more than it does."""
    text = plain(purpose)
    days: list[date | None] = []
    text = _lift_days(text, days)
    text = re.sub(rf"(?<=\d)(?=от\s*{_DAY})", " ", text)
    vat = _VAT.search(_NO_VAT.sub(" ", _CUT_VAT.sub("ндс", text))) is not None
    inns = frozenset(found.group(1) for found in _INN.finditer(text))
    cities = tuple(tuple(re.findall(r"[^\W\d_]+", found.group(1))) for found in _CITY.finditer(text))
    for pattern in (_INN, _ACCOUNT, _LONG, _PAPER, _SUM):
        text = pattern.sub(" ; ", text)
    reader = _Reader(text, days)
    named = reader.take(_INVOICE, reader.invoices_at)
    places = reader.places()
    contracts = reader.take(_CONTRACT, reader.contract_at)
    return Purpose(
        whole=bare(purpose) if len(purpose) <= _LONGEST_NUMBER else "",
        invoices=tuple(dict.fromkeys([*named, *reader.loose()])),
        contracts=tuple(dict.fromkeys(contracts)),
        places=tuple(dict.fromkeys(places)),
        cities=cities,
        with_vat=vat,
        inns=inns,
    )


def _lift_days(text: str, days: list[date | None]) -> str:
    """Each date becomes one character, so that no number is found in it; one that no calendar has is lifted too, and says nothing."""

    def put(year: str, month: int, day: str) -> str:
        full = int(year) + (2000 if len(year) == 2 else 0)
        try:
            days.append(date(full, month, int(day)))
        except ValueError:
            days.append(None)
        return f"{chr(_DATES_FROM + len(days) - 1)} "

    text = _SPELLED.sub(lambda f: put(f.group(3), _MONTHS.index(f.group(2)) + 1, f.group(1)), text)
    text = _ISO_DAY.sub(lambda f: put(f.group(1), int(f.group(2)), f.group(3)), text)
    text = _DASHED_DAY.sub(lambda f: put(f.group(4), int(f.group(3)), f.group(1)), text)
    return _DOTTED_DAY.sub(lambda f: put(f.group(3), int(f.group(2)), f.group(1)), text)


class _Reader:
    """A text from which what is understood is taken out, so that nothing is understood twice."""

    def __init__(self, text: str, days: list[date | None]) -> None:
        self._text, self._days = text, days

    def take(self, label: re.Pattern[str], read: Callable[[re.Match[str]], tuple[list[Found], int]]) -> list[Found]:
        """Reads on after each label, and takes out label and all that was read."""
        taken: list[Found] = []
        at = 0
        while (found := label.search(self._text, at)) is not None:
            said, end = read(found)
            taken += said
            at = found.end()
            if said:
                self._blank(found.start(), end)
                at = end
        return taken

    def _blank(self, start: int, end: int) -> None:
        self._text = f"{self._text[:start]}{';' * (end - start)}{self._text[end:]}"

    def _day(self, at: int) -> tuple[date | None, int]:
        """A date that follows, and where it ends."""
        found = _OF_DAY.match(self._text, at)
        return (None, at) if found is None else (self._days[ord(found.group(1)) - _DATES_FROM], found.end())

    # --- invoices

    def invoices_at(self, label: re.Match[str]) -> tuple[list[Named], int]:
        """The numbers after the word for an invoice: the first, and those that are listed with it."""
        found = self._numbered(label.end())
        if found is None:
            return [], label.end()
        number, day, end = found
        many = label.group("many") is not None or self._text.count("№", label.end(), end) > 1
        if day is None:
            day, end = self._day(end)
        named = [Named(number, day)]
        while (and_ := _NEXT.match(self._text, end)) is not None:
            sign = _SIGNED_HERE.match(self._text, and_.end())
            more = _LISTED.match(self._text, sign.end() if sign is not None else and_.end())
            if more is None:
                break
            day, end = self._day(more.end())
            named.append(Named(_joined(more), day, sure=sign is not None or many))
        return named, end

    def _numbered(self, at: int) -> tuple[str, date | None, int] | None:
        """The number, the date where that stands before it, and the end."""
        for way in (_TO_NUMBER, _WORDS_TO_SIGN, _DAY_TO_NUMBER):
            to = way.match(self._text, at)
            found = _PREFIXED.match(self._text, to.end()) if to is not None else None
            if to is None or found is None:
                continue
            if found.group("prefix") is not None and to.group("sign") is None:
                continue  # a word, not the first part of a number
            return _joined(found), self._day(at)[0] if way is _DAY_TO_NUMBER else None, found.end()
        return None

    # --- the contract

    def contract_at(self, label: re.Match[str]) -> tuple[list[NamedContract], int]:
        """Number and date of a contract, or one of both."""
        number, end = None, label.end()
        to = _WORDS_TO_CONTRACT.match(self._text, end)
        found = _PREFIXED.match(self._text, to.end()) if to is not None else re.compile(rf"\s*({_NUMBER})").match(self._text, end)
        if found is not None:
            number, end = bare(found.group()), found.end()
        day, after = self._day(end)
        if day is None and (to_day := _WORDS_TO_DAY.match(self._text, end)) is not None:
            day, after = self._day(to_day.end())
        if number is None and day is not None and (later := _SIGNED.match(self._text, after)) is not None:
            number, after = bare(later.group(1)), later.end()
        if number is None and day is None:
            return [], label.end()
        return [NamedContract(number, day)], after if day is not None else end

    # --- the services

    def places(self) -> list[tuple[str | None, str | None]]:
        """Appendix and number of each service. A service belongs to the appendix before it, else to the only one there is."""
        appendices: list[tuple[int, str]] = []
        services: list[tuple[int, str]] = []
        for found in _APPENDIX.finditer(self._text):
            appendices.append((found.start(), bare(found.group(1))))
            end = found.end()
            if (point := _POINT.match(self._text, end)) is not None:
                services += self._listed(point)
        for found in _SERVICE.finditer(self._text):
            services += self._listed(found)
        places: list[tuple[str | None, str | None]] = []
        for at, service in sorted(services):
            before = [appendix for start, appendix in appendices if start < at]
            only = appendices[0][1] if len({appendix for _, appendix in appendices}) == 1 else None
            places.append((before[-1] if before else only, service))
        with_services = {appendix for appendix, _ in places}
        places += [(appendix, None) for _, appendix in appendices if appendix not in with_services]
        for pattern in (_APPENDIX, _SERVICE):
            self._text = pattern.sub(lambda found: ";" * len(found.group()), self._text)
        return places

    def _listed(self, first: re.Match[str]) -> list[tuple[int, str]]:
        """The number of a service, and those that are listed with it."""
        found: re.Match[str] | None = first
        listed: list[tuple[int, str]] = []
        end = first.start()
        while found is not None:
            listed.append((found.start(), bare(next(group for group in found.groups() if group))))
            end = found.end()
            found = _MORE.match(self._text, end)
        self._blank(first.end(), end)
        return listed

    # --- whatever is left

    def loose(self) -> list[Named]:
        """Numbers of which nobody says what they are. Bare digits may be anything: they count with a sign before them, or alone."""
        named = []
        for found in _LOOSE.finditer(self._text):
            number, alone = found.group("number"), not self._text.replace(found.group(), "").strip(" .;,:№")
            if found.group("sign") is not None or alone or re.fullmatch(r"[\d.]+", number) is None:
                named.append(Named(bare(number), self._day(found.end())[0], sure=False))
        return named


def _joined(found: re.Match[str]) -> str:
    """A number whose first letters stand apart: ``INV 17``."""
    return bare(f"{found.group('prefix') or ''} {found.group('number')}")
