"""Letters: the bytes that go out say what was intended and nothing else."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.letters import Composition, File, InReplyTo, LetterRefusedError, Letters, _verify, checked_address, subject_of

_OURS = {
    "message-id",
    "from",
    "to",
    "subject",
    "date",
    "auto-submitted",
    "content-language",
    "mime-version",
    "content-type",
}


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Letters:
    directory = tmp_path_factory.mktemp("templates") / "ru"
    directory.mkdir()
    for template, subject in (("note", "Клиент {{ client }}"), ("missing", "{{ nobody }}"), ("code", "{{ client.x.y }}")):
        (directory / f"{template}.subject.j2").write_text(subject + "\n", encoding="utf-8")
        (directory / f"{template}.txt.j2").write_text("Здравствуйте, {{ client }}\n", encoding="utf-8")
        (directory / f"{template}.html.j2").write_text("<p>Здравствуйте, {{ client }}</p>\n", encoding="utf-8")
    return Letters([directory.parent], "robot@company.example", "Контакт-центр")


def composition(**changes: object) -> Composition:
    plain = Composition(
        key="uid#handoff 2.2.3#fact",
        template="note",
        language="ru",
        recipients=("partner@partner.example",),
        values={"client": "ООО «Ромашка»"},
        date=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the fields are checked by the dataclass's users


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def test_a_letter_has_a_text_and_a_page_and_only_our_headers(letters: Letters) -> None:
    message = read(letters.compose(composition()).content)
    assert {name.lower() for name in message} == _OURS
    assert message["From"] == "Контакт-центр <robot@company.example>"
    assert message["To"] == "partner@partner.example"
    assert message["Subject"] == "Клиент ООО «Ромашка»"
    assert message["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content().strip() == "Здравствуйте, ООО «Ромашка»"
    assert page.get_content().strip() == "<p>Здравствуйте, ООО «Ромашка»</p>"


def test_the_same_composition_gives_the_same_bytes(letters: Letters) -> None:
    whole = composition(files=(File("a.txt", "text/plain", b"1"), File("b.bin", "application/octet-stream", b"2")))
    assert letters.compose(whole) == letters.compose(whole)
    assert letters.compose(whole).message_id != letters.compose(replace(whole, key="another")).message_id


def test_every_line_is_short_and_seven_bit(letters: Letters) -> None:
    content = letters.compose(composition(values={"client": "я" * 5000})).content
    content.decode("ascii")
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert content.count(b"\n") == content.count(b"\r\n")


def test_a_page_is_escaped_and_a_text_is_not(letters: Letters) -> None:
    message = read(letters.compose(composition(values={"client": "<img src=x onerror=alert(1)>{{ 7*7 }}"})).content)
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    assert "<img src=x onerror=alert(1)>{{ 7*7 }}" in text.get_content()
    assert "<img" not in page.get_content()
    assert "&lt;img" in page.get_content()


def test_an_answer_stands_in_its_thread(letters: Letters) -> None:
    long = "<" + "x" * 120 + "@partner.example>"
    thread = InReplyTo("<second@partner.example>", ("<first@partner.example>", long), "Обучение клиента от ИП Иванов")
    message = read(letters.compose(composition(thread=thread)).content)
    assert message["Subject"] == "Re: Обучение клиента от ИП Иванов"
    assert message["In-Reply-To"] == "<second@partner.example>"
    assert message["References"].split() == ["<first@partner.example>", long, "<second@partner.example>"]


@pytest.mark.parametrize("subject", ["Re: Обучение", "RE: Обучение", "re[2]: Обучение"])
def test_an_answer_to_an_answer_keeps_its_subject(letters: Letters, subject: str) -> None:
    thread = InReplyTo("<a@b.example>", (), subject)
    assert letters.compose(composition(thread=thread)).subject == subject


def test_a_long_thread_keeps_its_beginning_and_its_end(letters: Letters) -> None:
    ids = tuple(f"<{number}@b.example>" for number in range(200))
    message = read(letters.compose(composition(thread=InReplyTo("<last@b.example>", ids, "x"))).content)
    kept = message["References"].split()
    assert (kept[0], kept[1], kept[-1], len(kept)) == ("<0@b.example>", "<182@b.example>", "<last@b.example>", 20)


def test_an_odd_id_costs_the_thread_and_not_the_letter(letters: Letters) -> None:
    message = read(letters.compose(composition(thread=InReplyTo("no brackets", ("<ok@b.example>",), "x"))).content)
    assert message["In-Reply-To"] is None
    assert message["References"] == "<ok@b.example>"


def test_attachments_keep_their_russian_names(letters: Letters) -> None:
    name = "Анкета клиента romashka@client.example — очень длинное имя файла, чтобы строка сложилась.docx"
    file = File(name, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"\x00\x01\xff")
    [attachment] = list(read(letters.compose(composition(files=(file,))).content).iter_attachments())
    assert attachment.get_filename() == name
    assert attachment.get_content() == b"\x00\x01\xff"
    assert b"filename*" in letters.compose(composition(files=(file,))).content


_FORGED = ["a\r\nBcc: evil@e.example", "a\nb", "a\rb", "a\0b", "=?utf-8?q?hi=0ABcc=3A_evil=40e?=", "a\u2028b", "a\x85b", "a\ud800b"]


@pytest.mark.parametrize("value", _FORGED)
@pytest.mark.parametrize("place", ["subject", "thread subject", "thread id", "reference", "file"])
def test_what_could_forge_a_header_is_refused(letters: Letters, value: str, place: str) -> None:
    changed = {
        "subject": composition(values={"client": value}),
        "thread subject": composition(thread=InReplyTo("<a@b.example>", (), value)),
        "thread id": composition(thread=InReplyTo(f"<{value}@b.example>", (), "x")),
        "reference": composition(thread=InReplyTo("<a@b.example>", (f"<{value}@b.example>",), "x")),
        "file": composition(files=(File(value, "text/plain", b""),)),
    }[place]
    with pytest.raises(LetterRefusedError) as caught:
        letters.compose(changed)
    assert value not in str(caught.value)
    assert "evil" not in str(caught.value)


_HOSTILE = st.text(st.sampled_from('\r\n\0=?:;, <>"\\@()[]BccSubjectqQ_ яЯ\u2028\x1c\x85é'), min_size=1, max_size=60)


@given(client=_HOSTILE | st.text(min_size=1), subject=_HOSTILE | st.text(min_size=1), name=_HOSTILE | st.text(min_size=1))
@example(client="=?utf-8?q?hi=0ABcc=3A_evil=40e?=", subject="a", name="a")
@example(client="x", subject="x" * 300, name="я" * 200)
def test_nothing_from_outside_adds_a_header(letters: Letters, client: str, subject: str, name: str) -> None:
    for hostile in (
        composition(values={"client": client}),
        composition(thread=InReplyTo("<a@b.example>", (), subject)),
        composition(files=(File(name, "text/plain", b"content"),)),
    ):
        try:
            composed = letters.compose(hostile)
        except LetterRefusedError:
            continue
        message = read(composed.content)
        threading = {"in-reply-to", "references"} if hostile.thread else set()
        assert sorted(name.lower() for name in message) == sorted(_OURS | threading)
        assert subject_of(composed.content).split() == composed.subject.split()
        for part in message.iter_attachments():
            assert {name.lower() for name in part} <= {
                "content-type",
                "content-transfer-encoding",
                "content-disposition",
                "mime-version",
            }


@pytest.mark.parametrize(
    "content",
    [
        b"To: a@b.example\r\nSubject: x\r\nBcc: evil@e.example\r\n\r\n",
        b"To: a@b.example\r\nSubject: x\r\nSubject: x\r\n\r\n",
        b"To: a@b.example, evil@e.example\r\nSubject: x\r\n\r\n",
        b"To: a@b.example\r\nSubject: another\r\n\r\n",
        b"To: a@b.example\r\n\r\nSubject: x\r\n",
        b"\r\n",
    ],
)
def test_the_last_check_sees_whatever_the_first_ones_let_through(content: bytes) -> None:
    with pytest.raises(LetterRefusedError):
        _verify(content, ["To", "Subject"], ["a@b.example"], "x")


def test_the_last_check_lets_through_what_was_intended() -> None:
    _verify(b"To: a@b.example\r\nSubject: x\r\n\r\n", ["To", "Subject"], ["a@b.example"], "x")


@given(
    st.text(string.ascii_letters + string.digits + "абвгдеёяЁЯ «»\"'().,:;!-_№&@<>/", min_size=1, max_size=250).filter(
        lambda text: text.strip() != ""
    )
)
def test_an_honest_subject_always_goes_through(letters: Letters, subject: str) -> None:
    composed = letters.compose(composition(thread=InReplyTo("<a@b.example>", (), subject)))
    assert subject_of(composed.content).split() == composed.subject.split()


@pytest.mark.parametrize("n", [1, 7, 99, 100, 333, 1_000, 33_333])
def test_a_long_subject_of_numbers_and_words_comes_back_to_the_letter(letters: Letters, n: int) -> None:
    """Folded by Python's email package, such a subject loses a space."""
    for more in range(40):
        client = f"{n} новых ПП, {n} ПП не взяты в работу{' и ещё' * (more % 7)}{'я' * more}"
        composed = letters.compose(composition(values={"client": client}))
        assert subject_of(composed.content) == composed.subject == f"Клиент {client}"
        assert all(len(line) <= 78 for line in composed.content.partition(b"\r\n\r\n")[0].split(b"\r\n"))


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example, c@d.example",
        "a@b.example;c@d.example",
        "a@b.example c@d.example",
        "group: a@b.example;",
        "Имя <a@b.example>",
        "<a@b.example>",
        '"a b"@b.example',
        "a(comment)@b.example",
        "a@b",
        "a@@b.example",
        "@b.example",
        "a@",
        "a",
        "",
        "a@b..example",
        "a@-b.example",
        ".a@b.example",
        "a@b.example\n",
        "a@b.example\r\nRCPT TO:<e@e.example>",
        "a\0@b.example",
        "имя@b.example",
        "=?utf-8?q?a?=@b.example",
        "a@[127.0.0.1]",
        "a%b@c.example@d.example",
        "x" * 65 + "@b.example",
        "a@" + "b." * 130 + "example",
    ],
)
def test_what_is_not_one_plain_mailbox_is_refused(letters: Letters, address: str) -> None:
    with pytest.raises(LetterRefusedError) as caught:
        letters.compose(composition(recipients=("good@b.example", address)))
    assert len(address) < 3 or address not in str(caught.value)


