"""The same server with all of a service, and with everything: `python -m shared.runtime.server`."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import psutil
import pytest

from events.city import CityOnboarded
from events.notification import NotificationRequested
from shared.errors import Busy
from shared.kit.cloudevents import Envelope
from shared.kit.http import Request, Response
from shared.kit.settings import settings
from shared.runtime.gateway import events, ticks
from shared.runtime.gateway.functions import Functions
from shared.runtime.registry import records_of
from tests.city.factories import registered
from tests.gateway.support import answers, eventually, process
from tests.support import City
from tooling.registry import records
from tooling.stack.ports import free_port

SERVER = "shared.runtime.server"


@contextmanager
def serving(target: str, **environment: str) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """A client of a server that is ready."""
    port = free_port()
    own = {"FUNCTION_TARGET": target, "HOST": "127.0.0.1", "PORT": str(port)} | environment
    with process(SERVER, **own) as started:
        answers(f"http://127.0.0.1:{port}/health/live", started)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client, psutil.Process(started.pid)


@pytest.fixture(scope="module")
def everything() -> Iterator[tuple[httpx.Client, psutil.Process]]:
    with serving("all", WORKERS="2") as made:
        yield made
        children = made[1].children()
        made[1].send_signal(signal.SIGTERM)
        assert made[1].wait(60) == 0
        assert [each for each in children if each.is_running()] == []


@pytest.fixture(scope="module")
def core(everything: tuple[httpx.Client, psutil.Process]) -> Iterator[httpx.Client]:
    """All of core; what it asks others for, the server of everything answers."""
    with serving("core", GATEWAY_URL=str(everything[0].base_url).rstrip("/")) as (client, _):
        yield client


@pytest.fixture
def home(city: City) -> Iterator[City]:
    """A city that other processes find, too."""
    with registered(city) as made:
        yield made


def bring(
    client: httpx.Client, home: City, type_: str, body: bytes, *, name: str = "1", **headers: str
) -> httpx.Response:
    """An event as the internal gateway brings it."""
    made = Envelope(name, "/heidi/city", type_, datetime.now(UTC), home.id, "c-1", "", "")
    token = {"Authorization": f"Bearer {settings().broker_token.get_secret_value()}"}
    return client.post("/events", content=body, headers=made.headers() | token | headers)


def onboarded(home: City) -> bytes:
    said = CityOnboarded(
        city_id=home.id,
        slug=home.tenant.slug,
        name="Weinheim",
        languages=["de"],
        features=[],
        admin_email="a@b.example",
    )
    return said.model_dump_json(by_alias=True).encode()


def test_a_service_answers_at_its_addresses_and_by_name_and_for_nobody_else(
    core: httpx.Client, home: City
) -> None:
    named = {"X-Tenant-ID": home.tenant.slug}
    assert core.get("/api/categories", headers=named).status_code == 200
    assert core.post("/function/list-categories", headers=named).json() == (
        core.get("/api/categories", headers=named).json()
    )
    for stranger in ("/api/users", "/function/whoami"):
        assert core.get(stranger, headers=named).status_code == 404
    ready = core.get("/health/ready")
    # the broker is only missed
    assert (ready.status_code, ready.json()["checks"].keys()) == (200, {"broker"})
    assert (
        'process_resident_memory_bytes{function="core",kind="http",service="core"}'
        in core.get("/metrics").text
    )


def test_an_event_reaches_all_of_a_service_that_hear_it_once(core: httpx.Client, home: City) -> None:
    body, name = onboarded(home), str(uuid4())
    found = []
    for _ in range(2):
        answer = bring(core, home, CityOnboarded.type(), body, name=name)
        assert answer.status_code == 204, answer.text
        found.append([len(home.rows("core", f"SELECT 1 FROM {each}")) for each in ("categories", "tiles")])
    assert found[0] == found[1]
    assert all(found[0])


def test_what_nobody_of_a_service_hears_is_done_at_once(core: httpx.Client, home: City) -> None:
    assert bring(core, home, NotificationRequested.type(), b"{}").status_code == 204


def test_without_the_brokers_token_no_event_is_taken(core: httpx.Client, home: City) -> None:
    answer = bring(core, home, CityOnboarded.type(), onboarded(home), Authorization="Bearer guessed")
    assert answer.status_code == 401


def test_one_that_fails_lets_the_event_come_again_and_hinders_no_other() -> None:
    known = records_of("notification")
    functions, bodies = Functions(known), {"send-email": [503, 204], "send-push": [204, 204]}
    seen: list[tuple[str, bytes]] = []

    def answering(name: str):
        def answer(request: Request) -> Response:
            seen.append((name, request.body(100)))
            return Response(bodies[name].pop(0))

        return answer

    for name in bodies:
        functions.deployed[name].function = answering(name)
    environ = {"REQUEST_METHOD": "POST", "HTTP_CE_TYPE": NotificationRequested.type(), "PATH_INFO": "/events"}

    def again() -> int:
        return events.hear(functions, events.again(Request(environ), b"{}")).status

    assert [again(), again()] == [503, 204]
    assert sorted(seen) == [("send-email", b"{}")] * 2 + [("send-push", b"{}")] * 2


def test_everything_lives_in_one_server_of_several_processes_that_count_together(
    everything: tuple[httpx.Client, psutil.Process], home: City
) -> None:
    client, parent = everything
    eventually(lambda: len(parent.children()) == 2)
    for _ in range(6):
        answer = httpx.get(
            client.base_url.join("/api/categories"), headers={"X-Tenant-ID": home.tenant.slug}, timeout=60
        )
        assert answer.status_code == 200
    counted = [
        float(line.rpartition(" ")[2])
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("heidi_http_requests_total{") and "list-categories" in line
    ]
    assert sum(counted) >= 6
    for absent in ("/system/functions", "/async-function/list-categories", "/"):
        assert client.get(absent).status_code == 404


def test_a_folder_of_a_service_is_a_grain_too_and_grains_leave_out_nothing() -> None:
    listings = records_of("core.listings")
    assert "approve-listing" in listings
    assert listings.keys() < records_of("core").keys()
    services = {record.service for record in records().values()}
    assert {name for service in services for name in records_of(service)} == records().keys()


@pytest.mark.parametrize("target", ["nothing", "core.nothing", "core.listings.nothing", "core.locales"])
def test_what_names_nothing_is_refused_with_a_sentence(target: str) -> None:
    with process(SERVER, FUNCTION_TARGET=target, PORT=str(free_port())) as started:
        _, said = started.communicate(timeout=60)
    assert started.returncode == 1
    assert "there is no function" in said
    assert "Traceback" not in said


def test_a_tick_runs_in_one_process_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "LEASE", 0.3)
    record, token = records()["purge-sessions"], settings().broker_token.get_secret_value()
    ours, stranger = (
        Request({"REQUEST_METHOD": "POST", "HTTP_AUTHORIZATION": f"Bearer {each}"})
        for each in (token, "guessed")
    )
    with ticks.alone(record, ours):
        held = time.monotonic()
        while time.monotonic() < held + 0.5:  # longer than a lease: it is renewed
            with pytest.raises(Busy), ticks.alone(record, ours):
                pytest.fail("twice at a time")
        with ticks.alone(record, stranger), ticks.alone(records()["send-email"], ours):
            pass  # the one is refused by the function, of the other there may be many
    with ticks.alone(record, ours):
        pass


def test_a_tick_whose_process_was_killed_runs_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "LEASE", 0.1)
    monkeypatch.setattr(ticks, "renew", lambda *_: None)
    record = records()["purge-sessions"]
    request = Request(
        {
            "REQUEST_METHOD": "POST",
            "HTTP_AUTHORIZATION": f"Bearer {settings().broker_token.get_secret_value()}",
        }
    )
    killed = ticks.alone(record, request)
    killed.__enter__()

    def runs() -> bool:
        try:
            with ticks.alone(record, request):
                return True
        except Busy:
            return False

    eventually(runs)
