"""Mail over SMTP: text and HTML, proof against injected headers, and two ways to fail: never, or not now."""

import hashlib
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import format_datetime, localtime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shared.adapters import http_client
from shared.adapters.circuit_breaker import Breaker, Ended
from shared.adapters.mime import Attached, mailbox, unstructured, whole
from shared.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.kit.settings import Settings

TIMEOUT, WHOLE = 15, 40.0  # seconds: for one answer; for the greetings, for one mail, for the goodbye
IN_A_SESSION = 50  # mails; many a server has a bound of its own, and ends the session there
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
DOT = re.compile(rb"^\.", re.MULTILINE)
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
CONTENT_TYPE = re.compile(r"[a-z]+/[a-zA-Z0-9.+-]{1,80}(; charset=utf-8)?(; method=[A-Z]{1,20})?")
FILE_NAME = re.compile(r"[^/\\\x00-\x1f\x7f\x85\u2028\u2029]{1,100}")
SURROGATE = re.compile(r"[\ud800-\udfff]")  # half a letter, which nothing can send
GOODBYE = 421
# The server does not know us: that is our configuration, not this mail (RFC 4954 §6).
NOT_THIS_MAIL = frozenset({GOODBYE, 530, 534, 535, 538})


class MailRejected(Invalid):
    """The mail server refused this mail for good; sending it again is useless. `reason` names no person."""

    message = "The mail was refused: {reason}"


class MailUnavailable(Unavailable):
    """The mail server cannot be reached, or asks to be tried again later."""

    message = "The mail server is not available for a moment. Try again in a few seconds."

    def __init__(self, ended: Ended | None = None, **details: Any) -> None:
        super().__init__(**details)
        self.ended = ended


class MailUncertain(MailUnavailable):
    """The connection was lost after the whole mail had been sent and before the server said whether it took
    it.
    """

    message = "It is not certain whether the mail server has taken the mail."


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that is ready to leave: the envelope's addresses, and what is sent of it."""

    sender: str
    recipient: str
    content: bytes

    @property
    def international(self) -> bool:
        """Whether not every server can take it: it is to be asked (RFC 6531)."""
        return not (self.sender + self.recipient).isascii()


def message_id_for(event_id: object, recipient: str) -> str:
    """The Message-ID of the mail that an event causes for a person: the same for each delivery of the same
    event.
    """
    from shared.kit.settings import settings

    digest = hashlib.sha256(f"{event_id}\n{recipient.casefold()}".encode(errors="replace")).hexdigest()[:32]
    return f"<{digest}@{domain_of(settings().email_from)}>"


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
    from shared.kit.settings import settings

    with connected() as server:
        server.send(
            compose(
                to,
                subject,
                text,
                html,
                from_ or settings().email_from,
                headers=headers,
                message_id=message_id,
            )
        )


@contextmanager
def connected() -> "Iterator[Server]":
    """A conversation with the mail server, for as many mails as are sent in it; MailUnavailable, also when it
    breaks off.
    """
    from shared.kit.settings import settings

    now = settings()
    circuit = Breaker(
        "smtp",
        now.smtp_host,
        now.smtp_port,
        now.smtp_user,
        now.smtp_password.get_secret_value() if now.smtp_password else "",
    )
    with circuit.call(lambda wait: MailUnavailable(wait=wait)), ExitStack() as open_:
        yield Server(now, open_)


class SessionOver(Exception):
    """The server has ended a session in which it did its work, before it had anything of the next mail."""


