"""Taking the log away: whole, in order, whatever its size, without holding anything while the reader is slow."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from functions.audit.entries import export_formats
from shared.db.pg import pool
from shared.errors import Unavailable
from shared.kit.http import Request
from tests.audit.log import approved, database, entries, record, said
from tests.support import City, function

NOW = datetime.now(UTC)


def export(
    city: City, since: datetime = NOW - timedelta(days=7), until: datetime | None = None, form: str = "json"
):
    query = {"from": since.isoformat(), "format": form} | ({"to": until.isoformat()} if until else {})
    return city.call("export-audit", "city_admin", query=urlencode(query))


def sent(city: City, form: str) -> Iterator[bytes]:
    """The parts of an export as they are sent."""
    query = urlencode({"from": (NOW - timedelta(days=7)).isoformat(), "format": form})
    answer = function("export-audit")(
        Request(
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/api/audit/export",
                "QUERY_STRING": query,
                "CONTENT_LENGTH": "0",
                "HTTP_AUTHORIZATION": f"Bearer {city.token('city_admin')}",
                "wsgi.input": io.BytesIO(),
            }
        )
    )
    assert not isinstance(answer.body, bytes), answer.body
    return iter(answer.body)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_formats, "ROWS", 3)


@pytest.mark.parametrize("many", [0, 2, 3, 7])
@pytest.mark.usefixtures("small_batches")
def test_an_export_holds_every_entry_of_its_period_once_oldest_first(city: City, many: int) -> None:
    for _ in range(many):
        record(city, approved(), at=NOW - timedelta(hours=1))
    record(city, approved(), at=NOW - timedelta(days=9))
    as_json, as_csv = export(city), export(city, form="csv")
    assert (as_json.status, as_csv.status) == (200, 200)
    assert as_json.body["count"] == many
    assert [entry["sequence"] for entry in as_json.body["entries"]] == list(range(1, many + 1))
    *rows, end = csv.DictReader(io.StringIO(as_csv.raw.decode(), newline=""))
    assert (end["sequence"], end["at"]) == ("end", str(many))
    for row, entry in zip(rows, as_json.body["entries"], strict=True):
        entry.pop("tenantId")
        assert {
            name: json.loads(value) if name == "data" else value for name, value in row.items() if value
        } == entry | {"sequence": str(entry["sequence"])}


def test_the_end_of_the_period_does_not_belong_to_it(city: City) -> None:
    record(city, approved(), at=NOW - timedelta(days=1))
    assert export(city, until=NOW - timedelta(days=1)).body["count"] == 0
    assert export(city, until=NOW - timedelta(days=1, microseconds=-1)).body["count"] == 1


@pytest.mark.parametrize("days", [367, 0, -1])
def test_a_period_of_more_than_a_year_or_less_than_nothing_is_refused(city: City, days: int) -> None:
    refused = export(city, NOW - timedelta(days=days), NOW)
    assert (refused.status, refused.code) == (422, "PERIOD_TOO_LONG")


def test_a_spreadsheet_computes_nothing_of_it(city: City) -> None:
    for text in ("=1+1", "+1", "-1", "@x", 'a"b,c\n=2'):
        record(city, said(city, approved(), id=f"{text}{uuid4()}".replace("\n", ";")))
    *rows, _ = csv.DictReader(io.StringIO(export(city, form="csv").raw.decode(), newline=""))
    assert [row["eventId"][:2] for row in rows] == ["'=", "'+", "'-", "'@", 'a"']


def test_its_name_says_city_and_period(city: City) -> None:
    answer = export(city, datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), "csv")
    assert (
        answer.headers["Content-Disposition"]
        == f'attachment; filename="audit-{city.tenant.slug}-20251201-20260101.csv"'
    )


@pytest.mark.usefixtures("small_batches")
def test_a_reader_who_takes_their_time_holds_no_connection_and_gets_everything(city: City) -> None:
    for _ in range(7):
        record(city, approved())
    free = pool(database()).shares.free
    parts = sent(city, "json")
    got = [next(parts), next(parts)]
    assert pool(database()).shares.free == free
    record(city, approved(), at=NOW - timedelta(hours=20))  # behind what is already read
    assert json.loads(b"".join([*got, *parts]))["count"] == 7


@pytest.mark.usefixtures("small_batches")
def test_an_export_that_breaks_off_shows_that_its_end_is_missing(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(city, *(approved() for _ in range(7)))
    whole = export_formats.batch

    def breaks_off(*args: Any) -> Any:
        rows = whole(*args)
        if rows[0][2] > 3:
            raise Unavailable(dependency="postgres")
        return rows

    monkeypatch.setattr(export_formats, "batch", breaks_off)
    for form, end in (("json", b'"count"'), ("csv", b"end,")):
        parts = sent(city, form)
        got = b"".join(next(parts) for _ in range(2))
        with pytest.raises(Unavailable):
            next(parts)
        assert got.count(b"listing.approved") == 3
        assert end not in got


def test_when_the_database_is_away_from_the_start_the_answer_says_so(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> Any:
        raise Unavailable(dependency="postgres")

    monkeypatch.setattr(export_formats, "batch", away)
    assert export(city).status == 503


def test_reading_the_log_is_for_those_who_run_the_city(city: City) -> None:
    record(city, approved())
    for name, query in (
        ("list-audit-entries", ""),
        ("export-audit", "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"),
        ("verify-audit-chain", ""),
    ):
        assert city.call(name, "editor", query=query).code == "FORBIDDEN"
    assert len(entries(city)) == 1
