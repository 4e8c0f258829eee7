"""A city as clients write and read it, and what can be wrong with it."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from functions.city.cities.features import Features
from functions.city.cities.holidays import HolidayGroups, OwnHoliday, OwnHolidays
from functions.city.usage.quotas import PLANS, STANDARD, Plan, Quotas
from shared.errors import Conflict
from shared.field_errors import wrong
from shared.kit.contrast import check_contrast
from shared.kit.ids import is_id
from shared.kit.languages import DEFAULT
from shared.schema import Colour, Email, LanguageTag, Line, NotNull, Schema, Slug, WebAddress, line
from shared.tenancy.holidays import FederalState, HolidayGroup

RESERVED = frozenset(
    {
        "platform",
        "resolve",
        "www",
        "api",
        "app",
        "apps",
        "admin",
        "cms",
        "auth",
        "login",
        "mail",
        "smtp",
        "static",
        "cdn",
        "assets",
        "docs",
        "status",
        "health",
        "metrics",
        "function",
        "system",
        "heidi",
        "localhost",
    }
)


class CityExists(Conflict):
    message = "There is already a city named '{slug}'."


def free(slug: str) -> str:
    """A slug that can be a host name of its own and cannot be taken for an id; refused otherwise."""
    if slug in RESERVED or is_id(slug):
        raise wrong("RESERVED")
    return slug


def once(tags: list[str]) -> list[str]:
    """Each language once, in the order given."""
    return list(dict.fromkeys(tags))


def zone(name: str) -> str:
    """A time zone that the tz database knows; others are refused."""
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError):
        raise wrong("UNKNOWN_TIME_ZONE") from None


def named(name: str) -> dict[str, str | None]:
    """The parameters of a query for a city by its slug or its id."""
    name = name.lower()
    return {"slug": name, "id": name if is_id(name) else None}


def any_named(name: str) -> dict[str, str | None]:
    """The parameters of a query for a city by its slug, its id, or a host name of its own."""
    return named(name) | {"host": name.lower()}


TenantName = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z.-]{1,253}$", description="slug, id, or a host name of the city's own")
]
CityName = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,63}$", description="slug or id")]
Languages = Annotated[
    list[LanguageTag], AfterValidator(once), Field(min_length=1, max_length=30, description="its own first")
]
TimeZone = Annotated[str, line(60, 1), AfterValidator(zone)]
Status = Literal["preparing", "active", "inactive"]  # preparing: without an imprint only its staff can use it
Population = Annotated[int, Field(ge=0, le=100_000_000)]


class Location(Schema):
    """A position, WGS 84 degrees."""

    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class Theme(Schema):
    """The city's colours, `#rrggbb`."""

    primary: Colour = "#00508c"
    secondary: Colour = "#ffb400"
    background: Colour = "#ffffff"
    text: Colour = "#1a1a1a"

    def check(self) -> None:
        """ContrastTooLow for colours that cannot be read."""
        check_contrast(primary=self.primary, background=self.background, text=self.text)


class Contact(Schema):
    """Where the administration is reached."""

    name: Line | None = None
    street: Line | None = None
    postcode: Annotated[str, line(12)] | None = None
    city: Line | None = None
    phone: Annotated[str, line(50)] | None = None
    email: Email | None = None


class FirstAdmin(Schema):
    """Who is invited to run the new city."""

    email: Email
    name: Annotated[str, line(200)] = ""


class CityIn(Schema):
    """A new city. The slug is the first part of its host name and stays."""

    slug: Annotated[Slug, AfterValidator(free)]
    name: Line
    state: Annotated[str, line(100)] = ""
    federal_state: FederalState | None = Field(default=None, description="ISO 3166-2; decides its holidays")
    holiday_groups: HolidayGroups = Field(default_factory=list)
    own_holidays: OwnHolidays = Field(default_factory=list)
    population: Population | None = None
    location: Location | None = None
    time_zone: TimeZone = "Europe/Berlin"
    languages: Languages = Field(default_factory=lambda: [DEFAULT])
    features: Features = Field(default_factory=list)
    theme: Theme = Theme()
    contact: Contact | None = None
    website: WebAddress | None = None
    second_factor: bool = Field(default=False, alias="requireSecondFactor", description="of its admins")
    plan: Plan | None = None
    quotas: Quotas | None = None
    admin: FirstAdmin

    @model_validator(mode="after")
    def one_measure(self) -> Self:
        """Refuse a plan together with quotas."""
        if self.plan and self.quotas:
            raise wrong("EITHER_OR", one="plan", other="quotas")
        return self

    @property
    def limits(self) -> dict[str, int]:
        """What the city may use, as the directory keeps it."""
        return (self.quotas or PLANS[self.plan or STANDARD]).limits


class CityChanges(Schema):
    """What of a city changes; what is left out stays, null removes."""

    name: NotNull[Line] = None
    state: NotNull[Annotated[str, line(100)]] = None
    federal_state: FederalState | None = None
    holiday_groups: NotNull[HolidayGroups] = None
    own_holidays: NotNull[OwnHolidays] = None
    population: Population | None = None
    location: Location | None = None
    time_zone: NotNull[TimeZone] = None
    languages: NotNull[Languages] = None
    features: NotNull[Features] = None
    theme: NotNull[Theme] = None
    contact: Contact | None = None
    website: WebAddress | None = None
    second_factor: NotNull[bool] = Field(
        default=None, alias="requireSecondFactor", description="of its admins"
    )


class CityOut(Schema):
    """A city as everyone sees it."""

    id: UUID
    slug: str
    name: str
    state: str
    federal_state: FederalState | None
    holiday_groups: list[HolidayGroup]
    own_holidays: list[OwnHoliday]
    population: int | None
    location: Location | None
    time_zone: str
    languages: list[str]
    features: list[str]
    theme: Theme
    contact: Contact | None
    website: str | None
    header_url: str | None
    logo_url: str | None
    active: bool
    status: Status
    version: int
    created_at: datetime
    updated_at: datetime


class CityNearby(CityOut):
    """A city in a list; `distance` in metres is there when a place was given."""

    distance: int | None = None
