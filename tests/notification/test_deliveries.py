"""A message waits while whatever carries it is away, arrives once when it is back, and says what became of
it.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from events.notification import NotificationRequested
from functions.auth.guests import guest
from functions.auth.passwords import mail_reset_link
from functions.auth.registrations import registration
from functions.notification.deliveries.retry_schedule import STEPS, USEFUL_FOR, next_try
from shared.adapters import mail
from shared.adapters.circuit_breaker import Breaker
from shared.adapters.mail import MailUncertain
from shared.kit.settings import settings
from tests.adapters.running import ThirdParties, free_ports
from tests.core.factories import make_listing
from tests.notification.people import settle_in, tell
from tests.notification.test_listing_notifications import mails
from tests.notification.test_wishes import has_phone, notice, prefer, pushes
from tests.support import City, call
from tooling.stack.environment import entered

pytestmark = pytest.mark.usefixtures("thirdparty")
STATES = "SELECT state, reason, attempts, request IS NOT NULL FROM deliveries ORDER BY created_at, id"


class Clock:
    """The moment that the circuits and the ticks of a test go by."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def later(self, **ahead: float) -> None:
        """Let time pass, and the tick of that minute come."""
        self.now += timedelta(**ahead)
        done = call(
            "send-deferred-messages",
            path="/",
            token=settings().broker_token.get_secret_value(),
            headers={"x-heidi-tick": self.now.isoformat()},
        )
        assert done.status == 204, done.body


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(Breaker, "now", lambda _: round(made.now.timestamp() * 1000))
    return made


@pytest.fixture
def editor(city: City, thirdparty: ThirdParties) -> str:
    return settle_in(city, "editor")


@pytest.fixture
def nobody_listens(thirdparty: ThirdParties) -> Iterator[None]:
    """The mail server's and the push services' ports, on which nobody answers."""
    [port] = free_ports(1)
    away = f"http://127.0.0.1:{port}"
    with entered(
        {
            **thirdparty.environment(),
            "SMTP_PORT": str(port),
            "FCM_ENDPOINT": away,
            "FCM_TOKEN_URI": f"{away}/token",
        }
    ):
        yield


def deliveries(city: City) -> list[list[Any]]:
    return city.rows("notification", STATES)


def ask(
    city: City, template: str = "listing_approved", channel: Any = "email", **values: str
) -> NotificationRequested:
    request = notice(city, channel, template, **values)
    tell(city, "send-email" if channel == "email" else "send-push", request)
    return request


def listed(city: City, query: str = "") -> list[dict[str, Any]]:
    got = city.call("list-deliveries", "city_admin", query=query)
    assert got.status == 200, got.body
    items: list[dict[str, Any]] = got.body["items"]
    return items


def retried(city: City, delivery: str) -> Any:
    return city.call("retry-delivery", "city_admin", path=f"/api/notifications/deliveries/{delivery}/retry")


def ids_of(thirdparty: ThirdParties, address: str) -> list[str]:
    api = thirdparty.url("inbox") + "/api/messages"
    return [
        httpx.get(f"{api}/{found['id']}").json()["headers"]["message-id"]
        for found in mails(thirdparty, address)
    ]


def test_thirty_listings_while_the_mail_server_is_away_for_an_hour_lose_no_mail(
    city: City, clock: Clock, tmp_path: Any
) -> None:
    """The server is a real one, a process of its own, that is killed and started again."""
    running = ThirdParties(tmp_path)
    environment = running.environment()
    running.loop.close()
    server = started(environment)
    with entered(environment):
        admin = settle_in(city, "city_admin")
        server.send_signal(signal.SIGKILL)
        server.wait()
        for number in range(30):
            make_listing(city, title=f"Lesung {number}")
        city.settle()  # each delivery of an event is answered with 204 at the first attempt: no dead letters
        assert [row[0] for row in deliveries(city)] == ["waiting"] * 30
        for _ in range(12):
            clock.later(minutes=5)
        assert [row[0] for row in deliveries(city)] == ["waiting"] * 30
        server = started(environment)
        try:
            for _ in range(13):  # an hour is the longest that a single one waits for its next try
                clock.later(minutes=5)
            assert [row[0] for row in deliveries(city)] == ["sent"] * 30
            assert len(Counter(ids_of(running, admin))) == len(ids_of(running, admin)) == 30
        finally:
            server.send_signal(signal.SIGKILL)
            server.wait()


