"""The command `reglament deadline`: single answers, wrong use, and the batch of lines."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from starter.commands import deadline_batch
from starter.commands.deadline import deadline
from starter.commands.deadline_batch import CALENDARS_KEPT, LONGEST_LINE, Batch
from tests.patience import PATIENCE

app = typer.Typer()
app.command()(deadline)

ROOT = Path(__file__).parents[2]
WEEK = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
CALENDAR: dict[str, Any] = {
    "tz": "Europe/Moscow",
    "country": "RU",
    "subdivision": None,
    "weekly": WEEK,
    "closed": ["2026-12-31"],
    "open": {"2026-12-26": [["09:00", "17:00"]]},
    "short_days": False,
}
DUE = {"id": "x1", "op": "due", "start": "2026-11-20T17:30", "term": "3 working hours", "calendar": CALENDAR}
ELAPSED = {"id": "x2", "op": "elapsed", "start": "2026-11-20T17:30", "end": "2026-11-23T18:00", "calendar": CALENDAR}


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def answers(*lines: Any) -> list[dict[str, Any]]:
    """The answers to lines given as bytes, or as anything that becomes JSON."""
    raw = b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    return [json.loads(line) for line in b"".join(Batch().answers(io.BytesIO(raw))).splitlines()]


def test_a_term_is_answered_with_instant_and_weekday() -> None:
    code, out, err = run("24 working hours", "--from", "2026-11-21T15:00")
    assert (code, out, err) == (0, "2026-11-25T15:00:00+03:00 Wednesday\n", "")


def test_a_provisional_answer_says_so() -> None:
    assert run("1 working day", "--from", "2027-12-30T15:00")[1] == "2028-01-10T18:00:00+03:00 Monday provisional\n"


def test_a_calendar_is_named_or_described() -> None:
    named = run("3 working hours", "--from", "2026-11-20T17:30", "--calendar", "ru-vladivostok")
    described = run(
        "3 working hours", "--from", "2026-11-20T17:30", "--tz", "Asia/Vladivostok", "--country", "ru", "--hours", "09:00-18:00"
    )
    assert named == described == (0, "2026-11-23T11:30:00+10:00 Monday\n", "")
    # a working day of Kazakhstan and of nobody's production calendar, a day off in Russia
    for option in (("--calendar", "kz-almaty"), ("--tz", "Asia/Almaty", "--country", "none")):
        assert run("1 working day", "--from", "2026-02-20T10:00", *option)[1] == "2026-02-23T18:00:00+05:00 Monday\n"
    assert run("1 working day", "--from", "2026-02-20T10:00")[1] == "2026-02-24T18:00:00+03:00 Tuesday\n"


def test_pauses_are_taken() -> None:
    options = ("--from", "2026-11-20T10:00", "--pause", "2026-11-20T11:00/2026-11-20T12:00", "--pause", "2026-11-20T13:00/2026-11-20T13:30")
    assert run("3 working hours", *options)[1] == "2026-11-20T14:30:00+03:00 Friday\n"


def test_explain_shows_why() -> None:
    code, out, _ = run("24 working hours", "--from", "2026-02-20T17:00", "--explain")
    assert code == 0
    assert "Defender of the" in out
    assert "2026-02-23" in out
    assert out.endswith("2026-02-26T14:00:00+03:00 Thursday\n")


def test_json_carries_the_trace_when_asked() -> None:
    plain = json.loads(run("24 working hours", "--from", "2026-02-20T17:00", "--json")[1])
    assert plain.keys() == {"due", "weekday", "provisional", "calendar"}
    traced = json.loads(run("24 working hours", "--from", "2026-02-20T17:00", "--json", "--explain")[1])
    assert traced["due"] == traced["trace"]["due"] == "2026-02-26T14:00:00+03:00"
    assert sum(step["amount"] for step in traced["trace"]["steps"]) == 86_400


def test_own_calendars_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "calendars.toml"
    file.write_text(
        """
        [support]
        tz = "Europe/Moscow"
        country = "none"
        weekly = { sat = [["10:00", "24:00"]] }
        closed = [2026-11-28]
        """,
        encoding="utf-8",
    )
    own = ("--calendars", str(file), "--calendar")
    assert run("14 working hours", "--from", "2026-11-20T17:00", *own, "support")[1] == "2026-11-22T00:00:00+03:00 Sunday\n"
    assert run("2 working days", "--from", "2026-11-20T17:00", *own, "support")[1] == "2026-12-06T00:00:00+03:00 Sunday\n"
    assert run("3 working hours", "--from", "2026-11-20T17:30", *own, "ru-moscow")[0] == 0
    assert "use support, ru-kaliningrad" in run("3 working hours", "--from", "2026-11-20T17:30", *own, "sales")[2]
    lines = b"".join(Batch(file).answers(io.BytesIO(json.dumps({**DUE, "calendar": "support"}).encode())))
    assert json.loads(lines) == {"id": "x1", "due": "2026-11-21T13:00:00+03:00"}


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ((), "the term is missing: reglament deadline"),
        (("3 working hours",), "--from is missing"),
        (("3 working ours", "--from", "2026-11-20"), "forms near it: '3 working hours'"),
        (("3 working hours", "--from", "tomorrow"), "--from is 'tomorrow': give a time such as"),
        (("3 working hours", "--from", "2026-11-20", "--calendar", "de-berlin"), "use ru-kaliningrad, ru-moscow"),
        (("3 working hours", "--from", "2026-11-20", "--tz", "Europe/Moscow"), "--country is missing: add --country RU"),
        (("3 working hours", "--from", "2026-11-20", "--country", "RU"), "add --tz"),
        (("3 working hours", "--from", "2026-11-20", "--hours", "09:00-18:00"), "add --tz"),
        (("3 working hours", "--from", "2026-11-20", "--tz", "Moscow", "--country", "RU"), "IANA"),
        (("3 working hours", "--from", "2026-11-20", "--tz", "Europe/Moscow", "--country", "DE"), "use one of KZ, RU, UA"),
        (("3 working hours", "--from", "2026-11-20", "--tz", "Europe/Moscow", "--calendar", "ru-moscow"), "leave one out"),
        (
            ("3 working hours", "--from", "2026-11-20", "--tz", "Europe/Moscow", "--country", "RU", "--hours", "9-18"),
            "write times as 09:00",
        ),
        (("3 working hours", "--from", "2026-11-20", "--pause", "lunch"), "give START/END"),
        (("3 working hours", "--from", "2026-11-20", "--calendars", "no-such.toml"), "give --calendars a TOML file"),
        (("3 working hours", "--from", "2030-11-20"), "covers 2020 to 2028"),
        (("3 working hours", "--batch"), "--batch takes everything from its lines"),
    ],
)
def test_wrong_use_names_the_remedy(arguments: tuple[str, ...], remedy: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert remedy in err


def test_batch_answers_due_and_elapsed() -> None:
    assert answers(DUE, ELAPSED, {**ELAPSED, "start": ELAPSED["end"], "end": ELAPSED["start"]}) == [
        {"id": "x1", "due": "2026-11-23T11:30:00+03:00"},
        {"id": "x2", "working_seconds": 34_200},
        {"id": "x2", "working_seconds": 0},
    ]


def test_batch_takes_pauses_offsets_and_calendars_without_a_country() -> None:
    pauses = [["2026-11-23T09:00", "2026-11-23T10:00"]]
    no_country = {"tz": "Asia/Tokyo", "country": None, "weekly": {"sun": [["00:00", "24:00"]]}}
    assert answers(
        {**DUE, "pauses": pauses},
        {**ELAPSED, "pauses": pauses},
        {**DUE, "start": "2026-11-20T17:30+10:00"},
        {**DUE, "calendar": no_country, "start": "3026-11-20T17:30", "term": "24 working hours"},
        {**DUE, "calendar": "ua-kyiv"},
    ) == [
        {"id": "x1", "due": "2026-11-23T12:30:00+03:00"},
        {"id": "x2", "working_seconds": 30_600},
        {"id": "x1", "due": "2026-11-20T13:30:00+03:00"},
        {"id": "x1", "due": "3026-11-27T00:00:00+09:00"},
        {"id": "x1", "due": "2026-11-23T11:30:00+02:00"},
    ]


def test_batch_marks_what_a_decree_may_change() -> None:
    late = {"start": "2027-12-30T17:30"}
    assert answers({**DUE, **late}, {**ELAPSED, **late, "end": "2028-01-10T10:00"}) == [
        {"id": "x1", "due": "2028-01-10T11:30:00+03:00", "provisional": True},
        {"id": "x2", "working_seconds": 5400, "provisional": True},
    ]


WRONG: list[tuple[bytes | Any, Any, str]] = [
    (b"", None, "the line is empty"),
    (b"   ", None, "the line is empty"),
    (b"{", None, "no JSON"),
    (b'{"id": "\xff"}', None, "no JSON"),
    (b'{"id": "\\ud800"}', None, "no JSON"),
    (b"[" * 100_000, None, "no JSON"),
    (b"[]", None, "the line is a list"),
    (b"3", None, "the line is a number"),
    (b"null", None, "the line is null"),
    (b'"text"', None, "the line is a text"),
    (b"NaN", None, "no JSON"),
    ({}, None, "'calendar' is missing"),
    ({"id": 7}, 7, "'calendar' is missing"),
    ({**DUE, "id": ["x"]}, None, "'id' is a list"),
    ({**DUE, "op": "dues"}, "x1", "'op' is 'dues': give 'due' or 'elapsed'"),
    ({**DUE, "op": None}, "x1", "'op' is missing"),
    ({**DUE, "op": {}}, "x1", "'op' is an object"),
    ({**DUE, "start": None}, "x1", "'start' is missing"),
    ({**DUE, "start": 1.5e300}, "x1", "'start' is a number"),
    ({**DUE, "start": "yesterday"}, "x1", "'start' is 'yesterday'"),
    ({**DUE, "start": "2026-13-01T00:00"}, "x1", "'start' is '2026-13-01T00:00'"),
    ({**DUE, "start": "2031-01-01T00:00"}, "x1", "covers 2020 to 2028"),
    ({**DUE, "term": None}, "x1", "'term' is missing"),
    ({**DUE, "term": []}, "x1", "'term' is a list"),
    ({**DUE, "term": "9" * 400 + " working hours"}, "x1", "more than 12 digits"),
    ({**DUE, "term": "999999999999 working hours"}, "x1", "covers 2020 to 2028"),
    ({**ELAPSED, "end": None}, "x2", "'end' is missing"),
    ({**DUE, "calendar": 10**18}, "x1", "the calendar is missing"),
    ({**DUE, "calendar": []}, "x1", "the calendar is missing"),
    ({**DUE, "calendar": "nowhere"}, "x1", "there is no calendar 'nowhere'"),
    ({**DUE, "calendar": {**CALENDAR, "tz": "Moscow"}}, "x1", "field 'tz'"),
    ({**DUE, "calendar": {**CALENDAR, "weekly": {}, "open": {}}}, "x1", "no day that is ever open"),
    ({**DUE, "calendar": {**CALENDAR, "weekly": {"mon": [["22:00", "06:00"]]}}}, "x1", "write two intervals"),
    (json.dumps({**DUE, "calendar": 0}).replace(": 0", ": " + "[" * 900 + "]" * 900).encode(), "x1", "nested too deeply"),
    ({**DUE, "pauses": "lunch"}, "x1", "give [[start, end], ...]"),
    ({**DUE, "pauses": [["2026-11-20T17:30"]]}, "x1", "give [[start, end], ...]"),
    ({**DUE, "pauses": [["2026-11-20T17:30", 3]]}, "x1", "'pauses' is a number"),
    ({**DUE, "pauses": [["2026-11-20T17:30", "2026-11-20T17:00"]]}, "x1", "before its start"),
    (b" " * (LONGEST_LINE + 1), None, "longer than"),
]


@pytest.mark.parametrize(("line", "name", "message"), WRONG, ids=[row[2] + f" {index}" for index, row in enumerate(WRONG)])
def test_a_wrong_line_has_its_error_on_its_place(line: bytes | Any, name: Any, message: str) -> None:
    before, wrong, after = answers(DUE, line, ELAPSED)
    assert before == {"id": "x1", "due": "2026-11-23T11:30:00+03:00"}
    assert wrong.keys() == {"id", "error"}
    assert wrong["id"] == name
    assert message in wrong["error"]
    assert "report this as a defect" not in wrong["error"]
    assert after == {"id": "x2", "working_seconds": 34_200}


def test_a_defect_of_ours_takes_no_other_line_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(deadline_batch, "parse_term", broken)
    first, second = answers(DUE, ELAPSED)
    assert first["id"] == "x1"
    assert "RuntimeError: broken" in first["error"]
    assert second == {"id": "x2", "working_seconds": 34_200}


class Drip(io.RawIOBase):
    """A stream that gives a few bytes at a time."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def read(self, size: int = -1) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_lines_may_arrive_in_any_pieces(size: int) -> None:
    raw = b"\r\n".join(json.dumps(line).encode() for line in (DUE, ELAPSED)) + b"\n\n" + json.dumps(DUE).encode()
    stream: Any = Drip([raw[start : start + size] for start in range(0, len(raw), size)])
    found = b"".join(Batch().answers(stream)).splitlines()
    assert [json.loads(line).get("id") for line in found] == ["x1", "x2", None, "x1"]


