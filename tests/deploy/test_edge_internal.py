"""The internal gateway of a cluster: a real Caddy, with real functions behind it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.city.factories import onboard, resolved
from tests.deploy.caddy import INTERNAL, NAMESPACE, TOKEN, Cluster, adapted, caddy
from tests.gateway.support import Listener, chunked
from tests.support import City, Said
from tooling.stack.ports import free_port

FUNCTIONS = ("find-tenant", "create-default-categories", "prepare-audit-partitions", "list-listings")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster.started(tmp_path_factory.mktemp("cluster"), *FUNCTIONS) as started:
        yield started


@pytest.fixture
def onboarded(city: City) -> Said:
    """What was said about a city that really is in the registry."""
    answer = onboard(city)
    assert answer.status == 201, answer.body
    return City(resolved(answer.body["id"])).events("city.onboarded")[0]


def said(event: Said) -> dict[str, str]:
    """An event's headers, as a dispatcher sends them: without a token."""
    headers = event.envelope.headers()
    assert "authorization" not in headers
    return headers


@pytest.mark.parametrize("platform", ["knative", "openfaas"])
def test_caddy_accepts_it_for_both_platforms(platform: str) -> None:
    assert "Valid configuration" in adapted(INTERNAL, HEIDI_PLATFORM=platform, BROKER_TOKEN=TOKEN)


def test_the_token_is_in_no_configuration_that_caddy_could_show() -> None:
    assert TOKEN not in adapted(INTERNAL, BROKER_TOKEN=TOKEN)
    assert "{env.BROKER_TOKEN}" in INTERNAL.read_text()


def test_an_event_without_a_token_is_handled_through_the_gateway_and_refused_by_the_function(
    cluster: Cluster, onboarded: Said
) -> None:
    function = f"http://127.0.0.1:{cluster.ports['create-default-categories']}/"
    assert httpx.post(function, content=onboarded.text, headers=said(onboarded)).status_code == 401
    gateway = f"http://127.0.0.1:{cluster.events}/events/create-default-categories"
    handled = httpx.post(gateway, content=chunked(onboarded.text.encode()), headers=said(onboarded))
    assert (handled.status_code, handled.content) == (204, b"")
    home = City(resolved(str(onboarded.envelope.tenant_id)))
    assert home.rows(
        "core", "SELECT count(*) > 5 FROM categories WHERE tenant_id = :tenant", tenant=home.id
    ) == [[True]]


