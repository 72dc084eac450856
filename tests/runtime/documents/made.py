"""Documents made for tests, good and bad ones: packed by hand where no honest library would pack them so."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import docx
import openpyxl
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, TextStringObject

MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
LAUGHS = '<!DOCTYPE lolz [<!ENTITY a "lol">' + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(10)) + "]>"
PASSWD = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def word(rows: Mapping[str, str], *lines: str) -> bytes:
    """A Word document: a table of labels and values, then lines."""
    document = docx.Document()
    table = document.add_table(len(rows), 2)
    for row, pair in zip(table.rows, rows.items(), strict=True):
        row.cells[0].text, row.cells[1].text = pair
    for line in lines:
        document.add_paragraph(line)
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


def excel(rows: Iterable[Iterable[Any]]) -> bytes:
    """An Excel workbook with one sheet."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    saved = io.BytesIO()
    workbook.save(saved)
    return saved.getvalue()


def pdf(fields: Mapping[str, str] | None, change: Callable[[PdfWriter], None] = lambda _: None) -> bytes:
    """A PDF with text fields of these names and values; None: without a form."""
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    if fields is not None:
        made = [
            writer._add_object(
                DictionaryObject(
                    {
                        NameObject("/FT"): NameObject("/Tx"),
                        NameObject("/T"): TextStringObject(name),
                        NameObject("/V"): TextStringObject(value),
                    }
                )
            )
            for name, value in fields.items()
        ]
        add_form(writer, made)
    change(writer)
    saved = io.BytesIO()
    writer.write(saved)
    return saved.getvalue()


def add_form(writer: PdfWriter, fields: list[IndirectObject]) -> None:
    """The form of a PDF, with fields that have been added to it."""
    form = DictionaryObject({NameObject("/Fields"): ArrayObject(fields), NameObject("/DA"): TextStringObject("/Helv 0 Tf 0 g")})
    writer._root_object[NameObject("/AcroForm")] = writer._add_object(form)


def repacked(package: bytes, changed: Mapping[str, bytes | Callable[[bytes], bytes]], *, compress: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The package with parts changed or added."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(packed, "w", compress) as new:
        for name in old.namelist():
            change = changed.get(name, old.read(name))
            new.writestr(name, change if isinstance(change, bytes) else change(old.read(name)))
        for name, content in changed.items():
            if name not in old.namelist():
                assert isinstance(content, bytes)
                new.writestr(name, content)
    return packed.getvalue()


def with_prologue(prologue: str, *, reference: str = "") -> Callable[[bytes], bytes]:
    """Puts a DOCTYPE before the root of a part, and a reference to its entity into the first text."""

    def change(part: bytes) -> bytes:
        text = part.decode()
        declaration, _, rest = text.partition("?>") if text.startswith("<?xml") else ("<?xml version='1.0'", "", text)
        return f"{declaration}?>{prologue}{rest.replace('ИНН', f'ИНН{reference}')}".encode()

    return change


class Entry:
    """One entry of an archive packed by hand; whatever is given may lie."""

    def __init__(self, name: bytes, content: bytes, *, says: int | None = None, method: int = 8, flags: int = 0, at: int | None = None):
        self.name, self.method, self.flags, self.at = name, method, flags, at
        stream = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.packed = stream.compress(content) + stream.flush() if method == 8 else content
        self.size = len(content) if says is None else says
        self.checksum = zlib.crc32(content)

    def numbers(self) -> bytes:
        return struct.pack(
            "<HHHHLLLHH", self.flags, self.method, 0, 33, self.checksum, len(self.packed), self.size & 0xFFFFFFFF, len(self.name), 0
        )


def archive(entries: Iterable[Entry]) -> bytes:
    """An archive of these entries; one with ``at`` has no bytes of its own but points there."""
    body, directory = bytearray(), bytearray()
    count = 0
    for e in entries:
        offset = len(body) if e.at is None else e.at
        if e.at is None:
            body += b"PK\x03\x04" + struct.pack("<H", 20) + e.numbers() + e.name + e.packed
        directory += b"PK\x01\x02" + struct.pack("<HH", 20, 20) + e.numbers() + struct.pack("<HHHLL", 0, 0, 0, 0, offset) + e.name
        count += 1
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), len(body), 0)
    return bytes(body + directory) + end


def content_types(main: str = MAIN) -> bytes:
    """A table of content types that makes an archive a Word document."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="{main}"/></Types>'
    ).encode()


def compound_file(*streams: str) -> bytes:
    """A Compound File (OLE) with empty streams of these names: what Office 97 wrote, and what it encrypts newer files into."""
    free, end, fat = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<LLLLLLLLL", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109L", 0, *[free] * 108)
    table = struct.pack("<128L", fat, end, *[free] * 126)
    entries = b""
    for number, name in enumerate(("Root Entry", *streams)):
        coded = name.encode("utf-16-le")
        entries += coded.ljust(64, b"\0") + struct.pack("<HBB", len(coded) + 2, 5 if number == 0 else 2, 1)
        child = 1 if number == 0 and streams else free
        entries += (
            struct.pack("<LLL", free, number + 1 if 0 < number < len(streams) else free, child) + bytes(36) + struct.pack("<LQ", end, 0)
        )
    return header + table + entries.ljust(512, b"\0")


def pdf_with_a_million_objects() -> bytes:
    """A PDF of a few kilobytes whose cross-reference stream speaks of a million objects."""
    packed = zlib.compress(b"\x01\x00\x0f\x00" * 1_000_000, 9)
    body = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 1 0 R>>\nendobj\n"
    stream = b"2 0 obj\n<</Type/XRef/Size 1000000/W[1 2 1]/Root 1 0 R/Filter/FlateDecode/Length %d>>\nstream\n" % len(packed)
    return body + stream + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF" % len(body)


def pdf_of(form: bytes) -> bytes:
    """A PDF whose form is written down as it is."""
    objects = [b"<</Type/Catalog/Pages 2 0 R/AcroForm 3 0 R>>", b"<</Type/Pages/Count 0/Kids[]>>", form]
    body, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(body)
    body += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return bytes(body) + b"trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start
