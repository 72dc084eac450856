"""A replacement as people read it: in Russian, bounded, free of markup from outside, and without what nobody may read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from regulations.catalogue import role_words, text
from regulations.replacement import messages, state
from regulations.replacement.effects import AuditAnswer, CreditOutcome, LinksAnswer
from regulations.replacement.messages import OfReplacement, WithdrawOfReplacement
from regulations.replacement.narration import details, read_out, result
from regulations.replacement.state import COMPANY_ROLES, FRANCHISEE, OWNERS, Stage
from tests.regulations.course import at
from tests.regulations.replacement.course import DECIDED, FINE, OFFICE_PERSON, OWN_CRM, Course, refused_credit

HOSTILE = "<script>x</script> | [пиши](http://evil.example) `код` **жирно** # _тут_"
RULES = Path(state.__file__).parent
LETTERS = RULES.parent / "letters" / "ru" / "replacement"


def words(*place: str) -> str:
    found = text("ru", *place)
    assert found != place[-1], f"the catalogue has no words for {place}"
    return found


def test_the_details_tell_the_way_from_the_request_to_the_credit() -> None:
    shown = details(Course().audited().go(hours=2).decide().state)
    assert "### Замены: аккаунт A-1, период 2026-10, обращение 1" in shown
    assert "**Стадия:** начислено · **Режим:** наша CRM и телефония · **Редакция:** replacement-1" in shown
    assert "**Запрошено:** 400 · **Остаток тарифа:** 2500 / 10000" in shown
    assert "300 / 50 / 150" in shown
    assert "320 / 180" in shown
    assert "замена прошлого тарифа 320" in shown
    assert "| 5.2 | Проверить карточки и решить о замене | контроль качества | чт 19.11.2026 18:00 (+03:00) | выполнено" in shown


def test_the_details_say_what_is_wrong() -> None:
    course = Course()
    course.account = FINE.model_copy(update={"balance": 9_000})
    assert "> 1: остаток 9000 из 10000" in details(course.request().state)
    course = Course()
    course.links = LinksAnswer(silent=("script",))
    course.decision = DECIDED.model_copy(update={"wrong": ("L-1",), "wrong_count": 1})
    course.credit = refused_credit
    shown = details(course.audited().decide().state)
    for hint in ("Не отвечают ссылки запроса: скрипт", "Неверных статусов или комментариев: 1", "ждём события replacement.account_changed"):
        assert hint in shown
    course = Course().audited()
    course.account = FINE.model_copy(update={"past_due_since": at("2026-11-16 00:00")})
    assert "ждём оплаты до ср 16.12.2026" in details(course.decide().state)
    course = Course()
    course.silent = {"credit"}
    course.audited().decide().say(WithdrawOfReplacement, by=OFFICE_PERSON, reason="ушёл")
    assert "Дело отозвано и закончится" in details(course.state)


def test_a_top_up_and_a_case_that_has_not_begun_have_details() -> None:
    course = Course(n=0)
    assert details(course.state).startswith("### replacement/A-1/2026-10/0")
    assert read_out(course.state).round == 1
    course.account = FINE.model_copy(update={"mode": "outside"})
    course.top_up()
    assert "надбавка к пополнению 3000" in details(course.state)
    assert "Пополнение: аккаунт A-1" in details(course.state)
    assert (result(course.state).asked, result(course.state).credited, read_out(course.state).round) == (0, 3_000, 0)


def test_the_result_counts_what_was_credited_and_what_was_missed() -> None:
    course = Course().audited().go_to("2026-11-19 18:00:01").decide()
    ended = result(course.state)
    assert (ended.outcome, ended.asked, ended.credited, ended.met, ended.met_late, ended.breaches) == ("credited", 400, 320, 1, 1, 1)


def test_the_read_out_tells_stage_edition_and_duties() -> None:
    read = read_out(Course().audited().state)
    assert (read.kind, read.id, read.stage_text, read.edition) == (
        "replacement",
        "replacement/A-1/2026-10/1",
        "ждём решения контроля качества",
        "replacement-1",
    )
    assert [(o.clause, o.duty) for o in read.obligations] == [("replacement 5.2", "Проверить карточки и решить о замене")]


def test_what_is_said_outside_is_no_markup() -> None:
    course = Course()
    course.audit = AuditAnswer(problem=HOSTILE)
    course.audited()
    course.say(WithdrawOfReplacement, by=OFFICE_PERSON, reason=HOSTILE)
    shown = details(course.state)
    for mark in ("<script>", "[пиши]", "`код`", "**жирно**", " # _тут_"):
        assert mark not in shown


@pytest.mark.clause("replacement 5.1")
def test_logins_stand_neither_in_the_details_nor_in_the_trail() -> None:
    course = Course()
    course.account = FINE.model_copy(update={"mode": "integrated"})
    course.audited(crm=OWN_CRM, login="romashka@client.example", admin_login="admin-77").decide()
    for hidden in ("romashka", "admin-77", *OWN_CRM.values(), "ivanov", "Иванов"):
        assert hidden not in details(course.state)
        assert hidden not in read_out(course.state).model_dump_json()


def test_a_long_case_is_shown_in_part() -> None:
    course = Course()
    course.credit = lambda order: CreditOutcome(result="refused", reason="нет")
    course.audited().decide()
    for _ in range(20):
        course.billing_changed()
    assert len(details(course.state).split("#### Последние факты")[1].strip().splitlines()) == 10


# --- the catalogue --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_has_words(stage: Stage) -> None:
    words("replacement", "stage", stage)


def test_every_clause_role_and_letter_has_words() -> None:
    for clause in OWNERS:
        words("replacement", "duty", clause)
    for role in (*COMPANY_ROLES, FRANCHISEE):
        assert role_words("ru", role) != role
    own = {path.name.partition(".")[0] for path in LETTERS.glob("*.subject.j2")} - {"possible"}
    for letter in own:
        words("letter", f"replacement/{letter}")


def test_everything_that_is_written_into_the_trail_has_words() -> None:
    models = [m for m in vars(messages).values() if isinstance(m, type) and issubclass(m, OfReplacement) and m is not OfReplacement]
    own = ("answers", "crediting", "decisions", "duties", "facts", "tellings")
    sources = "".join((RULES / f"{name}.py").read_text("utf-8") for name in own)
    noted = set(re.findall(r'\.note\(\s*"(\w+)"', sources)) | {f"credited_{entry}" for entry in ("replacement", "tariff", "top_up")}
    assert {"in_order", "refused", "audit", "decision", "held", "released", "secret_destroyed"} <= noted
    for what in [m.__name__ for m in models] + sorted(noted):
        words("replacement", "fact", what)
    for incident in ("export_unread", "decision_unread", "credit_refused", "account_gone", "prolongation_gone", "letter_held"):
        words("replacement", "fact", f"incident.{incident}")


def test_every_ground_and_every_notice_has_words() -> None:
    checks, others = (RULES / "checks.py").read_text("utf-8"), (RULES / "crediting.py").read_text("utf-8")
    codes = set(re.findall(r'code="(\w+)"', checks + others)) | set(re.findall(r'"(form_\w+)"', checks))
    assert len(codes) > 10
    for code in [*codes, "barred_3.1", "barred_3.2", "feedback"]:
        words("replacement", "ground", code)
    sources = "".join(path.read_text("utf-8") for path in sorted(RULES.glob("[a-z]*.py")) if not path.name.startswith("watch"))
    told = set(re.findall(r'state\.tell\(\s*\w+, "(\w+)"', sources)) | {"credit_refused", "account_gone", "prolongation_gone", "crm_access"}
    assert {"export_unusable", "credit_held", "request_barred", "decision_unread"} <= told
    for what in told | {"export_wanted", "export_missing"}:
        words("notice", what)


@pytest.mark.parametrize(
    "name",
    ["look_up_account", "check_links", "audit", "take_decision", "credit_replacement", "credit_tariff", "credit_top_up", "destroy_secret"],
)
def test_every_activity_has_a_summary(name: str) -> None:
    words("activity", name)


@pytest.mark.parametrize("name", ["replacements", "credits", "watches", "sales"])
def test_every_register_has_a_name(name: str) -> None:
    words("register", name)
