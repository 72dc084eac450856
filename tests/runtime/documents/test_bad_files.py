"""Whatever comes as a file: it is named what is wrong with it, in time, and nothing of it is left behind."""

from __future__ import annotations

import asyncio
import io
import os
import random
import resource
import sys
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from pypdf.actions import JavaScript

from runtime.documents import reader as reader_module
from runtime.documents.reader import LARGEST, DocumentReader, Reading
from tests.runtime.documents.made import (
    LAUGHS,
    PASSWD,
    Entry,
    add_form,
    archive,
    compound_file,
    content_types,
    excel,
    pdf,
    pdf_of,
    pdf_with_a_million_objects,
    repacked,
    with_prologue,
    word,
)

pytestmark = pytest.mark.clause("handoff 3.3")

FIELDS = {"ИНН": "7707083893", "Телефон": "нет"}
WORD, EXCEL, PDF = word(FIELDS), excel(FIELDS.items()), pdf(FIELDS)
SHARED = repacked(EXCEL, {"xl/sharedStrings.xml": b'<?xml version="1.0"?><sst><si><t>x</t></si></sst>'})


@pytest_asyncio.fixture(autouse=True)
async def nothing_is_left_behind() -> AsyncIterator[None]:
    """No process and no open file outlives a reading."""
    me = psutil.Process()
    files = me.num_fds()
    yield
    assert [p for p in me.children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE and "documents" in " ".join(p.cmdline())] == []
    assert me.num_fds() <= files + 2


async def read(content: bytes, name: str = "Анкета клиента client@example.org.docx") -> Reading:
    return await DocumentReader().read(content, name)


async def problem(content: bytes, name: str = "Анкета клиента client@example.org.docx") -> str | None:
    found = await read(content, name)
    assert found.problem is None or not found.pairs, "a file that is no good gives no fields"
    return found.problem


@pytest.mark.parametrize("content", [WORD, EXCEL, PDF], ids=["docx", "xlsx", "pdf"])
async def test_the_honest_ones_are_read(content: bytes) -> None:
    """Every bad file below is made from these."""
    found = await read(content)
    assert found.problem is None
    assert set(FIELDS.items()) <= set(found.pairs)


# --- what it is


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"\x00" * LARGEST, "not_a_document"),
        (b"\x00" * (LARGEST + 1), "too_large"),
        (b"MZ\x90\x00" + bytes(2000), "not_a_document"),
        (b"MZ\x90\x00" + bytes(2000) + WORD, "not_a_document"),
        (b"\x7fELF" + bytes(200), "not_a_document"),
        (b"just some text", "not_a_document"),
        (b"{\\rtf1 hello}", "not_a_document"),
        (b"<html><body>x</body></html>", "not_a_document"),
        (archive([Entry(b"a.txt", b"x")]), "not_a_document"),
        (archive([Entry(b"1.zip", archive([Entry(b"2.zip", archive([Entry(b"3.zip", b"0" * 9000)]))]))]), "not_a_document"),
        (b"PK\x05\x06" + bytes(18), "not_a_document"),
        (compound_file("WordDocument", "1Table"), "old_format"),
        (compound_file("Workbook"), "old_format"),
        (compound_file("EncryptionInfo", "EncryptedPackage"), "password"),
    ],
    ids=[
        *("empty", "5 MiB", "more than 5 MiB", "exe", "exe with a document at its end", "elf", "text", "rtf", "html", "zip", "zip in zip"),
        *("empty zip", "doc", "xls", "encrypted docx"),
    ],
)
async def test_a_file_is_told_by_its_content_whatever_its_name(content: bytes, expected: str) -> None:
    assert await problem(content) == expected


@pytest.mark.parametrize("name", ["Анкета.docx.exe", "анкета.SCR", "form.js "])
async def test_a_name_under_which_a_system_would_run_it_is_refused_whatever_the_content(name: str) -> None:
    assert await problem(WORD, name) == "not_a_document"


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("content", [WORD, EXCEL], ids=["docx", "xlsx"])
async def test_a_truncated_package_is_damaged(content: bytes, cut: float) -> None:
    assert await problem(content[: int(len(content) * cut)]) == "damaged"


