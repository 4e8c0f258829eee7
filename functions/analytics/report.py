"""A report: how often something happened, per day, week or month."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from functions.analytics.event import Name
from shared.errors import Invalid
from shared.field_errors import wrong
from shared.kit.ids import CANONICAL
from shared.schema import Schema

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
LONGEST = 366
COLUMNS = ("firstDay", "lastDay", "count", "visitorDays")


def written_out(day: Any) -> Any:
    """The day, unless it is a number: pydantic would count it from 1970."""
    if not (isinstance(day, str) and DATE.fullmatch(day)):
        raise wrong("NOT_A_DATE")
    return day


Day = Annotated[date, BeforeValidator(written_out)]
First = Annotated[Day, Field(description="the first day, in the city's time zone")]
Last = Annotated[Day, Field(description="the last day; a report covers 366 days at most")]
By = Literal["day", "week", "month"]
Format = Literal["json", "csv"]
Subject = Annotated[
    str,
    Field(
        pattern=rf"^(|(listing|category):{CANONICAL}|screen:[a-z0-9-]{{1,63}})$",
        description=(
            "only this listing, category or screen: `listing:` and its id, or `screen:` and its name; left out, everything"
        ),
    ),
]


class PeriodOut(Schema):
    """A day, a week from Monday, or a month, cut off where the report begins and ends.

    `visitorDays` adds up each day's visitors: somebody who comes on two days is two visitor days.
    """

    first_day: date
    last_day: date
    count: int
    visitor_days: int


class ReportOut(Schema):
    """The whole series; a period in which nothing happened says 0."""

    metric: Name
    subject: str
    by: By
    series: list[PeriodOut]


class ReportTooLong(Invalid):
    message = "A report covers 366 days at most, and its last day is not before its first."
