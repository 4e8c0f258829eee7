"""`./heidi logs`: what is shown of the lines that processes write."""

import http.server
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.kit.ids import PLATFORM_ID
from tooling.command_failed import CommandFailed
from tooling.stack.home import ROOT, Home
from tooling.stack.lines import Cities, Wanted, for_people, read
from tooling.stack.log_view import HIDDEN, show

CITY, OTHER = str(uuid4()), str(uuid4())


def line(**facts: Any) -> str:
    """A line of a call."""
    return json.dumps(
        {
            "timestamp": "2026-11-30T01:02:03.456Z",
            "level": "INFO",
            "service": "core",
            "function": "list-tiles",
            "tenantId": CITY,
            "correlationId": "c-1",
            "message": "GET /api/tiles 200",
            "context": {"status": 200, "durationMs": 3.5},
        }
        | facts
    )


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A gateway that knows two cities."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(
                {"items": [{"id": CITY, "slug": "heidelberg"}, {"id": OTHER, "slug": "ladenburg"}]}
            ).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("GATEWAY_URL", url)
        yield url
        server.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path: Path, gateway: str) -> Home:
    """Two logs: ours with lines of two functions and two cities, and PostgreSQL's."""
    made = Home(tmp_path)
    made.logs.mkdir()
    made.log("gateway").write_text(
        "\n".join(
            [
                line(),
                line(function="login", level="WARN", tenantId=OTHER, message="POST /api/auth/login 401"),
                line(level="ERROR", message="unexpected error", exception="Traceback\n  ZeroDivisionError"),
            ]
        )
        + "\n"
    )
    made.log("postgres").write_text("2026-11-30 UTC [1] LOG:  checkpoint starting\n")
    return made


def shown(home: Home, capsys: pytest.CaptureFixture[str], **parts: Any) -> list[dict[str, object]]:
    """What a pipe gets."""
    usual: dict[str, Any] = {"name": None, "lines": 50, "follow": False, "function": None, "city": None}
    show(home, **usual | {"errors": False} | parts)
    return [json.loads(text) for text in capsys.readouterr().out.splitlines()]