async def test_a_changed_byte_is_damage() -> None:
    part = WORD.index(b"word/document.xml") + 200
    assert await problem(WORD[:part] + bytes([WORD[part] ^ 0xFF]) + WORD[part + 1 :]) in ("damaged", "unsafe")


# --- bombs


async def test_a_bomb_is_not_unpacked() -> None:
    assert await problem(repacked(WORD, {"word/media/image1.png": b"0" * 300_000_000})) == "unsafe"


async def test_a_bomb_that_lies_about_its_size_is_not_unpacked_either() -> None:
    lying = archive([Entry(b"[Content_Types].xml", content_types()), Entry(b"word/document.xml", b"0" * 300_000_000, says=100)])
    assert len(lying) < 400_000
    assert await problem(lying) == "unsafe"


@pytest.mark.parametrize("says", [0, 99, 101, 2**32 - 1])
async def test_an_entry_that_is_not_as_long_as_it_says_is_unsafe(says: int) -> None:
    lying = archive([Entry(b"[Content_Types].xml", content_types()), Entry(b"word/media/1.bin", b"0" * 100, says=says)])
    assert await problem(lying) == "unsafe"


async def test_many_entries_may_not_add_up_beyond_50_mb() -> None:
    block = random.Random(1).randbytes(20_000) * 50  # noqa: S311 - packs to a twentieth: no single entry is suspicious
    entries = [Entry(b"word/media/%d.bin" % i, block) for i in range(53)]
    packed = archive([Entry(b"[Content_Types].xml", content_types()), *entries])
    assert len(packed) < LARGEST
    assert await problem(packed) == "unsafe"


@pytest.mark.parametrize(("entries", "expected"), [(2_001, "unsafe"), (100_000, "unsafe")])
async def test_too_many_entries_are_unsafe(entries: int, expected: str) -> None:
    made = [Entry(b"a", b"", method=0)] + [Entry(b"%05d" % i, b"", method=0, at=0) for i in range(entries - 1)]
    assert len(packed := archive(made)) < LARGEST
    assert await problem(packed) == expected


async def test_two_thousand_honest_entries_are_read_and_one_more_is_unsafe() -> None:
    with zipfile.ZipFile(io.BytesIO(WORD)) as package:
        more = 2_000 - len(package.namelist())
    assert await problem(repacked(WORD, {f"word/media/{i}.bin": b"x" for i in range(more)})) is None
    assert await problem(repacked(WORD, {f"word/media/{i}.bin": b"x" for i in range(more + 1)})) == "unsafe"


async def test_entries_that_share_their_bytes_are_unsafe() -> None:
    kernel = Entry(b"a" * 30, b"0" * 1_000_000)
    sharing = [Entry(b"b%029d" % i, b"0" * 1_000_000, at=0) for i in range(40)]
    assert await problem(archive([kernel, *sharing])) == "unsafe"
    inside = Entry(b"b" * 30, b"0" * 1_000_000, at=10)
    assert await problem(archive([kernel, inside])) in ("unsafe", "damaged")


async def test_a_package_within_the_package_is_never_opened() -> None:
    itself = repacked(WORD, {"word/embeddings/itself.docx": WORD})
    bomb = archive([Entry(b"0", b"0" * 10_000_000)])
    for _ in range(5):
        itself = repacked(WORD, {"word/embeddings/itself.docx": itself, "word/embeddings/bomb.zip": bomb})
    found = await read(itself)
    assert found.problem is None
    assert set(FIELDS.items()) <= set(found.pairs)


@pytest.mark.parametrize("name", [b"/etc/passwd", b"../../etc/passwd", b"word/../../x", b"C:\\x", b"word\\document.xml", b"c:x", b".."])
async def test_a_name_that_points_elsewhere_is_unsafe(name: bytes) -> None:
    assert await problem(archive([Entry(b"[Content_Types].xml", content_types()), Entry(name, b"x")])) == "unsafe"


