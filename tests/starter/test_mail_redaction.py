"""A password that came by e-mail does not stay on the mail server: the copy that takes the place of the original is without it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.mail import redaction as mail_redaction
from starter.mail.parts import read_mail
from starter.mail.redaction import MASK, RedactionError, masked, redacted, secrets_of
from tests.starter.mails import LONG, attached, eml, forwarded, mixed, part

pytestmark = pytest.mark.clause("replacement 5.1")
SECRET = "Kanareyka-77"
FORM = LONG.replace("Sesam-1", SECRET)
QUOTED = "\n".join(f"> {one}" for one in FORM.splitlines())


def everywhere(content: bytes, secret: str) -> bool:
    """Whether a secret can be found in an e-mail, in any encoding of any of its parts, or in its bytes."""
    mail = read_mail(content)
    texts = [mail.subject, *(text for body in mail.bodies for text in (body.new, body.quoted)), *(value for _, value in mail.headers)]
    raw = [content, *(base64.b64decode(b"".join(content.split(b"\r\n\r\n")[1:]) + b"==", validate=False),)]
    forms = [secret.encode(charset, "ignore") for charset in ("utf-8", "cp1251", "koi8-r", "utf-16-le")]
    return any(secret in text for text in texts) or any(form and form in one for form in forms for one in raw)


@pytest.mark.parametrize(
    "mail",
    [
        eml(FORM),
        eml(part(FORM, "koi8-r", "quoted-printable")),
        eml(part(FORM, "windows-1251", "8bit")),
        eml(mixed(part(FORM), part(FORM.replace("\n", "<br>").replace("-77", "&#45;77"), kind="text/html"), kind="alternative")),
        eml(part(f"<b>Пароль:</b> <i>Kanareyka</i>-77<br>{FORM}", kind="text/html")),
        eml(mixed(part("см. ниже"), forwarded(eml(FORM, subject=f"Пароль: {SECRET}")))),
        eml(f"Да, он же: {SECRET}\n\n{QUOTED}", subject="Re: x"),
        eml(FORM, subject=f"Запрос, пароль: {SECRET}"),
        eml(FORM, subject=SECRET, sender=f"{SECRET} <ivanov@franchise.example>"),
        eml(mixed(part(FORM), attached(f'filename="{SECRET}.txt"', SECRET.encode(), "text/plain"))),
        eml(mixed(part(FORM), attached('filename="shot.png"', SECRET.encode(), "image/png"))),
        eml(f"Пароль:\n\n{SECRET}\n\nостальное пришлю позже"),
        eml(f"Доступ тот же, пароль - {SECRET}"),
    ],
    ids=[
        "plain",
        "koi8",
        "windows-1251",
        "alternative",
        "html",
        "enclosed",
        "quoted",
        "subject",
        "head",
        "text",
        "picture",
        "line",
        "no form",
    ],
)
def test_no_part_of_the_copy_holds_the_password(mail: bytes) -> None:
    read = read_mail(mail)
    secrets = secrets_of(read)
    assert SECRET in secrets
    copy = redacted(read, secrets)
    assert not everywhere(copy, SECRET)
    assert MASK in "".join(body.new + body.quoted for body in read_mail(copy).bodies)


def test_the_copy_keeps_the_rest() -> None:
    read = read_mail(
        eml(mixed(part(FORM), attached('filename="a.png"', b"x", "image/png")), message_id="<one@x.example>", subject="Запрос")
    )
    copy = read_mail(redacted(read, secrets_of(read)))
    said = copy.bodies[0].new
    for kept in ("romashka", "https://docs.example.org/s", "https://crm.example.org", "25 определений", "a.png"):
        assert kept in said
    assert (copy.subject, copy.message_id, copy.sender) == ("Запрос", "<one@x.example>", "ivanov@franchise.example")
    assert secrets_of(copy) == (MASK,)


def test_a_long_password_is_masked_before_one_that_is_a_part_of_it() -> None:
    text = "Пароль: abcdef\nЛогин для входа: u\nПароль: abc\nabcdef abc"
    read = read_mail(eml(text))
    assert secrets_of(read) == ("abcdef", "abc")
    assert masked("abcdef abc", secrets_of(read)) == f"{MASK} {MASK}"


def test_where_a_text_cannot_be_read_for_sure_no_copy_is_made() -> None:
    read = read_mail(eml(mixed(part(FORM), b"Content-Type: text/plain; charset=utf-8\n\n\xd0\x9f\xff\xfe\xd0")))
    with pytest.raises(RedactionError):
        redacted(read, secrets_of(read))


def test_where_the_password_would_still_stand_no_copy_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is read again before it is given out: here the masking has failed."""
    read = read_mail(eml(FORM))
    secrets = secrets_of(read)
    monkeypatch.setattr(mail_redaction, "masked", lambda said, _: said)
    with pytest.raises(RedactionError) as refused:
        redacted(read, secrets)
    assert SECRET not in str(refused.value)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")), min_size=3, max_size=40))
def test_any_password_is_gone_or_no_copy_is_made(secret: str) -> None:
    read = read_mail(eml(LONG.replace("Sesam-1", secret)))
    try:
        copy = redacted(read, secrets_of(read))
    except RedactionError:
        return
    texts = "".join(body.new + body.quoted for body in read_mail(copy).bodies)
    assert secret not in texts.replace(MASK, "")
