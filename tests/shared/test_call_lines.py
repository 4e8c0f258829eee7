"""What a function says of every call: read from a real process, as the log of a pod is, or from the pipeline."""

import json
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from pg8000.exceptions import DatabaseError

from shared.adapters import redis
from shared.kit.forwarded import neighbourhood
from shared.kit.http import Response
from shared.runtime.server import Server
from shared.telemetry.logs import Said, StandardError, log, say
from shared.tenancy import tenants
from tests.auth.people import PASSWORD, join, login
from tests.core.factories import make_category, make_listing
from tests.gateway.support import answers, process
from tests.outlet import Line, Lines, said
from tests.support import City, call
from tooling.stack.ports import free_port

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is said while the test runs."""
    with said() as found:
        yield found


def raises(error: Exception) -> None:
    raise error


@contextmanager
def pod(name: str, found: list[Line], city: City, **environment: str) -> Iterator[httpx.Client]:
    """One function as in a pod, which finds the city in Redis; its lines when it has ended."""
    redis.command("SET", tenants.key(city.tenant.slug), city.tenant.model_dump_json(), "EX", 60)
    redis.command("SET", tenants.key(str(city.id)), city.tenant.model_dump_json(), "EX", 60)
    port = free_port()
    variables = {
        "FUNCTION_TARGET": name,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "LOG_LEVEL": "INFO",
    } | environment
    with process("shared.runtime.server", **variables) as server:
        answers(f"http://127.0.0.1:{port}/health/live", server)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=120, headers={"x-tenant-id": city.tenant.slug}
        ) as client:
            yield client
        server.send_signal(signal.SIGTERM)
        _, text = server.communicate(timeout=120)
        found += map(json.loads, text.splitlines())


def test_every_call_is_one_line_and_probes_are_none(city: City) -> None:
    found: list[Line] = []
    with pod("get-listing", found, city) as client:
        for probe in ("/health/live", "/health/ready", "/metrics", "/healthz"):
            assert client.get(probe).status_code == 200
        calls = [
            ({}, uuid4()),
            ({}, "nonsense"),
            ({"authorization": "Bearer Secret.Secret.Secret"}, uuid4()),
            ({"authorization": f"Bearer {city.token('editor')}", "x-tenant-id": "platform"}, uuid4()),
        ]
        for headers, listing in calls:
            client.get(
                f"/api/listings/{listing}",
                headers=headers | {"traceparent": TRACE, "x-correlation-id": "c-1"},
            )
        client.get(f"/api/listings/{uuid4()}", params={"q": "Secret"})
    route = "GET /api/listings/{listingId}"
    assert [(line["level"], line["message"], line["context"]["code"]) for line in found] == [
        ("INFO", f"{route} 404", "LISTING_NOT_FOUND"),
        ("INFO", f"{route} 404", "LISTING_NOT_FOUND"),
        ("WARN", f"{route} 401", "TOKEN_INVALID"),
        ("WARN", f"{route} 403", "TENANT_MISMATCH"),
        ("INFO", f"{route} 422", "VALIDATION_FAILED"),
    ]
    assert {
        (line["correlationId"], line["traceId"], line["service"], line["function"]) for line in found[:4]
    } == {("c-1", TRACE.split("-")[1], "core", "get-listing")}
    assert (found[0]["tenantId"], found[3]["userId"]) == (str(city.id), str(city.person("editor")))
    assert found[0]["context"].keys() == {"method", "route", "status", "durationMs", "code"}
    assert found[0]["context"]["durationMs"] > 0
    assert [line["context"].get("network") for line in found] == [
        None,
        None,
        "127.0.0.0/24",
        "127.0.0.0/24",
        None,
    ]
    assert "Secret" not in json.dumps(found)


def test_lines_come_in_their_order_and_none_is_lost_at_the_end(city: City) -> None:
    found: list[Line] = []
    with pod("list-tiles", found, city) as client:
        numbers = [f"c-{n}" for n in range(60)]
        for n in numbers:
            method = client.get if int(n[2:]) % 7 else client.put  # a refusal among them is written at once
            method(
                "/api/tiles",
                headers={"x-correlation-id": n} | ({} if int(n[2:]) % 5 else {"authorization": "Bearer x"}),
            )
    assert [line["correlationId"] for line in found] == numbers
    assert {line["message"] for line in found} == {
        "GET /api/tiles 200",
        "GET /api/tiles 401",
        "PUT /api/tiles 405",
    }


def test_clients_that_break_off_leave_lines_like_all_others(city: City) -> None:
    found: list[Line] = []
    with pod("login", found, city) as client:
        for body in ("Content-Length: 500\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\nzz\r\n"):
            with socket.create_connection((client.base_url.host, client.base_url.port or 0), 120) as made:
                made.sendall(f"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\n{body}".encode())
                made.shutdown(socket.SHUT_WR)
                while made.recv(1000):
                    pass
    assert [(line["level"], line["context"]["status"], line["context"]["code"]) for line in found] == [
        ("INFO", 400, "BODY_BROKEN")
    ] * 2


def test_what_the_server_below_us_says_is_a_line_like_all_others(lines: Lines) -> None:
    made = Server(lambda _: Response(204), "127.0.0.1", 0, 1)
    made.start()
    logging.getLogger("_granian.asgi.http").error("ASGI protocol failure")
    assert made.stop()
    assert [(json.loads(text)["level"], json.loads(text)["message"]) for text in lines.texts] == [
        ("ERROR", "ASGI protocol failure")
    ]


def test_a_process_that_is_killed_has_said_what_went_wrong(city: City) -> None:
    """Information may be lost with the last twentieth of a second; a warning is written before the answer is
    given.
    """
    port = free_port()
    with process(
        "shared.runtime.server",
        FUNCTION_TARGET="list-tiles",
        HOST="127.0.0.1",
        PORT=str(port),
        LOG_LEVEL="INFO",
    ) as server:
        answers(f"http://127.0.0.1:{port}/health/live", server)
        url, headers = (
            f"http://127.0.0.1:{port}/api/tiles",
            {"authorization": "Bearer x", "x-tenant-id": city.tenant.slug},
        )
        assert httpx.get(url, headers=headers).status_code == 401
        server.kill()
        [line] = map(json.loads, server.communicate(timeout=120)[1].splitlines())
    assert (line["level"], line["message"]) == ("WARN", "GET /api/tiles 401")


def test_what_many_threads_say_is_whole(
    lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.telemetry.logs.STDERR", os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT))
    outlet, threads = StandardError(), range(8)
    # a server that ran in this process before writes there, too
    monkeypatch.setattr(log, "handlers", [lines, outlet])
    each = [
        threading.Thread(
            target=lambda n=n: [say(logging.INFO, "heidi.calls", f"{n}", {"n": i}) for i in range(500)]
        )
        for n in threads
    ]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()
    outlet.flush()
    assert len(lines.texts) == 8 * 500
    found = [json.loads(text) for text in (tmp_path / "log").read_text().splitlines()]
    for n in threads:
        assert [line["context"]["n"] for line in found if line["message"] == str(n)] == list(range(500))


def test_a_line_waits_for_a_pipe_that_is_full_and_does_not_wait_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    monkeypatch.setattr("shared.telemetry.logs.STDERR", writing)
    filled = 0
    with suppress(BlockingIOError):
        while True:
            filled += os.write(writing, b" " * 4096)
    is_full, real = threading.Event(), os.write

    def tried(handle: int, text: bytes) -> int:
        try:
            return real(handle, text)
        except BlockingIOError:
            is_full.set()
            raise

    monkeypatch.setattr("shared.telemetry.logs.os.write", tried)
    outlet = StandardError()
    outlet.waiting.append(Said(0, "INFO", "heidi.calls", "said at last", {}, {}))
    flushing = threading.Thread(target=outlet.flush)
    flushing.start()
    assert is_full.wait(120)
    with os.fdopen(reading, "rb") as pipe:
        before = pipe.read(filled)
        flushing.join()
        os.close(writing)
        assert (before.strip(), json.loads(pipe.read())["message"]) == (b"", "said at last")


def test_without_postgres_each_call_is_a_warning(city: City) -> None:
    found: list[Line] = []
    with pod("list-tiles", found, city, POSTGRES_PORT=str(free_port())) as client:
        assert [client.get("/api/tiles").status_code for _ in range(3)] == [503] * 3
    calls = [line for line in found if line["logger"] == "heidi.calls"]
    assert [(line["level"], line["context"]["status"], line["context"]["code"]) for line in calls] == [
        ("WARN", 503, "UNAVAILABLE")
    ] * 3


def test_an_error_of_ours_is_an_error_in_the_log(
    city: City, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.binding.Binding.answer", lambda *_: 1 / 0)
    city.call("list-tiles")
    assert [
        (line["level"], line["message"], line["context"]["code"], line["context"]["error"])
        for line in lines.calls
    ] == [("ERROR", "GET /api/tiles 500", "INTERNAL_ERROR", "ZeroDivisionError")]


@pytest.mark.parametrize(
    ("sqlstate", "status"), [("55P03", 503), ("40P01", 503), ("23514", 422), ("42P01", 500)]
)
def test_a_line_has_the_code_that_the_client_read(
    city: City, lines: Lines, monkeypatch: pytest.MonkeyPatch, sqlstate: str, status: int
) -> None:
    monkeypatch.setattr(
        "shared.runtime.binding.Binding.answer", lambda *_: raises(DatabaseError({"C": sqlstate}))
    )
    answer = city.call("list-tiles")
    assert (answer.status, lines.calls[-1]["context"]["code"]) == (status, answer.code)
    assert lines.calls[-1]["context"].get("error") == ("DatabaseError" if status == 500 else None)


def test_a_setting_that_a_probe_finds_refused_is_said_in_the_functions_name(city: City) -> None:
    found: list[Line] = []
    with pod("get-listing", found, city, POSTGRES_ROLES_SECRET="wrong") as client:
        assert client.get("/health/ready").status_code == 503
    [line] = [line for line in found if line["logger"] == "heidi.settings"]
    assert (line["level"], line["service"], line["function"]) == ("ERROR", "core", "get-listing")


def test_who_acts_and_in_whose_name_is_said(city: City, lines: Lines) -> None:
    city.call("whoami", "editor")
    assert (lines.calls[-1]["userId"], lines.calls[-1]["tenantId"]) == (
        str(city.person("editor")),
        str(city.id),
    )
    token = city.call("list-roles", "citizen")
    assert token.status == 403
    assert (lines.calls[-1]["level"], lines.calls[-1]["userId"]) == ("WARN", str(city.person("citizen")))


def test_a_change_of_state_is_a_line_with_ids_and_without_words(city: City, lines: Lines) -> None:
    made = make_listing(city, title="Geheime Worte")
    [line] = lines.events
    assert (line["level"], line["message"], line["context"]) == (
        "INFO",
        "Listing created",
        {"event": "listing.created", "listingId": made["id"], "contributorId": str(city.person("editor"))},
    )
    assert (line["service"], line["tenantId"], line["userId"], line["correlationId"]) == (
        "core",
        str(city.id),
        str(city.person("editor")),
        lines.calls[-1]["correlationId"],
    )
    assert "Geheime" not in "".join(lines.texts)


def test_what_was_rolled_back_did_not_happen(
    city: City, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"title": "Stadtbücherei", "categoryId": str(make_category(city))}
    monkeypatch.setattr("shared.db.sql.Sql.commit", lambda _: 1 / 0)
    assert city.call("create-listing", "editor", body=body).status == 500
    assert not lines.events


def test_an_event_that_is_handled_says_which(city: City, lines: Lines) -> None:
    make_listing(city)
    city.settle()
    [said_by] = [line for line in lines.calls if line["function"] == "notify-admins-of-pending-listing"]
    assert said_by["message"] == "POST event notify-admins-of-pending-listing 204"
    assert (said_by["context"]["event"], said_by["userId"], said_by["correlationId"]) == (
        "app.heidi.listing.created",
        str(city.person("editor")),
        lines.calls[0]["correlationId"],
    )


def test_a_refused_login_tells_the_account_and_the_network_and_neither_address(
    city: City, lines: Lines
) -> None:
    person = join(city)
    assert login(city, person, "not this one").status == 401
    assert login(city, "nobody@example.org", PASSWORD).status == 401
    known, unknown = lines.calls[-2:]
    assert (known["level"], known["context"]["code"], known["context"]["network"]) == (
        "WARN",
        "CREDENTIALS_WRONG",
        "192.0.2.0/24",
    )
    assert known["context"]["accountId"] == str(person.id)
    assert "accountId" not in unknown["context"]
    assert person.email not in "".join(lines.texts)
    assert "192.0.2.1" not in "".join(lines.texts)


def test_a_token_that_ran_out_is_no_warning(city: City, lines: Lines) -> None:
    assert call("whoami", token=city.token("editor", now=1)).code == "TOKEN_EXPIRED"
    assert lines.calls[-1]["level"] == "INFO"


def test_a_line_is_ascii_whatever_a_fact_is(lines: Lines) -> None:
    for fact in ("\u2028", "\x9b", "\ud800"):
        say(logging.INFO, "heidi.calls", "x", {"fact": fact})
    assert [line["context"]["fact"] for line in lines.calls] == ["\u2028", "\x9b", "\ud800"]
    assert all(text.isascii() and len(text.splitlines()) == 1 for text in lines.texts)


def test_odd_methods_and_addresses_cannot_forge_a_line(city: City, lines: Lines) -> None:
    city.call("list-tiles", method="GET\u2028{}")
    assert lines.calls[-1]["message"] == "OTHER /api/tiles 405"
    assert all(text.isascii() for text in lines.texts)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:aaaa:bbbb::", "2001:db8:aaaa::/48"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_of_an_address_only_the_network_is_kept(address: str, network: str) -> None:
    assert neighbourhood(address) == network
