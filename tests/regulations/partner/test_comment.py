"""The check of the comment after a call: three parts, each with substance (partner 4.2)."""

from __future__ import annotations

import re
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.catalogue import text
from regulations.partner import comment, comment_text, comment_words
from regulations.partner.comment import check
from regulations.partner.effects import PARTS, CommentVerdict, Part
from tests.regulations.partner.labelled_comments import DEVELOPMENT, HELD_OUT, Labelled, comments, figures, judged, morphology

pytestmark = pytest.mark.clause("partner 4.2")

WAS = "настроил переадресацию на второго оператора"
NOW = "34 заявки, 5 встреч, оператор путает тарифы"
PLANS = "до пятницы обучить оператора тарифам"
GOOD = f"Было: {WAS}. Сейчас: {NOW}. Планирует: {PLANS}."


def verdict(said: str) -> CommentVerdict:
    return check(said, morphology().grammar)


def lacks(said: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    found = verdict(said)
    return found.missing, found.empty


# --- the labelled set -------------------------------------------------------------------------------------------------


def test_the_set_is_large_and_half_of_it_is_bad() -> None:
    held_out = comments(HELD_OUT)
    whole = comments(DEVELOPMENT) + held_out
    assert len({one.text for one in whole}) == len(whole) >= 120
    assert len(held_out) >= 40
    assert sum(bool(one.lacks) for one in whole) * 2 >= len(whole)


@pytest.mark.parametrize(
    ("name", "precision", "recall", "exact"),
    # Measured: 1.000, 1.000, 0.992 and 0.967, 0.967, 0.923. Held a little below, so that one more error is seen.
    [(DEVELOPMENT, 0.99, 0.99, 0.98), (HELD_OUT, 0.96, 0.96, 0.92)],
)
def test_comments_that_count_are_told_from_others(name: str, precision: float, recall: float, exact: float) -> None:
    measured = figures(judged(name))
    assert measured.precision >= precision
    assert measured.recall >= recall
    assert measured.exact >= exact


def _phrases(of: str) -> set[tuple[str, ...]]:
    found = re.findall(r"[а-яa-z]+", of.casefold().replace("ё", "е"))
    return set(zip(found, found[1:], found[2:], found[3:], strict=False))


def test_no_phrase_of_the_set_stands_in_the_rules() -> None:
    sources = [Path(str(module.__file__)) for module in (comment, comment_text, comment_words)]
    catalogue = Path(str(comment.__file__)).parents[1] / "catalogues" / "ru-partner-comment.toml"
    rules = set().union(*(_phrases(file.read_text("utf-8")) for file in [*sources, catalogue]))
    repeated = {phrase for name in (DEVELOPMENT, HELD_OUT) for one in comments(name) for phrase in _phrases(one.text) & rules}
    assert repeated == set()


# --- labels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(PARTS)))
@pytest.mark.parametrize(
    "labels",
    [
        ("Было: {}", "Сейчас: {}", "Планирует: {}"),
        ("ЧТО СДЕЛАНО: {}", "КАК ДЕЛА: {}", "КАКИЕ ПЛАНЫ: {}"),
        ("было - {}", "сейчас - {}", "план - {}"),
        ("Было\n{}", "Сейчас\n{}", "Далее\n{}"),
        ("Былo: {}", "Сечас: {}", "Планриует: {}"),
        ("<b>Было:</b> {}", "<b>Сейчас:</b> {}", "<b>Дальше:</b> {}"),
        ("📌 Ранее: {}", "🔥 Статус: {}", "✅ Следующий шаг: {}"),
    ],
)
def test_labels_are_known_in_any_order_and_spelling(order: tuple[Part, ...], labels: tuple[str, str, str]) -> None:
    said = dict(zip(PARTS, (label.format(part) for label, part in zip(labels, (WAS, NOW, PLANS), strict=True)), strict=True))
    assert verdict("\n".join(said[part] for part in order)).counts


@pytest.mark.parametrize("between", [". ", "; ", "\n", " / ", "\r\n\r\n"])
def test_the_parts_may_stand_on_one_line_or_on_several(between: str) -> None:
    assert verdict(between.join([f"Было: {WAS}", f"Сейчас: {NOW}", f"План: {PLANS}"])).counts


def test_one_line_without_any_marks_is_read_by_its_capital_letters() -> None:
    assert verdict(f"Было {WAS} Сейчас {NOW} План {PLANS}").counts


@pytest.mark.parametrize("neutral", ["Итог", "Вывод", "Договорились"])
def test_under_a_neutral_label_the_grammar_decides(neutral: str) -> None:
    assert lacks(f"Было: {WAS}. Сейчас: {NOW}. {neutral}: {PLANS}.") == ((), ())
    assert lacks(f"Было: {WAS}. План: {PLANS}. {neutral}: на линии 34 заявки.") == ((), ())


# --- grammar ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ("Настроил переадресацию. На линии 34 заявки. До пятницы обучит оператора тарифам.", ()),
        ("Переадресация настроена. Оператор путает тарифы. Нужно обучить его тарифам.", ()),
        ("Настроил переадресацию, оператор путает тарифы, завтра обучим его.", ()),
        ("Настроил переадресацию и завтра пришлёт записи звонков. Оператор путает тарифы.", ()),
        ("Настроил переадресацию. В среду запускаем рекламу на Рязань.", ("now",)),
        ("Оператор путает тарифы. Надо обучить его тарифам.", ("was",)),
        ("Настроил переадресацию. Оператор путает тарифы.", ("plans",)),
        ("Обещал прислать записи звонков. Оператор путает тарифы. Настроил переадресацию.", ()),
        ("Скрипт так и не внедрил. Настроил переадресацию. Завтра обучим оператора тарифам.", ()),
    ],
)
def test_without_labels_time_and_mood_tell_the_part(said: str, missing: tuple[Part, ...]) -> None:
    assert verdict(said).missing == missing