class Server:
    """The mail server, in one conversation: a session, and another one where it takes only so many mails in
    each.
    """

    def __init__(self, now: "Settings", open_: ExitStack) -> None:
        self.now, self.open = now, open_
        self.begin()

    def send(self, mail: Mail) -> None:
        """Send one mail.

        MailRejected when it never will go, MailUnavailable when it may go later, MailUncertain when it may
        have gone.
        """
        if self.answered >= IN_A_SESSION:
            self.begin()
        try:
            self.offer_session(mail)
        except SessionOver:
            self.session.close()  # nobody listens to a goodbye
            self.begin()
            self.offer_session(mail)

    def begin(self) -> None:
        self.open.close()
        try:
            self.session = self.open.enter_context(open_session(self.now))
        except smtplib.SMTPAuthenticationError as error:
            raise MailUnavailable(Ended("misconfigured")) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailUnavailable from error
        self.answered = 0  # mails that it took, or refused for what they are

    def offer_session(self, mail: Mail) -> None:
        try:
            with within(self.session):
                self.deliver(mail)
        except (smtplib.SMTPException, OSError) as error:
            with suppress(smtplib.SMTPException, OSError):
                self.session.rset()
            problem = as_problem(error, mail.recipient)
            self.answered += not is_fault(problem)
            raise problem from None
        self.answered += 1

    def deliver(self, mail: Mail) -> None:
        if mail.international and not self.session.has_extn("smtputf8"):
            raise MailRejected(reason="the mail server does not accept this international address")
        self.offer(mail)
        expect(354, self.session.docmd("DATA"))
        self.session.send(DOT.sub(b"..", mail.content) + b".\r\n")
        try:
            answer = self.session.getreply()
        # it has the whole mail, and what it did with it we do not hear
        except (smtplib.SMTPException, OSError) as error:
            raise MailUncertain from error
        expect(250, answer)

    def offer(self, mail: Mail) -> None:
        options = [f"SIZE={len(mail.content)}"] if self.session.has_extn("size") else []
        asked = time.monotonic()
        try:
            expect(
                250,
                self.session.mail(
                    mail.sender, options + (["SMTPUTF8", "BODY=8BITMIME"] if mail.international else [])
                ),
            )
            expect(250, self.session.rcpt(mail.recipient))
        except (smtplib.SMTPException, OSError) as error:
            # else it has stopped answering
            if self.answered and is_goodbye(error) and time.monotonic() - asked < TIMEOUT:
                raise SessionOver from error
            raise


def written_by(name: str, address: str) -> str:
    """The sender as its readers see it: this name, and the address of `address`, which may have another."""
    shown = CONTROL.sub(" ", name).replace("<", "").replace(">", "").strip()[:100]
    return f"{shown} <{parse_address(address).addr_spec}>" if shown else address


def compose(
    to: str,
    subject: str,
    text: str,
    html: str | None,
    from_: str,
    *,
    headers: Mapping[str, str] | None = None,
    message_id: str | None = None,
    files: Sequence[Attached] = (),
) -> Mail:
    """The mail itself; line breaks in a subject or header become spaces, in an address they are refused.

    MailRejected also for a file whose type is none, or whose name is longer than 100 characters.
    """
    sender, recipient = parse_address(from_), parse_address(to)
    now = localtime()
    subject = subject if len(subject) <= LONGEST_SUBJECT else subject[: LONGEST_SUBJECT - 1] + "…"
    said = {"Subject": subject, **checked(headers or {})}
    lines = {
        "From": mailbox("From", sender),
        "To": mailbox("To", recipient),
        "Date": format_datetime(now),
        "Message-ID": checked_id(message_id or message_id_for(now.isoformat(), to)),
        "Auto-Submitted": "auto-generated",  # so that no holiday notice answers (RFC 3834 §5)
        **{name: unstructured(name, one_line(value)) for name, value in said.items()},
    }
    return Mail(
        sender.addr_spec,
        recipient.addr_spec,
        whole(lines, text, html, [checked_file(each) for each in files]),
    )


def checked_file(file: Attached) -> Attached:
    """A file that has a type, and a name of one line that leads nowhere."""
    if not CONTENT_TYPE.fullmatch(file.content_type) or not FILE_NAME.fullmatch(file.name):
        raise MailRejected(reason="a file has no type, or no name that mail programs take")
    return file


