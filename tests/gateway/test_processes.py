"""The gateway and the one-function server as processes: how they start, stop and fail."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from tests.gateway.support import answers, process
from tooling.registry import records
from tooling.stack.home import ROOT
from tooling.stack.ports import free_port


def test_the_gateway_starts_answers_and_ends_when_told(tmp_path: Path) -> None:
    port = free_port()
    with process("tooling.gateway", GATEWAY_PORT=str(port), HEIDI_HOME=str(tmp_path)) as gateway:
        assert answers(f"http://127.0.0.1:{port}/healthz", gateway).status_code == 200
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(120) == 0


def test_the_gateway_ends_although_somebody_follows_logs(tmp_path: Path) -> None:
    port = free_port()
    with process(
        "tooling.gateway", GATEWAY_PORT=str(port), HEIDI_HOME=str(tmp_path), GATEWAY_PASSWORD="p"
    ) as gateway:
        answers(f"http://127.0.0.1:{port}/healthz", gateway)
        url = f"http://127.0.0.1:{port}/system/logs?name=login&follow=true"
        with httpx.stream("GET", url, auth=("admin", "p"), timeout=120) as stream:
            lines = stream.iter_raw()
            next(lines)
            gateway.send_signal(signal.SIGTERM)
            assert gateway.wait(120) == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"GATEWAY_PORT": "eighty"}, "GATEWAY_PORT"),
        ({"POSTGRES_PORT": "x", "GATEWAY_THREADS": "0"}, "POSTGRES_PORT"),
        ({"ENVIRONMENT": "production", "JWT_SECRET": "short"}, "JWT_SECRET"),
    ],
)
def test_wrong_settings_are_one_clear_message(tmp_path: Path, wrong: dict[str, str], says: str) -> None:
    with process(
        "tooling.gateway", HEIDI_HOME=str(tmp_path), **({"GATEWAY_PORT": str(free_port())} | wrong)
    ) as gateway:
        _, error = gateway.communicate(timeout=120)
    assert gateway.returncode == 1
    assert says in error
    assert "Traceback" not in error


def test_a_damaged_memory_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "deployments.json").write_text("{")
    with process("tooling.gateway", HEIDI_HOME=str(tmp_path), GATEWAY_PORT=str(free_port())) as gateway:
        _, error = gateway.communicate(timeout=120)
    assert gateway.returncode == 1
    assert "deployments.json is damaged: delete it" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("module", "variable"), [("tooling.gateway", "GATEWAY_PORT"), ("shared.runtime.server", "PORT")]
)
def test_a_port_that_is_taken_is_one_clear_message(tmp_path: Path, module: str, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with process(
            module, HEIDI_HOME=str(tmp_path), HOST="127.0.0.1", FUNCTION_TARGET="login", **{variable: port}
        ) as started:
            _, error = started.communicate(timeout=120)
    assert started.returncode == 1
    assert port in error
    assert variable in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"FUNCTION_TARGET": "nope"}, "no function named 'nope'"),
        ({"FUNCTION_TARGET": ""}, "FUNCTION_TARGET"),
        ({"PORT": "x"}, "PORT"),
        ({"WORKER_THREADS": "-1"}, "WORKER_THREADS"),
        ({"REDIS_URL": "", "LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
    ],
)
def test_a_function_that_cannot_be_served_says_why(wrong: dict[str, str], says: str) -> None:
    with process(
        "shared.runtime.server", **({"FUNCTION_TARGET": "login", "HOST": "127.0.0.1"} | wrong)
    ) as server:
        _, error = server.communicate(timeout=120)
    assert server.returncode == 1
    assert says in error
    assert "Traceback" not in error


def test_one_function_is_served_by_one_process_that_ends_when_told() -> None:
    port = free_port()
    with process(
        "shared.runtime.server", FUNCTION_TARGET="list-listings", HOST="127.0.0.1", PORT=str(port)
    ) as server:
        assert answers(f"http://127.0.0.1:{port}/health/ready", server).json()["status"] == "ok"
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
        if children.exists():
            assert children.read_text() == ""
        server.send_signal(signal.SIGTERM)
        assert server.wait(120) == 0


SLOW = """
import sys, threading
from shared.kit.http import Response
from shared.runtime.server import Server
arrived = threading.Event()
def handle(request):
    print("arrived", flush=True)
    sys.stdin.readline()
    return Response(200, b"done", "text/plain")
server = Server(handle, "127.0.0.1", 0, 2)
print(server.port, flush=True)
server.run(lambda: print("ending", flush=True))
"""


def test_what_is_under_way_is_finished_before_the_end() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLOW],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = int(server.stdout.readline())
        got: list[str] = []
        asking = threading.Thread(
            target=lambda: got.append(httpx.get(f"http://127.0.0.1:{port}/", timeout=120).text)
        )
        asking.start()
        assert server.stdout.readline() == "arrived\n"
        server.send_signal(signal.SIGTERM)
        assert server.stdout.readline() == "ending\n"
        server.stdin.write("go on\n")
        server.stdin.flush()
        asking.join(120)
        assert server.wait(120) == 0
    assert got == ["done"]


ENDING = """
import atexit, os, signal
from shared.kit.http import Response
from shared.runtime.server import Server
class Part:
    def __del__(self):
        print("taken apart", flush=True)
part = Part()
atexit.register(print, "tidied up")
Server(lambda request: Response(204), "127.0.0.1", 0, 2).run(started=lambda: os.kill(os.getpid(), signal.SIGTERM))
"""


def test_a_server_that_ends_tidies_up_and_is_not_taken_apart_under_threads_that_still_run() -> None:
    """A thread of granian's that asks for Python then would abort the process, after words on standard error
    that are no JSON.
    """
    ended = subprocess.run(
        [sys.executable, "-c", ENDING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (ended.stdout, ended.stderr) == ("tidied up\n", "")


def test_one_function_answers_alone_under_functions_framework() -> None:
    from tooling.serve import command, environment

    port, target = free_port(), records()["list-listings"].target
    with subprocess.Popen(
        command(target, port), cwd=ROOT, env=environment(target), stderr=subprocess.PIPE, text=True
    ) as framework:
        try:
            assert answers(f"http://127.0.0.1:{port}/health/ready", framework).status_code == 200
            wrong = httpx.post(f"http://127.0.0.1:{port}/", content=b'{"limit": 1}', timeout=120)
            assert wrong.json()["error"]["code"] == "TENANT_REQUIRED"
        finally:
            framework.terminate()
            framework.wait(120)
