"""Messages by mail: as text and HTML, in the reader's language; not to guests, who have no address."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from uuid import UUID

from events.notification import NotificationRequested
from functions.notification.deliveries.dispatch import Ends, leaving, write_down
from functions.notification.deliveries.enclosed_files import read_files
from functions.notification.deliveries.intake import (
    Kept,
    Outcome,
    Unwanted,
    message_for,
    reader_of,
    reason_of,
)
from functions.notification.recipients.notice_rules import unwanted
from functions.notification.tables import Delivery
from shared.adapters import mail
from shared.adapters.mail import Mail, MailRejected, MailUnavailable, MailUncertain
from shared.adapters.storage import StorageUnavailable
from shared.function import Context
from shared.kit.enclosures import opened

# what a killed process may send twice, for each conversation of the broker's (broker/dispatcher.py)
TOGETHER = 10


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is ready to leave: `written` when it does, with its files."""

    delivery_id: UUID
    written: Callable[[], Mail]


def mails(kept: Sequence[Kept], end: float | None = None) -> bool:
    """Send them in one conversation, and whether the server was there for all; after one that met none
    nothing is begun.
    """
    begun: dict[UUID, Kept] = {}
    ready = leaving(kept, pack, begun, TOGETHER, end)
    ends: Ends = []
    if first := next(ready, None):
        for letter, outcome in send_together(chain([first], ready)):
            ends.append((begun.pop(letter.delivery_id), outcome))
            if not begun:
                write_down(ends)
                ends = []
    wait = ends[-1][1].wait if ends else 0.0
    write_down(ends + [(each, Outcome("waiting", wait=wait, tried=False)) for each in begun.values()])
    return inspect.getgeneratorstate(ready) == inspect.GEN_CLOSED  # it was asked for all that it has


def pack(ctx: Context, delivery: Delivery, request: NotificationRequested) -> Letter:
    """The mail, with its links in it."""
    reader = reader_of(ctx, request)
    if reason := unwanted(reader.person, request) or ("" if reader.address else "NO_ADDRESS"):
        raise Unwanted(reason)
    message = message_for(ctx, reader, request, **opened(request))
    headers = {"Content-Language": reader.language} | unsubscribing(request)

    def written() -> Mail:
        return mail.compose(
            reader.address,
            message.subject,
            message.text,
            message.html,
            mail.written_by(ctx.tenant.name, ctx.settings.email_from),
            message_id=mail.message_id_for(request.notification_id, reader.address),
            headers=headers,
            files=read_files(ctx.tenant.id, request.files),
        )

    return Letter(delivery.id, written)


def unsubscribing(request: NotificationRequested) -> dict[str, str]:
    """How a mail program ends what this mail is one of (RFC 2369 §3.2); with one click only by https (RFC 8058
    §3.1).
    """
    if not request.unsubscribe_url:
        return {}
    one_click = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return {"List-Unsubscribe": f"<{request.unsubscribe_url}>"} | (
        one_click if request.unsubscribe_url.startswith("https://") else {}
    )


def send_together(letters: Iterable[Letter]) -> Iterable[tuple[Letter, Outcome]]:
    """Send mails in one conversation and say of each what became of it; after one that met no server none is
    begun.
    """
    waiting, in_hand = iter(letters), list[Letter]()
    try:
        with mail.connected() as server:
            for letter in waiting:
                in_hand = [letter]
                try:
                    server.send(letter.written())
                except (MailRejected, MailUnavailable, StorageUnavailable) as problem:
                    if isinstance(problem, MailUnavailable) and problem.ended is None:
                        raise  # the circuit must hear of it
                    yield letter, outcome_of(problem)
                else:
                    yield letter, Outcome("sent")
                in_hand = []
    except MailUnavailable as problem:
        for letter in in_hand or islice(waiting, 1):
            yield letter, outcome_of(problem)


def outcome_of(problem: MailRejected | MailUnavailable | StorageUnavailable) -> Outcome:
    """What a problem means for the mail that had it."""
    if isinstance(problem, MailRejected):
        return Outcome("failed", reason_of(problem))
    if isinstance(problem, MailUncertain):
        return Outcome("uncertain")
    wait = float(problem.details.get("wait", 0))
    return Outcome("waiting", str(problem.details.get("reason", problem.code)), wait, tried=not wait)
