"""`./heidi events`: what is asked of the broker and how its answer is shown."""

import base64
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import pytest

from shared.kit.ids import PLATFORM_ID
from shared.kit.settings import settings
from shared.peers.service_tokens import publishing
from tests.platform.letters import dead, keep, listed
from tests.support import City, superuser
from tooling import events
from tooling.command_failed import CommandFailed
from tooling.stack.environment import entered
from tooling.stack.lines import Cities

EVENT = {"type": "app.heidi.listing.approved", "tenantid": "0f" * 16}
RECENT = {
    "events": [
        {
            "received_at": "2026-11-23T02:41:35.957779+00:00",
            "event": EVENT,
            "deliveries": [
                {"trigger": "notify-approval", "state": "delivered", "code": None},
                {"trigger": "count-view", "state": "waiting", "code": 503},
            ],
        }
    ]
}
HELD = [{"event": EVENT}]


class Broker(HTTPServer):
    """Answers what the real one answers, and remembers what it was asked."""

    asked: list[Any]
    held: list[Any]


class Handler(BaseHTTPRequestHandler):
    server: Broker

    def do_GET(self) -> None:
        self.answer({"/events": RECENT, "/dead": {"dead": self.server.held}}[self.path.partition("?")[0]])

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        # the rest are events
        self.server.asked = [question for question in self.server.asked if "ids" in question]
        self.answer({"replayed": 1})

    def answer(self, body: object) -> None:
        known = {"Bearer the-token", f"Bearer {publishing()}"}
        self.send_response(200 if self.headers["Authorization"] in known else 401)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    with Broker(("127.0.0.1", 0), Handler) as server:
        server.asked, server.held = [], []
        monkeypatch.setenv("BROKER_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("BROKER_TOKEN", "the-token")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("broker")
def test_an_event_is_shown_with_everyone_who_hears_it(capsys: pytest.CaptureFixture[str]) -> None:
    events.print_events(10)
    shown = capsys.readouterr().out
    assert "2026-11-23 02:41:35" in shown
    assert "listing.approved" in shown
    assert "notify-approval, count-view (waiting, 503)" in shown


@pytest.mark.usefixtures("broker")
def test_events_can_be_read_by_programs(capsys: pytest.CaptureFixture[str]) -> None:
    events.print_events(10, as_json=True)
    assert json.loads(capsys.readouterr().out) == RECENT["events"]


def test_dead_letters_can_be_read_by_programs(
    letter: str, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    broker.held = HELD
    events.print_dead(10, as_json=True)
    shown = capsys.readouterr().out
    assert [row["id"] for row in json.loads(shown)] == [letter]
    assert "\x1b" not in shown


def test_events_name_their_city_as_people_do(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known, unknown = str(uuid4()), str(uuid4())
    monkeypatch.setattr(Cities, "ask", lambda self: self.slugs.update({known: "heidelberg"}))
    monkeypatch.setitem(
        RECENT,
        "events",
        [
            RECENT["events"][0] | {"event": EVENT | {"tenantid": each}}
            for each in (known, str(PLATFORM_ID), unknown)
        ],
    )
    events.print_events(10)
    names = [row.split()[3] for row in capsys.readouterr().out.splitlines()[1:]]
    assert names == ["heidelberg", "platform", unknown]


@pytest.fixture
def letter(city: City, broker: Broker) -> str:
    """A letter of this city, whose function is away; the broker has none."""
    with superuser(settings().postgres_database_prefix + "platform") as connection:
        connection.run("DELETE FROM dead_letters")
    broker.held = []
    reason = base64.b64encode(b"[red]no\x1b]0;owned\x07 such listing").decode()
    assert keep(dead(city, knativeerrorcode="422", knativeerrordata=reason)).status == 204
    return str(listed(city)[0]["id"])


def test_a_dead_letter_is_shown_as_the_platform_keeps_it_and_its_reason_cannot_command_the_terminal(
    letter: str, capsys: pytest.CaptureFixture[str]
) -> None:
    events.print_dead(10)
    shown = capsys.readouterr().out
    assert letter in shown
    assert "422" in shown
    assert "[red]no·]0;owned· such listing" in shown
    assert "\x1b" not in shown
    assert "with the broker" not in shown


def test_letters_that_the_broker_could_not_hand_over_yet_are_told_of_and_go_again_with_all(
    letter: str, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    broker.held = HELD
    events.print_dead(10)
    assert "1 more are still with the broker" in capsys.readouterr().out
    events.replay(None)
    assert broker.asked == [{"ids": "all"}]
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [letter, "1"]


def test_replay_takes_ids_or_everything_and_says_how_it_went(
    letter: str, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    with entered({"EVENTS_URL": "http://127.0.0.1:9"}):
        events.replay([letter])
        assert capsys.readouterr().out == f"{letter}  still no answer: no answer: URLError\n"
    with entered({"EVENTS_URL": os.environ["BROKER_URL"]}):
        events.replay(None)
    assert capsys.readouterr().out.startswith(f"{letter}  delivered\n")
    with pytest.raises(CommandFailed, match="has been delivered by now"):
        events.replay([letter])
    with pytest.raises(CommandFailed, match="not the id"):
        events.replay(["7; DROP TABLE"])


def test_a_broker_that_refuses_or_is_away_is_a_problem(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_TOKEN", "another")
    with pytest.raises(CommandFailed, match="refuses"):
        events.print_events(1)
    monkeypatch.setenv("BROKER_URL", "http://127.0.0.1:9")
    with pytest.raises(CommandFailed, match="does not answer"):
        events.print_events(1)
    assert broker.asked == []
