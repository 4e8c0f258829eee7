"""The public addresses over HTTP, as citizens' apps call them."""

import json
import socket
from typing import Any
from uuid import uuid4

import pytest

from shared.kit.settings import settings
from tests.gateway.support import Running, chunked
from tests.support import City
from tooling.registry import records


def category(city: City) -> str:
    answer = city.call("create-category", "city_admin", body={"names": {"de": "Museen"}, "slug": "museen"})
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


def test_a_listing_is_created_and_read_at_its_public_address(gateway: Running, city: City) -> None:
    body = json.dumps(
        {"categoryId": category(city), "title": "Kurpfälzisches Museum", "publish": True}
    ).encode()
    headers = {"Authorization": f"Bearer {city.token('city_admin')}", "Content-Type": "application/json"}
    made = gateway.post("/api/listings", content=chunked(body), headers=headers)
    assert made.request.headers["transfer-encoding"] == "chunked"
    assert made.status_code == 201, made.text
    read = gateway.get(f"/api/listings/{made.json()['id']}", headers={"X-Tenant-ID": city.tenant.slug})
    assert read.json()["title"] == "Kurpfälzisches Museum"


def test_the_host_name_says_which_city_is_meant(gateway: Running, city: City) -> None:
    answer = gateway.get("/api/listings", headers={"Host": f"{city.tenant.slug}.localhost:8080"})
    assert answer.status_code == 200
    assert answer.json()["items"] == []


def test_head_has_the_headers_and_no_body(gateway: Running, city: City) -> None:
    answer = gateway.head("/api/listings", headers={"X-Tenant-ID": city.tenant.slug})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (
        200,
        b"",
        "application/json",
    )


def test_errors_of_the_gateway_have_the_same_body_as_those_of_functions(gateway: Running) -> None:
    missing = gateway.get("/api/nowhere", headers={"X-Correlation-Id": "my-own-7", "Accept-Language": "en"})
    assert missing.status_code == 404
    error = missing.json()["error"]
    assert error | {"timestamp": ""} == {
        "code": "NO_SUCH_ROUTE",
        "message": "There is nothing at this address.",
        "details": {},
        "timestamp": "",
        "correlationId": "my-own-7",
        "path": "/api/nowhere",
    }
    wrong = gateway.put("/api/listings")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert wrong.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


def test_every_call_has_an_id_that_the_caller_may_choose(gateway: Running, city: City) -> None:
    headers = {"X-Tenant-ID": city.tenant.slug}
    assert (
        gateway.get("/api/listings", headers=headers | {"X-Call-Id": "mine-1"}).headers["x-call-id"]
        == "mine-1"
    )
    made = {
        gateway.get("/api/listings", headers=headers | {"X-Call-Id": forged}).headers["x-call-id"]
        for forged in ("", "a b", "x" * 999)
    }
    assert len(made) == 3
    assert not made & {"", "a b"}


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:3000", "https://heidelberg.localhost", "http://127.0.0.1:5173", "http://[::1]:80"],
)
def test_pages_of_this_machine_may_call(gateway: Running, city: City, origin: str) -> None:
    asked = gateway.options(
        "/api/listings", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
    )
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == origin
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, POST"
    assert "X-Tenant-ID" in asked.headers["access-control-allow-headers"]
    answer = gateway.get("/api/listings", headers={"Origin": origin, "X-Tenant-ID": city.tenant.slug})
    assert answer.headers["access-control-allow-origin"] == origin
    assert "Origin" in answer.headers["vary"].split(", ")


@pytest.mark.parametrize(
    "origin", ["http://localhost.evil.example", "http://evil.example", "null", "http://localhost:3000.evil"]
)
def test_other_pages_may_not(gateway: Running, city: City, origin: str) -> None:
    asked = gateway.options(
        "/api/listings", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
    )
    answer = gateway.get("/api/listings", headers={"Origin": origin, "X-Tenant-ID": city.tenant.slug})
    assert not {"access-control-allow-origin", "access-control-allow-methods"} & {
        *asked.headers,
        *answer.headers,
    }


def test_no_page_at_all_may_read_what_the_administrator_sees(gateway: Running) -> None:
    answer = gateway.system("GET", "functions", headers={"Origin": "http://localhost:3000"})
    assert "access-control-allow-origin" not in answer.headers


def raw(gateway: Running, request: bytes) -> str:
    """The first line of the answer to bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=120) as connection:
        connection.sendall(request)
        return connection.recv(4096).decode("latin-1").partition("\r\n")[0]


@pytest.mark.parametrize(
    "line",
    [
        b"GET /api/listings/%FF HTTP/1.1\r\nHost: localhost\r\n",
        b"GET /%C3%28 HTTP/1.1\r\nHost: localhost\r\n",
        b"GET /function/%00 HTTP/1.1\r\nHost: localhost\r\n",
        b"GET /api/listings HTTP/1.1\r\nHost: localhost\r\nX-Tenant-ID: \xff\xfe\r\n",
        b"GET /api/listings?a=%FF HTTP/1.1\r\nHost: \xff\r\n",
        b"GET /api/listings HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\r\n",
        b"POST /system/functions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n",
        b"GET /api/listings HTTP/1.1\r\nHost: localhost\r\nX-Correlation-Id: \xff\r\nTraceparent: \xff\r\n",
    ],
)
def test_malformed_bytes_are_the_senders_fault(gateway: Running, line: bytes) -> None:
    assert raw(gateway, line + b"Connection: close\r\n\r\n").split(" ")[1][0] == "4"


def test_the_documentation_shows_every_public_address(gateway: Running) -> None:
    document: dict[str, Any] = gateway.get("/api/openapi.json").json()
    shown = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert shown == {
        record.name for record in records().values() if record.kind == "http" and not record.access.internal
    }


def test_what_functions_ask_each_other_is_answered_to_the_platform_alone(
    gateway: Running, city: City
) -> None:
    question = f"/api/users/{uuid4()}/terms/accepted?tenant={city.id}"
    broker = settings().broker_token.get_secret_value()
    assert gateway.get(question, headers={"Authorization": f"Bearer {broker}"}).text == "0"
    for token in (f"Bearer {city.token('super_admin')}", "Bearer guess", ""):
        assert gateway.get(question, headers={"Authorization": token} if token else {}).status_code == 401


@pytest.mark.parametrize(
    "path", ["/", "/api/docs", "/api/docs/", "/api/core/docs", "/api/auth/docs/", "/api/users/docs"]
)
def test_the_pages_need_nothing_from_other_hosts(gateway: Running, path: str) -> None:
    page = gateway.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert '<html lang="en">' in page.text
    assert not {"https://", "//cdn"} & set(page.text.split('"'))
    assert "{{" not in page.text
    assert gateway.get("/links/style.css").status_code == 200


def test_a_service_that_is_not_there_has_no_page(gateway: Running) -> None:
    assert gateway.get("/api/nowhere/docs").status_code == 404


def test_probes_and_scrapes_are_answered(gateway: Running) -> None:
    assert {
        gateway.get(path).status_code for path in ("/healthz", "/health/live", "/_/health", "/health/ready")
    } == {200}
    gateway.get("/function/list-listings/healthz")
    assert "heidi_http_requests_total" in gateway.get("/metrics").text
