"""Times as clients read them: RFC 3339 in UTC, which ends with `Z`, whoever writes them."""

from datetime import UTC, datetime

IN_SQL = """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def timestamp(moment: datetime, timespec: str = "auto") -> str:
    """A time as text; `timespec` as for `datetime.isoformat`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


def timestamp_sql(expression: str) -> str:
    """The same for a `timestamptz`, where Postgres writes the JSON; null stays null.

    JSON of Postgres' own would say `+00:00`, and in a session of another zone something else.
    """
    return IN_SQL.format(expression)
