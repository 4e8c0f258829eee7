"""A city's holidays as its staff say them."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer

from shared.field_errors import wrong
from shared.schema import Schema, line
from shared.tenancy.holidays import HolidayGroup

MOST = 50


class OwnHoliday(Schema):
    """A day on which this city rests, and no state's law says so; each year is a day of its own."""

    date: Annotated[date, PlainSerializer(str, return_type=str)]
    name: Annotated[str, line(100, 1)]


def once_a_day(days: list[OwnHoliday]) -> list[OwnHoliday]:
    """In order; refused where a day is named twice."""
    if len({day.date for day in days}) < len(days):
        raise wrong("TWICE")
    return sorted(days, key=lambda day: day.date)


def once(groups: list[HolidayGroup]) -> list[HolidayGroup]:
    """Each once, in order."""
    return sorted(set(groups))


HolidayGroups = Annotated[
    list[HolidayGroup],
    AfterValidator(once),
    Field(
        max_length=2,
        description="`catholic`: the municipality keeps the days that BY, SN and TH leave to it; `augsburg`: in DE-BY only",
    ),
]
OwnHolidays = Annotated[
    list[OwnHoliday], AfterValidator(once_a_day), Field(max_length=MOST, description="days of the city's own")
]
