"""How all services together hand out what they hold about a person or of a city, and how they erase it."""

from typing import ClassVar
from uuid import UUID

from events.base import Event


class ExportRequested(Event):
    """Somebody wants everything that is held about a person, or of the whole city where `userId` is null.

    Every service that holds data answers with `export.part`.
    """

    topic: ClassVar[str] = "export.requested"
    export_id: UUID
    user_id: UUID | None = None


class ExportPart(Event):
    """One service has put its part into the city's bucket, under this key; `rows` is how much it is."""

    topic: ClassVar[str] = "export.part"
    export_id: UUID
    service: str
    key: str
    rows: int
    user_id: UUID | None = None


class UserDeleted(Event):
    """A person's time is up: every service erases what it holds about them, or what tells who it was."""

    topic: ClassVar[str] = "user.deleted"
    user_id: UUID


class UserErased(Event):
    """One service holds nothing about this person any more."""

    topic: ClassVar[str] = "user.erased"
    user_id: UUID
    service: str


class CityDeleted(Event):
    """A city is gone: every service deletes its part of it."""

    topic: ClassVar[str] = "city.deleted"
    city_id: UUID
    slug: str


class CityErased(Event):
    """One service holds nothing of this city any more."""

    topic: ClassVar[str] = "city.erased"
    city_id: UUID
    service: str
