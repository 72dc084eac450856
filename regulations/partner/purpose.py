"""The purpose of a payment (7.1), read: what it names of what it has to name.

Written by the machine, by a colleague in billing, or by a payer: case, spaces, ``ё`` and Latin letters that look like Russian ones do not
count. A contract is a word of contract or offer with the number and the date of it behind; a service is its appendix and its number,
``приложение 2, услуга 2.3``, ``прил. 2 п. 2.3, 2.7`` or ``п. 2.3 приложения № 2``. Dates are ``21.11.2026`` or ``21 ноября 2026 г.``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from regulations.partner.effects import Defect
from regulations.partner.messages import Contract
from regulations.spelling import alike

LONGEST = 210
"""Characters of a purpose: field 24 of a payment order (Bank of Russia, 762-П)."""

_MONTHS = ("январ", "феврал", "март", "апрел", "ма[йя]", "июн", "июл", "август", "сентябр", "октябр", "ноябр", "декабр")
_STEMS = tuple(alike(month) for month in _MONTHS)
_LATIN_SIGN = re.compile(r"(?<!\w)nо?[\s.]*(?=\d)")  # its Latin o has become a Russian one
_BEHIND = r"[\s.:]*(?:№[\s.:]*)?"
_NUMBER = r"(?:\d\w*(?:[/-]\w+|\.\d\w*)*|(?=[\w/-]*\d)\w+(?:[/-]\w+)*)"
"""The number of an appendix or a service that the invoice does not have: one word with a digit in it."""
_STARTS = r"(?<!\w)(?<!\w[./-])"
_ENDS = r"(?!\w|[/-]\w|\.\d)"
"""Behind a full stop only a digit goes on with a number: people leave out the space behind a sentence."""
_DATE = re.compile(
    rf"{_STARTS}(?P<day>\d{{1,2}})\s*"
    rf"(?:[./-]\s*(?P<month>\d{{1,2}})\s*[./-]\s*|(?P<name>{'|'.join(_STEMS)})\w*\s*)(?P<year>\d{{4}})(?!\d)(?![./-]\w)"
)
_QUOTES = dict.fromkeys(map(ord, '«»„“”"'))
_CONTRACT = re.compile(r"(?<!\w)(?:договор|оферт|дог(?!\w))\w*")
_ACCOUNT = re.compile(r"(?<!\w)(?:счет\w*|сч)(?!\w)")
_VAT = re.compile(r"(?<!\w)без\W{0,3}ндс(?!\w)")
_CHARGED = re.compile(r"(?:в том числе|в\W{0,2}т\W{0,2}ч|включая|вкл|(?<!\w)с)\W{0,3}ндс|(?<!\w)ндс\W{0,3}\d")
_ANY_VAT = re.compile(r"(?<!\w)ндс(?!\w)")
_LABEL = re.compile(r"^(?:(?:приложени\w*|прил|услуг\w*|усл|пункт\w*|п)(?:[\s.]+|(?=№)))?(?:№\s*)?")


class Placed(Protocol):
    """A line of an invoice, composed or made by hand."""

    @property
    def name(self) -> str: ...
    @property
    def appendix(self) -> str: ...
    @property
    def number(self) -> str: ...


@dataclass(frozen=True)
class _Place:
    """Appendix and number of a line, as they are compared; empty where it has not exactly one."""

    line: Placed
    appendix: str
    number: str

    @property
    def pair(self) -> tuple[str, str]:
        return self.appendix, self.number


@dataclass(frozen=True)
class _Named:
    """An appendix, or services, that the purpose names at a place."""

    at: int
    appendix: str = ""
    services: tuple[str, ...] = ()


def purpose_defects(purpose: str, contract: Contract, lines: Sequence[Placed], city: str | None) -> list[Defect]:
    """What 7.1 demands of an invoice and this one lacks, or has wrong; nothing: it may be sent.

    ``БЕЗ НДС`` is the prescribed word: ``НДС не облагается`` and ``Без налога (НДС)`` are not it.

    Args:
        purpose: The purpose of the payment, as the invoice names it.
        contract: The offer contract that it has to name, with its date.
        lines: The lines of the invoice: each is one service, with one number of an appendix and one of the service.
        city: The city that it has to name; None: there is no marketing service in it.

    Returns:
        The defects, each once: codes of the catalogue (``partner.defect``).
    """
    found: list[Defect] = []
    said = _read(purpose)
    if not said:
        found.append(_defect("purpose_empty"))
    if len(purpose) > LONGEST:
        found.append(_defect("purpose_long", length=len(purpose), most=LONGEST))
    places = [_Place(line, _place(line.appendix), _place(line.number)) for line in lines]
    found += [_defect("line_place", name=place.line.name) for place in places if not all(place.pair)]
    wanted = [place for place in places if all(place.pair)]
    pairs = [place.pair for place in wanted]
    found += [_defect("service_twice", name=place.line.name) for place in wanted if pairs.count(place.pair) > 1]
    if said:
        named = _named(said, pairs)
        number = re.compile(f"{_STARTS}{_spaced(_read(contract.number).removeprefix('№ '))}{_ENDS}")
        found += _contract_defects(said, contract, number, [one.at for one in named])
        found += _place_defects(named, wanted)
        found += _vat_defects(said)
        if city is not None and not re.search(rf"(?<![\w-]){_spaced(_read(city))}(?![\w-])", number.sub(" ", said)):
            found.append(_defect("city_missing", city=city))
    return list({defect.model_dump_json(): defect for defect in found}.values())


def _read(words: str) -> str:
    """The words as they are compared: without quotation marks; the Latin sign of a number is the Russian one."""
    return _LATIN_SIGN.sub("№ ", alike(words).translate(_QUOTES))


def _defect(code: str, **values: object) -> Defect:
    return Defect(code=code, values={name: str(value) for name, value in values.items()})


def _spaced(words: str) -> str:
    """A pattern of words as they may be written: hyphens and spaces are one."""
    return r"[\s-]+".join(map(re.escape, filter(None, re.split(r"[\s-]+", words)))) or re.escape(words)


# --- appendices and services ------------------------------------------------------------------------------------------


def _place(number: str) -> str:
    """The one number of an appendix or a service in a field of a line, without its label; empty: none, or several."""
    bare = _LABEL.sub("", _read(number)).rstrip(". ")
    return bare if re.fullmatch(r"\w+(?:[./-]\w+)*", bare) else ""


def _named(said: str, pairs: Sequence[tuple[str, str]]) -> list[_Named]:
    """The appendices and services that are named, in their order. Numbers of the invoice are known even without a digit in them."""
    appendix = _any_of(pair[0] for pair in pairs)
    service = _any_of(pair[1] for pair in pairs)
    appendices = re.compile(rf"(?<!\w)прил(?:ожени\w{{1,3}})?(?!\w){_BEHIND}(?P<number>{appendix}){_ENDS}")
    # A clause of the tax code or of the contract itself is no service; nor is the bare `услуг` of `договор оказания услуг`.
    other = r"(?!\W*(?:ст|стать\w*|договор\w*|оферт\w*)(?!\w))"
    services = re.compile(
        rf"(?<!\w)(?:усл|услуг\w{{1,3}}|(?P<clause>п|пп|пункт\w{{0,3}}))(?!\w){_BEHIND}"
        rf"(?P<numbers>(?>(?:{service}){_ENDS}(?:\s*(?:,|;|и)\s*(?:{service}){_ENDS})*))(?(clause){other})"
    )
    found = [_Named(match.start(), appendix=match["number"]) for match in appendices.finditer(said)]
    for match in services.finditer(said):
        found.append(_Named(match.start(), services=tuple(re.findall(rf"(?:{service}){_ENDS}", match["numbers"]))))
    return sorted(found, key=lambda one: one.at)


def _any_of(numbers: Iterable[str]) -> str:
    longest_first = sorted(set(numbers), key=lambda number: (-len(number), number))
    return "|".join([*map(re.escape, longest_first), _NUMBER])


def _pairs(named: Sequence[_Named]) -> Iterator[tuple[str, str]]:
    """Each service with its appendix: the one before it, or, where the purpose begins with a service, the one behind it."""
    backwards = bool(named) and not named[0].appendix
    appendix = ""
    for one in reversed(named) if backwards else named:
        appendix = one.appendix or appendix
        for number in one.services:
            yield appendix, number


def _place_defects(named: Sequence[_Named], wanted: Sequence[_Place]) -> Iterator[Defect]:
    pairs = list(_pairs(named))
    appendices, numbers = {one.appendix for one in named}, {number for _, number in pairs}
    for place in wanted:
        line = place.line
        if place.appendix not in appendices:
            yield _defect("appendix_missing", appendix=line.appendix)
        if place.pair not in pairs and (place.appendix in appendices or place.number not in numbers):
            yield _defect("service_missing", appendix=line.appendix, number=line.number, name=line.name)
    for appendix, number in pairs:
        if appendix and all(place.pair != (appendix, number) for place in wanted):
            yield _defect("service_extra", appendix=appendix, number=number)


# --- contract and VAT -------------------------------------------------------------------------------------------------


def _contract_defects(said: str, contract: Contract, number: re.Pattern[str], stops: Iterable[int]) -> Iterator[Defect]:
    """Number and date stand behind a word of contract, before the next appendix, service or invoice."""
    ends = sorted({*stops, *(match.start() for match in _ACCOUNT.finditer(said)), len(said)})
    passages = [said[match.end() : next(end for end in ends if end >= match.end())] for match in _CONTRACT.finditer(said)]
    naming = [passage for passage in passages if _without_number(passage, number) is not None]
    if not naming:
        yield _defect("contract_missing", number=contract.number)
    dates = [day for passage in naming or passages for day in _dates(_without_number(passage, number) or passage)]
    wanted = f"{contract.date:%d.%m.%Y}"
    if not dates:
        yield _defect("contract_date_missing", date=wanted)
    elif contract.date not in dates:
        yield _defect("contract_date_wrong", date=wanted, found=f"{dates[0]:%d.%m.%Y}")


def _without_number(passage: str, number: re.Pattern[str]) -> str | None:
    """The passage without the contract's number; None where the number is not in it. Part of a date is no number."""
    dates = [match.span() for match in _DATE.finditer(passage)]
    for match in number.finditer(passage):
        if not any(start <= match.start() and match.end() <= end and match.span() != (start, end) for start, end in dates):
            return f"{passage[: match.start()]} {passage[match.end() :]}"
    return None


def _dates(passage: str) -> Iterator[date]:
    for match in _DATE.finditer(passage):
        month = match["month"]
        number = int(month) if month else next(n for n, stem in enumerate(_STEMS, 1) if re.fullmatch(stem, match["name"]))
        try:
            yield date(int(match["year"]), number, int(match["day"]))
        except ValueError:  # no such day
            continue


def _vat_defects(said: str) -> Iterator[Defect]:
    others = _VAT.sub(" ", said)
    if _CHARGED.search(others):
        yield _defect("vat_charged")
    elif not _VAT.search(said):
        yield _defect("vat_wrong" if _ANY_VAT.search(said) else "vat_missing")