def test_a_tick_is_run(cluster: Cluster) -> None:
    # which the function would refuse
    tick = f"http://127.0.0.1:{cluster.events}/ticks/prepare-audit-partitions?until=never"
    assert httpx.post(tick, headers={"ce-time": "2026-02-03T04:05:06Z"}).status_code == 204
    assert httpx.post(f"http://127.0.0.1:{cluster.ports['prepare-audit-partitions']}/").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/events/list-listings"),
        ("POST", "/ticks/list-listings"),
        ("POST", "/events/nobody"),
        ("POST", "/events/find-tenant"),
        ("POST", "/events/prepare-audit-partitions"),
        ("POST", "/ticks/create-default-categories"),
        ("POST", "/"),
        ("GET", "/api/listings"),
        ("GET", "/events/create-default-categories"),
        ("POST", "/events/create-default-categories/metrics"),
        ("POST", "/events/../events/list-listings"),
        ("POST", "/api/internal/city/tenant"),
        ("GET", "/metrics"),
    ],
)
def test_the_brokers_port_knows_event_and_tick_functions_only(
    cluster: Cluster, method: str, path: str
) -> None:
    refused = httpx.request(method, f"http://127.0.0.1:{cluster.events}{path}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "NO_SUCH_ROUTE")


def test_functions_ask_each_other_with_their_own_token(cluster: Cluster, onboarded: Said) -> None:
    question = (
        f"http://127.0.0.1:{cluster.inside}/api/internal/city/tenant?name={onboarded.envelope.tenant_id}"
    )
    assert httpx.get(question).status_code == 401
    answer = httpx.get(question, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.json()["id"] == str(onboarded.envelope.tenant_id)
    assert (
        httpx.post(f"http://127.0.0.1:{cluster.inside}/events/create-default-categories").status_code == 404
    )


def test_both_ports_say_that_they_live_and_neither_shows_the_token(cluster: Cluster) -> None:
    for port in (cluster.inside, cluster.events):
        for path in (
            "/health/live",
            "/config/",
            "/metrics",
            "/events/create-default-categories",
            "/debug/vars",
        ):
            answer = httpx.get(f"http://127.0.0.1:{port}{path}")
            assert answer.status_code == (200 if path == "/health/live" else 404)
            assert TOKEN not in answer.text + str(answer.headers)
    assert TOKEN not in cluster.log.read_text()


@pytest.fixture(params=["knative", "openfaas"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Listener, int]]:
    """The gateway before something that keeps what it hears."""
    port = free_port()
    with (
        Listener.open() as listener,
        caddy(
            INTERNAL,
            tmp_path,
            port,
            HEIDI_PLATFORM=request.param,
            HEIDI_UPSTREAM=listener.url.split("/")[2],
            BROKER_TOKEN=TOKEN,
            HEIDI_NAMESPACE=NAMESPACE,
            EVENTS_PORT=str(port),
            INSIDE_PORT=str(free_port()),
        ),
    ):
        yield request.param, listener, port


def test_what_a_sender_could_smuggle_is_replaced_and_the_event_is_left_alone(
    heard: tuple[str, Listener, int],
) -> None:
    platform, listener, port = heard
    event = {
        "ce-id": "%C3%BC%22{env.BROKER_TOKEN}",
        "ce-subject": "Stra\u00c3\u009fe",
        "ce-time": "2026-02-03T04:05:06.123456789Z",
    }
    smuggled = {
        "Authorization": "Bearer another",
        "X-Heidi-Tick": "1999-01-01T00:00:00Z",
        "X_Heidi_Tick": "1999-01-01T00:00:00Z",
        "Host": "elsewhere.example",
        "X-Real-IP": "198.51.100.7",
        "X-Forwarded-For": "198.51.100.7",
        "X-Heidi-Other": "1",
        "Connection": "close, Authorization, X-Real-IP",
    }
    for path in ("events/send-email", "ticks/sweep-outbox"):
        httpx.post(
            f"http://127.0.0.1:{port}/{path}?to=elsewhere",
            content=b"{}",
            headers=[(name.encode(), value.encode("latin-1")) for name, value in (event | smuggled).items()],
        )
    of_event, of_tick = (headers for headers, _ in listener.heard)
    for headers in (of_event, of_tick):
        assert {name: headers[name] for name in event} == event
        assert (headers["authorization"], headers["x-real-ip"]) == (f"Bearer {TOKEN}", "127.0.0.1")
        assert "198.51.100.7" not in headers["x-forwarded-for"]
        assert headers["x-correlation-id"]
        assert not {"x_heidi_tick", "x-heidi-other"} & headers.keys()
    assert (of_event.get("x-heidi-tick"), of_tick["x-heidi-tick"]) == (None, event["ce-time"])
    if platform == "knative":
        assert (of_event["host"], of_tick["host"]) == tuple(
            f"{n}.{NAMESPACE}.svc.cluster.local" for n in ("send-email", "sweep-outbox")
        )


@pytest.mark.parametrize("announced", [True, False])
def test_an_event_that_is_too_long_is_refused_whether_or_not_it_says_so(
    cluster: Cluster, onboarded: Said, *, announced: bool
) -> None:
    body = bytes(1200 * 1024)
    refused = httpx.post(
        f"http://127.0.0.1:{cluster.events}/events/create-default-categories",
        headers=said(onboarded),
        content=body if announced else chunked(body),
    )
    assert refused.status_code == 553  # a 413 would be a success to the dispatcher
