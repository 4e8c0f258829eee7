"""The public paths from end to end: TLS, a real Caddy, and real functions behind it, on each of the three
platforms.
"""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.auth.pages.pages import MAILED
from shared.kit.http import Response
from shared.runtime.server import Server
from tests.auth.people import PASSWORD, join
from tests.city.factories import registered
from tests.core.factories import make_category, make_published
from tests.deploy.caddy import DOMAIN, EDGE, NAMESPACE, Cluster, Edge, adapted, local_gateway
from tests.factory.test_web_build import prepare, trigger
from tests.gateway.support import Listener, chunked, eventually
from tests.programs import program
from tests.support import City, deliver
from tooling.stack.ports import free_port

PLATFORMS = ("knative", "openfaas", "local")
DOCUMENTATION = {
    "/api/docs": "get-api-docs",
    "/api/users/docs": "get-service-api-docs",
    "/api/openapi.json": "get-openapi",
    "/api/users/openapi.json": "get-service-openapi",
    "/api/asyncapi.json": "get-asyncapi",
}
FUNCTIONS = (
    "find-tenant",
    "login",
    "list-listings",
    "get-listing",
    "create-listing",
    "resolve-city",
    "track-events",
    "get-mailed-page",
    "stream-build",
    *DOCUMENTATION.values(),
)
FREE = 60  # anonymous calls of one address in one city and minute
JSON = {"Content-Type": "application/json"}


@contextmanager
def functions(platform: str, home: Path) -> Iterator[int]:
    """What the edge has behind it: Knative's ingress with a process for each function, or the local gateway
    with all.
    """
    if platform == "knative":
        with Cluster.started(home, *FUNCTIONS, RATE_LIMIT_IP=str(FREE)) as cluster:
            yield cluster.ingress
    else:
        with local_gateway(home / "gateway", RATE_LIMIT_IP=str(FREE)) as port:
            yield port


@pytest.fixture(scope="module", params=PLATFORMS)
def edge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    home = tmp_path_factory.mktemp(request.param)
    with functions(request.param, home) as port, Edge.started(home / "edge", request.param, port) as started:
        yield started


@pytest.fixture
def town(city: City) -> Iterator[City]:
    """A city that every process finds."""
    with registered(city) as made:
        yield made


def bearer(town: City, role: str = "city_admin") -> dict[str, str]:
    return {"Authorization": f"Bearer {town.token(role)}"}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("certificates", ["as-named", "on-demand"])
@pytest.mark.parametrize("tls", ["internal", "admin@heidi.example"])
def test_caddy_accepts_it_for_every_platform_and_every_way_to_a_certificate(
    platform: str, certificates: str, tls: str
) -> None:
    said = adapted(EDGE, HEIDI_PLATFORM=platform, HEIDI_CERTIFICATES=certificates, HEIDI_TLS=tls)
    assert "Valid configuration" in said


def test_somebody_logs_in_and_creates_what_everybody_reads(edge: Edge, town: City) -> None:
    person = join(town, "city_admin")
    entered = edge.call(
        "POST", "/api/auth/login", town.tenant.slug, json={"email": person.email, "password": PASSWORD}
    )
    assert entered.status_code == 200, entered.text
    token = {"Authorization": f"Bearer {entered.json()['accessToken']}"}
    body = {"title": "Kurpfälzisches Museum", "categoryId": str(make_category(town)), "publish": True}
    made = edge.call("POST", "/api/listings", town.tenant.slug, json=body, headers=token)
    assert made.status_code == 201, made.text
    listed = edge.call("GET", "/api/listings?limit=5", town.tenant.slug, http2=True)
    assert (listed.http_version, listed.json()["items"][0]["id"]) == ("HTTP/2", made.json()["id"])
    read = edge.call("GET", f"/api/listings/{made.json()['id']}", town.tenant.slug)
    assert read.json()["title"] == "Kurpfälzisches Museum"