def test_a_line_that_never_ends_is_not_kept() -> None:
    piece = b" " * 60_000

    def pieces() -> Iterator[bytes]:
        for _ in range(200):
            yield piece
        yield b"\n" + json.dumps(DUE).encode() + b"\n"
        for _ in range(200):
            yield piece

    class Endless(io.RawIOBase):
        source = pieces()

        def read(self, size: int = -1) -> bytes:
            return next(self.source, b"")

    stream: Any = Endless()
    found = [json.loads(line) for part in Batch().answers(stream) for line in part.splitlines()]
    assert ["longer than" in line.get("error", "") for line in found] == [True, False, True]


def test_more_calendars_than_are_kept() -> None:
    lines = [{**DUE, "id": index, "calendar": {**CALENDAR, "name": f"calendar {index}"}} for index in range(CALENDARS_KEPT + 10)]
    assert {line["due"] for line in answers(*lines, *lines[:3])} == {"2026-11-23T11:30:00+03:00"}


BATCH = "import sys; from starter.commands.deadline_batch import run; sys.exit(run(sys.argv[1:]))"


def test_a_caller_may_wait_for_each_answer() -> None:
    with subprocess.Popen([sys.executable, "-c", BATCH, "--batch"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in (DUE, ELAPSED, DUE):
            process.stdin.write(json.dumps(line).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == line["id"]
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def test_a_reader_that_leaves_ends_the_batch_quietly() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BATCH, "--batch"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        line = json.dumps(DUE).encode() + b"\n"
        ended = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < ended:
            try:
                process.stdin.write(line * 100)
                process.stdin.flush()
            except BrokenPipeError:
                break
        process.stderr.read()
        assert process.wait(PATIENCE) == 1


def test_the_quick_way_in_takes_a_batch_only() -> None:
    for arguments in ([], ["3 working hours"], ["--batch", "--explain"], ["--batch", "--calendars"]):
        assert deadline_batch.run(arguments) is None


def test_the_batch_and_the_command_load_no_server_or_database() -> None:
    heavy = ("temporalio", "sqlalchemy", "pydantic", "typer", "rich", "jinja2")
    code = f"import sys, starter.commands.deadline_batch; print([name for name in {heavy!r} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
