"""Several processes on one port."""

import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from shared.runtime.server import LEAVE
from tests.city.factories import registered
from tests.gateway import support
from tests.gateway.support import PASSWORD, answers, eventually, process
from tests.support import City
from tooling.stack.ports import free_port

AUTH = ("admin", PASSWORD)


@dataclass
class Group:
    """A gateway of two workers."""

    url: str
    parent: psutil.Process
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=120))

    @property
    def workers(self) -> list[psutil.Process]:
        """Those that answer."""
        return [each for each in self.parent.children() if is_alive(each)]

    def get(self, path: str, **how: Any) -> httpx.Response:
        """On a connection of its own, so that any worker may take it."""
        return httpx.get(self.url + path, timeout=120, **how)

    def doors(self, home: Path) -> list[str]:
        """Workers that answer each other."""
        return [door.stem for door in (home / "gateway" / "workers").glob("*.door")]


def is_alive(process: psutil.Process) -> bool:
    """Whether it is neither dead nor, since we have counted, gone."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Group]:
    monkeypatch.setattr(support, "PATIENCE", 300.0)  # each worker loads all functions
    with started(tmp_path) as made:
        yield made


@contextmanager
def started(home: Path, **environment: str) -> Iterator[Group]:
    """Ended when the block is."""
    port = free_port()
    own = {
        "GATEWAY_PORT": str(port),
        "GATEWAY_WORKERS": "2",
        "GATEWAY_PASSWORD": PASSWORD,
        "HEIDI_HOME": str(home),
        "GATEWAY_URL": f"http://127.0.0.1:{port}",
    } | environment
    with process("tooling.gateway", **own) as gateway:
        answers(f"http://127.0.0.1:{port}/healthz", gateway)
        made = Group(f"http://127.0.0.1:{port}", psutil.Process(gateway.pid))
        eventually(lambda: len(made.doors(home)) == 2)
        yield made
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(120) == 0


def anew(url: str) -> int:
    """Asks on a connection of its own."""
    return httpx.get(url, timeout=120).status_code


def after_a_while(url: str) -> int:
    """Connects, hesitates, and asks; on another connection where this machine stood still for longer than
    anybody is waited for.
    """
    where, since = httpx.URL(url), time.monotonic()
    with socket.create_connection((where.host, where.port), 120) as connection:
        time.sleep(0.1)
        if time.monotonic() - since > LEAVE / 2:
            return after_a_while(url)
        connection.sendall(
            f"GET {where.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        return int(connection.recv(1000)[9:12] or 0)


@dataclass
class Crowd:
    """Asks all the time, in several ways at once."""

    url: str
    answers: list[int | str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def ask(self, way: Callable[[str], int]) -> None:
        while not self.ended.is_set():
            try:
                self.answers.append(way(self.url))
            except (httpx.HTTPError, OSError) as error:
                self.answers.append(f"{way.__name__}: {error!r}")

    @classmethod
    @contextmanager
    def asking(cls, url: str, *ways: Callable[[str], int]) -> "Iterator[Crowd]":
        made = cls(url)
        threads = [threading.Thread(target=made.ask, args=(way,)) for way in ways or (anew, anew)]
        for thread in threads:
            thread.start()
        try:
            yield made
        finally:
            made.ended.set()
            for thread in threads:
                thread.join()


def test_a_worker_that_is_killed_is_followed_by_another_and_costs_nobody_elses_call(
    group: Group, tmp_path: Path
) -> None:
    killed = group.workers[0]
    killed.suspend()  # whatever it had taken in is finished, and it takes in nothing more
    with Crowd.asking(group.url + "/healthz") as crowd:
        eventually(lambda: len(crowd.answers) > 20)
        killed.kill()
        eventually(lambda: len(set(group.doors(tmp_path)) - {str(killed.pid)}) == 2)
        so_far = len(crowd.answers)
        eventually(lambda: len(crowd.answers) > so_far + 20)
    assert set(crowd.answers) == {200}


def test_a_restart_replaces_every_worker_and_refuses_nobody(group: Group, tmp_path: Path) -> None:
    before = set(group.doors(tmp_path))
    with Crowd.asking(group.url + "/healthz") as crowd:
        group.parent.send_signal(signal.SIGHUP)
        eventually(lambda: not before & set(group.doors(tmp_path)) and len(group.workers) == 2)
    assert set(crowd.answers) == {200}


def test_a_restart_leaves_nobody_without_an_answer_who_has_connected_or_keeps_a_connection(
    group: Group, tmp_path: Path
) -> None:
    def on_the_same_one(url: str) -> int:
        return client.get(url).status_code

    before = set(group.doors(tmp_path))
    with (
        httpx.Client(timeout=120) as client,
        Crowd.asking(group.url + "/healthz", *[after_a_while] * 8, *[on_the_same_one] * 3) as crowd,
    ):
        group.parent.send_signal(signal.SIGHUP)
        eventually(lambda: not before & set(group.doors(tmp_path)) and len(group.workers) == 2)
    assert set(crowd.answers) == {200}


def test_what_all_of_them_did_is_one_sum_that_never_falls(group: Group, city: City, tmp_path: Path) -> None:
    def counted() -> tuple[int, int]:
        said = group.get("/system/function/list-listings", auth=AUTH).json()["invocationCount"]
        lines = [
            line
            for line in group.get("/metrics").text.splitlines()
            if line.startswith("heidi_http_requests_total{") and "list-listings" in line
        ]
        return said, int(float(lines[0].rpartition(" ")[2]))

    with registered(city) as town:
        for _ in range(40):
            assert group.get("/api/listings", headers={"X-Tenant-ID": town.tenant.slug}).status_code == 200
        assert counted() == (40, 40)
        group.workers[0].kill()
        eventually(lambda: len(group.workers) == 2)
        assert counted() == (40, 40)
        assert group.get("/metrics").text.count("process_resident_memory_bytes{") == 1


def test_what_is_deployed_and_removed_is_so_for_all(group: Group) -> None:
    assert (
        httpx.request(
            "DELETE",
            group.url + "/system/functions",
            auth=AUTH,
            json={"functionName": "list-tiles"},
            timeout=120,
        ).status_code
        == 202
    )
    assert {group.get("/function/list-tiles").json()["error"]["code"] for _ in range(20)} == {
        "FUNCTION_NOT_FOUND"
    }


def test_lines_of_all_are_read_in_one_place(group: Group, city: City) -> None:
    with registered(city) as town:
        for _ in range(20):
            group.get("/api/listings", headers={"X-Tenant-ID": town.tenant.slug})
    for _ in range(5):
        lines = group.get("/system/logs", params={"name": "list-listings"}, auth=AUTH).text.splitlines()
        assert len([line for line in lines if "GET /api/listings - 200 OK" in json.loads(line)["text"]]) == 20


def test_workers_that_cannot_start_say_why_once_for_all(tmp_path: Path) -> None:
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "deployments.json").write_text("{")
    with process(
        "tooling.gateway", HEIDI_HOME=str(tmp_path), GATEWAY_PORT=str(free_port()), GATEWAY_WORKERS="2"
    ) as gateway:
        _, error = gateway.communicate(timeout=120)
    assert gateway.returncode == 1
    assert "deployments.json is damaged" in error
    assert "Traceback" not in error


def test_the_first_worker_answers_before_the_others_load(tmp_path: Path) -> None:
    port = free_port()
    own = {
        "GATEWAY_PORT": str(port),
        "GATEWAY_WORKERS": "3",
        "HEIDI_HOME": str(tmp_path),
        "GATEWAY_PASSWORD": PASSWORD,
    }
    with process("tooling.gateway", **own) as gateway:
        made = Group(f"http://127.0.0.1:{port}", psutil.Process(gateway.pid))
        eventually(lambda: len(made.workers) > 1)
        assert len(made.doors(tmp_path)) == 1
        assert made.get("/healthz").status_code == 200
        eventually(lambda: len(made.doors(tmp_path)) == 3)
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(120) == 0


def test_the_port_stays_open_while_no_worker_is_there(group: Group, tmp_path: Path) -> None:
    for each in group.workers:
        each.kill()
    assert group.get("/healthz").status_code == 200