def test_a_statement_stands_for_one_part_only() -> None:
    found = verdict("Счёт на продление отправлен.")
    assert found.found == (("was", "счет продление отправлен"),)
    assert (found.missing, found.empty) == (("now", "plans"), ())


# --- substance --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nothing",
    [
        "всё ок",
        "работаем",
        "без изменений",
        "в обычном режиме",
        "вопросов нет",
        "получает заявки",
        "см. выше",
        "—",
        "+",
        "",
        "👍",
        "……",
        "______",
    ],
)
@pytest.mark.parametrize("part", PARTS)
def test_words_that_fit_any_call_are_empty(part: Part, nothing: str) -> None:
    said = {"was": WAS, "now": NOW, "plans": PLANS} | {part: nothing}
    assert lacks(f"Было: {said['was']}\nСейчас: {said['now']}\nПланирует: {said['plans']}") == ((), (part,))


@pytest.mark.parametrize(
    "bare", ["созвониться", "созвон 20.11 в 15:00", "перезвонить через неделю", "узнать, как дела", "работать дальше", "ждать", "28.11"]
)
def test_a_plan_needs_more_than_a_call_and_a_date(bare: str) -> None:
    assert lacks(f"Было: {WAS}. Сейчас: {NOW}. Планирует: {bare}") == ((), ("plans",))


@pytest.mark.parametrize(
    "step", ["созвониться по оплате", "отправить КП", "в среду сдать отчёт", "купить CRM", "взять 40 заявок", "узнать про вторую сеть"]
)
def test_a_step_with_its_object_is_a_plan(step: str) -> None:
    assert verdict(f"Было: {WAS}. Сейчас: {NOW}. Планирует: {step}").counts


@pytest.mark.parametrize(
    "state",
    [
        "3 договора",
        "заявок 12",
        "двое отказались",
        "заявок нет",
        "заявки не идут",
        "жалуется на дубли",
        "1 200 руб. за лид",
        "бухгалтер в отпуске",
    ],
)
def test_a_figure_a_problem_or_a_fact_is_how_things_are(state: str) -> None:
    assert verdict(f"Было: {WAS}. Сейчас: {state}. Планирует: {PLANS}").counts


@pytest.mark.parametrize("time", ["5 минут", "2 раза", "через 3 дня", "в 12:30", "19 ноября", "8 (999) 000-00-00"])
def test_a_figure_of_time_counts_nothing(time: str) -> None:
    assert lacks(f"Было: {WAS}. Сейчас: {time}. Планирует: {PLANS}") == ((), ("now",))


def test_all_is_well_and_a_call_next_week_is_no_comment() -> None:
    found = verdict("Дела хорошо, заявки получает. На следующей неделе созвон.")
    assert (found.missing, found.empty, found.counts) == (("was",), ("now", "plans"), False)


