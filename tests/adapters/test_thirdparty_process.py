"""The servers as the local stack runs them: their own process, killed without warning, told what is wrong."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from shared.adapters import mail, push, storage
from shared.adapters.push import ApnsApp, PushMessage
from tests.adapters.running import PORTS, ThirdParties
from tooling.stack.environment import entered

ROOT = Path(__file__).parents[2]
DEADLINE = 120


def launch(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tooling.thirdparty"],
        cwd=ROOT,
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@contextmanager
def process(parties: ThirdParties) -> Iterator[subprocess.Popen[str]]:
    """The running servers; they print a line when they are ready."""
    running = launch(parties.environment())
    assert running.stdout is not None
    try:
        line = running.stdout.readline()
        assert line.startswith("ready"), running.communicate(timeout=DEADLINE)
        yield running
    finally:
        running.kill()
        running.communicate(timeout=DEADLINE)


@pytest.fixture
def parties(tmp_path: Path) -> Iterator[ThirdParties]:
    parties = ThirdParties(tmp_path)  # for its configuration only; it is not started
    with entered(parties.environment()):
        yield parties
    parties.stop()


def test_nothing_that_was_acknowledged_is_lost_when_the_servers_are_killed(parties: ThirdParties) -> None:
    tenant, device = uuid4(), "ab" * 32
    with process(parties):
        storage.put(tenant, "x", b"kept")
        mail.send("a@example.org", "kept", "t", message_id="<1@heidi-app.de>")
        push.send(PushMessage(id="1", title="kept", body=""), device, ApnsApp.from_settings())
    for directory, name in (("objects/.tmp", "half"), ("inbox", "0005.tmp")):
        (parties.config.thirdparty_dir / directory / name).write_bytes(b"half written when it was killed")
    with process(parties):
        assert storage.get(tenant, "x") == b"kept"
        mail.send("a@example.org", "again", "t", message_id="<1@heidi-app.de>")
        messages = httpx.get(parties.url("inbox") + "/api/messages").json()
        assert [(found["subject"], found["duplicate"]) for found in messages] == [
            ("again", True),
            ("kept", False),
        ]
        (found,) = httpx.get(parties.url("inbox") + "/api/pushes", params={"token": device}).json()
        assert found["title"] == "kept"
        push.send(PushMessage(id="2", title="after", body=""), device, ApnsApp.from_settings())
        assert not list((parties.config.thirdparty_dir / "objects/.tmp").iterdir())


def test_the_inbox_can_be_emptied(parties: ThirdParties) -> None:
    with process(parties):
        mail.send("a@example.org", "s", "t")
        assert httpx.delete(parties.url("inbox") + "/api/messages").json() == {"deleted": 1}
        assert httpx.get(parties.url("inbox") + "/api/messages").json() == []
        assert "Nothing has come yet" in httpx.get(parties.url("inbox")).text
        assert not list((parties.config.thirdparty_dir / "inbox").iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_friendly_signal_ends_them_quickly_and_quietly(
    parties: ThirdParties, number: signal.Signals
) -> None:
    with process(parties) as running:
        # leaves a connection open
        push.send(PushMessage(id="1", title="", body=""), "ab" * 32, ApnsApp.from_settings())
        storage.put(uuid4(), "x", b"")
        running.send_signal(number)
        _, errors = running.communicate(timeout=DEADLINE)
        assert (running.returncode, errors) == (0, "")


GARBAGE = (
    b"",
    b"\r\n",
    os.urandom(300),
    b"GET http://else/ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(100),
    b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET /?%ff=%00&x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"EHLO x\r\nAUTH PLAIN ===\r\nMAIL FROM:<\xff>\r\n",
    b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n\xff\xfe%%\x00",
)


def test_garbage_on_any_port_neither_stops_them_nor_fills_the_log(parties: ThirdParties) -> None:
    with process(parties) as running:
        for port in (getattr(parties.config, name) for name in PORTS):
            for garbage in GARBAGE:
                with socket.create_connection(("127.0.0.1", port), timeout=120) as wire, suppress(OSError):
                    wire.sendall(garbage)
                    wire.shutdown(socket.SHUT_WR)
                    # Hypercorn answers what it cannot read, and leaves the connection open for a minute
                    is_over = port == parties.config.push_port
                    while (garbage or not is_over) and wire.recv(4096) and not is_over:
                        pass
        storage.put(uuid4(), "x", b"")
        mail.send("a@example.org", "s", "t")
        push.send(PushMessage(id="1", title="", body=""), "ab" * 32, ApnsApp.from_settings())
        running.terminate()
        assert running.communicate(timeout=DEADLINE) == ("", "")


def test_a_taken_port_is_one_sentence(parties: ThirdParties) -> None:
    with process(parties):
        second = launch(parties.environment() | {"INBOX_PORT": str(parties.config.smtp_port)})
        output, errors = second.communicate(timeout=DEADLINE)
    assert (second.returncode, output) == (1, "")
    assert f"127.0.0.1:{parties.config.smtp_port} cannot be used" in errors
    assert "set INBOX_PORT" in errors
    assert errors.count("\n") == 1


def test_everything_that_is_missing_is_named_at_once(parties: ThirdParties) -> None:
    environment = parties.environment() | {
        "S3_SECRET_KEY": "",
        "APNS_KEY": "",
        "PUSH_PORT": "eighty",
        "THIRDPARTY_PARTS": "",
    }
    running = launch(environment)
    _, errors = running.communicate(timeout=DEADLINE)
    assert running.returncode == 1
    for name in ("S3_SECRET_KEY is not set", "APNS_KEY is not set", "PUSH_PORT is not a port"):
        assert name in errors
    assert "Traceback" not in errors


def test_a_key_that_is_none_is_one_sentence(parties: ThirdParties) -> None:
    running = launch(parties.environment() | {"FIREBASE_PRIVATE_KEY": "nonsense"})
    _, errors = running.communicate(timeout=DEADLINE)
    assert running.returncode == 1
    assert errors == "FIREBASE_PRIVATE_KEY is not a private key in PEM format.\n"


def test_only_the_parts_that_are_wanted_run(parties: ThirdParties) -> None:
    parties.configured(apns_key="", s3_secret_key="")
    with entered({"THIRDPARTY_PARTS": "mail"}), process(parties):
        mail.send("a@example.org", "s", "t")
        assert len(httpx.get(parties.url("inbox") + "/api/messages").json()) == 1
        with pytest.raises(httpx.ConnectError):
            httpx.get(parties.url("push"))
