"""The descriptions of addresses and events: whole and by service, for those who have them and those who
don't, and their page.
"""

import base64
import gzip
import hashlib
import json
import re
from typing import Any

import pytest

from shared.kit.http import Request
from shared.kit.record import Record
from tests.support import function
from tooling.generate import asyncapi, openapi
from tooling.generate.common import by_service, public
from tooling.registry import ROOT, records

FUNCTIONS = {
    "/api/openapi.json": "get-openapi",
    "/api/core/openapi.json": "get-service-openapi",
    "/api/asyncapi.json": "get-asyncapi",
    "/api/docs": "get-api-docs",
    "/api/core/docs": "get-service-api-docs",
}
SERVICES = list(by_service(public(records().values())))


def read(path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers."""
    name = FUNCTIONS[re.sub(r"/api/\w+/", "/api/core/", path)]
    said = {f"HTTP_{key.upper()}": value for key, value in headers.items()}
    answer = function(name)(Request({"REQUEST_METHOD": "GET", "PATH_INFO": path} | said))
    assert isinstance(answer.body, bytes)
    return answer.status, answer.body, answer.headers


def described(path: str) -> Any:
    return json.loads(read(path)[1])


def test_the_descriptions_are_those_that_are_generated() -> None:
    assert described("/api/openapi.json") == json.loads(openapi.render(records()))
    assert described("/api/asyncapi.json") == json.loads(asyncapi.render(records()))


@pytest.mark.parametrize("path", FUNCTIONS)
def test_it_comes_compressed_to_whoever_can_read_that_and_not_at_all_to_whoever_has_it(path: str) -> None:
    _, plain, headers = read(path)
    assert "Content-Encoding" not in headers
    status, body, packed = read(path, accept_encoding="br;q=1, gzip;q=0.8")
    assert (status, gzip.decompress(body), packed["Content-Encoding"]) == (200, plain, "gzip")
    assert packed["ETag"] != headers["ETag"]
    assert packed["Cache-Control"] == "public, max-age=300"
    assert packed["Vary"] == "Accept-Encoding, Origin"
    for known in (packed["ETag"], f'"x", W/{packed["ETag"]}', "*"):
        assert read(path, accept_encoding="gzip", if_none_match=known)[:2] == (304, b"")
    assert read(path, if_none_match=packed["ETag"])[0] == 200


@pytest.mark.parametrize(
    ("said", "coding"),
    [
        ("gzip", "gzip"),
        ("*", "gzip"),
        ("GZIP;q=0.001", "gzip"),
        ("gzip;q=0", None),
        ("br", None),
        ("*, gzip; q=0.0", None),
        ("", None),
    ],
)
def test_gzip_is_for_those_who_accept_it(said: str, coding: str | None) -> None:
    assert read("/api/openapi.json", accept_encoding=said)[2].get("Content-Encoding") == coding


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_described_with_what_it_needs_and_nothing_else(service: str) -> None:
    own = described(f"/api/{service}/openapi.json")
    shown = {operation["operationId"] for path in own["paths"].values() for operation in path.values()}
    assert shown == {record.name for record in by_service(public(records().values()))[service]}
    assert [tag["name"] for tag in own["tags"]] == [service]
    used = set(re.findall(r'"#/components/([^"]+)"', json.dumps(own)))
    there = {f"{kind}/{name}" for kind, named in own["components"].items() for name in named}
    assert there - used == {"securitySchemes/bearer"}
    assert used <= there


def test_what_only_the_platform_calls_is_not_shown() -> None:
    private = [record for record in records().values() if record.kind == "http" and record.access.internal]
    assert private
    for path in ("/api/openapi.json", *(f"/api/{service}/openapi.json" for service in SERVICES)):
        text = read(path)[1].decode()
        assert not [
            record.name for record in private if record.public_path in text or f'"{record.name}"' in text
        ]


def test_there_is_none_of_a_service_that_is_not_there() -> None:
    for name in ("get-service-openapi", "get-service-api-docs"):
        assert records()[name].among == tuple(SERVICES)
    assert read("/api/nowhere/docs")[0] == read("/api/nowhere/openapi.json")[0] == 404


@pytest.mark.parametrize("path", ["/api/docs", "/api/core/docs"])
def test_a_page_runs_its_own_script_only_and_leads_to_all_services(path: str) -> None:
    _, body, headers = read(path)
    for kind in ("script", "style"):
        [text] = re.findall(f"<{kind}>(.*?)</{kind}>", body.decode(), re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in headers["Content-Security-Policy"]
    assert re.findall(r'href="(/api/(?:\w+/)?docs)"', body.decode()) == [
        "/api/docs",
        *(f"/api/{service}/docs" for service in SERVICES),
    ]
    assert f'data-description="{path.removesuffix("docs")}openapi.json"' in body.decode()


@pytest.mark.parametrize("name", FUNCTIONS.values())
def test_reading_it_uses_up_nobodys_calls(name: str) -> None:
    record: Record = records()[name]
    assert record.picture
    assert record.tenantless
    assert record.access.public


def test_what_is_served_lies_in_the_image() -> None:
    listed = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    for name in ("openapi.json", "asyncapi.json"):
        assert f"!docs/reference/{name}" in listed
        assert (ROOT / "deploy" / "Dockerfile").read_text().count(f"docs/reference/{name}") == 2
