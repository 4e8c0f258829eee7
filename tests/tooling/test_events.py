"""`./heidi events`: what is asked of the broker and how its answer is shown."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tooling import events
from tooling.problem import Problem

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
DEAD = {
    "dead": [
        {
            "id": 7,
            "died_at": "2026-11-23T02:41:35+00:00",
            "event": EVENT,
            "trigger": "notify-approval",
            "attempts": 4,
            "code": 422,
            "reason": "[red]no\x1b]0;owned\x07 such listing",
        }
    ]
}


class Broker(HTTPServer):
    """Answers what the real one answers, and remembers what it was asked."""

    asked: list[Any]


class Handler(BaseHTTPRequestHandler):
    server: Broker

    def do_GET(self) -> None:
        self.answer({"/events": RECENT, "/dead": DEAD}[self.path.partition("?")[0]])

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer({"replayed": 1})

    def answer(self, body: object) -> None:
        self.send_response(200 if self.headers["Authorization"] == "Bearer the-token" else 401)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    with Broker(("127.0.0.1", 0), Handler) as server:
        server.asked = []
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
def test_a_dead_letter_is_shown_with_its_number_and_its_reason_cannot_command_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    events.print_dead(10)
    shown = capsys.readouterr().out
    assert "[red]no·]0;owned· such listing" in shown
    assert "\x1b" not in shown


def test_replay_takes_numbers_or_everything(broker: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    events.replay(["7", "8"])
    events.replay(None)
    assert broker.asked == [{"ids": [7, 8]}, {"ids": "all"}]
    assert capsys.readouterr().out == "1 to be delivered again.\n" * 2
    with pytest.raises(Problem, match="not the number"):
        events.replay(["7; DROP TABLE"])


def test_a_broker_that_refuses_or_is_away_is_a_problem(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_TOKEN", "another")
    with pytest.raises(Problem, match="refuses"):
        events.print_dead(1)
    monkeypatch.setenv("BROKER_URL", "http://127.0.0.1:9")
    with pytest.raises(Problem, match="does not answer"):
        events.print_dead(1)
    assert broker.asked == []