def test_a_cyrillic_domain_becomes_ascii() -> None:
    assert checked_address("info@мойдело.рф") == "info@xn--d1ackkbme.xn--p1ai"


def test_a_recipient_counts_once(letters: Letters) -> None:
    composed = letters.compose(composition(recipients=("a@b.example", "c@d.example", "a@b.example")))
    assert read(composed.content)["To"] == "a@b.example, c@d.example"


def test_many_recipients_are_all_named(letters: Letters) -> None:
    recipients = tuple(f"someone.with.a.long.name.{number}@department-{number}.partner.example" for number in range(40))
    message = read(letters.compose(composition(recipients=recipients)).content)
    assert tuple(address.addr_spec for address in message["To"].addresses) == recipients


@pytest.mark.parametrize(
    "changes",
    [
        {"recipients": ()},
        {"template": "nowhere"},
        {"template": "../secret"},
        {"template": "/etc/passwd"},
        {"language": ".."},
        {"template": "missing"},
        {"template": "code"},
        {"values": {}},
        {"values": {"client": " "}, "thread": InReplyTo("<a@b.example>", (), " ")},
        {"files": (File("a/../b", "text/plain", b""),)},
        {"files": (File("a", "multipart/mixed", b""),)},
        {"files": (File("a", "message/rfc822", b""),)},
        {"files": (File("a", 'text/plain; name="x"', b""),)},
        {"files": (File("a", "text/plain\r\nX: y", b""),)},
    ],
    ids=str,
)
def test_what_cannot_be_composed_is_refused(letters: Letters, changes: dict[str, object]) -> None:
    with pytest.raises(LetterRefusedError):
        letters.compose(composition(**changes))


def test_a_company_replaces_single_letters(tmp_path: Path) -> None:
    for name, content in (("own", "свой"), ("shipped", "общий")):
        (tmp_path / name / "ru").mkdir(parents=True)
        for part in ("subject", "txt", "html"):
            (tmp_path / name / "ru" / f"note.{part}.j2").write_text(content, encoding="utf-8")
    (tmp_path / "own" / "ru" / "note.html.j2").unlink()
    own = Letters([tmp_path / "own", tmp_path / "shipped"], "robot@company.example")
    message = read(own.compose(composition()).content)
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    assert (message["Subject"], text.get_content().strip(), page.get_content().strip()) == ("свой", "свой", "общий")
