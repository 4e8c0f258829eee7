"""Keyset paging: a cursor holds the time and the id of the last row, so that a page costs the same at any
depth.

Clients treat it as opaque. Postgres builds it where it builds the page: microseconds since 1970, a dot, the
id.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from shared.errors import BadRequest
from shared.kit.ids import CANONICAL

FORM = re.compile(rf"(\d{{1,17}})\.({CANONICAL})")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Limit = Annotated[int, Field(ge=1, le=100, description="rows per page, 1 to 100")]
Cursor = Annotated[str, Field(max_length=100, description="`nextCursor` of the page before")]


def named_ids(said: object) -> object:
    """Ids as they stand in an address: one parameter with commas, or one for each."""
    parts = said if isinstance(said, list) else [said]
    return [word for part in parts for word in (part.split(",") if isinstance(part, str) else [part])]


Ids = Annotated[
    list[UUID],
    BeforeValidator(named_ids),
    Field(min_length=1, max_length=100, description="these alone, in one call: ids with commas between them"),
]


class CursorInvalid(BadRequest):
    message = "This cursor is not one of ours, or belongs to another list."


def encode(time: datetime, last: UUID) -> str:
    """The cursor for the rows after this one."""
    return f"{(time - EPOCH) // timedelta(microseconds=1)}.{last}"


def decode(cursor: str) -> tuple[datetime, UUID]:
    """The time and id in a cursor; CursorInvalid when it was not made by us."""
    found = FORM.fullmatch(cursor)
    try:
        return (EPOCH + timedelta(microseconds=int(found[1])), UUID(found[2])) if found else refuse()
    except OverflowError:
        return refuse()


def refuse() -> tuple[datetime, UUID]:
    """Say that a cursor is none."""
    raise CursorInvalid
