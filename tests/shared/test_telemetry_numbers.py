"""What a process says of itself in numbers, read by Prometheus or sent by OTLP."""

import signal
import socket
import time
import tomllib
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared import __version__
from shared.adapters import redis
from shared.adapters.circuit_breaker import FAULTS, Breaker
from shared.errors import Unavailable
from shared.peers.read_through import recall
from shared.telemetry import metrics
from shared.telemetry.metrics import calls, exposition, memory_limit, outside, recalled
from shared.telemetry.redaction import scrub
from tests.deploy.collector import collecting
from tests.gateway.support import answers, process
from tests.outlet import said
from tests.support import City, call
from tooling.stack.home import ROOT
from tooling.stack.ports import free_port


def sample(name: str, **labels: str) -> float:
    """One sample of the exposition."""
    found = [
        s.value
        for family in text_string_to_metric_families(exposition().decode())
        for s in family.samples
        if s.name == name and s.labels == labels
    ]
    assert len(found) == 1, (name, labels, found)
    return found[0]


@pytest.fixture(autouse=True)
def counted_from_zero() -> None:
    calls.counts.clear()
    calls.durations.clear()


def test_requests_errors_and_durations_have_the_names_that_alerts_use(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = {"service": "core", "function": "list-categories", "kind": "http"}
    assert city.call("list-categories").status == 200
    assert city.call("list-categories", query="x=1").status == 422
    assert sample("heidi_http_requests_total", **which, status="200") == 1
    assert sample("heidi_http_requests_total", **which, status="422") == 1
    assert sample("heidi_http_request_errors_total", **which, status="500") == 0
    monkeypatch.setattr("shared.runtime.binding.Binding.answer", lambda *_: 1 / 0)
    assert city.call("list-categories").status == 500
    assert sample("heidi_http_request_errors_total", **which, status="500") == 1
    assert sample("heidi_http_request_duration_seconds_count", **which) == 3
    assert sample("heidi_http_request_duration_seconds_bucket", **which, le="+Inf") == 3
    assert str(city.id) not in exposition().decode()


def test_a_process_tells_its_memory_and_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(metrics, "identity", [("core", "list-listings", "http")])
    which = {"service": "core", "function": "list-listings", "kind": "http"}
    assert 10e6 < sample("process_resident_memory_bytes", **which) < 10e9
    assert sample("process_cpu_seconds_total", **which) > 0
    assert sample("heidi_build_info", version=__version__) == 1
    assert __version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    monkeypatch.setattr(metrics, "memory_limit", lambda: 1 << 27)
    assert sample("heidi_memory_limit_bytes", **which) == 1 << 27
    monkeypatch.setattr(metrics, "memory_limit", lambda: None)
    assert "heidi_memory_limit_bytes" not in exposition().decode()


@pytest.mark.parametrize(
    ("text", "limit"),
    [("134217728\n", 1 << 27), ("max\n", None), ("9223372036854771712\n", None), (None, None)],
)
def test_the_memory_limit_is_that_of_the_container(
    tmp_path: Path, text: str | None, limit: int | None
) -> None:
    if text:
        (tmp_path / "limit").write_text(text)
    assert memory_limit([tmp_path / "none", tmp_path / "limit"]) == limit


def serve(collector_url: str, port: int, **more: str) -> dict[str, str]:
    """The environment of one function that pushes its numbers."""
    return {
        "FUNCTION_TARGET": "list-categories",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector_url,
    } | more


def call_and_end(url: str, port: int) -> float:
    """Start a function, call it, tell it to stop; how long the stopping took."""
    with process("shared.runtime.server", **serve(url, port)) as server:
        answers(f"http://127.0.0.1:{port}/health/live", server)
        assert httpx.get(f"http://127.0.0.1:{port}/api/categories", timeout=120).status_code == 400
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(120) == 0
        return time.monotonic() - began


def test_a_function_that_is_scaled_to_zero_sends_its_numbers_before_it_ends() -> None:
    with collecting() as collector:
        call_and_end(collector.url, free_port())
    numbers = collector.numbers()
    requests, who = numbers["heidi_http_requests_total"]
    [point] = requests.sum.data_points
    # 2: cumulative
    assert (point.as_int, requests.sum.is_monotonic, requests.sum.aggregation_temporality) == (1, True, 2)
    assert 0 < point.start_time_unix_nano < point.time_unix_nano
    assert {pair.key: pair.value.string_value for pair in point.attributes} == {
        "service": "core",
        "function": "list-categories",
        "kind": "http",
        "status": "400",
    }
    [times] = numbers["heidi_http_request_duration_seconds"][0].histogram.data_points
    assert (times.count, sum(times.bucket_counts), len(times.bucket_counts)) == (
        1,
        1,
        len(times.explicit_bounds) + 1,
    )
    assert who["service.name"] == "list-categories"
    assert who["service.namespace"] == "heidi"
    assert who["service.instance.id"].startswith(socket.gethostname())
    assert numbers["heidi_build_info"][1] == numbers["process_resident_memory_bytes"][1] == who


def test_a_collector_that_hangs_does_not_keep_a_function_from_ending() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert call_and_end(f"http://127.0.0.1:{silent.getsockname()[1]}", free_port()) < 60


def test_a_log_line_says_where_it_belongs(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("password=Kiesel39 of ada@example.org")

    with said() as lines:
        monkeypatch.setattr("shared.runtime.binding.Binding.answer", fails)
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        city.call("whoami", "editor")
        call(
            "list-categories",
            tenant=city.tenant.slug,
            token=city.token("editor"),
            headers={"traceparent": trace, "x-correlation-id": "c-1"},
        )
    last = lines.of("heidi.pipeline")[-1]
    assert {
        "timestamp",
        "level",
        "service",
        "tenantId",
        "userId",
        "correlationId",
        "message",
        "context",
    } <= last.keys()
    assert (
        last["service"],
        last["function"],
        last["tenantId"],
        last["correlationId"],
        last["traceId"],
        len(last["spanId"]),
    ) == ("core", "list-categories", str(city.id), "c-1", trace.split("-")[1], 16)
    assert "Kiesel39" not in "".join(lines.texts)
    assert "ada@example.org" not in "".join(lines.texts)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.def-4711",
        "eyJhbGciOi.eyJzdWI4711.sig4711",
        "postgres://heidi:4711@db/x",
        "{'password': 'a 4711 b'}",
        'newPassword="4711"',
        "api_key=4711&x=1",
        "refreshToken: 4711",
        "eva.4711@stadt.example",
        "Key (name)=(Eva 4711) already exists",
    ],
)
def test_secrets_and_addresses_are_hidden(text: str) -> None:
    assert "4711" not in scrub(text)
    assert (
        scrub("division by zero in list_listings.py, line 12")
        == "division by zero in list_listings.py, line 12"
    )


