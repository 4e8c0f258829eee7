"""The SMTP server: accepts every mail, except where an address asks for a refusal."""

import logging
from typing import Any

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session

from tooling.thirdparty.faults import Fault, Faults
from tooling.thirdparty.inbox.store import Inbox

MAX_MAIL = 25 * 1024 * 1024
# Addresses that begin like this are answered as a real server answers when things go wrong.
REFUSALS = {
    "reject-": "550 5.1.1 The mailbox does not exist",
    "busy-": "451 4.7.1 Greylisted, try again later",
    "full-": "452 4.2.2 The mailbox is full",
}

# what a mail server says that has lost its mind, is another one, or keeps nothing
INSTEAD = {
    "garbage": "\x00\x7f{<",
    "wrong_type": "220 Welcome to another server",
    "empty_ok": "250 2.0.0 OK",
}


class Handler:
    """What aiosmtpd calls for each command."""

    def __init__(self, inbox: Inbox, faults: Faults) -> None:
        self.inbox, self.faults = inbox, faults

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Accept a recipient, or refuse it as its first letters ask for."""
        for prefix, refusal in REFUSALS.items():
            if address.startswith(prefix):
                return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> Any:  # noqa: N802 (aiosmtpd's name)
        """Keep the mail, then acknowledge it, unless something else shall happen."""
        sent = {"from": envelope.mail_from or "", "to": ", ".join(envelope.rcpt_tos)}
        self.faults.note("DATA", "/", sent, envelope.original_content or b"")
        fault = self.faults.take()
        await self.faults.turn(fault)
        try:
            return self.wronged(fault, server, envelope) if fault else self.keep(envelope)
        finally:
            self.faults.done(fault)

    def wronged(self, fault: Fault, server: SMTP, envelope: Envelope) -> Any:
        """What the fault wants; one that is truncated was kept, and its sender does not know."""
        if fault.kind in INSTEAD:
            return INSTEAD[fault.kind]
        if fault.kind == "status":
            return f"{fault.status} 4.0.0 As you wish" if fault.status < 500 else f"{fault.status} 5.0.0 No"
        if fault.kind != "refuse":
            answer = self.keep(envelope)
        if fault.kind == "duplicate":
            self.keep(envelope)
        if fault.kind in {"refuse", "truncate"}:
            assert server.transport  # noqa: S101 (there is a client)
            server.transport.close()
            return MISSING
        return answer

    def keep(self, envelope: Envelope) -> str:
        """Write it down."""
        content = envelope.original_content or b""
        try:
            entry = self.inbox.add_mail(content, envelope.mail_from or "", envelope.rcpt_tos)
        except OSError as error:
            return f"451 4.3.0 Not kept, try again later ({error.strerror})"
        return f"250 2.0.0 OK queued as {entry.id}"


class Authenticator:
    """Anyone may log in, unless SMTP_USER is set: then only that user, with SMTP_PASSWORD."""

    def __init__(self, user: str, password: str) -> None:
        self.user, self.password = user, password

    def __call__(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        """Compare the name and password that were shown."""
        shown = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
        return AuthResult(success=not self.user or shown == (self.user, self.password), handled=False)


def protocol(inbox: Inbox, user: str, password: str, faults: Faults, **options: Any) -> SMTP:
    """A protocol for one connection; `options` go to aiosmtpd, such as a TLS context."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    return SMTP(
        Handler(inbox, faults),
        hostname="inbox.localhost",
        ident="HEIDI inbox",
        data_size_limit=MAX_MAIL,
        enable_SMTPUTF8=True,
        auth_require_tls=False,
        authenticator=Authenticator(user, password),
        **options,
    )
