"""A mail's bytes: headers, text and HTML in encodings that every server takes (RFC 5322, 2045, 2047).

Only the few forms that we send: `email.message` takes forty times as long, and that was most of what a mail
cost. Files as RFC 2046 §5.1.3 and RFC 2231 have them.
"""

import re
import secrets
from base64 import b64encode, encodebytes
from binascii import b2a_qp
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address
from urllib.parse import quote

LINE = 76
WORD = 45  # bytes in an encoded word: 60 characters of base64, 75 with what is around them
ASCII = bytes(range(128))
ATTRIBUTE = (
    "!#$&+-.^_`|~"  # what a parameter's value may hold as it is, besides letters and digits (RFC 2231 §7)
)
UNSAFE = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")  # in a line that is sent as it is


def unstructured(name: str, line: str) -> str:
    """A header that people read; `=?` is encoded as well, so that nothing in it is taken for an encoding.

    What needs no encoding is one line: shared/adapters/mail.py lets nothing through that a line of SMTP does
    not hold.
    """
    if line.isascii() and "=?" not in line:
        return line
    room = LINE - len(f"{name}: =?utf-8?b??=")
    return "\r\n ".join(f"=?utf-8?b?{b64encode(piece).decode()}?=" for piece in pieces(line, room))


def pieces(line: str, room: int) -> Iterator[bytes]:
    """Whole letters, as many as an encoded word holds; for the first there is less room, for any letter
    enough.
    """
    most, piece = max(6, room // 4 * 3), b""
    for letter in line:
        encoded = letter.encode(errors="replace")
        if len(piece) + len(encoded) > most:
            yield piece
            most, piece = WORD, b""
        piece += encoded
    yield piece


def mailbox(name: str, address: Address) -> str:
    """An address with the name of whose it is, if it has one."""
    shown = address.display_name
    if shown.isascii() and "=?" not in shown:
        return str(address)
    return f"{unstructured(name, shown)}\r\n <{address.addr_spec}>"


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that comes with a mail."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


def whole(headers: Mapping[str, str], text: str, html: str | None, files: Sequence[Attached] = ()) -> bytes:
    """The mail; headers are folded already."""
    head = (
        "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"MIME-Version: 1.0\r\n"
    )
    body = part(text, "plain")
    if html is not None:
        body = multipart("alternative", (body, part(html, "html")))
    return head + (multipart("mixed", (body, *map(attachment, files))) if files else body)


def multipart(kind: str, parts: Sequence[bytes]) -> bytes:
    """Several parts as one."""
    mark = f"=_{secrets.token_hex(16)}"
    between = f"--{mark}\r\n".encode()
    head = f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n'.encode()
    inside = b"".join(between + each for each in parts)
    return head + inside + f"--{mark}--\r\n".encode()


def attachment(file: Attached) -> bytes:
    """A file as a part, with its name in whatever letters."""
    name = quote(file.name.encode(errors="replace"), safe=ATTRIBUTE)
    head = (
        f"Content-Type: {file.content_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment;\r\n filename*=utf-8''{name}\r\n\r\n"
    )
    return head.encode() + encodebytes(file.content).replace(b"\n", b"\r\n")


def part(text: str, kind: str) -> bytes:
    """A text with what says how it is encoded."""
    encoding, body = encoded(b"".join(line + b"\r\n" for line in text.encode(errors="replace").splitlines()))
    return (
        f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'.encode()
        + body
    )


def encoded(body: bytes) -> tuple[str, bytes]:
    """As it is where every server takes that, else whatever is shorter."""
    if (
        body.isascii()
        and not UNSAFE.search(body.replace(b"\r\n", b"\n"))
        and max(map(len, body.split(b"\r\n"))) <= LINE
    ):
        return "7bit", body
    if 6 * len(body.translate(None, ASCII)) > len(body):
        return "base64", encodebytes(body).replace(b"\n", b"\r\n")
    return "quoted-printable", b2a_qp(body, istext=True)
