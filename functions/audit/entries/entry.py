"""An entry of the log as it is read, and the ways to ask for entries."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from shared.errors import Invalid
from shared.kit.paging import decode, refuse
from shared.schema import Moment, Page, Schema

Sequence = Annotated[int, Field(ge=1, lt=2**63, description="an entry's number in its city's log")]
Action = Annotated[str, Field(pattern=r"^[a-z0-9._-]{1,100}$", description="for example `listing.approved`")]
ResourceType = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,100}$", description="for example `listing`")]
Since = Annotated[Moment, Field(description="what happened at this time or later")]
Until = Annotated[Moment, Field(description="what happened before this time")]


class EntryOut(Schema):
    """One event: who did what to what, and when. `data` holds its ids, flags and fixed words, never personal
    data.

    `impersonatorId` is who acted in the actor's name. Entries `record.insert`, `record.update`,
    `record.delete` come from the tables themselves: `data.fields` are the fields that changed, `before` and
    `after` the values of those that are no person's: ids, flags and numbers, and a city's settings and what
    it publishes as a whole, numbers with a fraction as text. `hash` is the SHA-256 of the hash before it (32
    zero bytes for the first entry) followed by this entry without `hash` as JSON: keys sorted by length, then
    by bytes, `, ` and `: ` between them, UTF-8.
    """

    tenant_id: UUID
    sequence: Sequence
    at: datetime
    recorded_at: datetime
    actor_id: UUID | None = None
    impersonator_id: UUID | None = None
    action: str
    resource_type: str
    resource_id: UUID | None = None
    correlation_id: str | None = None
    source: str
    event_id: str
    data: dict[str, Any]
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    hash: str


class EntityOut(Schema):
    """What the log knows of one thing at a time.

    `state` holds the last value of every field that the thing's table has told, empty once it is deleted;
    `withheld` names the fields that changed and whose values are a person's or somebody's words, which the
    log does not keep. `facts` is what events said of it, the newest last: what was true then.
    """

    type: str
    id: UUID
    at: datetime
    last_action: str
    state: dict[str, Any]
    facts: dict[str, Any]
    withheld: list[str]
    entries: Page[EntryOut]


class PeriodTooLong(Invalid):
    message = "An export covers a year at most, and its end is after its beginning."


def after(cursor: str | None) -> dict[str, Any]:
    """Where a page goes on: the time and number of the last entry before it; CursorInvalid when it was not
    made by us.
    """
    if cursor is None:
        return {}
    time, last = decode(cursor)
    if last.int >= 2**63:
        refuse()
    return {"time": time, "last": last.int}
