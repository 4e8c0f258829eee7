"""Public holidays where a city lies, for opening hours, collection days and whatever else rests on them.

PyPI `holidays`, which follows the laws of the sixteen states, with what it cannot know: in Bavaria, Saxony and
Thuringia some days depend on the municipality (`catholic`: Mariä Himmelfahrt, Fronleichnam), Augsburg has a day
of its own (`augsburg`), and a city may name days itself. 24 and 31 December are ordinary, whatever offices do.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from shared.tenancy.tenants import Tenant

FederalState = Literal[
    "DE-BB",
    "DE-BE",
    "DE-BW",
    "DE-BY",
    "DE-HB",
    "DE-HE",
    "DE-HH",
    "DE-MV",
    "DE-NI",
    "DE-NW",
    "DE-RP",
    "DE-SH",
    "DE-SL",
    "DE-SN",
    "DE-ST",
    "DE-TH",
]  # ISO 3166-2
HolidayGroup = Literal["catholic", "augsburg"]
SPOKEN: Final = {
    "de": "de",
    "en": "en_US",
    "uk": "uk",
}  # by the package; in others a day is called as it is here


def holidays_in(tenant: Tenant, year: int, language: str = "de") -> Mapping[date, str]:
    """A city's holidays of one year with their names, by day; those of all Germany where its state is not known.

    German names, or the reader's where the package has them; the city's own as it has written them.
    """
    own = {day: name for day, name in tenant.own_holidays.items() if day.year == year}
    whole = by_law(tenant.federal_state, frozenset(tenant.holiday_groups), year, SPOKEN.get(language, "de"))
    return MappingProxyType(dict(sorted((dict(whole) | own).items())))


def is_holiday(tenant: Tenant, day: date) -> bool:
    """Whether it is one, in that city."""
    return day in holidays_in(tenant, day.year)


@lru_cache(512)
def by_law(state: str | None, groups: frozenset[str], year: int, language: str) -> Mapping[date, str]:
    """What the law of a state says; the package is loaded by whoever asks first, which takes a while."""
    from holidays import country_holidays

    area = state.removeprefix("DE-") if state else None
    if area == "BY" and "augsburg" in groups:
        area = "Augsburg"
    categories = ("public", "catholic") if "catholic" in groups and area else ("public",)
    found = country_holidays("DE", area, years=year, language=language, categories=categories)
    return MappingProxyType({day: name for day, name in found.items() if day.year == year})
