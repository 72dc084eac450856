"""E-mails taken apart: charsets right and wrong, names of files, what is new and what is quoted; nothing raises."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.messages import one_line
from starter.mail import parts as mail_parts
from starter.mail.parts import Mail, read_mail
from starter.mail.replacement import form_of
from starter.mail.text import LONGEST_TEXT, decoded, header_text, html_text, line, new_and_quoted
from tests.starter.mails import SHORT, attached, eml, forwarded, mixed, part

CHARSETS = ["utf-8", "windows-1251", "koi8-r", "cp866", "iso-8859-5"]
NAME = "Анкета клиента ромашка.docx"


def reads(content: bytes) -> Mail:
    mail = read_mail(content)
    form = form_of(mail)
    assert (form.asked, form.login, form.script, form.flaws) == (25, "romashka", "https://docs.example.org/s", ())
    return mail


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_every_charset_in_every_encoding(charset: str, encoding: str) -> None:
    assert reads(eml(part(SHORT, charset, encoding))).bodies[0].certain


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("declared", ["us-ascii", "iso-8859-1", "utf-8", "koi8-r", "windows-1251", "x-unknown", "", "base64"])
def test_a_wrong_charset_is_seen_through(charset: str, declared: str) -> None:
    reads(eml(part(SHORT, charset, "8bit", declared=declared)))


def test_a_single_wrong_byte_loses_one_letter_and_certainty() -> None:
    raw = SHORT.encode() + b"\n\xff\xfe!"
    mail = reads(eml(b"Content-Type: text/plain; charset=utf-8\n\n" + raw))
    assert not mail.bodies[0].certain


@given(st.sampled_from(CHARSETS), st.text("абвгдежзиклмнопрстуфхцчшщыьэюя ,.", min_size=40, max_size=200))
def test_a_declared_charset_is_believed(charset: str, words: str) -> None:
    said = f"Здравствуйте, {words}"
    assert decoded(said.encode(charset), charset)[0] == said


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("=?utf-8?B?0J/RgNC+0YHRjNCx0LA=?=", "Просьба"),
        ("=?koi8-r?B?8NLP09jCwQ==?=", "Просьба"),
        ("=?windows-1251?Q?=CF=F0=EE=F1=FC=E1=E0_=E8?= =?windows-1251?Q?=20?= tail", "Просьба и tail"),
        ("=?utf-8?B?0J/RgNC+0YHRjNCx0A==?=\r\n =?utf-8?B?sA==?=", "Просьба"),
        ("Re: =?utf-8?B?0J/RgNC+0YHRjNCx0LA?= (1)", "Re: Просьба (1)"),
        ("Просьба".encode("cp1251").decode("ascii", "surrogateescape"), "Просьба"),
        ("Просьба о замене".encode("koi8-r").decode("ascii", "surrogateescape"), "Просьба о замене"),
        ("=?utf-8?Q?a=0D=0ABcc:_x@y?=", "a Bcc: x@y"),
        ("=?utf-8?Q?=3D=3Futf-8=3FQ=3Fx=3F=3D?=", "= ?utf-8?Q?x?="),
        ("=?utf-8?B?4oCo0LDCheKAqQ==?=", "а"),
        ("=?nonsense?Q?abc?=", "abc"),
        ("=?utf-8?B?!!!?=", ""),
        ("", ""),
    ],
    ids=range(13),
)
def test_a_header_says_what_was_meant(raw: str, said: str) -> None:
    """Also words that are split within a letter, eight-bit text, and what would become a header of its own."""
    assert header_text(raw) == said
    assert one_line(header_text(raw)) == said


@given(st.text())
def test_a_line_is_one_that_every_event_takes(text: str) -> None:
    assert one_line(line(text)) == line(text).strip()
    assert len(line(text)) <= 300


def _rfc2231(name: str, charset: str) -> str:
    return "".join(f"%{byte:02X}" for byte in name.encode(charset))


@pytest.mark.parametrize(
    "named",
    [
        f"filename*=utf-8''{_rfc2231(NAME, 'utf-8')}",
        f"filename*=koi8-r'ru'{_rfc2231(NAME, 'koi8-r')}",
        f"filename*0*=utf-8''{_rfc2231(NAME[:8], 'utf-8')}; filename*1*={_rfc2231(NAME[8:], 'utf-8')}",
        f'filename="=?utf-8?B?{base64.b64encode(NAME.encode()).decode()}?="',
        f'filename="=?koi8-r?B?{base64.b64encode(NAME.encode("koi8-r")).decode()}?="',
        f'filename="{NAME}"',
        f'filename="{NAME.encode("cp1251").decode("ascii", "surrogateescape")}"',
        f'filename="C:\\Users\\me\\{NAME}"'.replace("\\", "\\\\"),
        f'filename="../../{NAME}"',
    ],
    ids=["rfc2231", "koi8", "continued", "rfc2047", "rfc2047 koi8", "utf-8", "windows-1251", "path", "up"],
)
def test_a_file_keeps_its_name(named: str) -> None:
    mail = reads(eml(mixed(part(SHORT), attached(named, b"content"))))
    assert [(file.name, file.content) for file in mail.attachments] == [(NAME, b"content")]


def test_files_that_nobody_can_see_into_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_parts, "LARGEST", 1_000)
    tnef = attached('filename="winmail.dat"', b"x", "application/ms-tnef")
    large = attached('filename="big.docx"', b"x" * 1_001)
    just = attached('filename="just.docx"', b"x" * 1_000)
    mail = reads(eml(mixed(part(SHORT), tnef, large, just, attached("filename=", b"y", "image/png"))))
    assert [(file.name, file.problem) for file in mail.attachments] == [
        ("winmail.dat", "winmail"),
        ("big.docx", "too_large"),
        ("just.docx", None),
        ("file.png", None),
    ]


HTML = "<html><head><title>x</title><style>p{}</style></head><body><p>Прошу произвести начисление&nbsp;25 определений<br>на замену.</p>"
HTML += "<div>Логин клиента <b>roma</b>shka</div><!-- <p>Логин клиента other</p> --><table><tr><td>Скрипт&#58;</td><td><a href='#'>"
HTML += "https://docs.example.org/s</a></td></tr></table><script>Логин клиента third</script></body></html>"


def test_a_page_is_read_as_a_reader_sees_it() -> None:
    reads(eml(part(HTML, "windows-1251", kind="text/html")))
    reads(eml(mixed(part("", kind="text/plain"), part(HTML, kind="text/html"), kind="alternative")))
    reads(eml(mixed(part("Your program shows no pages"), part(HTML, kind="text/html"), kind="alternative")))
    reads(eml(mixed(part(SHORT), part(HTML, kind="text/html"), kind="alternative")))


@pytest.mark.parametrize("piece", ["<a ", "<!--", "<", "</p", "&amp", "<blockquote>", " \t", "<style>", "<td>"])
def test_of_a_hostile_page_only_so_much_is_read(piece: str) -> None:
    """What takes time by the square of its length would take minutes here."""
    assert len(html_text(piece * (300_000 // len(piece)) + "end")) <= LONGEST_TEXT


def test_nested_parts_and_a_form_in_two_parts() -> None:
    alternative = mixed(part(SHORT), part(HTML, kind="text/html"), kind="alternative", boundary="=_a")
    related = mixed(alternative, attached('filename="logo.png"', b"x", "image/png"), kind="related", boundary="=_r")
    reads(eml(mixed(related, attached('filename="x.pdf"', b"y"))))
    first, _, rest = SHORT.partition("\n\n")
    reads(eml(mixed(part(first), attached('filename="logo.png"', b"x", "image/png"), part(rest))))


QUOTED = "\n".join(f"> {one}" for one in SHORT.splitlines())
OUTLOOK = f"От: Иванов\nОтправлено: 1 января\nКому: zamena\nТема: запрос\n\n{SHORT}"
GMAIL = f"---------- Forwarded message ---------\nОт: Иванов\nDate: 1\nSubject: x\n\n{SHORT}"


@pytest.mark.parametrize("below", [QUOTED, OUTLOOK, GMAIL, f"1 янв. 2026 г., 10:00, Иванов пишет:\n{QUOTED}"])
def test_what_is_quoted_in_an_answer_does_not_count_and_in_a_letter_passed_on_it_does(below: str) -> None:
    assert form_of(read_mail(eml(f"Спасибо!\n\n{below}", subject="Re: request"))).found == 0
    reads(eml(f"Прошу обработать\n\n{below}", subject="Fwd: request"))
    reads(eml(f"{SHORT}\n\n{below}", subject="Re: request"))


def test_the_new_form_of_an_answer_counts_and_not_the_quoted_one() -> None:
    mail = read_mail(eml(f"{SHORT}\n\nOn Monday, zamena wrote:\n{QUOTED.replace('25', '99')}", subject="Re: request"))
    assert form_of(mail).asked == 25
    below = f"{QUOTED.replace('25', '99')}\n\n{SHORT}"
    assert form_of(read_mail(eml(below, subject="Re: request"))).asked == 25


def test_a_letter_that_was_passed_on_as_a_file_counts() -> None:
    inner = eml(SHORT, sender="client@client.example")
    mail = reads(eml(mixed(part("Прошу обработать"), forwarded(inner))))
    assert (mail.sender, mail.forwarded) == ("ivanov@franchise.example", True)


def test_flowed_text_is_whole_again() -> None:
    text = SHORT.replace("определений на", "определений \nна")
    body = b"Content-Type: text/plain; charset=utf-8; format=flowed\n\n" + text.encode()
    reads(eml(body))
    assert new_and_quoted("a\n> b\nc") == ("a\nc", "b")


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, "auto"),
        ({"Auto_Submitted": "auto-generated; x=y"}, "auto"),
        ({"Auto_Submitted": "no"}, None),
        ({"X_Autoreply": "yes"}, "auto"),
        *(({"Precedence": word}, "bulk") for word in ("bulk", "list", "JUNK")),
        ({"Precedence": "first-class"}, None),
        ({"List_Id": "<a.example>"}, "list"),
        ({"List_Unsubscribe": "<mailto:x@a.example>"}, "list"),
        ({"Return_Path": "<>"}, "bounce"),
        ({"Return_Path": "<ivanov@franchise.example>"}, None),
        ({"sender": "MAILER-DAEMON@mx.example"}, "daemon"),
        ({"sender": "Postmaster <postmaster@mx.example>"}, "daemon"),
        ({}, None),
    ],
)
def test_what_no_person_wrote_is_told_apart(headers: dict[str, str], why: str | None) -> None:
    assert read_mail(eml(SHORT, **headers)).automatic == why


def test_a_report_of_a_mail_server_is_one() -> None:
    report = mixed(part("failed"), b"Content-Type: message/delivery-status\n\nAction: failed\n", kind="report")
    assert read_mail(eml(report)).automatic == "bounce"


@pytest.mark.parametrize(
    ("sender", "address", "name"),
    [
        ("Иванов Пётр <ivanov@franchise.example>", "ivanov@franchise.example", "Иванов Пётр"),
        ('"Petrov, Ivan" <a@b.example>', "a@b.example", "Petrov, Ivan"),
        ("=?utf-8?B?0JjQstCw0L3QvtCy?= <a@b.example>", "a@b.example", "Иванов"),
        ('"evil@x.example" <a@b.example>', "a@b.example", "evil@x.example"),
        ("a@b.example", "a@b.example", None),
        ("a@b.example (Ivan)", "a@b.example", None),
        ("<>", None, None),
        ("nobody", None, None),
        ("a@b@c.example", None, None),
    ],
)
def test_the_sender_is_the_address_and_the_name_beside_it(sender: str, address: str | None, name: str | None) -> None:
    mail = read_mail(eml(SHORT, sender=sender))
    assert (mail.sender, mail.sender_name) == (address, name)


def test_an_e_mail_is_known_again_by_its_message_id_and_body_whatever_servers_add_to_its_head() -> None:
    mail = eml(SHORT, message_id="<one@x.example>")
    same = b"Received: from a by b\r\nDelivered-To: zamena@company.example\r\n" + mail
    assert read_mail(same).id == read_mail(mail).id == read_mail(mail.replace(b"\r\n", b"\n")).id
    assert read_mail(eml(SHORT, message_id="<two@x.example>")).id != read_mail(mail).id
    assert read_mail(eml(SHORT + "!", message_id="<one@x.example>")).id != read_mail(mail).id


def test_without_a_message_id_all_bytes_count() -> None:
    one, other = (eml(SHORT, message_id=None, subject=subject) for subject in ("a", "b"))
    assert read_mail(one).id == read_mail(one).id != read_mail(other).id
    assert read_mail(one).message_id is None


def test_the_thread_is_that_of_the_sender() -> None:
    mail = read_mail(eml(SHORT, message_id="<q@x.example>", References="<a@x> <b@x>\n <c@x>", In_Reply_To="<d@x>"))
    assert (mail.message_id, mail.references) == ("<q@x.example>", ("<a@x>", "<b@x>", "<c@x>", "<d@x>"))
    long = read_mail(eml(SHORT, References=" ".join(f"<{n}@x>" for n in range(200))))
    assert long.references[-1] == "<199@x>"
    assert len(long.references) == 50
    assert read_mail(eml(SHORT, message_id="<not an id>")).message_id is None


@settings(max_examples=300)
@given(st.binary(max_size=600))
def test_no_bytes_at_all_raise(content: bytes) -> None:
    assert len(read_mail(content).id) == 64


@pytest.fixture(scope="module")
def whole() -> bytes:
    """Made once: the boundary of its parts is another one each time."""
    return eml(mixed(part(SHORT, "koi8-r"), attached(f"filename*=utf-8''{_rfc2231(NAME, 'utf-8')}", b"x"), forwarded(eml(SHORT))))


@settings(max_examples=300)
@given(data=st.data())
def test_no_mutilated_e_mail_raises(whole: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(whole)))
    content = whole[:start] + data.draw(st.binary(max_size=40)) + whole[start + data.draw(st.integers(0, 80)) :]
    mail = read_mail(content)
    assert one_line(mail.subject) == mail.subject
    form_of(mail)


def test_parts_without_end_end() -> None:
    deep = part(SHORT)
    for level in range(200):
        deep = mixed(deep, boundary=f"=_{level}")
    read_mail(eml(deep))
    wide = mixed(*(part("x") for _ in range(2000)))
    assert len(read_mail(eml(wide)).bodies) <= 200