def started(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """The local third parties as a process, once they answer."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tooling.thirdparty"], env=os.environ | environment
    )
    while process.poll() is None:
        with suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{environment['INBOX_PORT']}/api/messages")
            return process
        threading.Event().wait(0.05)
    raise AssertionError("it did not start")


@pytest.mark.usefixtures("editor", "nobody_listens")
def test_whoever_is_away_is_asked_a_few_times_by_all_that_wait_together(city: City, clock: Clock) -> None:
    for _ in range(40):
        ask(city)
    for _ in range(10):
        clock.later(minutes=1)
    tries = sum(row[2] for row in deliveries(city))
    assert 5 <= tries <= 5 + 10


def test_the_next_try_comes_after_half_a_minute_then_two_ten_and_thirty_then_hourly() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert [(next_try(now, attempts) - now).total_seconds() for attempts in range(1, 8)] == [
        30,
        120,
        600,
        1800,
        3600,
        3600,
        3600,
    ]
    assert (next_try(now, 1, wait=97) - now).total_seconds() == 97
    assert len(STEPS) == 4


@pytest.mark.usefixtures("nobody_listens")
def test_after_three_days_a_mail_is_given_up_and_staff_see_it(editor: str, city: City, clock: Clock) -> None:
    ask(city)
    clock.later(hours=71)
    assert [found["state"] for found in listed(city)] == ["waiting"]
    clock.later(hours=2)
    [found] = listed(city, "state=expired&channel=email")
    assert (found["reason"], found["template"], found["userId"]) == (
        "NO_LONGER_USEFUL",
        "listing_approved",
        str(city.person("editor")),
    )
    assert editor not in str(found)
    assert [said.data["reason"] for said in city.events("notification.failed")] == ["NO_LONGER_USEFUL"]


def test_a_link_that_has_ended_meanwhile_is_not_sent(
    editor: str, city: City, clock: Clock, thirdparty: ThirdParties
) -> None:
    with entered({**thirdparty.environment(), "SMTP_PORT": str(free_ports(1)[0])}):
        ask(city, "reset_password", link="https://example.org/reset")
    clock.later(minutes=61)
    assert [row[0] for row in deliveries(city)] == ["expired"]
    assert mails(thirdparty, editor) == []


def test_links_are_worth_waiting_for_as_long_as_they_live() -> None:
    assert USEFUL_FOR == {
        "reset_password": mail_reset_link.VALID_FOR,
        "verify_email": registration.VALID_FOR,
        "confirm_guest": guest.VALID_FOR,
    }


@pytest.mark.usefixtures("nobody_listens")
def test_a_push_waits_for_its_service_as_long_as_a_device_would(
    city: City, clock: Clock, thirdparty: ThirdParties
) -> None:
    settle_in(city, "editor")
    phone = has_phone(city, city.person("editor"))
    ask(city, channel="push")
    assert [row[0] for row in deliveries(city)] == ["waiting"]
    with entered(thirdparty.environment()):
        clock.later(minutes=11)
        assert ([row[0] for row in deliveries(city)], pushes(thirdparty, phone)) == (["sent"], 1)


@pytest.mark.usefixtures("nobody_listens")
def test_a_push_that_its_service_never_took_is_given_up_after_a_day(city: City, clock: Clock) -> None:
    settle_in(city, "editor")
    has_phone(city, city.person("editor"))
    ask(city, channel="push")
    clock.later(hours=25)
    assert [row[:2] for row in deliveries(city)] == [["expired", "NO_LONGER_USEFUL"]]


def test_only_those_devices_that_had_none_get_it_when_one_service_is_back(
    city: City, clock: Clock, thirdparty: ThirdParties
) -> None:
    from events.users import DeviceRegistered

    settle_in(city, "editor")
    phone = has_phone(city, city.person("editor"))
    tablet = uuid4().hex * 2
    tell(
        city,
        "remember-device",
        DeviceRegistered(user_id=city.person("editor"), device_id="tablet", platform="apns", token=tablet),
    )
    with entered({**thirdparty.environment(), "APNS_ENDPOINT": f"http://127.0.0.1:{free_ports(1)[0]}"}):
        ask(city, channel="push")
    assert (pushes(thirdparty, phone), pushes(thirdparty, tablet), deliveries(city)[0][0]) == (
        1,
        0,
        "waiting",
    )
    clock.later(minutes=1)
    assert (pushes(thirdparty, phone), pushes(thirdparty, tablet), deliveries(city)[0][0]) == (1, 1, "sent")


@pytest.mark.parametrize(
    ("wished", "channel", "reason"), [([], "email", "CHANNEL_OFF"), (["email"], "push", "CHANNEL_OFF")]
)
def test_what_somebody_does_not_want_is_a_row_that_says_so(
    editor: str, city: City, wished: list[str], channel: Any, reason: str
) -> None:
    has_phone(city, city.person("editor"))
    prefer(city, wished)
    ask(city, channel=channel)
    assert deliveries(city) == [["suppressed", reason, 0, False]]


@pytest.mark.usefixtures("editor")
def test_a_push_to_somebody_without_a_device_is_a_row_that_says_so(city: City) -> None:
    body = {"userId": str(city.person("editor")), "title": "Sturm", "text": "Bleiben Sie zu Hause."}
    assert city.call("request-push", "city_admin", body=body).status == 202
    city.settle()
    assert [(found["state"], found["reason"]) for found in listed(city)] == [("suppressed", "NO_DEVICE")]


def test_what_was_sent_is_not_kept(editor: str, city: City, thirdparty: ThirdParties) -> None:
    ask(city)
    assert deliveries(city) == [["sent", None, 1, False]]
    assert len(mails(thirdparty, editor)) == 1


@contextmanager
def dying() -> Iterator[None]:
    """Whoever begins to send a mail in this block is killed before it leaves."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("functions.notification.deliveries.mail_channel.send_together", lambda *_: [])
        patched.setattr("functions.notification.deliveries.mail_channel.write_down", lambda *_: None)
        yield


def died_while_sending(city: City, clock: Clock, template: str, **values: str) -> NotificationRequested:
    """A message whose process was killed between the commit and the answer of the server."""
    request = NotificationRequested(
        notification_id=uuid4(),
        channel="email",
        template=template,
        user_id=city.person("editor"),
        values={"city": "Heidelberg", "title": "Lesecafé", **values},
    )
    with dying():
        tell(city, "send-email", request)
    assert [row[0] for row in deliveries(city)] == ["sending"]
    clock.later(minutes=4)
    assert [row[0] for row in deliveries(city)] == ["sending"]
    return request


@pytest.mark.parametrize(
    ("template", "values"),
    [("reset_password", {"link": "https://example.org/reset"}), ("listing_approved", {})],
)
def test_a_mail_whose_sender_died_goes_once_more_and_no_oftener(
    editor: str, city: City, clock: Clock, thirdparty: ThirdParties, template: str, values: dict[str, str]
) -> None:
    request = died_while_sending(city, clock, template, **values)
    clock.later(minutes=2)
    assert ids_of(thirdparty, editor) == [mail.message_id_for(request.notification_id, editor)]
    clock.later(hours=1)
    assert len(mails(thirdparty, editor)) == 1


def test_a_mail_that_two_senders_died_of_waits_for_somebody_to_decide(
    editor: str, city: City, clock: Clock, thirdparty: ThirdParties
) -> None:
    died_while_sending(city, clock, "listing_approved")
    with dying():
        clock.later(minutes=2)
        assert [row[:1] for row in deliveries(city)] == [["sending"]]
    clock.later(minutes=6)
    [found] = listed(city, "state=uncertain")
    assert mails(thirdparty, editor) == []
    assert retried(city, found["id"]).body["state"] == "waiting"
    clock.later(minutes=1)
    assert ([row[0] for row in deliveries(city)], len(mails(thirdparty, editor))) == (["sent"], 1)


def test_a_mail_whose_receipt_is_never_heard_of_is_repeated_once(
    editor: str, city: City, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise MailUncertain

    monkeypatch.setattr(mail.Server, "send", lost)
    ask(city, "reset_password", link="https://example.org/reset")
    assert [row[:2] for row in deliveries(city)] == [["waiting", "UNCERTAIN"]]
    clock.later(minutes=2)
    assert [row[:2] for row in deliveries(city)] == [["uncertain", "UNCERTAIN"]]


def test_what_was_refused_can_be_sent_again_for_a_week_and_then_nothing_of_it_is_kept(
    city: City, clock: Clock, thirdparty: ThirdParties
) -> None:
    request = NotificationRequested(
        notification_id=uuid4(),
        channel="email",
        template="invitation",
        address="reject-me@example.org",
        values={"city": "Heidelberg", "role": "editor", "link": "https://example.org"},
    )
    with entered(thirdparty.environment()):
        tell(city, "send-email", request)
        [found] = listed(city)
        assert found["state"] == "failed"
        assert "550" in found["reason"]
        assert retried(city, found["id"]).status == 200
        clock.later(minutes=1)
        assert [row[0] for row in deliveries(city)] == ["failed"]
        clock.later(days=8)
    assert [row[3] for row in deliveries(city)] == [False]
    assert retried(city, found["id"]).code == "DELIVERY_NOT_RETRIABLE"


def test_what_was_sent_or_has_ended_is_not_sent_again(editor: str, city: City, clock: Clock) -> None:
    ask(city)
    [found] = listed(city)
    assert retried(city, found["id"]).code == "DELIVERY_NOT_RETRIABLE"


def test_another_citys_deliveries_are_nobodys(editor: str, city: City, other_city: City) -> None:
    ask(city)
    [found] = listed(city)
    assert listed(other_city) == []
    assert retried(other_city, found["id"]).status == 404


def test_two_ticks_at_once_send_each_mail_once(
    editor: str, city: City, clock: Clock, thirdparty: ThirdParties
) -> None:
    with entered({**thirdparty.environment(), "SMTP_PORT": str(free_ports(1)[0])}):
        for _ in range(12):
            ask(city)
    clock.now += timedelta(minutes=11)
    both = [threading.Thread(target=clock.later) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert (len(mails(thirdparty, editor)), len(set(ids_of(thirdparty, editor)))) == (12, 12)


def test_a_person_who_was_erased_while_a_message_waited_gets_none(
    editor: str, city: City, clock: Clock, thirdparty: ThirdParties
) -> None:
    with entered({**thirdparty.environment(), "SMTP_PORT": str(free_ports(1)[0])}):
        ask(city)
    city.rows("notification", "DELETE FROM recipients WHERE id = :id RETURNING 1", id=city.person("editor"))
    clock.later(minutes=11)
    assert [row[:2] for row in deliveries(city)] == [["failed", "RECIPIENT_UNKNOWN"]]
    assert mails(thirdparty, editor) == []


def test_how_it_ended_is_in_the_audit_and_not_each_try(
    city: City, clock: Clock, thirdparty: ThirdParties
) -> None:
    settle_in(city, "editor")
    with entered({**thirdparty.environment(), "SMTP_PORT": str(free_ports(1)[0])}):
        ask(city)
        clock.later(minutes=11)
    with entered(thirdparty.environment()):
        clock.later(minutes=61)
    noted = [change.data for change in city.changes("notification") if change.data["entity"] == "delivery"]
    assert [change["after"]["state"] for change in noted] == ["sent"]
    assert isinstance(UUID(noted[0]["entityId"]), UUID)
