"""Events that could not be delivered in a cluster: kept once, read by operators only, sent again without
harm.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from events.privacy import UserDeleted
from functions.platform.dead_letters.dead_letter import DeadLetter
from shared.errors import PayloadTooLarge
from shared.kit.cloudevents import Envelope
from shared.kit.http import Request
from shared.kit.settings import settings
from shared.tenancy.tenants import PLATFORM
from tests.platform.letters import dead, keep, listed
from tests.support import Answer, City, Said, call, deliver


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, str], bytes]]]:
    """What stands for the internal gateway: remembers what it gets, answers as the last path segment asks."""
    got: list[tuple[str, dict[str, str], bytes]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(503 if self.path.endswith("still-away") else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(settings(), "events_url", f"http://127.0.0.1:{server.server_port}/events")
    monkeypatch.setattr(settings(), "broker_url", f"http://127.0.0.1:{server.server_port}/broker")
    yield got
    server.shutdown()
    server.server_close()


def test_a_dead_letter_is_kept_with_what_the_function_answered(city: City) -> None:
    assert keep(dead(city)).status == 204
    [letter] = listed(city)
    assert (letter["function"], letter["status"], letter["answer"]) == (
        "send-email",
        503,
        '{"error":{"code":"UNAVAILABLE"}}',
    )
    assert letter["type"] == "app.heidi.notification.requested"
    assert letter["deliveredAt"] is None


def test_the_same_dead_letter_that_comes_twice_is_one(city: City) -> None:
    headers = dead(city)
    assert keep(headers).status == keep(headers).status == 204
    assert len(listed(city)) == 1


def test_an_event_that_two_functions_did_not_take_is_two_letters(city: City) -> None:
    headers = dead(city)
    keep(headers)
    keep(headers | {"ce-knativeerrordest": "http://send-push.heidi-prod.svc.cluster.local"})
    assert sorted(letter["function"] for letter in listed(city)) == ["send-email", "send-push"]


def test_operators_do_not_read_what_the_event_says(city: City) -> None:
    keep(dead(city), b'{"email": "ada@example.org"}')
    assert "ada@example.org" not in json.dumps(listed(city))


def test_only_the_platform_brings_dead_letters(city: City) -> None:
    refused = call(
        "keep-dead-letter",
        path="/",
        method="POST",
        body=b"{}",
        token=city.token("super_admin"),
        headers=dead(city),
    )
    assert refused.status == 401
    assert listed(city) == []


@pytest.mark.parametrize("role", ["super_city_admin", "city_admin", "editor", "citizen"])
def test_nobody_in_a_city_sees_or_sends_them(city: City, role: str) -> None:
    assert city.call("list-dead-letters", role).status == 403
    assert (
        city.call("replay-dead-letter", role, path=f"/api/platform/dead-letters/{uuid4()}/replay").status
        == 403
    )


def replay(city: City, letter: dict[str, Any]) -> Answer:
    return city.call(
        "replay-dead-letter", "super_admin", path=f"/api/platform/dead-letters/{letter['id']}/replay"
    )


def test_a_letter_is_sent_to_the_function_that_did_not_take_it_as_it_was_first_said(
    city: City, gateway: list[Any]
) -> None:
    headers = dead(city, subject="Straße")
    keep(headers | {"ce-subject": "Stra%C3%9Fe"}, b'{"notificationId": "7"}')
    answer = replay(city, listed(city)[0])
    assert answer.body == {"delivered": True, "status": 204, "answer": ""}
    [(path, sent, body)] = gateway
    assert (path, body) == ("/events/send-email", b'{"notificationId": "7"}')
    assert sent["authorization"] == f"Bearer {settings().broker_token.get_secret_value()}"
    assert {name: sent[name] for name in ("ce-id", "ce-tenantid", "ce-subject")} == {
        "ce-id": headers["ce-id"],
        "ce-tenantid": str(city.id),
        "ce-subject": "Stra%C3%9Fe",
    }
    assert not any("knativeerror" in name for name in sent)


def test_what_was_delivered_is_no_longer_among_those_that_wait_and_is_not_sent_again(
    city: City, gateway: list[Any]
) -> None:
    keep(dead(city))
    [letter] = listed(city)
    replay(city, letter)
    assert listed(city) == []
    assert listed(city, "waiting=false")[0]["deliveredAt"]
    refused = replay(city, letter)
    assert (refused.status, refused.code) == (409, "ALREADY_DELIVERED")
    assert len(gateway) == 1


def test_a_function_that_is_still_away_leaves_the_letter_where_it_is(city: City, gateway: list[Any]) -> None:
    keep(dead(city, knativeerrordest="http://gateway/function/still-away", knativeerrorcode="500"))
    answer = replay(city, listed(city)[0])
    assert (answer.body["delivered"], answer.body["status"]) == (False, 503)
    assert listed(city)[0]["status"] == 503


def test_a_letter_of_which_nobody_knows_the_function_goes_to_the_broker(
    city: City, gateway: list[Any]
) -> None:
    keep(dead(city, knativeerrordest=""))
    assert replay(city, listed(city)[0]).body["delivered"]
    assert gateway[0][0] == "/broker"


def test_letters_that_die_again_wait_again(city: City, gateway: list[Any]) -> None:
    headers = dead(city)
    keep(headers)
    replay(city, listed(city)[0])
    keep(headers)
    assert len(listed(city)) == 1


def test_a_letter_that_does_not_exist_is_404(city: City) -> None:
    assert replay(city, {"id": uuid4()}).status == 404


def test_pages_go_on_where_the_last_one_ended(city: City) -> None:
    for _ in range(3):
        keep(dead(city))
    first = city.call("list-dead-letters", "super_admin", query="limit=2&function=send-email").body
    second = city.call(
        "list-dead-letters", "super_admin", query=f"limit=2&function=send-email&cursor={first['nextCursor']}"
    ).body
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert len(ids) == len(set(ids)) >= 3


@pytest.mark.parametrize(
    ("destination", "function"),
    [
        ("http://x/events/send-email", "send-email"),
        ("http://x/events/send-email/", "send-email"),
        ("http://gateway:8080/function/a-b", "a-b"),
        ("http://send-push.heidi-prod.svc.cluster.local", "send-push"),
        ("http://send-push.heidi-prod.svc.cluster.local/", "send-push"),
        ("", ""),
        ("nonsense", ""),
        ("http://x/events/../../etc/passwd%00", ""),
        ("http://x/events/Send_Email", ""),
    ],
)
def test_which_function_failed_is_in_its_address(destination: str, function: str) -> None:
    assert DeadLetter({"knativeerrordest": destination}, "").function == function


def test_what_is_no_event_is_kept_too_and_is_the_platforms(city: City) -> None:
    assert keep({}, b"\xff\x00not json").status == 204
    letters = city.call("list-dead-letters", "super_admin", query="limit=100").body["items"]
    assert str(PLATFORM.id) in {letter["tenantId"] for letter in letters}


def test_letters_that_say_nothing_of_themselves_do_not_replace_each_other(city: City) -> None:
    headers = {"ce-tenantid": str(city.id)}
    assert [keep(headers, body).status for body in (b"one", b"two")] == [204, 204]
    assert len(listed(city)) == 2


def test_answers_that_are_not_base64_are_shown_as_they_are() -> None:
    assert DeadLetter({"knativeerrordata": "plain words"}, "").answer == "plain words"
    assert len(DeadLetter({"knativeerrordata": "é" * 5000}, "").answer) == 1000


def test_a_letter_that_is_longer_than_any_event_is_refused() -> None:
    request = Request({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(2 * 1024 * 1024)})
    with pytest.raises(PayloadTooLarge):
        DeadLetter.of(request)


def test_letters_about_somebody_go_when_they_go_and_others_stay(city: City) -> None:
    person = uuid4()
    keep(dead(city, actorid=str(person)))
    keep(dead(city), json.dumps({"userId": str(person)}).encode())
    keep(dead(city, actorid=str(uuid4())))
    gone = UserDeleted(user_id=person)
    envelope = Envelope(str(uuid4()), "/heidi/users", gone.type(), datetime.now(UTC), city.id, "c", "", "")
    assert (
        deliver("erase-platform-data", Said("users", envelope, gone.model_dump_json(by_alias=True))).status
        == 204
    )
    assert len(listed(city)) == 1
