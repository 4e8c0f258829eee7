"""What the city service says: about tenants."""

from typing import Any, ClassVar
from uuid import UUID

from events.base import Event


class CityOnboarded(Event):
    """There is a new tenant; every service prepares its part of it."""

    topic: ClassVar[str] = "city.onboarded"
    city_id: UUID
    slug: str
    name: str
    languages: list[str]
    features: list[str]
    admin_email: str
    admin_name: str = ""
    primary_color: str = "#00508c"
    secondary_color: str = "#ffb400"
    # the city whose categories, tiles, templates and features this one begins with
    cloned_from_id: UUID | None = None


class CityUpdated(Event):
    """A tenant's name, languages or features have changed."""

    topic: ClassVar[str] = "city.updated"
    city_id: UUID
    slug: str
    name: str
    languages: list[str]
    features: list[str]


class CityOpened(Event):
    """A tenant has published its imprint: from now on it is listed, and not only its staff can use it."""

    topic: ClassVar[str] = "city.opened"
    city_id: UUID
    slug: str


class CityActivated(Event):
    """A tenant is switched on again."""

    topic: ClassVar[str] = "city.activated"
    city_id: UUID
    slug: str


class CityDeactivated(Event):
    """A tenant is switched off; its people and apps are refused, its data stays."""

    topic: ClassVar[str] = "city.deactivated"
    city_id: UUID
    slug: str


class BoundarySet(Event):
    """Where a city ends, as a GeoJSON geometry (RFC 7946) in WGS 84; null for nowhere in particular."""

    topic: ClassVar[str] = "city.boundary_set"
    city_id: UUID
    geometry: dict[str, Any] | None