def test_the_host_name_says_which_city_is_meant_and_nothing_else_does(
    edge: Edge, town: City, other_city: City
) -> None:
    make_published(town)
    mine = edge.call("GET", "/api/listings", town.tenant.slug)
    assert len(mine.json()["items"]) == 1
    other = f"{other_city.tenant.slug}.{DOMAIN}"
    for forged in (
        "X-Forwarded-Host",
        "x-forwarded-host",
        "X_Forwarded_Host",
        "X-Forwarded_Host",
        "Forwarded",
    ):
        seen = edge.call("GET", "/api/listings", town.tenant.slug, headers={forged: other})
        assert seen.json()["items"] == mine.json()["items"], forged
    nowhere = edge.call("GET", "/api/listings", headers={"X-Forwarded-Host": f"{town.tenant.slug}.{DOMAIN}"})
    assert nowhere.json()["error"]["code"] == "TENANT_REQUIRED"
    assert edge.call("GET", f"/api/cities/resolve?host={town.tenant.slug}.{DOMAIN}").json()["id"] == str(
        town.id
    )


def test_whoever_claims_to_be_many_is_still_one_caller(edge: Edge, town: City) -> None:
    claims = (
        "X-Real-IP",
        "X-Forwarded-For",
        "X_Real_IP",
        "X-Real_IP",
        "X_Forwarded_For",
        "Forwarded",
        "CF-Connecting-IP",
    )
    calls = 2 * (FREE + 1)  # a minute may end while they are made
    said = {
        edge.call(
            "GET",
            "/api/listings",
            town.tenant.slug,
            headers={
                claims[n % len(claims)]: f"198.51.100.{n}",
                "Connection": "close, X-Real-IP, X-Forwarded-For",
            },
        ).status_code
        for n in range(calls)
    }
    assert said == {200, 429}


def test_events_pass_as_they_happen(edge: Edge, town: City) -> None:
    prepare(town)
    build = trigger(town).body["buildId"]
    name = f"{town.tenant.slug}.{DOMAIN}"
    with (
        httpx.Client(verify=edge.trust, timeout=20) as client,  # a stream takes longer: nobody may gather it
        client.stream(
            "GET",
            f"https://127.0.0.1:{edge.port}/api/builds/{build}/stream",
            headers={"Host": name} | bearer(town),
            extensions={"sni_hostname": name},
        ) as answer,
    ):
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("id:")) == "id: 1"
        for said in town.events("build.queued"):
            deliver("generate-workspace", said)
        assert [next(line for line in lines if line.startswith("id:")) for _ in range(2)] == [
            "id: 2",
            "id: 3",
        ]


def test_head_is_answered_like_get_without_a_body(edge: Edge, town: City) -> None:
    answer = edge.call("HEAD", "/api/listings", town.tenant.slug)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("path", "size"), [("/api/analytics/events", 200 * 1024), ("/api/listings", 1200 * 1024)]
)
def test_what_is_longer_than_its_function_takes_is_refused(
    edge: Edge, town: City, path: str, size: int, *, announced: bool
) -> None:
    body: Any = bytes(size) if announced else chunked(bytes(size))
    refused = edge.call("POST", path, town.tenant.slug, content=body, headers=JSON | bearer(town))
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_a_long_upload_is_refused_before_any_of_it_is_sent(edge: Edge) -> None:
    with (
        socket.create_connection(("127.0.0.1", edge.port), 60) as plain,
        edge.trust.wrap_socket(plain, server_hostname=DOMAIN) as caller,
    ):
        caller.sendall(
            f"POST /api/chatbot/documents HTTP/1.1\r\nHost: {DOMAIN}\r\nContent-Length: {60 << 20}\r\n\r\n".encode()
        )
        assert caller.recv(12) == b"HTTP/1.1 413"


HALF = f"POST /api/auth/login HTTP/1.1\r\nHost: {DOMAIN}\r\nContent-Length: 500\r\n\r\n{{".encode()


