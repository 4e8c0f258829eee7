"""A mail is bytes of our own making; what `email` reads in them is what was meant."""

from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters import mail

LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs"])
LINE = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=250)


def read(content: bytes) -> Any:
    found = message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    assert not any(each.defects for each in found.walk())
    return found


def same_lines(text: str) -> list[bytes]:
    return text.encode().splitlines()


@given(LINE, st.text(LETTERS, max_size=2000), st.text(LETTERS, max_size=2000))
def test_what_was_written_is_what_is_read(subject: str, text: str, html: str) -> None:
    sent = mail.compose(
        "a@b.example",
        subject,
        text,
        html,
        "Kiel <c@d.example>",
        message_id="<1@d.example>",
        headers={"X-City": subject},
    )
    found = message_from_bytes(sent.content)
    for name in ("subject", "x-city"):
        assert str(make_header(decode_header(found[name]))).strip() == mail.one_line(subject)
    plain, page = (bytes(part.get_payload(decode=True)) for part in found.walk() if not part.is_multipart())
    assert (plain.splitlines(), page.splitlines()) == (same_lines(text), same_lines(html))
    assert sent.content.isascii()
    assert b"\n" not in sent.content.replace(b"\r\n", b"")
    assert b"\r" not in sent.content.replace(b"\r\n", b"")
    assert max(map(len, sent.content.split(b"\r\n"))) < 998
    assert b"\x00" not in sent.content


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Guten Tag\n", "7bit"),
        ("x" * 77, "quoted-printable"),
        ("Grüße aus Kiel, der Stadt am Meer", "quoted-printable"),
        ("Добро пожаловать", "base64"),
        ("a\x00b", "quoted-printable"),
        ("", "7bit"),
        ("ends with a blank ä ", "quoted-printable"),
    ],
)
def test_a_text_is_encoded_only_where_a_server_would_refuse_it(text: str, encoding: str) -> None:
    found = read(mail.compose("a@b.example", "s", text, None, "c@d.example").content)
    assert (found["content-transfer-encoding"], found.get_payload(decode=True).splitlines()) == (
        encoding,
        same_lines(text),
    )


def test_encoded_words_are_short_and_whole_letters() -> None:
    content = mail.compose("a@b.example", "🎉ä" * 60, "t", None, "c@d.example").content
    head = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(map(len, head)) <= 76
    words = [line.split(b" ")[-1] for line in head if b"=?utf-8?" in line]
    assert "".join(str(make_header(decode_header(word.decode()))) for word in words) == "🎉ä" * 60
    assert all(
        after.startswith(b" ") for before, after in pairwise(head) if b"?=" in before and b"?=" in after
    )


@pytest.mark.parametrize(
    "name", ["Kiel", 'Kiel, "die" Stadt', "Bürgerbüro Kiel", "=?utf-8?q?x?=", "Ö" * 150, "a" * 190]
)
@pytest.mark.parametrize("address", ["a@b.example", "jörg@b.example", "a..b@c.example"])
def test_names_and_addresses_are_read_as_they_were_said(name: str, address: str) -> None:
    sent = mail.compose(address, "s", "t", None, f"{name} <c@d.example>")
    assert (sent.sender, sent.international) == ("c@d.example", not address.isascii())
    # `email.policy.default` puts blanks between encoded words
    whose, found = parseaddr(message_from_bytes(sent.content)["from"])
    assert (str(make_header(decode_header(whose))), found) == (name, "c@d.example")


def test_a_text_that_looks_like_the_end_of_a_part_ends_nothing() -> None:
    marks = set()
    for _ in range(2):
        found = read(
            mail.compose("a@b.example", "s", "--=_\n--=_--\n", "<p>--=_0--</p>", "c@d.example").content
        )
        assert len(list(found.iter_parts())) == 2
        marks.add(found.get_boundary())
    assert len(marks) == 2  # nobody can foresee it
