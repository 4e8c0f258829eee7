"""Hostile input, for every function: a 4xx with a code, never a 500 (nor a 2xx for nonsense)."""

import json
from typing import Any

import pytest

from shared.kit.record import PLACEHOLDER, Record
from tests.support import City
from tooling.registry import records

HTTP = [record for record in records().values() if record.kind == "http"]
WRITES = [record for record in HTTP if record.method != "GET"]
names: dict[str, Any] = {"ids": lambda value: value.name if isinstance(value, Record) else None}

BODIES = {
    "not JSON": b"{",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "invalid UTF-8": b'{"title":"\xff\xfe"}',
    "a NUL byte": b'{"title":"a\x00b"}',
    "an escaped NUL": b'{"title":"a\\u0000b"}',
    "deep": b'{"a":' * 300 + b"1" + b"}" * 300,
    "2 MB": b'{"title":"' + b"x" * 2_000_000 + b'"}',
    "unknown fields": b'{"tenantId":"x","status":"published","role":"super_admin"}',
    "wrong types": json.dumps(
        {k: {"x": []} for k in ("title", "email", "password", "url", "question", "platform", "name")}
    ).encode(),
    "a huge number": b'{"title":1e999999}',
    "a lone surrogate": b'{"title":"\\ud800"}',
}
QUERIES = [
    "limit=100000",
    "limit=-1",
    "limit=x",
    "limit=%00",
    "cursor=%27%3B--",
    "cursor=" + "9" * 99,
    "unknown=1",
    "limit=1&limit=2",
    "%ff=%fe",
    "&".join(f"a{n}=1" for n in range(500)),
    "q=%00",
    "lat=nan&lon=inf",
    "radius=1e9",
]
SEGMENTS = [
    "not-a-uuid",
    "..%2f..%2fetc",
    "' OR 1=1 --",
    "x" * 5000,
    "a\x00b",
    "\u202e",
    "00000000-0000-0000-0000-00000000000g",
]
HOSTILE = "Robert'); DROP TABLE listings;-- <script>alert(1)</script> {{7*7}} %s \u202e\ud7ff"


def path_of(record: Record, segment: str = "00000000-0000-4000-8000-000000000000") -> str:
    return PLACEHOLDER.sub(lambda _: segment, record.path).encode().decode("latin-1")


@pytest.mark.parametrize("record", WRITES, **names)
def test_a_body_that_makes_no_sense_is_refused_with_a_code(record: Record, city: City) -> None:
    for kind, body in BODIES.items():
        got = city.call(record.name, "super_admin", path=path_of(record), body=body)
        assert got.status < 500, (kind, got.body)
        if record.method in ("POST", "PUT", "PATCH") and got.status >= 300:
            assert got.code.isupper(), kind


@pytest.mark.parametrize("record", HTTP, **names)
def test_a_query_that_makes_no_sense_is_refused_with_a_code(record: Record, city: City) -> None:
    for query in QUERIES:
        got = city.call(record.name, "super_admin", path=path_of(record), query=query)
        assert 400 <= got.status < 500, (query, got.status)


@pytest.mark.parametrize("record", [r for r in HTTP if "{" in r.path], **names)
def test_an_address_that_makes_no_sense_is_refused_with_a_code(record: Record, city: City) -> None:
    for segment in SEGMENTS:
        got = city.call(
            record.name,
            "super_admin",
            path=path_of(record, segment.replace("/", "")),
            body={} if record.method != "GET" else None,
        )
        assert 400 <= got.status < 500, (segment, got.status, got.body)


def test_the_body_limit_says_the_limit(city: City) -> None:
    got = city.call("create-listing", "editor", body=BODIES["2 MB"])
    assert (got.status, got.code) == (413, "PAYLOAD_TOO_LARGE")
    assert got.body["error"]["details"]["limit"] == 1024 * 1024


def test_sql_and_html_in_every_text_field_come_back_as_text(city: City) -> None:
    from tests.core.factories import make_category

    body = {
        "title": HOSTILE,
        "summary": HOSTILE,
        "description": HOSTILE,
        "tags": [HOSTILE[:40]],
        "categoryId": str(make_category(city)),
        "address": {"street": HOSTILE, "city": HOSTILE},
        "contact": {"name": HOSTILE},
    }
    made = city.call("create-listing", "editor", body=body)
    assert made.status == 201, made.body
    assert made.body["title"] == HOSTILE
    assert "<script" not in made.body["description"]
