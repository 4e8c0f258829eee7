"""The seed cities: public facts, categories, listings and documents, read from data/ and checked on reading."""

from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from shared.tenancy.holidays import FederalState

DATA = Path(__file__).parent / "data"
CITIES = ("heidelberg", "ladenburg")

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Postcode = Annotated[str, StringConstraints(pattern=r"^\d{5}$")]
Phone = Annotated[str, StringConstraints(pattern=r"^(\+49 [1-9][0-9 -]+|116117)$")]
Url = Annotated[str, StringConstraints(pattern=r"^https://[a-z0-9.-]+\.[a-z]{2,}(/\S*)?$")]
Email = Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]+@[a-z0-9.-]+\.[a-z]{2,}$")]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "holiday"]


class Record(BaseModel):
    """What every record has in common: nothing unknown, nothing changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Name(Record):
    """A text in the two languages that the seed carries."""

    de: Text
    en: Text


class Location(Record):
    """A position, WGS 84 degrees."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class Bounds(Record):
    """The rectangle around a city, WGS 84 degrees."""

    south: float
    west: float
    north: float
    east: float

    def contains(self, at: Location) -> bool:
        """Whether a position lies inside."""
        return self.south <= at.lat <= self.north and self.west <= at.lon <= self.east


class Theme(Record):
    """The city's colours, `#rrggbb`."""

    primary: Colour
    secondary: Colour
    background: Colour
    text: Colour


class Population(Record):
    """Inhabitants, with the day and the source of the count."""

    value: int = Field(gt=0)
    as_of: date
    source: Text


class TownHall(Record):
    """Where the administration is reached."""

    name: Text
    street: Text
    postcode: Postcode
    city: Text
    phone: Phone
    email: Email


class CityFacts(Record):
    """What a tenant is made from."""

    slug: Slug
    name: Text
    state: Text
    federal_state: FederalState
    country: Literal["DE"]
    description: Name
    population: Population
    centre: Location
    bounds: Bounds
    time_zone: Text
    website: Url
    languages: tuple[str, ...] = Field(min_length=1)
    theme: Theme
    contact: TownHall

    @field_validator("time_zone")
    @classmethod
    def known_zone(cls, value: str) -> str:
        """Refuse a time zone that the tz database lacks."""
        try:
            return ZoneInfo(value).key
        except ZoneInfoNotFoundError:
            raise ValueError(f"there is no time zone {value}") from None


class SubCategory(Record):
    """A category of the second level."""

    slug: Slug
    order: int = Field(ge=1)
    icon: Slug
    name: Name


class Category(SubCategory):
    """A category of the first level."""

    children: tuple[SubCategory, ...] = Field(min_length=1)


class Address(Record):
    """A postal address; a place without a house of its own has no street."""

    street: Text | None
    postcode: Postcode
    city: Text


class OpeningHours(Record):
    """The intervals (from, to) of each day in local time; 24:00 is the end of a day.

    A day left out is closed; where no day is given, the hours are not known and the note says where to look.
    """

    days: dict[Day, tuple[tuple[Clock, Clock], ...]]
    note: Text | None

    @model_validator(mode="after")
    def well_formed(self) -> Self:
        """Refuse days without intervals, intervals that overlap or run backwards, and unknown hours without a
        word.
        """
        if not self.days and self.note is None:
            raise ValueError("unknown hours need a note")
        for day, intervals in self.days.items():
            clocks = [clock for interval in intervals for clock in interval]
            if not clocks or any(earlier >= later for earlier, later in pairwise(clocks)):
                raise ValueError(f"the intervals of {day} are empty, overlap or run backwards")
        return self


class Contact(Record):
    """How a place is reached; all of it optional."""

    phone: Phone | None
    email: Email | None
    website: Url | None


class Source(Record):
    """Where the facts come from."""

    name: Text
    year: int = Field(ge=2020, le=2030)


class ListingFacts(Record):
    """One place or service; those without a house (an emergency number) have neither address nor location."""

    slug: Slug
    category: Slug
    title: Text
    summary: Text
    description: Text
    address: Address | None
    location: Location | None
    opening_hours: OpeningHours
    contact: Contact
    tags: tuple[Text, ...]
    source: Source


class DocumentFacts(Record):
    """A document for the chatbot."""

    file: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.md$")]
    title: Text
    topic: Slug
    language: Text

    @property
    def text(self) -> str:
        """The Markdown itself."""
        return (DATA / "documents" / self.file).read_text("utf-8")


class CitySeed(Record):
    """Everything that one seed city consists of."""

    city: CityFacts
    categories: tuple[Category, ...]
    listings: tuple[ListingFacts, ...]
    documents: tuple[DocumentFacts, ...]

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        """Refuse doubled slugs, listings of unknown categories and positions outside the city."""
        leaves = [child.slug for category in self.categories for child in category.children]
        once([*leaves, *(category.slug for category in self.categories)], "category")
        once([listing.slug for listing in self.listings], "listing")
        for listing in self.listings:
            if listing.category not in leaves:
                raise ValueError(f"{listing.slug}: there is no sub-category {listing.category}")
            if listing.location and not self.city.bounds.contains(listing.location):
                raise ValueError(f"{listing.slug} lies outside {self.city.name}")
        return self


def once(slugs: list[str], what: str) -> None:
    """Refuse a slug that occurs twice."""
    doubled = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if doubled:
        raise ValueError(f"{what} slugs occur twice: {', '.join(doubled)}")


@lru_cache
def load_city(slug: str) -> CitySeed:
    """One seed city, checked.

    Raises KeyError for a city that is not in the seed and pydantic.ValidationError for data that contradict
    themselves.
    """
    if slug not in CITIES:
        raise KeyError(slug)
    return CitySeed.model_validate_json((DATA / f"{slug}.json").read_bytes())


def load_cities() -> tuple[CitySeed, ...]:
    """All seed cities, the larger one first."""
    return tuple(load_city(slug) for slug in CITIES)
