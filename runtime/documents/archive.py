"""Office packages (ZIP): proven harmless before a library opens them. Declared sizes lie, so everything is unpacked and counted once."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from xml.parsers import expat

MOST_ENTRIES = 2_000
MOST_UNPACKED = 50 * 1024 * 1024
HIGHEST_RATIO = 200
"""Of an entry of more than 1 MiB; text packs to a tenth, repeated table rows to a fiftieth."""

_LOCAL = struct.Struct("<4s22xHH")
_STRANGE_NAME = re.compile(r"^[/\\]|^[A-Za-z]:|\\|(^|/)\.\.(/|$)|\x00")
_XML_NAME = re.compile(r"\.(xml|rels|vml)$", re.IGNORECASE)
_XML_START = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00<")
_MAIN = {"wordprocessingml.document.main+xml": "docx", "spreadsheetml.sheet.main+xml": "xlsx"}
_CONTENT_TYPES = "[Content_Types].xml"


class Unreadable(Exception):
    """The file cannot be read; ``problem`` is the stable code of the reason."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def open_package(content: bytes, most_unpacked: int = MOST_UNPACKED) -> str:
    """Unpacks the whole package once, within limits, and keeps nothing of it; gives its format, ``docx`` or ``xlsx``.

    After this every entry is known to be what the directory says, no XML part has a DOCTYPE, and there are no macros.

    Raises:
        Unreadable: ``damaged``, ``unsafe``, ``password``, ``macros``, ``entities`` or ``not_a_document``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries, directory = package.infolist(), package.start_dir
    except (zipfile.BadZipFile, ValueError, OverflowError, struct.error, NotImplementedError):
        raise Unreadable("damaged") from None
    _check_directory(content, entries, directory, most_unpacked)
    types = _ContentTypes()
    for entry in sorted(entries, key=lambda e: e.filename != _CONTENT_TYPES):
        part = _unpack(content, entry)
        if entry.filename == _CONTENT_TYPES:
            types.parse(part)
        elif _XML_NAME.search(entry.filename) or types.says_xml(entry.filename):
            _Scan(strict=True).parse(part)
        elif part.lstrip()[:3].startswith(_XML_START):  # a library might open it all the same
            _Scan(strict=False).parse(part)
    return _format(types, entries)


def _check_directory(content: bytes, entries: list[zipfile.ZipInfo], directory: int, most_unpacked: int) -> None:
    if len(entries) > MOST_ENTRIES or len({e.filename.lower() for e in entries}) != len(entries):
        raise Unreadable("unsafe")
    if any(e.flag_bits & 0x41 for e in entries):  # encrypted, in the old or the strong way
        raise Unreadable("password")
    end = 0
    for e in sorted(entries, key=lambda e: e.header_offset):
        if e.header_offset < end or _STRANGE_NAME.search(e.orig_filename):
            raise Unreadable("unsafe")  # two entries that share their bytes, or a name that points elsewhere
        if e.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable("unsafe")  # Office packs in no other way
        if e.file_size > 1024 * 1024 and e.file_size > HIGHEST_RATIO * e.compress_size:
            raise Unreadable("unsafe")
        end = _start(content, e) + e.compress_size
    if end > directory or sum(e.file_size for e in entries) > most_unpacked:
        raise Unreadable("unsafe")


def _start(content: bytes, entry: zipfile.ZipInfo) -> int:
    """Where the packed bytes of an entry begin."""
    try:
        signature, name, extra = _LOCAL.unpack_from(content, entry.header_offset)
    except struct.error:
        raise Unreadable("damaged") from None
    if signature != b"PK\x03\x04":
        raise Unreadable("damaged")
    return entry.header_offset + _LOCAL.size + int(name) + int(extra)


def _unpack(content: bytes, entry: zipfile.ZipInfo) -> bytes:
    """The entry's own bytes. No more is unpacked than it says it holds; what says too much has been refused already.

    Raises:
        Unreadable: ``unsafe`` where it is not as long as it says, ``damaged`` where it is not what was packed.
    """
    start = _start(content, entry)
    packed = content[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        unpacked = packed
    else:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            unpacked = stream.decompress(packed, entry.file_size + 1)
        except zlib.error:
            raise Unreadable("damaged") from None
        if not stream.eof and len(unpacked) <= entry.file_size:
            raise Unreadable("damaged")
    if len(unpacked) != entry.file_size:
        raise Unreadable("unsafe")
    if zlib.crc32(unpacked) != entry.CRC:
        raise Unreadable("damaged")
    return unpacked


class _Scan:
    """Parses an XML part only to see that it has no DOCTYPE: without one there are no entities, and nothing to fetch from outside."""

    def __init__(self, *, strict: bool) -> None:
        """``strict``: it is XML by its name or type, so it must be sound."""
        self._strict = strict
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._doctype

    def _doctype(self, *_: object) -> None:
        raise Unreadable("entities")

    def parse(self, part: bytes) -> None:
        """The whole part at once: in pieces a long token would be read anew with each of them."""
        try:
            self._parser.Parse(part, True)
        except expat.ExpatError:
            if self._strict:
                raise Unreadable("damaged") from None


class _ContentTypes(_Scan):
    """The table of content types: what each part says it is."""

    def __init__(self) -> None:
        super().__init__(strict=True)
        self._parser.StartElementHandler = self._element
        self._types: dict[str, str] = {}

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        part = attributes.get("PartName") or "." + attributes.get("Extension", "")
        self._types[part.lower()] = attributes.get("ContentType", "").lower()

    def says_xml(self, name: str) -> bool:
        by_ending = self._types.get("." + name.lower().rpartition(".")[2], "")
        return self._types.get("/" + name.lower(), by_ending).endswith("xml")

    def all(self) -> list[str]:
        return list(self._types.values())


def _format(types: _ContentTypes, entries: list[zipfile.ZipInfo]) -> str:
    declared = types.all()
    if any("macro" in t or "vbaproject" in t for t in declared) or any("vbaproject" in e.filename.lower() for e in entries):
        raise Unreadable("macros")
    for ending, format in _MAIN.items():
        if any(t.endswith(ending) for t in declared):
            return format
    raise Unreadable("not_a_document")
