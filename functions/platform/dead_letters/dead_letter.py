"""An event that could not be delivered, and where it goes when it is sent again."""

import base64
import re
from binascii import Error as NotBase64
from datetime import datetime
from typing import NamedTuple, Self
from urllib.parse import unquote
from uuid import UUID

from shared.errors import Conflict
from shared.kit.http import Request
from shared.kit.settings import settings
from shared.schema import Schema
from shared.tenancy.tenants import PLATFORM

MAX_BYTES = 1024 * 1024
MAX_ANSWER = 1000
FUNCTION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
FAILURE = ("knativeerrordest", "knativeerrorcode", "knativeerrordata")
RETOLD = 140  # what the internal gateway adds to a 4xx, which Knative's dispatcher would take for success


class AlreadyDelivered(Conflict):
    message = "This event has been delivered by now."


class DeadLetterOut(Schema):
    """One dead letter, without what the event says."""

    id: UUID
    tenant_id: UUID
    event_id: str
    source: str
    type: str
    function: str
    status: int | None
    answer: str
    died_at: datetime
    delivered_at: datetime | None


class Replay(Schema):
    """How it went: whether the function has handled the event now, and else what it answered."""

    delivered: bool
    status: int | None
    answer: str


class DeadLetter(NamedTuple):
    """What the broker says of an event it has given up; what is missing stays empty, so that nothing is lost."""

    attributes: dict[str, str]
    data: str

    @classmethod
    def of(cls, request: Request) -> Self:
        """From the request that the dead-letter sink gets: a CloudEvent in binary mode, and why it failed."""
        names = [name[8:].lower() for name in request.environ if name.startswith("HTTP_CE_")]
        attributes = {name: unquote(request.header(f"ce-{name}")).replace("\0", "")[:2000] for name in names}
        return cls(attributes, request.body(MAX_BYTES).decode(errors="replace").replace("\0", ""))

    @property
    def tenant(self) -> UUID:
        """Whose it is; the platform's, where the event does not say."""
        try:
            return UUID(self.attributes.get("tenantid", ""))
        except ValueError:
            return PLATFORM.id

    @property
    def function(self) -> str:
        """Which function failed: `…/events/send-email`, `…/function/send-email` or
        `http://send-email.heidi-prod.svc…`.
        """
        host, _, path = self.attributes.get("knativeerrordest", "").partition("//")[2].partition("/")
        name = path.rstrip("/").rpartition("/")[2] or host.partition(".")[0]
        return name if FUNCTION.fullmatch(name) else ""

    @property
    def status(self) -> int | None:
        """What it answered with; None where it did not answer."""
        text = self.attributes.get("knativeerrorcode", "")
        code = int(text) if text.isascii() and text.isdigit() and len(text) == 3 else None
        return code - RETOLD if code and code >= 400 + RETOLD else code

    @property
    def answer(self) -> str:
        """The beginning of its answer, which the sink brings in base64."""
        text = self.attributes.get("knativeerrordata", "")
        try:
            return base64.b64decode(text, validate=True).decode()[:MAX_ANSWER]
        except (NotBase64, ValueError):
            return text[:MAX_ANSWER]


def address(function: str) -> str:
    """Where an event is sent again: to the function that failed, or to all by the broker where nobody knows
    which.
    """
    return f"{settings().events_address}/{function}" if function else settings().broker_url
