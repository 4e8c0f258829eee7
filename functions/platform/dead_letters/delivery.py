"""One attempt to deliver an event, as the broker would make it."""

import logging
from collections.abc import Mapping
from urllib.parse import quote
from uuid import UUID

from functions.platform.dead_letters.dead_letter import FAILURE, MAX_ANSWER, AlreadyDelivered, Replay, address
from functions.platform.dead_letters.queries import OUTCOME, TAKE, WHOSE
from shared.context import Context
from shared.db import relay_role
from shared.errors import NotFound
from shared.kit.cloudevents import KEEP
from shared.peers import service_tokens

SECONDS = 45.0
log = logging.getLogger("heidi.dead_letters")


def send_again(ctx: Context, letter_id: UUID) -> Replay:
    """Deliver a letter, and note how that went."""
    owner = relay_role.ask(ctx.record.database, WHOSE, id=letter_id)
    if not owner:
        raise NotFound("DeadLetter", letter_id)
    ctx.sql.enter(owner[0][0])
    function, attributes, data, delivered = ctx.sql.run(TAKE, id=letter_id)[0]
    if delivered:
        raise AlreadyDelivered
    outcome = deliver(function, attributes, data)
    log.info(
        "a dead letter was sent again",
        extra={"context": {"letter": str(letter_id), "function": function, "delivered": outcome.delivered}},
    )
    ctx.sql.run(
        OUTCOME,
        id=letter_id,
        status=outcome.status,
        answer=outcome.answer,
        now=ctx.now,
        delivered=ctx.now if outcome.delivered else None,
    )
    return outcome


def deliver(function: str, attributes: Mapping[str, str], data: str) -> Replay:
    """How the function answered; its error is the answer, not ours."""
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    asked = Request(address(function), data.encode(), headers(attributes))  # noqa: S310 (our own gateway or broker)
    try:
        with urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310 (our own address, from the settings)
            return Replay(delivered=True, status=answer.status, answer="")
    except HTTPError as error:
        return Replay(
            delivered=False, status=error.code, answer=error.read(MAX_ANSWER).decode(errors="replace")
        )
    except (URLError, OSError) as error:
        return Replay(delivered=False, status=None, answer=f"no answer: {type(error).__name__}")


def headers(attributes: Mapping[str, str]) -> dict[str, str]:
    """The event in binary mode, without what was said of its failure."""
    said = {
        f"ce-{name}": quote(value, safe=KEEP) for name, value in attributes.items() if name not in FAILURE
    }
    return {
        "content-type": "application/json",
        "authorization": f"Bearer {service_tokens.delivering()}",
    } | said
