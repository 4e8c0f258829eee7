"""Many messages that are asked for at once leave in one conversation, a few at a time, and each of them once."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from functions.notification.deliveries import dispatch, mail_channel
from shared.adapters import circuit_breaker, mail
from shared.db import pg
from shared.kit.cloudevents import Envelope
from shared.kit.settings import settings
from tests.adapters.capped import How, capped
from tests.adapters.running import ThirdParties, free_ports
from tests.notification.people import settle_in
from tests.notification.test_deliveries import Clock, clock, deliveries, ids_of, nobody_listens
from tests.notification.test_wishes import notice
from tests.support import City, Said, deliver, deliver_together

__all__ = ["clock", "nobody_listens"]
pytestmark = pytest.mark.usefixtures("thirdparty")


def asked(city: City, channel: Any = "email") -> Said:
    """A message that a function asks for."""
    request = notice(city, channel, "listing_approved")
    envelope = Envelope(
        str(uuid4()), "/test", request.type(), datetime.now(UTC), city.id, request.notification_id.hex, "", ""
    )
    return Said("test", envelope, request.model_dump_json(by_alias=True))


def states(city: City) -> Counter[str]:
    return Counter(row[0] for row in deliveries(city))


def claims(city: City) -> list[Any]:
    return [
        function
        for [function] in city.rows("notification", "SELECT function FROM inbox WHERE source = '/test'")
    ]


@pytest.fixture
def conversations(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Those with the mail server."""
    begun, begin = list[Any](), mail.open_session

    def counted(*settings: Any) -> Any:
        begun.append(settings)
        return begin(*settings)

    monkeypatch.setattr(mail, "open_session", counted)
    return begun


def test_many_mails_of_several_cities_go_in_a_conversation_for_each_city(
    city: City, other_city: City, thirdparty: ThirdParties, conversations: list[Any]
) -> None:
    addresses = [settle_in(where, "editor") for where in (city, other_city)]
    waiting = [asked(where) for _ in range(10) for where in (city, other_city)]
    for _ in range(2):
        assert deliver_together("send-email", *waiting, waiting[0]).status == 204
    assert [len(ids_of(thirdparty, address)) for address in addresses] == [10, 10]
    assert (states(city), len(conversations)) == ({"sent": 10}, 2)
    assert {said.envelope.correlation_id for said in city.events("notification.sent")} == {
        said.envelope.correlation_id for said in waiting if said.envelope.tenant_id == city.id
    }
    noted = [change for change in city.changes("notification") if change.data["entity"] == "delivery"]
    assert len({change.envelope.correlation_id for change in noted}) == 10


def test_what_is_for_another_channel_leaves_no_trace(city: City) -> None:
    settle_in(city, "editor")
    before = claims(city)
    assert deliver("send-push", asked(city)).status == 204
    assert deliver_together("send-email", asked(city, "push"), asked(city, "push")).status == 204
    assert (claims(city), deliveries(city)) == (before, [])


