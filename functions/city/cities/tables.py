"""The city as a row."""

from datetime import datetime
from hashlib import md5
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from functions.city.cities.city import Status
from shared.db.orm import TenantModel, Version
from shared.db.privacy import Impersonal


class City(TenantModel):
    """A tenant; its own row belongs to itself, so that only the city, or the platform acting in it, can
    change it.
    """

    __tablename__ = "cities"
    privacy = Impersonal("facts that a city publishes about itself")
    slug: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]
    federal_state: Mapped[str | None]
    holiday_groups: Mapped[list[str]] = mapped_column(default=list)
    own_holidays: Mapped[list[Any]] = mapped_column(default=list)
    population: Mapped[int | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    time_zone: Mapped[str]
    languages: Mapped[list[str]]
    features: Mapped[list[str]]
    theme: Mapped[dict[str, Any]]
    contact: Mapped[dict[str, Any] | None]
    website: Mapped[str | None]
    header_key: Mapped[str | None]
    header_bytes: Mapped[int] = mapped_column(default=0)
    logo_key: Mapped[str | None]
    logo_bytes: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool]
    preparing: Mapped[bool]
    terms_version: Mapped[int]
    second_factor: Mapped[bool]
    quotas: Mapped[dict[str, Any]]
    hosts: Mapped[list[str]]
    deactivated_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    erased_from: Mapped[list[str]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[Version]

    @property
    def location(self) -> dict[str, float] | None:
        """Latitude and longitude, where they are known."""
        return None if self.lat is None or self.lon is None else {"lat": self.lat, "lon": self.lon}

    @property
    def status(self) -> Status:
        """Whether it is switched on, and whether everyone sees it."""
        return "inactive" if not self.active else "preparing" if self.preparing else "active"

    @property
    def header_url(self) -> str | None:
        """Where its header image is shown."""
        return f"/api/cities/{self.slug}/header" if self.header_key else None

    @property
    def logo_url(self) -> str | None:
        """Where its logo is shown: another address for another picture, so that it can be kept."""
        digest = md5((self.logo_key or "").encode(), usedforsecurity=False).hexdigest()
        return f"/api/cities/{self.slug}/logo?v={digest[:8]}" if self.logo_key else None

    def switch(self, *, on: bool, at: datetime) -> None:
        """Switch it on, or off."""
        self.active, self.updated_at, self.deactivated_at = on, at, None if on else at

    def change(self, changes: dict[str, Any], *, at: datetime) -> None:
        """Take over what is given; colours that are left out stay."""
        if "location" in changes:
            place = changes.pop("location") or {}
            changes |= {"lat": place.get("lat"), "lon": place.get("lon")}
        if "theme" in changes:
            changes["theme"] = self.theme | changes["theme"]
        for field, value in changes.items():
            setattr(self, field, value)
        self.updated_at = at
