"""Mail over SMTP: text and HTML, proof against injected headers, and two ways to fail: never, or not now."""

import hashlib
import re
import smtplib
import ssl
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import localtime
from functools import lru_cache
from typing import TYPE_CHECKING

from shared.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.settings import Settings

TIMEOUT = 15
LONGEST_SUBJECT, LONGEST_HEADER = 250, 900  # a line of SMTP holds 998
SUBMISSION, SUBMISSION_TLS = 587, 465
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
RESERVED = frozenset(
    {
        "from",
        "to",
        "cc",
        "bcc",
        "sender",
        "subject",
        "date",
        "message-id",
        "return-path",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
    }
)
ADDRESS = re.compile(
    r'(?:(?P<name>[^<>]{0,200})<)?(?P<local>[^\s@<>()\[\]\\,;:"]{1,64})'
    r'@(?P<domain>[^\s@<>()\[\]\\,;:"]{1,253})(?(name)>)'
)
SEVEN_BIT = SMTP.clone(cte_type="7bit")  # not every server on the way takes eight
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
# The server does not know us: that is our configuration, not this mail (RFC 4954 §6).
NOT_THIS_MAIL = frozenset({421, 530, 534, 535, 538})


class MailRejected(Invalid):
    """The mail server refused this mail for good; sending it again is useless. `reason` names no person."""

    message = "The mail was refused: {reason}"


class MailUnavailable(Unavailable):
    """The mail server cannot be reached, or asks to be tried again later."""

    message = "The mail server is not available for a moment. Try again in a few seconds."


def message_id_for(event_id: object, recipient: str) -> str:
    """The Message-ID of the mail that an event causes for a person: the same for each delivery of the same event."""
    from shared.settings import settings

    digest = hashlib.sha256(f"{event_id}\n{recipient.casefold()}".encode()).hexdigest()[:32]
    return f"<{digest}@{_domain(settings().email_from)}>"


def send(
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    from_: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    message_id: str | None = None,
) -> None:
    """Send one mail to one address.

    `from_` is an address or `Name <address>`, normally EMAIL_FROM; `message_id` comes from `message_id_for`.
    MailRejected when this mail will never go, MailUnavailable when it may go later.
    """
    from shared.settings import settings

    now = settings()
    message = compose(
        to, subject, text, html, from_ or now.email_from, headers=headers, message_id=message_id
    )
    sender, recipient = _addr_spec(message["From"]), _addr_spec(message["To"])
    try:
        with _session(now) as session:
            _deliver(session, message, sender, recipient)
    except (smtplib.SMTPException, OSError) as error:
        raise _as_problem(error, recipient) from None


def compose(
    to: str,
    subject: str,
    text: str,
    html: str | None,
    from_: str,
    *,
    headers: Mapping[str, str] | None = None,
    message_id: str | None = None,
) -> EmailMessage:
    """The mail itself; line breaks in a subject or header become spaces, in an address they are refused."""
    message = EmailMessage(policy=SEVEN_BIT)
    message["From"] = _address(from_)
    message["To"] = _address(to)
    _set_text(
        message,
        "Subject",
        subject if len(subject) <= LONGEST_SUBJECT else subject[: LONGEST_SUBJECT - 1] + "…",
    )
    message["Date"] = localtime()
    message["Message-ID"] = _checked_id(message_id or message_id_for(localtime().isoformat(), to))
    message["Auto-Submitted"] = "auto-generated"  # so that no holiday notice answers (RFC 3834 §5)
    for name, value in (headers or {}).items():
        if not HEADER_NAME.fullmatch(name) or name.lower() in RESERVED or len(value) > LONGEST_HEADER:
            raise MailRejected(reason=f"the header {name[:76]!r} cannot be set")
        _set_text(message, name, value)
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


