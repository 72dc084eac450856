"""The monthly report over real registers and a real mail server: built once, the same bytes for ever, sent once unless forced."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from activities import errors, reports
from activities.record import Registers
from activities.reports import CaseReader
from deploy.demo.smtp_catcher import MailFault, SmtpCatcher
from regulations.handoff import narration
from regulations.handoff.report import ContactDuty
from regulations.handoff.report_effects import ReportMark, ReportQuestion, ReportToBuild, ReportToSend
from regulations.plans import Address
from regulations.read_out import ReadOut
from regulations.record_batch import RecordBatch
from regulations.rows import ObligationRow
from runtime import tables
from runtime.database import open_database
from runtime.registers import RegisterWriter
from runtime.reports import ReportLine, ReportsCrossedError, ReportStore, StoredReport
from tests.activities.attempts import attempt, end_leases, failing
from tests.activities.office import DECEMBER_1, DUE, NOVEMBER_2, ROLES, Cases, Office, attached, made_of
from tests.patience import patiently
from tests.regulations.course import at
from tests.regulations.handoff.course import Course
from tests.regulations.handoff.test_report import row


@pytest.fixture
async def office(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Office]:
    async with SmtpCatcher(tmp_path / "mail") as mail:
        cases = Cases()
        yield Office(engine, made_of(engine, mail, cases), cases, mail)


def sheet(content: bytes, title: str) -> list[dict[str, Any]]:
    """The rows of a section, by heading, down to the empty row before the sums."""
    rows: list[list[Any]] = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(title).to_python()
    body = rows[1 : rows.index([""] * len(rows[0]))] if [""] * len(rows[0]) in rows else rows[1:]
    return [dict(zip(rows[0], row, strict=True)) for row in body]


def sums(content: bytes, title: str) -> dict[str, Decimal]:
    """The sums below a section, by currency, as both readers see them."""
    found: list[dict[str, Decimal]] = []
    by_openpyxl: list[list[Any]] = [list(r) for r in openpyxl.load_workbook(io.BytesIO(content), data_only=True)[title].values]
    by_calamine: list[list[Any]] = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(title).to_python()
    for rows in by_openpyxl, by_calamine:
        amount, currency = rows[0].index("Сумма"), rows[0].index("Валюта")
        found.append({r[currency]: Decimal(str(r[amount])).quantize(Decimal("0.01")) for r in rows[1:] if r[0] == "Итого"})
    assert found[0] == found[1], "two readers see different sums"
    return found[0]


# --- a whole month ---


@pytest.mark.clause("handoff 4.1")
@pytest.mark.clause("handoff 4.2")
@pytest.mark.clause("handoff 4.3")
@pytest.mark.clause("handoff 4.4")
async def test_two_months_with_everything_in_them(office: Office) -> None:
    """October, then November: late acceptances, no access, reversals, a second round, two currencies, names like formulas."""
    await office.register(
        row("u1", client_name="=1+1", partner_name="@SUM(A1)", payment_amount=Decimal("0.10")),
        row("u2", payment_amount=Decimal("0.20")),
        row("u3", payment_amount=Decimal("99999.99"), payment_currency="KZT", partner_id="p8", partner_name="+7 партнёр"),
        row("u4", access_granted_at=None),
        row("u5"),
        row("u5", entry="reversed", at=at("2026-10-20 12:00"), reason="3.1"),
    )
    await office.build()
    october = await office.stored()
    assert {r["Клиент"] for r in sheet(october.content, "Приняты")} == {"=1+1", "ООО «u2»", "ООО «u3»"}
    assert [r["Клиент"] for r in sheet(october.content, "Без доступа")] == ["ООО «u4»"]
    assert sums(october.content, "Приняты") == {"RUB": Decimal("0.30"), "KZT": Decimal("99999.99")}
    assert (sheet(october.content, "Приняты позже"), sheet(october.content, "Отмены")) == ([], [])
    assert october.name == "Принятые клиенты 2026-10.xlsx"
    assert october.digest == hashlib.sha256(october.content).hexdigest()

    await office.register(
        row("u1", entry="reversed", at=at("2026-11-05 12:00"), reason="-3.1", payment_amount=Decimal("0.10"), client_name="=1+1"),
        row("u1", round=2, at=at("2026-11-20 12:00"), payment_amount=Decimal("0.70"), client_name="=1+1"),
        row("u4", seq=2, access_granted_at=at("2026-11-03 12:00"), payment_amount=Decimal("5.05")),
        row("u6", at=at("2026-11-10 12:00"), access_granted_at=at("2026-09-30 23:59:59"), payment_amount=Decimal("1000000.01")),
    )
    await office.build("2026-11", DECEMBER_1)
    november = await office.stored("2026-11")
    assert [r["Клиент"] for r in sheet(november.content, "Приняты")] == ["ООО «u4»"]
    later = {r["Клиент"]: r["Месяц доступа"] for r in sheet(november.content, "Приняты позже")}
    assert later == {"=1+1": "2026-10", "ООО «u6»": "2026-09"}
    [undone] = sheet(november.content, "Отмены")
    assert (undone["Клиент"], undone["Стоял в отчёте за"], undone["Причина отмены"]) == ("=1+1", "2026-10", "-3.1")
    assert sums(november.content, "Приняты позже") == {"RUB": Decimal("1000000.71")}
    assert sums(november.content, "Отмены") == {"RUB": Decimal("0.10")}
    total = {line["accepted"]: line["net"] for line in november.summary["totals"]}  # type: ignore[union-attr, index, call-overload]
    assert total == {3: "1\u00a0000\u00a0005,66\u00a0₽"}
    assert (await office.lines())[("u1", 1, "reversed")] == ("2026-11", "reversed")
    assert (await office.lines())[("u1", 2, "accepted")] == ("2026-11", "accepted_later")

    await office.build("2026-12", at("2027-01-11 10:00"))
    december = await office.stored("2026-12")
    assert all(sheet(december.content, title) == [] for title in ("Приняты", "Приняты позже", "Без доступа", "Отмены"))


# --- frozen ---


@pytest.mark.clause("handoff 4.4")
async def test_building_again_gives_the_same_bytes_whatever_has_happened_since(office: Office) -> None:
    await office.register(row("u1"))
    first = await office.build()
    before = await office.stored()
    await office.register(row("u2"), row("u1", entry="reversed", at=at("2026-11-03 12:00")))
    assert await office.build(now=DECEMBER_1) == first
    assert await office.stored() == before


async def test_two_that_build_at_once_keep_one_report(office: Office, database_url: str) -> None:
    await office.register(*(row(f"u{n}") for n in range(5)))
    other_engine = open_database(database_url)
    other = Office(other_engine, made_of(other_engine, office.mail, office.cases), office.cases, office.mail)
    built = await asyncio.gather(*(o.build(now=NOVEMBER_2 + timedelta(minutes=n)) for n, o in enumerate([office, other] * 3)))
    await other_engine.dispose()
    assert len(set(built)) == 1
    assert len(await office.lines()) == 5
    async with office.engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(tables.reports))).scalar_one() == 1


async def test_reports_of_two_months_never_tell_of_one_client_twice(office: Office) -> None:
    """The second report was counted before the first one was kept: nothing of it stays, and it is counted anew."""
    store = ReportStore(office.engine)
    await office.register(row("u1"), row("u2", at=at("2026-11-10 12:00")))
    await office.build()
    crossing = StoredReport("handoff", "2026-11", DECEMBER_1, "n", "d", {"counts": {}}, None, b"x")
    with pytest.raises(ReportsCrossedError):
        await store.freeze(crossing, [ReportLine("u9", 1, "accepted", "accepted"), ReportLine("u1", 1, "accepted", "accepted_later")])
    assert await store.find("handoff", "2026-11") is None
    assert ("u9", 1, "accepted") not in await office.lines()


async def test_a_report_that_crosses_another_is_tried_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crossed(self: ReportStore, report: StoredReport, lines: object) -> StoredReport:
        raise ReportsCrossedError("another report told of one of these clients in the same moment")

    monkeypatch.setattr(ReportStore, "freeze", crossed)
    error = await failing(office.reports.build, ReportToBuild(month="2026-10", language="ru", now=NOVEMBER_2))
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)


@pytest.mark.clause("handoff 4.2")
async def test_a_client_of_another_kind_of_case_stands_in_no_report_of_handoffs(office: Office) -> None:
    await office.register(row("u1"))
    async with office.engine.begin() as connection:
        await connection.execute(update(tables.accepted_clients).values(case_kind="lead"))
    await office.build()
    assert sheet((await office.stored()).content, "Приняты") == []


# --- 2.2.4: what the register does not know yet ---


@pytest.mark.clause("handoff 2.2.4")
async def test_running_cases_are_asked_only_for_what_the_register_does_not_know(office: Office) -> None:
    met = at("2026-10-16 15:00")
    await office.register(
        *(row(uid) for uid in ("known", "late", "open", "silent", "unregistered")), row("elsewhere", at=at("2026-11-02 09:00"))
    )
    await office.duty("known", "met", met=met)
    await office.duty("late", "met_late", met=at("2026-10-19 10:30"))
    await office.duty("open", "open")
    await office.duty("silent", "open")
    await office.duty("elsewhere", "open")
    office.cases.known = {
        "open": ContactDuty(state="met", due=DUE, met_at=met),
        "unregistered": ContactDuty(state="open", due=DUE, met_at=None),
        "elsewhere": ContactDuty(state="overdue", due=DUE, met_at=None),
    }
    await office.build()
    assert sorted(office.cases.asked) == ["elsewhere", "open", "silent", "unregistered"]
    rows = {
        r["Сделка"]: (r["Первый контакт (2.2.4)"], r["Опоздание, рабочих часов"]) for r in sheet((await office.stored()).content, "Приняты")
    }
    assert rows == {
        "D-known": ("в срок", ""),
        "D-late": ("с опозданием", 3.5),
        "D-open": ("в срок", ""),
        "D-silent": ("пока неизвестно", ""),
        "D-unregistered": ("ещё нет", ""),
        "D-elsewhere": ("ещё нет, срок прошёл", ""),
    }


async def test_whom_earlier_reports_told_of_is_not_asked_again(office: Office) -> None:
    await office.register(row("u1"))
    await office.build()
    office.cases.asked.clear()
    await office.build("2026-11", DECEMBER_1)
    assert office.cases.asked == []


async def test_cases_are_asked_a_few_at_a_time_and_not_for_ever(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await office.register(*(row(f"u{n:02}") for n in range(20)))
    office.cases.takes = 0.05
    await office.build()
    assert office.cases.most_at_once == reports.ASKED_AT_ONCE
    assert len(office.cases.asked) == 20
    monkeypatch.setattr(reports, "PATIENCE", timedelta(seconds=0.2))
    office.cases.takes = 60
    await office.register(row("u99", access_granted_at=at("2026-11-12 10:00")))
    async with patiently():
        await office.build("2026-11", DECEMBER_1)
    assert sheet((await office.stored("2026-11")).content, "Приняты")[0]["Первый контакт (2.2.4)"] == "пока неизвестно"


class Handle:
    """What a client gives for a case."""

    def __init__(self, answer: ReadOut | Exception) -> None:
        self._answer = answer

    async def query(self, name: str, *, result_type: type, rpc_timeout: timedelta) -> ReadOut:
        assert (name, result_type) == ("case", ReadOut)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class Asked(Client):
    """A client that knows one case."""

    def __init__(self, answer: ReadOut | Exception) -> None:
        self._answer = answer

    def get_workflow_handle(self, workflow_id: str, **_: Any) -> Any:
        assert workflow_id == "handoff/D-u1"
        return Handle(self._answer)


def read_out(uid: str = "u1") -> ReadOut:
    course = Course(at("2026-10-14 10:00")).transferred()
    return narration.read_out(course.state).model_copy(update={"uid": uid})


async def test_a_running_case_says_how_its_first_contact_stands() -> None:
    told = await CaseReader(Asked(read_out())).contact(row())
    assert told == ContactDuty(state="open", due=at("2026-10-16 16:00"), met_at=None)


@pytest.mark.parametrize(
    "answer",
    [
        read_out("another case at this address"),
        RPCError("gone", RPCStatusCode.NOT_FOUND, b""),
        RPCError("slow", RPCStatusCode.DEADLINE_EXCEEDED, b""),
        WorkflowQueryFailedError("broken"),
        ValueError("unreadable"),
    ],
    ids=str,
)
async def test_a_case_that_cannot_be_asked_is_not_known(answer: ReadOut | Exception) -> None:
    assert await CaseReader(Asked(answer)).contact(row()) is None


async def test_a_round_that_the_case_does_not_know_is_not_known() -> None:
    assert await CaseReader(Asked(read_out())).contact(row(round=2)) is None


# --- the e-mail ---


@pytest.mark.clause("handoff 4.4")
async def test_the_letter_goes_to_directorate_and_finance_with_the_kept_file_and_reads_by_itself(office: Office) -> None:
    await office.register(
        row("u1", partner_id="p9", partner_name="ИП <b>Петров</b>"),
        row("u2", access_granted_at=None, client_name="ООО «Без доступа»"),
        row("u3", payment_amount=Decimal("1.50"), payment_currency="KZT"),
    )
    await office.build()
    sent = await office.send()
    assert (sent.missing, sent.letter.result) == ((), "sent")
    [letter] = office.mail.letters
    assert sorted(letter.recipients) == ["finance@company.example", "regional_directorate@company.example"]
    assert letter.subject == "Отчёт по принятым клиентам за октябрь 2026: 2"
    assert attached(letter) == ("Принятые клиенты 2026-10.xlsx", (await office.stored()).content)
    for body in (letter.body(), letter.body("html")):
        for words in (
            "октябрь 2026",
            "12\u00a0000,10\u00a0₽",
            "1,50\u00a0KZT",
            "ООО «Без доступа»",
            "D-u2",
            "p7",
            "Моё дело",
            "14.10.2026",
        ):
            assert words in body
    assert "ИП <b>Петров</b>" in letter.body()
    assert "<b>Петров" not in letter.body("html")
    assert "<img" not in letter.body("html")
    assert "href" not in letter.body("html")


@pytest.mark.clause("handoff 4.4")
async def test_a_month_without_clients_is_reported_too(office: Office) -> None:
    await office.build()
    await office.send()
    [letter] = office.mail.letters
    assert letter.subject.endswith(": 0")
    assert "принятых клиентов нет" in letter.body()
    assert "принятых клиентов нет" in letter.body("html")
    assert "Отдельно" not in letter.body()


@pytest.mark.clause("handoff 4.4")
async def test_the_same_key_is_sent_once_and_a_forced_one_brings_the_same_file_again(office: Office) -> None:
    await office.register(row("u1"))
    await office.build()
    assert await office.send() == await office.send()
    assert len(office.mail.letters) == 1
    await office.register(row("u2"))
    await office.send("report-handoff-2026-10#4.4#forced")
    first, second = office.mail.letters
    assert attached(first) == attached(second)
    assert first.message["Message-ID"] != second.message["Message-ID"]


async def test_an_unknown_end_is_repeated_with_the_same_bytes(office: Office) -> None:
    """A report that comes twice harms nobody; one that waits for a person breaks 4.4."""
    await office.build()
    office.mail.fault = MailFault.TAKEN_THEN_CUT
    asked = ReportToSend(month="2026-10", key="k", language="ru", now=NOVEMBER_2)
    error = await failing(office.reports.send, asked)
    assert (error.type, error.non_retryable) == (errors.DELIVERY_UNKNOWN, False)
    office.mail.fault = None
    sent = await attempt(office.reports.send, asked)
    assert sent.letter.repeated
    assert len({letter.content for letter in office.mail.letters}) == 1


@pytest.mark.parametrize(("fault", "type", "for_good"), [(MailFault.DOWN, "Unavailable", False), (MailFault.NO_SUCH_USER, "Refused", True)])
async def test_mail_that_is_away_or_says_no_is_an_error_without_an_address_in_it(
    office: Office, fault: MailFault, type: str, for_good: bool
) -> None:
    await office.build()
    office.mail.fault = fault
    error = await failing(office.reports.send, ReportToSend(month="2026-10", key="k", language="ru", now=NOVEMBER_2))
    assert (error.type, error.non_retryable, "@" in str(error)) == (type, for_good, False)


async def test_addresses_that_were_mended_get_the_letter_that_others_refused(office: Office) -> None:
    await office.build()
    office.mail.fault = MailFault.NO_SUCH_USER
    asked = ReportToSend(month="2026-10", key="k", language="ru", now=NOVEMBER_2)
    await failing(office.reports.send, asked)
    office.mail.fault = None
    mended = made_of(office.engine, office.mail, office.cases, {**ROLES, "finance": Address(email="money@company.example")})
    await end_leases(office.engine)
    await attempt(mended.send, asked)
    [letter] = office.mail.letters
    assert sorted(letter.recipients) == ["money@company.example", "regional_directorate@company.example"]


async def test_a_role_without_an_address_is_named_and_the_others_get_theirs(office: Office) -> None:
    await office.build()
    alone = made_of(office.engine, office.mail, office.cases, {"finance": ROLES["finance"]})
    asked = ReportToSend(month="2026-10", key="k", language="ru", now=NOVEMBER_2)
    assert (await attempt(alone.send, asked)).missing == ("regional_directorate",)
    nobody = made_of(office.engine, office.mail, office.cases, {})
    error = await failing(nobody.send, asked)
    assert (error.type, error.non_retryable) == (errors.MISCONFIGURED, True)
    assert "regional_directorate, finance" in str(error)


async def test_a_report_that_was_not_built_is_not_sent(office: Office) -> None:
    error = await failing(office.reports.send, ReportToSend(month="2026-10", key="k", language="ru", now=NOVEMBER_2))
    assert (error.type, error.non_retryable) == (errors.UNAVAILABLE, False)
    assert office.mail.letters == []


async def test_a_large_report_goes_out_whole(office: Office) -> None:
    """Larger than what Temporal lets pass between a workflow and an activity: the file never does."""
    await office.register(*(row(f"u{n:04}", client_name=hashlib.sha512(str(n).encode()).hexdigest() * 2) for n in range(60)))
    await office.build()
    stored = await office.stored()
    async with office.engine.begin() as connection:
        big = stored.content + bytes(3_000_000)
        await connection.execute(update(tables.reports).values(content=big))
    await office.send()
    assert attached(office.mail.letters[0])[1] == big


# --- how a month stands ---


@pytest.mark.clause("handoff 4.4")
@pytest.mark.parametrize(
    ("now", "month"),
    [
        ("2026-11-01 00:00:00", "2026-10"),
        ("2026-10-31 23:59:59", "2026-09"),
        ("2026-11-30 23:59:59", "2026-10"),
        ("2027-01-01 00:05:00", "2026-12"),
    ],
)
async def test_without_a_month_it_is_the_one_before_in_the_companys_zone(office: Office, now: str, month: str) -> None:
    found = await office.standing(None, at(now))
    assert (found.month.text, found.built, found.recorded, found.seq) == (month, None, None, 0)


@pytest.mark.parametrize(
    ("month", "now", "words"),
    [
        ("2026-11", "2026-11-30 23:59:59", "not over"),
        ("2027-03", "2026-11-02 10:00:00", "not over"),
        ("2026-13", "2026-11-02 10:00:00", "2026-10"),
        ("2001-01", "2026-11-02 10:00:00", "2001"),
    ],
)
async def test_a_month_that_cannot_be_reported_is_refused_for_good_by_name(office: Office, month: str, now: str, words: str) -> None:
    error = await failing(office.reports.standing, ReportQuestion(month=month, begun=at(now), now=at(now)))
    assert (error.type, error.non_retryable) == (errors.INVALID, True)
    assert words in str(error)


async def test_the_standing_knows_what_was_built_sent_and_recorded(office: Office) -> None:
    built = await office.build()
    fields: dict[str, Any] = {
        "seq": 7,
        "key": "4.4",
        "clause": "4.4",
        "owner": "support",
        "escalation": "cc_head",
        "duty": "handoff 4.4",
        "term": None,
        "state": "overdue",
        "started_at": NOVEMBER_2,
    }
    batch = RecordBatch(
        case_uid="report-handoff-2026-10",
        address="report/handoff/2026-10",
        kind="handoff",
        edition="handoff-1",
        now=NOVEMBER_2,
        rows=(ObligationRow.model_validate(fields),),
    )
    await attempt(Registers(RegisterWriter(office.engine)).record, batch)
    found = await office.standing("2026-10", NOVEMBER_2)
    assert (found.built, found.recorded, found.seq) == (built, "overdue", 7)
    for moment in (NOVEMBER_2, DECEMBER_1):
        await attempt(office.reports.mark_sent, ReportMark(month="2026-10", at=moment))
    again = await office.standing("2026-10", DECEMBER_1)
    assert again.built is not None
    assert again.built.sent_at == NOVEMBER_2
    assert [head.month for head in await ReportStore(office.engine).heads("handoff")] == ["2026-10"]


async def test_amounts_of_any_size_and_dates_come_out_of_the_database_as_they_went_in(office: Office) -> None:
    amount = Decimal("12345678901.23")
    await office.register(
        row(
            "u1",
            payment_amount=amount,
            tariff_starts_on=date(2026, 10, 31),
            access_granted_at=datetime(2026, 10, 31, 20, 59, 59, tzinfo=UTC),
        )
    )
    await office.build()
    [line] = sheet((await office.stored()).content, "Приняты")
    assert Decimal(str(line["Сумма"])) == amount
    assert line["Начало тарифа"] == date(2026, 10, 31)
    assert line["Доступ открыт"] == datetime(2026, 10, 31, 23, 59, 59)  # noqa: DTZ001 - local
