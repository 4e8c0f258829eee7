"""What a function's probes say when something that it needs is away, refuses it, hangs, or has much to do."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from shared.errors import Busy, Unavailable
from shared.kit.settings import settings
from shared.runtime import health
from shared.runtime.health import Check, Troubled, report
from tests.gateway.support import answers, process
from tooling.stack.ports import free_port


@contextmanager
def pod(name: str = "create-listing", **environment: str) -> Iterator[str]:
    """One function as in a pod; its address."""
    port = free_port()
    with process(
        "shared.runtime.server",
        **{"FUNCTION_TARGET": name, "HOST": "127.0.0.1", "PORT": str(port)} | environment,
    ) as server:
        answers(f"http://127.0.0.1:{port}/health/live", server)
        yield f"http://127.0.0.1:{port}"


def probe(url: str, path: str = "ready") -> tuple[int, dict[str, Any]]:
    """The status and the body of a probe."""
    got = httpx.get(f"{url}/health/{path}", timeout=120)
    return got.status_code, got.json()


@pytest.mark.parametrize(
    ("wrong", "name", "says"),
    [
        ({"POSTGRES_ROLES_SECRET": "wrong"}, "postgres", "refuses the password (28P01)"),
        ({"POSTGRES_DATABASE_PREFIX": "nobodys_"}, "postgres", "has no such database (3D000)"),
        ({"REDIS_URL": "wrong"}, "redis", "refuses our password or our rights"),
    ],
)
def test_a_setting_that_is_refused_is_named_and_no_new_revision_starts_with_it(
    wrong: dict[str, str], name: str, says: str
) -> None:
    if "REDIS_URL" in wrong:
        there = urlsplit(settings().redis_url)
        wrong = {"REDIS_URL": f"redis://:wrong@{there.hostname}:{there.port}{there.path}"}
    with pod(**wrong) as url:
        for path in ("ready", "startup"):
            status, body = probe(url, path)
            assert (status, body["status"], body["checks"][name]) == (503, "unavailable", says), path
        assert probe(url, "live")[0] == 200


def test_what_is_away_keeps_a_function_from_being_ready_and_not_from_starting() -> None:
    with pod(POSTGRES_PORT=str(free_port())) as url:
        assert (probe(url)[0], probe(url)[1]["checks"]["postgres"]) == (503, "does not answer")
        assert (probe(url, "startup")[0], probe(url, "startup")[1]["status"]) == (200, "degraded")


def test_a_broker_that_is_away_degrades_who_speaks_and_nobody_else() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/"
    with pod("create-listing", BROKER_URL=nowhere) as url:
        assert probe(url) == (200, {"status": "degraded", "checks": {"broker": "does not answer"}})
    with pod("list-tiles", BROKER_URL=nowhere) as url:
        assert probe(url) == (200, {"status": "ok", "checks": {}})


def test_with_everything_there_all_is_well() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as broker,
        pod(BROKER_URL=f"http://127.0.0.1:{broker.getsockname()[1]}/") as url,
    ):
        assert probe(url) == (200, {"status": "ok", "checks": {}})


def test_a_probe_does_not_wait_for_what_hangs_and_asks_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.01)
    go_on, asked = threading.Event(), []
    check = Check(lambda: (asked.append(1), go_on.wait(120))[0])
    assert [check.begin()() for _ in range(5)] == [health.SILENT] * 5
    go_on.set()
    monkeypatch.setattr(health, "PATIENCE", 30)
    assert check.begin()() is None
    assert len(asked) == 1


def test_all_are_asked_at_once() -> None:
    # opens when the last of them is asked while the others are still waiting
    together = threading.Barrier(12, timeout=60)
    answer = report(
        {f"postgres {n}": Check(lambda: (together.wait(), None)[1]) for n in range(11)},
        {"broker": Check(lambda: (together.wait(), None)[1])},
    )
    assert (answer.status, answer.body) == (200, b'{"status":"ok","checks":{}}')


def test_however_many_hang_for_hours_probes_wait_once_and_leave_one_thread_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.5)
    go_on, asked = threading.Event(), []
    hanging = {f"postgres {n}": Check(lambda: (asked.append(1), go_on.wait(300), None)[2]) for n in range(40)}
    began = time.monotonic()
    assert {report(hanging, {}).status for _ in range(100)} == {503}
    took, threads = (
        time.monotonic() - began,
        [thread for thread in threading.enumerate() if thread.name == "health"],
    )
    go_on.set()
    assert len(asked) == 40
    assert len(threads) == 40
    assert took < 45  # a hundred that wait take 50 s


def test_what_takes_connections_and_says_nothing_is_named_with_all_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pod(
            POSTGRES_PORT=str(port),
            REDIS_URL=f"redis://127.0.0.1:{port}/0",
            BROKER_URL=f"http://127.0.0.1:{free_port()}/",
        ) as url:
            for _ in range(3):
                status, body = probe(url)
                assert (status, body["checks"]) == (
                    503,
                    dict.fromkeys(("postgres", "redis", "broker"), "does not answer"),
                )


def test_what_answered_just_now_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    check = Check(lambda: asked.append(1))
    assert [check.begin()() for _ in range(5)] == [None] * 5
    assert len(asked) == 1
    monkeypatch.setattr(health, "FRESH", 0.0)
    check.begin()()
    assert len(asked) == 2


def test_who_has_much_to_do_is_not_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(error: Exception) -> Check:
        def ask() -> None:
            raise error

        return Check(ask)

    def told(**needed: Check) -> tuple[int, dict[str, str]]:
        found = report(needed, {})
        return found.status, json.loads(found.body)["checks"]  # type: ignore[arg-type]  # a body of bytes

    assert told(postgres=fails(Busy(dependency="postgres pool"))) == (200, {})
    assert told(postgres=fails(Unavailable(dependency="postgres"))) == (503, {"postgres": "does not answer"})
    assert told(postgres=fails(Troubled("is read-only"))) == (503, {"postgres": "is read-only"})