def test_a_process_that_dies_loses_no_mail_and_each_goes_under_one_id(
    city: City, clock: Clock, thirdparty: ThirdParties, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = settle_in(city, "editor")
    with monkeypatch.context() as patched:
        patched.setattr(mail.Server, "send", lambda *_: 1 / 0)
        assert deliver_together("send-email", *[asked(city) for _ in range(15)]).status == 204
    assert states(city) == {"sending": mail_channel.TOGETHER, "waiting": 15 - mail_channel.TOGETHER}
    clock.later(minutes=1)
    assert states(city) == {"sending": mail_channel.TOGETHER, "sent": 15 - mail_channel.TOGETHER}
    clock.later(minutes=6)
    assert (states(city), len(set(ids_of(thirdparty, address)))) == ({"sent": 15}, 15)
    assert len(ids_of(thirdparty, address)) == 15


def test_what_a_slow_server_leaves_no_time_for_is_not_begun_and_waits(
    city: City, clock: Clock, thirdparty: ThirdParties, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = settle_in(city, "editor")
    with monkeypatch.context() as patched:
        patched.setattr(dispatch, "IN_HAND", 0.0)
        patched.setattr(dispatch, "SECONDS", 60.0)
        assert deliver_together("send-email", *[asked(city) for _ in range(3)]).status == 204
    assert [row[:3] for row in deliveries(city)] == [["waiting", "", 0]] * 3
    clock.later(minutes=1)
    assert (states(city), len(ids_of(thirdparty, address))) == ({"sent": 3}, 3)


@pytest.mark.usefixtures("nobody_listens")
def test_a_server_that_is_away_is_asked_once_for_all_of_them(city: City) -> None:
    settle_in(city, "editor")
    assert deliver_together("send-email", *[asked(city) for _ in range(10)]).status == 204
    assert (states(city), sum(row[2] for row in deliveries(city))) == ({"waiting": 10}, 1)


def test_what_is_not_begun_in_time_waits_for_its_tick(
    city: City, clock: Clock, thirdparty: ThirdParties, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = settle_in(city, "editor")
    monkeypatch.setattr(dispatch, "SECONDS", 0.0)
    assert deliver_together("send-email", *[asked(city) for _ in range(5)]).status == 204
    assert states(city) == {"waiting": 5}
    clock.later(minutes=1)
    assert (states(city), len(ids_of(thirdparty, address))) == ({"sent": 5}, 5)


@pytest.mark.parametrize("how", ["421", "closed"])
def test_a_server_that_takes_only_so_many_mails_in_a_session_gets_all_of_them_once(
    city: City, thirdparty: ThirdParties, how: How
) -> None:
    settle_in(city, "editor")
    with capped(thirdparty, 5, how) as server:
        for _ in range(circuit_breaker.FAULTS + 1):
            assert deliver_together("send-email", *[asked(city) for _ in range(12)]).status == 204
        assert (states(city), circuit_breaker.states()) == ({"sent": 12 * (circuit_breaker.FAULTS + 1)}, {})
        assert len(server.taken) == len(set(server.taken)) == 12 * (circuit_breaker.FAULTS + 1)
        assert max(map(len, server.sessions)) == 5


class Database:
    """The service's: away from the moment that a mail has left, until somebody has waited for it so often."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pool = pg.pool(settings().postgres_database_prefix + "notification")
        self.port, self.pauses, self.away, send = self.pool.parameters["port"], 0, 1, mail.Server.send

        def sent(server: mail.Server, letter: mail.Mail) -> None:
            send(server, letter)
            self.leave()

        monkeypatch.setattr(mail.Server, "send", sent)
        monkeypatch.setattr(dispatch, "sleep", self.waited)

    def leave(self) -> None:
        self.pool.clear()
        self.pool.parameters["port"] = free_ports(1)[0] if self.pauses < self.away else self.port

    def waited(self, _: float) -> None:
        self.pauses += 1
        if self.pauses == self.away:
            self.back()

    def back(self) -> None:
        self.pool.parameters["port"] = self.port


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    found = Database(monkeypatch)
    yield found
    found.back()


@pytest.mark.parametrize("away", [1, 2])
def test_what_has_left_is_written_down_when_the_database_is_back_a_moment_later(
    city: City, clock: Clock, thirdparty: ThirdParties, database: Database, away: int
) -> None:
    address = settle_in(city, "editor")
    database.away = away
    assert deliver_together("send-email", *[asked(city) for _ in range(5)]).status == 204
    assert (states(city), database.pauses) == ({"sent": 5}, away)
    clock.later(minutes=6)
    assert len(ids_of(thirdparty, address)) == len(city.events("notification.sent")) == 5


def test_a_database_that_stays_away_is_not_waited_for_and_what_has_left_goes_once_more(
    city: City, clock: Clock, thirdparty: ThirdParties, database: Database
) -> None:
    address = settle_in(city, "editor")
    database.away = 100
    assert deliver_together("send-email", *[asked(city) for _ in range(5)]).status == 204
    database.back()
    database.away = 0
    assert (states(city), database.pauses) == ({"sending": 5}, len(dispatch.PAUSES))
    clock.later(minutes=6)
    assert (states(city), Counter(Counter(ids_of(thirdparty, address)).values())) == ({"sent": 5}, {2: 5})


def test_what_was_written_down_is_not_said_twice_when_only_the_answer_was_lost(
    city: City, thirdparty: ThirdParties, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = settle_in(city, "editor")
    monkeypatch.setattr(dispatch, "PAUSES", (0.0,))
    conclude, lost = dispatch.conclude_all, list[str]()

    def unheard(ends: dispatch.Ends) -> None:
        conclude(ends)
        if ends and not lost:
            lost.append("the answer to the commit")
            raise EOFError

    monkeypatch.setattr(dispatch, "conclude_all", unheard)
    assert deliver_together("send-email", *[asked(city) for _ in range(5)]).status == 204
    assert (lost, states(city), len(ids_of(thirdparty, address))) == (
        ["the answer to the commit"],
        {"sent": 5},
        5,
    )
    assert len(city.events("notification.sent")) == 5