def test_bodies_that_do_not_come_take_no_place_from_those_who_call(edge: Edge, town: City) -> None:
    with ExitStack() as opened:
        for _ in range(100):
            plain = opened.enter_context(socket.create_connection(("127.0.0.1", edge.port), 60))
            opened.enter_context(edge.trust.wrap_socket(plain, server_hostname=DOMAIN)).sendall(HALF)
        assert edge.call("GET", "/api/listings", town.tenant.slug).status_code == 200
        assert edge.call("POST", "/api/auth/login", town.tenant.slug, json={}).status_code == 422


@pytest.mark.parametrize("size", [1_060_000, 1_100_000, 5_000_000])
def test_whoever_streams_too_much_reads_why_every_time(edge: Edge, town: City, size: int) -> None:
    answers = [
        edge.call(
            "POST",
            "/api/listings",
            town.tenant.slug,
            content=chunked(bytes(size)),
            headers=JSON | bearer(town),
        )
        for _ in range(20)
    ]
    assert {answer.status_code for answer in answers} == {413}


def test_only_tls_of_today_is_spoken_unless_an_operator_says_otherwise(edge: Edge, tmp_path: Path) -> None:
    old = ssl.create_default_context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", edge.port), 60) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain, server_hostname=DOMAIN)
    with (
        Edge.started(tmp_path, "local", free_port(), HEIDI_TLS_FROM="tls1.2") as open_to_old_phones,
        socket.create_connection(("127.0.0.1", open_to_old_phones.port), 60) as plain,
        old.wrap_socket(plain, server_hostname=DOMAIN) as caller,
    ):
        assert caller.version() == "TLSv1.2"


def test_pages_of_our_own_may_call_and_others_may_not(edge: Edge, town: City) -> None:
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    for origin, allowed in (
        (f"https://app.{DOMAIN}", True),
        (f"https://app.{DOMAIN}.evil.example", False),
        ("http://localhost:3000", False),
    ):
        preflight = edge.call(
            "OPTIONS", "/api/listings/7", town.tenant.slug, headers=asked | {"Origin": origin}
        )
        answer = edge.call("GET", "/api/listings", town.tenant.slug, headers={"Origin": origin})
        wrong = edge.call("GET", "/api/nothing", town.tenant.slug, headers={"Origin": origin})
        for each in (preflight, answer, wrong):
            assert each.headers.get_list("access-control-allow-origin") == ([origin] if allowed else []), (
                origin,
                each,
            )
            assert ("Origin" in each.headers.get("vary", "")) or not allowed
        assert (preflight.status_code, answer.status_code, wrong.status_code) == (204, 200, 404)
        assert ("GET" in preflight.headers.get("access-control-allow-methods", "")) is allowed


def test_every_answer_tells_browsers_to_be_careful_and_nobody_what_we_run(edge: Edge, town: City) -> None:
    for path in ("/api/listings", "/api/nothing", "/links/invitation"):
        headers = edge.call("GET", path, town.tenant.slug).headers
        assert headers["strict-transport-security"].startswith("max-age=")
        assert headers["x-content-type-options"] == "nosniff"
        assert not {"server", "via", "x-powered-by"} & set(headers), path
    assert (
        "default-src 'none'"
        in edge.call("GET", "/api/listings", town.tenant.slug).headers["content-security-policy"]
    )


def test_what_is_long_is_sent_short_unless_a_secret_may_be_in_it(edge: Edge) -> None:
    packed = edge.call("GET", "/api/openapi.json", headers={"Accept-Encoding": "zstd"})
    assert (packed.status_code, packed.headers.get("content-encoding")) == (200, "zstd")
    plain = edge.call("GET", f"/links/{MAILED[0]}", headers={"Accept-Encoding": "zstd"})
    assert (plain.status_code, plain.headers.get("content-encoding")) == (200, None)
    assert len(plain.content) > 512