def test_an_empty_comment_lacks_all_and_a_template_has_three_empty_parts() -> None:
    assert lacks("") == (PARTS, ())
    assert lacks("Было:\nСейчас:\nПланирует:\n") == ((), PARTS)


def test_what_is_only_said_again_is_empty() -> None:
    thrice = verdict(f"Было: {NOW}\nСейчас: {NOW}\nПланирует: {NOW}")
    assert (thrice.missing, thrice.empty) == ((), PARTS)
    assert lacks(f"Было: {NOW}\nСейчас: {NOW}\nПланирует: {PLANS}") == ((), ("now",))


@pytest.mark.parametrize(
    "quoted",
    [
        "\n".join(f"> {line}" for line in GOOD.split(". ")),
        f"[QUOTE]{GOOD}[/QUOTE]",
        f"<blockquote>{GOOD}</blockquote>",
        "".join(f"<p>&gt; {line}</p>" for line in GOOD.split(". ")),
        f"{'-' * 40}\nКоллега [12.11.2026 14:05]\n{GOOD}\n{'-' * 40}",
    ],
)
def test_a_quoted_comment_is_not_ones_own(quoted: str) -> None:
    assert lacks(f"{quoted}\nВсё так же") == (("was", "plans"), ("now",))
    assert verdict(f"{quoted}\n{GOOD}").counts


def test_four_thousand_letters_of_nothing_are_nothing() -> None:
    nothing = "Партнёр работает в обычном режиме, динамика положительная, созвонимся на следующей неделе. "
    assert not verdict(nothing * (4000 // len(nothing))).found


# --- other languages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "foreign",
    [
        "Було: вивчив матеріали. Зараз: 20 заявок, 3 зустрічі. Планує: найняти юриста.",
        "Done: sent the price list. Now: 20 leads and 3 meetings. Next: close the renewal on Friday.",
    ],
)
def test_a_comment_in_another_language_is_not_judged_and_does_not_count(foreign: str) -> None:
    found = verdict(foreign)
    assert (found.counts, found.russian, found.missing) == (False, False, PARTS)


def test_foreign_names_do_not_make_a_comment_foreign() -> None:
    found = verdict("Было: подключил Google Ads и Calltouch. Сейчас: 12 лидов, CPL 900 руб. План: настроить AmoCRM.")
    assert found.russian
    assert found.counts


# --- what is told -----------------------------------------------------------------------------------------------------


def test_the_words_by_which_a_part_was_found_are_its_own() -> None:
    for one in judged(DEVELOPMENT):
        own = comment_text.cleaned(one.comment.text).split()
        for _, told in one.verdict.found:
            assert told
            assert all(any(word in said for said in own) for word in told.split())


def test_each_lack_has_its_words() -> None:
    for how in ("missing", "empty"):
        said = [text("ru", "partner", "comment", how, part) for part in PARTS]
        assert len(set(said)) == len(PARTS)
        assert not set(said) & set(PARTS)


@pytest.mark.parametrize("name", [DEVELOPMENT, HELD_OUT])
def test_each_part_is_found_or_missing_or_empty(name: str) -> None:
    for one in judged(name):
        v = one.verdict
        assert sorted([*v.missing, *v.empty, *(part for part, _ in v.found)]) == sorted(PARTS)


SAID = st.text(alphabet=st.one_of(st.sampled_from("абвеийлнопрст .,:;-\n<>[]&@«»0123456789"), st.characters(codec="utf-8")), max_size=300)


@settings(max_examples=150)
@given(SAID)
def test_any_text_has_an_answer_and_always_the_same(said: str) -> None:
    first = verdict(said)
    assert verdict(said) == first
    assert sorted([*first.missing, *first.empty, *(part for part, _ in first.found)]) == sorted(PARTS)


@settings(max_examples=60)
@given(
    st.sampled_from(comments(DEVELOPMENT)), st.sampled_from(["<p>{}</p>", "  {}\n\n", "[b]{}[/b]", "{} 🙂", "<div><span>{}</span></div>"])
)
def test_markup_around_a_comment_changes_nothing(one: Labelled, wrapper: str) -> None:
    assert verdict(wrapper.format(one.text)) == verdict(one.text)
