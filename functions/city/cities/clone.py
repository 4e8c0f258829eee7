"""What a new city takes over from another, and what is its own from the start."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import AfterValidator

from functions.city.cities.city import CityIn, Contact, FirstAdmin, Location, Population, free, named
from functions.city.cities.queries import SOURCE
from shared.context import Context
from shared.errors import NotFound
from shared.schema import Line, Schema, Slug, WebAddress


class CloneIn(Schema):
    """The new city's own: its name, its people, where it lies and how it is reached."""

    slug: Annotated[Slug, AfterValidator(free)]
    name: Line
    population: Population | None = None
    location: Location | None = None
    contact: Contact | None = None
    website: WebAddress | None = None
    admin: FirstAdmin

    def city_with(self, facts: dict[str, Any]) -> CityIn:
        """The whole new city."""
        return CityIn.model_validate(self.model_dump(by_alias=True) | facts)


def read_source(ctx: Context, name: str) -> tuple[UUID, dict[str, Any]]:
    """A city's id, and what of it others may have; NotFound where there is none, or none any more."""
    found = ctx.sql.one(SOURCE, **named(name))
    if found is None:
        raise NotFound("City", name)
    return found[0], orjson.loads(found[1])
