"""An export while it is gathered, and what a person may ask for."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.schema import Schema

AGAIN = timedelta(hours=1)
RETRY_SECONDS = 5
Format = Annotated[
    Literal["json", "csv"],
    Field(
        description="`json` holds a file per service, `csv` a table per kind of thing; both are there when it is left out."
    ),
]


class Gathering(Schema):
    """The services that have not answered yet; ask again."""

    status: Literal["gathering"] = "gathering"
    export_id: UUID
    missing: list[str]