def checked(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers that say nothing of who gets a mail or how it is written; MailRejected for others."""
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or name.lower() in RESERVED or len(value) > LONGEST_HEADER:
            raise MailRejected(reason=f"the header {name[:76]!r} cannot be set")
    return headers


@contextmanager
def open_session(now: "Settings") -> "Iterator[smtplib.SMTP]":
    secure = now.smtp_port == SUBMISSION_TLS
    name = domain_of(now.email_from)  # to say hello with; else smtplib asks the DNS for this machine's name
    with http_client.within(WHOLE):
        session = (
            DialledTls(now.smtp_host, now.smtp_port, name, timeout=TIMEOUT, context=tls())
            if secure
            else Dialled(now.smtp_host, now.smtp_port, name, timeout=TIMEOUT)
        )
    try:
        with within(session):
            introduce(session, now, secure=secure)
        yield session
    finally:
        # an accepted mail must not go twice for it
        with suppress(smtplib.SMTPException, OSError), within(session):
            session.quit()
        session.close()


def introduce(session: smtplib.SMTP, now: "Settings", *, secure: bool) -> None:
    session.ehlo_or_helo_if_needed()
    if not secure and (session.has_extn("starttls") or now.smtp_port == SUBMISSION):
        session.starttls(context=tls())
        session.ehlo()
        secure = True
    if now.smtp_user and now.smtp_password:
        if not secure and now.smtp_host not in LOOPBACK:
            raise smtplib.SMTPNotSupportedError("a password is never sent over an unencrypted connection")
        session.login(now.smtp_user, now.smtp_password.get_secret_value())


class Dialled(smtplib.SMTP):
    """A session whose connection can be hung up, also while it shakes hands (that is why there is a handle of
    its own).
    """

    handle: socket.socket | None = None

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # typeshed does not know it
        self.handle = made.dup()
        http_client.used(self.handle)
        return made

    def close(self) -> None:
        """Both handles."""
        super().close()
        if self.handle:
            self.handle.close()


class DialledTls(smtplib.SMTP_SSL, Dialled):
    """The same, encrypted from the beginning."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        try:
            return super()._get_socket(host, port, timeout)
        except BaseException:
            self.close()
            raise


@contextmanager
def within(session: "Dialled | smtplib.SMTP") -> "Iterator[None]":
    """Let a part of the conversation end in time; what the server has said in time counts, however late that
    was.
    """
    mine = http_client.Whole(WHOLE)
    if handle := getattr(session, "handle", None):
        mine.uses(handle)
    with http_client.hung_up(mine):
        yield


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """Certificates are checked; reading the authorities' takes long enough to do it once."""
    return ssl.create_default_context()


def expect(code: int, answer: tuple[int, bytes]) -> None:
    if answer[0] not in {code, 251 if code == 250 else code}:
        raise smtplib.SMTPResponseException(*answer)


def is_goodbye(error: Exception) -> bool:
    """Whether the server has hung up, or says that it does (RFC 5321 §3.8)."""
    return isinstance(error, smtplib.SMTPServerDisconnected) or getattr(error, "smtp_code", 0) == GOODBYE


def is_fault(problem: MailRejected | MailUnavailable) -> bool:
    return isinstance(problem, MailUnavailable) and problem.ended is None


def as_problem(error: Exception, recipient: str) -> MailRejected | MailUnavailable:
    if not isinstance(error, smtplib.SMTPResponseException):
        return MailUnavailable()
    code, answer = error.smtp_code, error.smtp_error
    if code in NOT_THIS_MAIL:
        return MailUnavailable()
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    said = re.sub(re.escape(recipient), "<recipient>", one_line(said), flags=re.IGNORECASE)
    if code < 500:  # this mail or this mailbox, later; the server is well
        return MailUnavailable(Ended("answered"), reason=f"{code} {said[:200]}")
    return MailRejected(reason=f"{code} {said[:200]}")


def parse_address(text: str) -> Address:
    """`Name <address>` or an address, with its domain in ASCII; MailRejected for what is not exactly one
    address.
    """
    match = ADDRESS.fullmatch(text.strip())
    if match is None or CONTROL.search(text) or SURROGATE.search(text):
        raise MailRejected(reason="this is not a mail address")
    try:
        return Address((match["name"] or "").strip(' "'), match["local"], ascii_domain(match["domain"]))
    except (ValueError, HeaderParseError):
        raise MailRejected(reason="this is not a mail address") from None


def ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    import idna

    return idna.encode(domain, uts46=True).decode("ascii")


def domain_of(address: str) -> str:
    return parse_address(address).domain


def one_line(text: str) -> str:
    return CONTROL.sub(" ", text).strip()


def checked_id(message_id: str) -> str:
    if not re.fullmatch(r"<[A-Za-z0-9._+-]{1,200}@[A-Za-z0-9.-]{1,253}>", message_id):
        raise MailRejected(reason="this is not a Message-ID")
    return message_id