def test_a_pipe_gets_json_whoever_wrote_the_line(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    found = shown(home, capsys)
    assert [each["message"] for each in found] == [
        "GET /api/tiles 200",
        "POST /api/auth/login 401",
        "unexpected error",
        "2026-11-30 UTC [1] LOG:  checkpoint starting",
    ]
    assert found[3]["service"] == "postgres"
    assert found[0] == json.loads(line())


@pytest.mark.parametrize(
    ("wanted", "messages"),
    [
        ({"function": "list_tiles"}, ["GET /api/tiles 200", "unexpected error"]),
        ({"city": "ladenburg"}, ["POST /api/auth/login 401"]),
        ({"city": OTHER}, ["POST /api/auth/login 401"]),
        ({"errors": True}, ["POST /api/auth/login 401", "unexpected error"]),
        ({"errors": True, "function": "list-tiles", "city": "heidelberg"}, ["unexpected error"]),
        ({"errors": True, "lines": 1}, ["unexpected error"]),
        ({"lines": 0}, []),
    ],
)
def test_filters_choose_before_lines_are_counted(
    home: Home, capsys: pytest.CaptureFixture[str], wanted: dict[str, object], messages: list[str]
) -> None:
    assert [each["message"] for each in shown(home, capsys, **wanted)] == messages


def test_a_city_that_does_not_exist_is_named_with_those_that_do(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandFailed, match="There is no city mannheim: heidelberg, ladenburg"):
        shown(home, capsys, city="mannheim")


def test_people_get_columns_with_the_citys_name_and_the_traceback(gateway: str) -> None:
    cities = Cities(gateway)
    plain = for_people(
        read(
            "gateway",
            line(context={"status": 403, "durationMs": 3.5, "code": "FORBIDDEN", "network": "192.0.2.0/24"}),
        ),
        cities,
    ).plain
    assert plain == (
        "01:02:03.456 INFO  list-tiles                 GET /api/tiles 200  3.5 ms  FORBIDDEN  heidelberg"
        "  network=192.0.2.0/24  chain c-1"
    )
    assert for_people(read("gateway", line(exception="Traceback\n  Zero")), cities).plain.endswith(
        "\n    Traceback\n      Zero"
    )
    assert for_people(read("postgres", "LOG: \x1b[2Jready"), cities).plain.endswith("LOG: ·[2Jready")


@pytest.mark.parametrize(
    "field",
    [
        "timestamp",
        "level",
        "function",
        "service",
        "message",
        "tenantId",
        "correlationId",
        "exception",
        "context",
    ],
)
def test_no_field_of_a_line_commands_the_terminal(gateway: str, field: str) -> None:
    evil = "2026-11-30T\x1b]0;owned\x07\x9b2J"
    hostile = json.loads(line()) | {field: {evil: evil} if field == "context" else evil}
    if field == "service":
        del hostile["function"]
    shown = for_people(read("gateway", json.dumps(hostile)), Cities(gateway)).plain.replace("\n", "")
    assert "owned" in shown
    assert shown.isprintable()


@pytest.mark.parametrize(
    "facts",
    [
        {"context": ["a list"]},
        {"context": "words"},
        {"level": ["ERROR"]},
        {"level": 30},
        {"function": {}},
        {"timestamp": 1796028580},
        {"exception": 7},
        {"tenantId": ["x"]},
    ],
)
def test_json_of_another_shape_is_shown_as_it_came(gateway: str, facts: dict[str, object]) -> None:
    text = line(**facts)
    found = read("other", text)
    assert Wanted().takes(found)
    assert not Wanted(errors=True).takes(found)
    assert for_people(found, Cities(gateway)).plain.endswith(text)


def test_a_duration_may_be_anything(gateway: str) -> None:
    assert (
        "GET /api/tiles 200"
        in for_people(read("gateway", line(context={"durationMs": "long"})), Cities(gateway)).plain
    )


def test_the_platform_has_a_name_even_without_a_gateway() -> None:
    cities = Cities("http://127.0.0.1:9")
    assert (cities.slug(str(PLATFORM_ID)), cities.id("platform")) == ("platform", str(PLATFORM_ID))


FOLLOW = """
import sys
from pathlib import Path
from tooling.stack.home import Home
from tooling.stack.log_view import HIDDEN, show
show(Home(Path(sys.argv[1])), None, 50, follow=True, function=None, city=None, errors=False)
"""


def followed(home: Home, output: int) -> "subprocess.Popen[bytes]":
    """`./heidi logs -f`, whose output goes there."""
    return subprocess.Popen(
        [sys.executable, "-c", FOLLOW, str(home.path)],
        cwd=ROOT,
        stdout=output,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@pytest.fixture
def ticking(home: Home) -> Home:
    """The clock has called twice, and once in vain; then somebody did something."""
    tick = {"function": "publish-changes", "context": {"route": "tick publish-changes"}}
    home.log("gateway").write_text(
        "\n".join(
            [
                line(message="ticked", **tick),
                line(message="failed", level="WARN", **tick),
                line(message="last"),
            ]
        )
        + "\n"
    )
    home.log("postgres").unlink()
    return home


def test_a_terminal_that_follows_says_that_ticks_are_hidden(ticking: Home) -> None:
    ours, theirs = pty.openpty()
    with followed(ticking, theirs) as process, os.fdopen(ours, "rb", 0) as terminal:
        os.close(theirs)
        shown = b""
        while HIDDEN[:30].encode() not in shown:
            shown += terminal.read(1000)
        process.kill()
    assert [word in shown for word in (b"ticked", b"failed", b"last")] == [False, True, True]


def test_a_pipe_that_follows_gets_everything(ticking: Home) -> None:
    with followed(ticking, subprocess.PIPE) as process:
        assert process.stdout is not None
        assert [json.loads(process.stdout.readline())["message"] for _ in range(3)] == [
            "ticked",
            "failed",
            "last",
        ]
        process.kill()


def test_without_a_gateway_the_id_is_shown() -> None:
    assert Cities("http://127.0.0.1:9").slug(CITY) == CITY


def test_what_another_program_wrote_is_of_no_function_and_no_city() -> None:
    other = read("postgres", "LOG: ready")
    assert Wanted().takes(other)
    assert not any(
        wanted.takes(other) for wanted in (Wanted(function="login"), Wanted(city=CITY), Wanted(errors=True))
    )