@contextmanager
def _session(now: "Settings") -> "Iterator[smtplib.SMTP]":
    secure = now.smtp_port == SUBMISSION_TLS
    name = _domain(now.email_from)  # to say hello with; else smtplib asks the DNS for this machine's name
    session = (
        smtplib.SMTP_SSL(now.smtp_host, now.smtp_port, name, timeout=TIMEOUT, context=_tls())
        if secure
        else smtplib.SMTP(now.smtp_host, now.smtp_port, name, timeout=TIMEOUT)
    )
    try:
        session.ehlo_or_helo_if_needed()
        if not secure and (session.has_extn("starttls") or now.smtp_port == SUBMISSION):
            session.starttls(context=_tls())
            session.ehlo()
            secure = True
        if now.smtp_user and now.smtp_password:
            if not secure and now.smtp_host not in LOOPBACK:
                raise smtplib.SMTPNotSupportedError("a password is never sent over an unencrypted connection")
            session.login(now.smtp_user, now.smtp_password.get_secret_value())
        yield session
    finally:
        with suppress(
            smtplib.SMTPException, OSError
        ):  # a failed goodbye must not make an accepted mail go twice
            session.quit()
        session.close()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Certificates are checked; reading the authorities' takes long enough to do it once."""
    return ssl.create_default_context()


def _deliver(session: smtplib.SMTP, message: EmailMessage, sender: str, recipient: str) -> None:
    international = not (sender + recipient).isascii()
    if international and not session.has_extn("smtputf8"):
        raise MailRejected(reason="the mail server does not accept this international address")
    content = message.as_bytes(policy=SMTPUTF8 if international else SEVEN_BIT)
    session.sendmail(sender, [recipient], content, ["SMTPUTF8", "BODY=8BITMIME"] if international else [])


def _as_problem(error: Exception, recipient: str) -> MailRejected | MailUnavailable:
    code: int
    answer: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        code, answer = error.smtp_code, error.smtp_error
    else:  # connecting, greeting, encrypting, logging in: nothing that this mail could help
        return MailUnavailable()
    if code < 500 or code in NOT_THIS_MAIL:
        return MailUnavailable()
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    said = re.sub(re.escape(recipient), "<recipient>", _one_line(said), flags=re.IGNORECASE)
    return MailRejected(reason=f"{code} {said[:200]}")


def _address(text: str) -> Address:
    """`Name <address>` or an address, with its domain in ASCII; MailRejected for what is not exactly one address."""
    match = ADDRESS.fullmatch(text.strip())
    if match is None or CONTROL.search(text):
        raise MailRejected(reason="this is not a mail address")
    try:
        return Address((match["name"] or "").strip(' "'), match["local"], _ascii_domain(match["domain"]))
    except (ValueError, HeaderParseError):
        raise MailRejected(reason="this is not a mail address") from None


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    import idna

    return idna.encode(domain, uts46=True).decode("ascii")


def _addr_spec(header: object) -> str:
    addresses: tuple[Address, ...] = header.addresses  # type: ignore[attr-defined]
    return addresses[0].addr_spec


def _domain(address: str) -> str:
    return _address(address).domain


def _set_text(message: EmailMessage, name: str, text: str) -> None:
    """Set a header that people read; `=?` is encoded as well, so that nothing in it is taken for an encoding."""
    line = _one_line(text)
    charset = "us-ascii" if line.isascii() and "=?" not in line else "utf-8"
    del message[name]
    # EmailMessage's own folding loses and moves spaces between encoded words (python/cpython#89714, #144156).
    message.set_raw(name, Header(line, charset, maxlinelen=76, header_name=name).encode(linesep="\r\n"))


def _one_line(text: str) -> str:
    return CONTROL.sub(" ", text).strip()


def _checked_id(message_id: str) -> str:
    if not re.fullmatch(r"<[A-Za-z0-9._+-]{1,200}@[A-Za-z0-9.-]{1,253}>", message_id):
        raise MailRejected(reason="this is not a Message-ID")
    return message_id