async def test_two_entries_of_one_name_are_unsafe() -> None:
    twice = [Entry(b"word/document.xml", b"<a/>"), Entry(b"word/Document.xml", b"<b/>")]
    assert await problem(archive([Entry(b"[Content_Types].xml", content_types()), *twice])) == "unsafe"


async def test_a_packing_that_office_does_not_use_is_unsafe() -> None:
    assert await problem(archive([Entry(b"[Content_Types].xml", content_types()), Entry(b"x", b"x", method=14)])) == "unsafe"


async def test_encrypted_entries_are_a_password() -> None:
    assert await problem(archive([Entry(b"[Content_Types].xml", content_types(), flags=1)])) == "password"


# --- entities


@pytest.mark.parametrize(
    ("package", "part"),
    [
        (WORD, "word/document.xml"),
        (WORD, "word/styles.xml"),
        (repacked(WORD, {"customXml/item1.xml": b"<x>1</x>"}), "customXml/item1.xml"),
        (WORD, "_rels/.rels"),
        (WORD, "[Content_Types].xml"),
        (SHARED, "xl/sharedStrings.xml"),
        (EXCEL, "xl/worksheets/sheet1.xml"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("prologue", [LAUGHS, PASSWD, "<!DOCTYPE x>"], ids=["billion laughs", "external entity", "bare doctype"])
async def test_a_doctype_anywhere_is_refused_before_any_library_sees_it(package: bytes, part: str, prologue: str) -> None:
    reference = "&k;" if prologue is LAUGHS else "&a;" if prologue is PASSWD else ""
    bad = repacked(package, {part: with_prologue(prologue, reference=reference)})
    started = time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert await problem(bad) == "entities"
    assert time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - started < 5


async def test_a_doctype_in_another_encoding_is_seen() -> None:
    def utf16(part: bytes) -> bytes:
        text = with_prologue(PASSWD)(part).decode()
        return text[text.index("<!DOCTYPE") :].encode("utf-16")

    assert await problem(repacked(WORD, {"word/document.xml": utf16})) == "entities"


async def test_a_doctype_in_a_part_that_does_not_look_like_xml_by_its_name_is_seen() -> None:
    assert await problem(repacked(WORD, {"word/item.bin": f"\n{PASSWD}<x>&a;</x>".encode()})) == "entities"


async def test_an_encoding_that_hides_a_doctype_is_not_taken() -> None:
    hidden = b"<?xml version='1.0' encoding='utf-7'?>+ADw-!DOCTYPE x+AD4-<x/>"
    assert await problem(repacked(WORD, {"word/document.xml": hidden})) == "damaged"


# --- macros and passwords


_OFFICE = b"application/vnd.openxmlformats-officedocument."
_SHEET = b'<Override PartName="/xl/macrosheets/sheet1.xml" ContentType="application/vnd.ms-excel.macrosheet+xml"/>'


@pytest.mark.parametrize(
    ("package", "change"),
    [
        (WORD, (_OFFICE + b"wordprocessingml.document.main+xml", b"application/vnd.ms-word.document.macroEnabled.main+xml")),
        (EXCEL, (_OFFICE + b"spreadsheetml.sheet.main+xml", b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")),
        (EXCEL, (b"</Types>", _SHEET + b"</Types>")),
    ],
    ids=["docm", "xlsm", "Excel 4 macros"],
)
async def test_a_type_with_macros_is_refused(package: bytes, change: tuple[bytes, bytes]) -> None:
    assert await problem(repacked(package, {"[Content_Types].xml": lambda types: types.replace(*change)})) == "macros"


async def test_macros_in_a_plain_document_are_refused() -> None:
    assert await problem(repacked(WORD, {"word/vbaProject.bin": b"macro"})) == "macros"


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
async def test_a_pdf_that_cannot_be_opened_without_a_password_says_so(algorithm: str) -> None:
    bad = pdf(FIELDS, lambda writer: writer.encrypt("secret", "owner", algorithm=algorithm))
    assert await problem(bad) == "password"


async def test_a_pdf_that_only_forbids_printing_is_read() -> None:
    found = await read(pdf(FIELDS, lambda writer: writer.encrypt("", "owner", algorithm="AES-256")))
    assert set(FIELDS.items()) <= set(found.pairs)


# --- PDF


async def test_a_pdf_without_a_form_has_no_fields() -> None:
    assert await problem(pdf(None)) == "no_fields"
    assert await problem(pdf({})) == "no_fields"


async def test_a_pdf_of_a_million_objects_is_given_up() -> None:
    bad = pdf_with_a_million_objects()
    assert len(bad) < LARGEST
    assert await problem(bad) in ("too_slow", "damaged", "no_fields")


@pytest.mark.parametrize(
    "form",
    [
        b"<</Fields " + b"[" * 100_000 + b"]" * 100_000 + b">>",
        b"<</Fields[" + b"<</Kids[" * 20_000 + b"]>>" * 20_000 + b"]>>",
        b"<</Fields[3 0 R]/Kids[3 0 R]>>",
        b"<</Fields 3 0 R>>",
        b"<</Fields[4 0 R 99 0 R]>>",
        b"3 0 R",
        b"<</Fields[<</T(a)/V[[[[[1]]]]]>>",
    ],
    ids=["deep arrays", "deep kids", "a field that is its own kid", "fields that are the form", "dangling", "itself", "cut off"],
)
async def test_a_form_that_leads_nowhere_is_no_form(form: bytes) -> None:
    assert await problem(pdf_of(form)) in ("no_fields", "damaged", "too_slow")


async def test_a_tree_of_fields_that_runs_in_circles_ends() -> None:
    def circle(writer: object) -> None:
        from pypdf import PdfWriter
        from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

        assert isinstance(writer, PdfWriter)
        field = DictionaryObject({NameObject("/T"): TextStringObject("ИНН"), NameObject("/V"): TextStringObject("1")})
        reference = writer._add_object(field)
        field[NameObject("/Kids")] = ArrayObject([reference, reference])
        add_form(writer, [reference])

    found = await read(pdf(None, circle))
    assert found.pairs == (("ИНН", "1"),)


async def test_scripts_of_a_pdf_are_ignored() -> None:
    script = "app.alert('x'); this.getField('ИНН').value = '0';"
    found = await read(pdf(FIELDS, lambda writer: writer.add_open_action(JavaScript(script))))
    assert set(FIELDS.items()) <= set(found.pairs)


# --- too much


async def test_a_document_of_millions_of_elements_is_given_up_in_time() -> None:
    def full(part: bytes) -> bytes:
        return part.replace(b"<w:body>", b"<w:body>" + b"<w:p/>" * 8_000_000)

    bad = repacked(WORD, {"word/document.xml": full})
    assert len(bad) < LARGEST
    assert await problem(bad) in ("too_slow", "unsafe", "damaged")


async def test_a_sheet_with_more_rows_than_a_questionnaire_has_is_read_at_its_top() -> None:
    found = await read(excel([*FIELDS.items(), *([f"x{i}", "y" * 50] for i in range(60_000))]))
    assert found.problem is None
    assert set(FIELDS.items()) <= set(found.pairs)


async def test_a_cell_far_away_costs_nothing() -> None:
    def far(part: bytes) -> bytes:
        return part.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')

    found = await read(repacked(EXCEL, {"xl/worksheets/sheet1.xml": far}))
    assert set(FIELDS.items()) <= set(found.pairs)


# --- the process itself


def child(monkeypatch: pytest.MonkeyPatch, code: str, seconds: float = 20) -> None:
    """Replaces what the reading process does."""
    monkeypatch.setattr(reader_module, "COMMAND", (sys.executable, "-P", "-s", "-c", code))
    monkeypatch.setattr(reader_module, "SECONDS", seconds)


READY = "import sys, os, time, subprocess\nfrom runtime.documents.child import confine\nconfine()\nprint('ready', flush=True)\n"


@pytest.mark.parametrize(
    "code",
    [
        "time.sleep(600)",
        "sys.stdin.close(); time.sleep(600)",
        "x = bytearray(2_000_000_000)",
        "while True: sys.stdout.write('x' * 100_000)",
        "os.kill(os.getpid(), 11)",
        "os._exit(3)",
        "print('{\"problem\": null', flush=True)",
        "print('[]'); print('more')",
        "print('{}')",
    ],
    ids=["sleeps", "sleeps deaf", "eats memory", "floods", "crashes", "exits", "half an answer", "no answer", "an empty answer"],
)
@pytest.mark.parametrize("size", [10, LARGEST], ids=["small", "large"])
async def test_a_process_that_comes_to_grief_is_a_problem_of_the_file(monkeypatch: pytest.MonkeyPatch, code: str, size: int) -> None:
    child(monkeypatch, READY + code, seconds=2)
    assert await problem(b"x" * size) == "too_slow"


async def test_a_process_that_never_came_up_is_no_problem_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for code, seconds in (("raise SystemExit(1)", 20), ("import time; time.sleep(600)", 1), ("import no_such_library", 20)):
        child(monkeypatch, code, seconds)
        with pytest.raises(reader_module.ReaderUnavailableError):
            await read(WORD)
    monkeypatch.setattr(reader_module, "COMMAND", ("/no/such/program",))
    with pytest.raises(reader_module.ReaderUnavailableError):
        await read(WORD)


async def test_what_the_process_began_ends_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Even where the limit on new processes does not hold (it does not for root)."""
    grandchild = tmp_path / "pid"
    code = f"p = subprocess.Popen(['sleep', '600']); open({str(grandchild)!r}, 'w').write(str(p.pid)); print('ready', flush=True)\n"
    child(monkeypatch, "import subprocess\n" + code + "import time; time.sleep(600)", seconds=2)
    assert await problem(WORD) == "too_slow"
    pid = int(grandchild.read_text())
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("a process of the reader's session lives on")


async def test_the_process_can_do_nothing_but_read_and_knows_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGLAMENT_MAIL__PASSWORD", "secret")
    (tmp_path / "there").write_text("x")
    code = f"""
import json, resource, signal
pairs = [[name, value] for name, value in os.environ.items()]
try:
    with open({str(tmp_path / "there")!r}, "w") as f:
        f.write("y" * 10)
    pairs.append(["wrote", "yes"])
except OSError:
    pairs.append(["wrote", "no"])
pairs.append(["alarm", str(signal.alarm(0))])
pairs.append(["memory", str(resource.getrlimit(resource.RLIMIT_AS)[1])])
pairs.append(["cpu", str(resource.getrlimit(resource.RLIMIT_CPU)[1])])
pairs.append(["processes", str(resource.getrlimit(resource.RLIMIT_NPROC)[1])])
pairs.append(["files", str(resource.getrlimit(resource.RLIMIT_NOFILE)[1])])
pairs.append(["session", str(os.getsid(0) == os.getpid())])
pairs.append(["folder", os.getcwd()])
print(json.dumps({{"problem": None, "format": "docx", "pairs": pairs, "has_text": True}}))
"""
    child(monkeypatch, READY + code)
    found = dict((await read(WORD)).pairs)
    assert "secret" not in str(found)
    assert not [name for name in found if name.startswith("REGLAMENT")]
    assert found["wrote"] == "no"
    assert 0 < int(found["alarm"]) <= 30
    assert int(found["memory"]) == 512 * 1024 * 1024
    assert int(found["cpu"]) == 10
    assert int(found["processes"]) == 0
    assert int(found["files"]) == 32
    assert (found["session"], found["folder"]) == ("True", "/")


async def test_a_reading_that_is_cancelled_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    child(monkeypatch, READY + "time.sleep(600)  # documents", seconds=60)
    task = asyncio.create_task(read(WORD))
    me = psutil.Process()
    for _ in range(500):
        if any(os.path.basename(p.exe()).startswith("python") for p in me.children()):  # noqa: PTH119
            break
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