@pytest.mark.parametrize("page", MAILED)
def test_the_pages_that_mails_lead_to_are_there(edge: Edge, page: str) -> None:
    found = edge.call("GET", f"/links/{page}")
    assert (found.status_code, found.headers["content-type"].partition(";")[0]) == (200, "text/html")
    assert "connect-src 'self'" in found.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/health/live",
        "/healthz",
        "/_/health",
        "/function/login",
        "/async-function/login",
        "/system/functions",
        "/events/send-email",
        "/ticks/sweep-outbox",
        "/api/internal/city/tenant?name=heidelberg",
        "/api/listings/../../metrics",
        "/api/listings/%2e%2e/%2e%2e/metrics",
        "/config/",
        "/api/docs/viewer.js",
        "/links/../home.html",
        "/api/listings/7%3Fx/approve",
    ],
)
def test_there_is_no_way_in_but_the_public_addresses(edge: Edge, path: str) -> None:
    for method in ("GET", "POST"):
        answer = edge.call(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NO_SUCH_ROUTE"), (
            method,
            answer.text,
        )


@pytest.mark.parametrize("path", DOCUMENTATION)
def test_the_addresses_and_events_are_described_and_whoever_has_the_description_need_not_load_it_again(
    edge: Edge, path: str
) -> None:
    first = edge.call("GET", path, headers={"Accept-Encoding": "gzip"})
    assert (first.status_code, first.headers["content-encoding"], first.headers["cache-control"]) == (
        200,
        "gzip",
        "public, max-age=300",
    )
    again = edge.call(
        "GET", path, headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert [
        policy.count("script-src 'sha256-") for policy in first.headers.get_list("content-security-policy")
    ] == [path.count("docs")]


def test_prometheus_is_answered_on_a_port_of_its_own_with_nothing_but_numbers(edge: Edge, town: City) -> None:
    edge.call("GET", "/api/listings", town.tenant.slug)
    shown = httpx.get(f"http://127.0.0.1:{edge.metrics}/metrics").text
    assert "caddy_http_requests_total" in shown
    assert town.tenant.slug not in shown
    assert httpx.get(f"http://127.0.0.1:{edge.metrics}/config/").status_code == 404


def test_a_name_gets_a_certificate_only_when_it_is_a_citys(edge: Edge, town: City) -> None:
    asked = {
        name: httpx.get(f"http://127.0.0.1:{edge.ask}/", params={"domain": name}).status_code
        for name in (
            f"{town.tenant.slug}.{DOMAIN}",
            f"nobody.{DOMAIN}",
            town.tenant.slug,
            f"{town.tenant.slug}.{DOMAIN}.evil.example",
            f"a&b={town.tenant.slug}.{DOMAIN}",
            str(town.id),
            "",
        )
    }
    assert list(asked.values()) == [200, 404, 404, 404, 404, 404, 404], asked


def test_a_certificate_is_made_when_a_city_is_called_for_the_first_time(tmp_path: Path, town: City) -> None:
    with (
        local_gateway(tmp_path / "gateway") as port,
        Edge.started(
            tmp_path / "edge", "local", port, HEIDI_SITES="https://", HEIDI_CERTIFICATES="on-demand"
        ) as edge,
    ):
        assert edge.call("GET", "/api/listings", town.tenant.slug).status_code == 200
        with pytest.raises(httpx.ConnectError, match="(?i)ssl|tls|alert"):
            edge.call("GET", "/api/listings", "nobody")


def test_a_certificate_of_ones_own_is_shown(tmp_path: Path) -> None:
    openssl = program("openssl")
    certificate, key = tmp_path / "own.crt", tmp_path / "own.key"
    subprocess.run(
        [
            openssl,
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=own",
            "-addext",
            f"subjectAltName=DNS:{DOMAIN},DNS:*.{DOMAIN}",
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    with Edge.started(
        tmp_path / "edge", "local", free_port(), trusted=certificate, HEIDI_TLS=f"{certificate} {key}"
    ) as edge:
        assert edge.call("GET", "/nowhere", "weinheim").status_code == 404


def test_http_is_sent_to_https(tmp_path: Path) -> None:
    plain = free_port()
    with Edge.started(tmp_path, "local", free_port(), HTTP_PORT=str(plain)) as edge:
        sent = httpx.get(f"http://127.0.0.1:{plain}/api/listings", headers={"Host": f"weinheim.{DOMAIN}"})
        assert (sent.status_code, sent.headers["location"].startswith(f"https://weinheim.{DOMAIN}")) == (
            308,
            True,
        )
        lost = edge.call("GET", "/api/listings", "weinheim", headers={"Origin": f"https://app.{DOMAIN}"})
        assert (lost.status_code, lost.json()["error"]["code"]) == (502, "UNAVAILABLE")
        assert lost.headers["access-control-allow-origin"] == f"https://app.{DOMAIN}"


def test_a_server_that_is_being_replaced_is_waited_for(tmp_path: Path) -> None:
    upstream = free_port()
    with Edge.started(tmp_path / "edge", "local", upstream) as edge, ThreadPoolExecutor() as pool:
        asked = pool.submit(edge.call, "POST", "/api/auth/login", json={})
        eventually(lambda: asked.done() or under_way(edge))
        successor = Server(lambda _: Response(204), "127.0.0.1", upstream, 1)
        successor.start()
        assert asked.result().status_code == 204
        assert successor.stop()


def under_way(edge: Edge) -> bool:
    """Whether the edge has a call besides this question."""
    lines = httpx.get(f"http://127.0.0.1:{edge.metrics}/metrics").text.splitlines()
    return (
        sum(
            int(line.rpartition(" ")[2])
            for line in lines
            if line.startswith("caddy_http_requests_in_flight{")
        )
        > 1
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_reaches_a_function_is_what_the_edge_says_and_what_the_caller_may_say(
    platform: str, tmp_path: Path
) -> None:
    allowed = {
        "authorization": "Bearer t",
        "x-tenant-id": "weinheim",
        "traceparent": "00-1-2-01",
        "idempotency-key": "k{env.HOME}",
    }
    forged = {
        "X-Real-IP": "198.51.100.7",
        "X-Forwarded-For": "198.51.100.7",
        "X-Forwarded-Proto": "http",
        "X-Heidi-Tick": "x",
        "X_Tenant_ID": "heidelberg",
        "X-Forwarded-Prefix": "/x",
        "Forwarded": "for=198.51.100.7",
        "Connection": "close, X-Real-IP, X-Forwarded-Host, X-Secret",
        "X-Secret": "1",
        "Keep-Alive": "1",
        "Proxy-Authorization": "x",
    }
    with (
        Listener.open() as listener,
        Edge.started(tmp_path, platform, int(listener.url.rsplit(":")[-1].strip("/"))) as edge,
    ):
        assert (
            edge.call("POST", "/api/listings", "weinheim", json={}, headers=allowed | forged).status_code
            == 200
        )
    [(heard, _)] = listener.heard
    assert {name: heard[name] for name in allowed} == allowed
    assert (heard["x-real-ip"], heard["x-forwarded-for"], heard["x-forwarded-proto"]) == (
        "127.0.0.1",
        "127.0.0.1",
        "https",
    )
    assert heard["x-forwarded-host"] == f"weinheim.{DOMAIN}"
    assert (
        not {
            "x_tenant_id",
            "x-forwarded-prefix",
            "forwarded",
            "x-heidi-tick",
            "x-secret",
            "keep-alive",
            "proxy-authorization",
        }
        & heard.keys()
    )
    assert heard["host"] == (
        f"create-listing.{NAMESPACE}.svc.cluster.local" if platform == "knative" else f"weinheim.{DOMAIN}"
    )
