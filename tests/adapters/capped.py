"""A mail server that takes only so many mails in one session, as many real ones do."""

import asyncio
import email
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import MISSING, SMTP, Envelope

from tests.adapters.running import ThirdParties, free_ports
from tooling.stack.environment import entered

How = Literal["421", "closed", "silent"]


class Capped:
    """What aiosmtpd calls; `sessions` has the ids of the mails that each took.

    A session takes `most`, those after the first one `after`, and bears so many `strangers`; `how` it ends
    then.
    """

    def __init__(self, most: int, how: How, after: int | None, strangers: int) -> None:
        self.most, self.how, self.after, self.strangers = (
            most,
            how,
            most if after is None else after,
            strangers,
        )
        self.sessions: list[list[str]] = []

    @property
    def taken(self) -> list[str]:
        """The ids of all mails, as often as each was taken."""
        return [each for session in self.sessions for each in session]

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self,
        _server: SMTP,
        session: Any,
        _envelope: Envelope,
        name: str,
        answers: list[str],
    ) -> list[str]:
        session.host_name, session.ids, session.strangers = name, list[str](), 0
        session.most = self.after if self.sessions else self.most
        self.sessions.append(session.ids)
        return answers

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Any, envelope: Envelope, sender: str, _options: list[str]
    ) -> Any:
        if len(session.ids) < session.most and session.strangers < self.strangers:
            envelope.mail_from = sender
            return "250 2.1.0 OK"
        if self.how == "silent":
            await asyncio.Event().wait()
        if self.how == "421":
            await server.push("421 4.7.0 Too many mails in this session")
        assert server.transport
        server.transport.close()
        return MISSING

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: SMTP, session: Any, envelope: Envelope, recipient: str, _options: list[str]
    ) -> str:
        if recipient.startswith("reject-"):
            session.strangers += 1
            return "550 5.1.1 The mailbox does not exist"
        envelope.rcpt_tos.append(recipient)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        session.ids.append(email.message_from_bytes(envelope.original_content or b"")["message-id"])
        return "250 2.0.0 OK"


@contextmanager
def capped(
    thirdparty: ThirdParties, most: int, how: How = "421", *, after: int | None = None, strangers: int = 10
) -> Iterator[Capped]:
    """The mail server is such a one."""
    handler, [port] = Capped(most, how, after, strangers), free_ports(1)
    running = Controller(handler, hostname="127.0.0.1", port=port)
    running.start()
    try:
        with entered({**thirdparty.environment(), "SMTP_PORT": str(port)}):
            yield handler
    finally:
        running.stop()