def test_what_is_asked_of_others_is_counted_by_how_it_ended() -> None:
    circuit, away = Breaker("test-system", "one"), lambda _: Unavailable(dependency="test-system")
    before = dict(outside.counts)
    with circuit.call(away):
        pass
    for _ in range(FAULTS):
        with pytest.raises(Unavailable), circuit.call(away):
            raise Unavailable
    with pytest.raises(Unavailable), circuit.call(away):
        pass
    redis.command("DEL", circuit.key, circuit.key + ":faults")
    told = {
        outcome: sample("heidi_outside_calls_total", dependency="test-system", outcome=outcome)
        for outcome in ("answered", "fault", "left_alone")
    }
    assert ("test-system", "answered") not in before
    assert told == {"answered": 1, "fault": FAULTS, "left_alone": 1}


def test_what_is_remembered_is_counted_by_who_knew(city: City) -> None:
    recalled.counts.clear()
    city.call("list-tiles")
    assert sample("heidi_cache_requests_total", cache="directory", result="process") >= 1
    for _ in range(2):
        recall(
            redis.key(city.id, "terms", city.person("editor")),
            f"/api/users/{city.person('editor')}/terms/accepted?tenant={city.id}",
            60,
        )
    assert sample("heidi_cache_requests_total", cache="terms", result="miss") == 1
    assert sample("heidi_cache_requests_total", cache="terms", result="hit") == 1
