"""People are told what they want to be told, where and when they want it; what concerns their account they
are told in any case.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from events.auth import GuestConverted, UserCreated
from events.notification import Channel, NotificationRequested
from events.users import DeviceRegistered, PreferencesChanged, UserUpdated
from functions.notification.recipients.notice_rules import NOTICES, end_of_quiet
from functions.notification.tables import Recipient
from functions.notification.templates import texts
from shared.kit.cloudevents import Envelope
from shared.kit.settings import settings
from tests.adapters.running import ThirdParties
from tests.notification.people import settle_in, tell
from tests.notification.test_listing_notifications import mails
from tests.support import City, Said, call, deliver

pytestmark = pytest.mark.usefixtures("thirdparty")
INVITATION = {"role": "editor", "link": "https://example.org"}


def notice(
    city: City, channel: Channel, template: str = "listing_approved", **values: str
) -> NotificationRequested:
    return NotificationRequested(
        notification_id=uuid4(),
        channel=channel,
        template=template,
        user_id=city.person("editor"),
        values={"city": "Heidelberg", "title": "Lesecafé", **values},
    )


def has_phone(city: City, user_id: UUID) -> str:
    token = f"fcm:{user_id}"
    tell(
        city,
        "remember-device",
        DeviceRegistered(user_id=user_id, device_id="phone", platform="fcm", token=token),
    )
    return token


def pushes(thirdparty: ThirdParties, token: str) -> int:
    return len(httpx.get(f"{thirdparty.url('inbox')}/api/pushes", params={"token": token}).json())


def prefer(
    city: City, channels: list[str], *, quiet: tuple[str, str] | tuple[None, None] = (None, None)
) -> None:
    tell(
        city,
        "remember-preferences",
        PreferencesChanged(
            user_id=city.person("editor"), channels=channels, quiet_from=quiet[0], quiet_until=quiet[1]
        ),
    )


def around_now() -> tuple[str, str]:
    """Quiet hours, in Heidelberg, that it is in the middle of."""
    here = datetime.now(ZoneInfo("Europe/Berlin"))
    return f"{here - timedelta(hours=1):%H:%M}", f"{here + timedelta(hours=1):%H:%M}"


def tick(in_hours: float) -> None:
    due = (datetime.now(UTC) + timedelta(hours=in_hours)).isoformat()
    done = call(
        "send-deferred-messages",
        path="/",
        token=settings().broker_token.get_secret_value(),
        headers={"x-heidi-tick": due},
    )
    assert done.status == 204, done.body


def states(city: City) -> list[list[Any]]:
    return city.rows("notification", "SELECT state, due_at > now(), request IS NOT NULL FROM deliveries")


def test_a_channel_that_is_switched_off_carries_no_notices_and_the_other_one_does(
    city: City, thirdparty: ThirdParties
) -> None:
    address, phone = settle_in(city, "editor"), has_phone(city, city.person("editor"))
    prefer(city, ["push"])
    tell(city, "send-email", notice(city, "email"))
    tell(city, "send-push", notice(city, "push"))
    assert (len(mails(thirdparty, address)), pushes(thirdparty, phone)) == (0, 1)
    prefer(city, ["email"])
    tell(city, "send-email", notice(city, "email"))
    tell(city, "send-push", notice(city, "push"))
    assert (len(mails(thirdparty, address)), pushes(thirdparty, phone)) == (1, 1)


def test_what_concerns_the_account_comes_whatever_is_switched_off(
    city: City, thirdparty: ThirdParties
) -> None:
    address, phone = settle_in(city, "editor"), has_phone(city, city.person("editor"))
    prefer(city, [], quiet=around_now())
    tell(city, "send-email", notice(city, "email", "invitation", **INVITATION))
    tell(city, "send-push", notice(city, "push", "invitation", **INVITATION))
    assert (len(mails(thirdparty, address)), pushes(thirdparty, phone)) == (1, 1)


def test_a_push_waits_for_the_end_of_quiet_hours_and_then_comes_once(
    city: City, thirdparty: ThirdParties
) -> None:
    settle_in(city, "editor")
    phone = has_phone(city, city.person("editor"))
    prefer(city, ["email", "push"], quiet=around_now())
    request = notice(city, "push")
    for _ in range(2):
        tell(city, "send-push", request)
    assert (states(city), pushes(thirdparty, phone), city.events()) == ([["waiting", True, True]], 0, [])
    tick(in_hours=0)
    assert (states(city), city.events()) == ([["waiting", True, True]], [])
    prefer(city, ["email", "push"])
    for _ in range(2):
        tick(in_hours=2)
    assert [said.type for said in city.events()] == ["notification.sent"]
    assert (states(city), pushes(thirdparty, phone)) == ([["sent", None, False]], 1)


def test_whoever_switches_push_off_while_a_message_waits_does_not_get_it(
    city: City, thirdparty: ThirdParties
) -> None:
    settle_in(city, "editor")
    phone = has_phone(city, city.person("editor"))
    prefer(city, ["push"], quiet=around_now())
    tell(city, "send-push", notice(city, "push"))
    prefer(city, ["email"])
    tick(in_hours=2)
    assert (states(city), pushes(thirdparty, phone)) == ([["suppressed", None, False]], 0)


def test_every_push_that_is_asked_for_is_a_message_of_its_own_even_in_one_trace(city: City) -> None:
    settle_in(city, "editor")
    body = {"userId": str(city.person("editor")), "title": "Sturm", "text": "Bleiben Sie zu Hause."}
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    answers = [city.call("request-push", "city_admin", body=body, headers=trace) for _ in range(2)]
    assert [answer.status for answer in answers] == [202, 202]
    assert len({answer.body["notificationId"] for answer in answers}) == 2


def test_mail_does_not_wait(city: City, thirdparty: ThirdParties) -> None:
    address = settle_in(city, "editor")
    prefer(city, ["email", "push"], quiet=around_now())
    tell(city, "send-email", notice(city, "email"))
    assert len(mails(thirdparty, address)) == 1


def test_each_citys_waiting_messages_are_its_own(
    city: City, other_city: City, thirdparty: ThirdParties
) -> None:
    for each in (city, other_city):
        settle_in(each, "editor")
        has_phone(each, each.person("editor"))
        prefer(each, ["push"], quiet=around_now())
        tell(each, "send-push", notice(each, "push"))
        prefer(each, ["push"])
    tick(in_hours=2)
    for each in (city, other_city):
        [said] = each.events()
        assert (said.envelope.tenant_id, said.data["userId"]) == (each.id, str(each.person("editor")))
        assert pushes(thirdparty, f"fcm:{each.person('editor')}") == 1


def test_the_messages_of_a_city_that_is_switched_off_stay_where_they_are() -> None:
    with City.known("leimen", active=False) as off:
        settle_in(off, "editor")
        has_phone(off, off.person("editor"))
        prefer(off, ["push"], quiet=around_now())
        tell(off, "send-push", notice(off, "push"))
        tick(in_hours=2)
        assert (off.events(), len(states(off))) == ([], 1)


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        (("22:00", "07:00"), "2026-01-10T20:59", None),
        (("22:00", "07:00"), "2026-01-10T21:00", "2026-01-11T06:00"),
        (("22:00", "07:00"), "2026-01-11T05:59", "2026-01-11T06:00"),
        (("22:00", "07:00"), "2026-01-11T06:00", None),
        (("12:00", "14:00"), "2026-07-01T10:30", "2026-07-01T12:00"),
        (("12:00", "14:00"), "2026-07-01T12:00", None),
        (("22:00", "07:00"), "2026-03-28T22:30", "2026-03-29T05:00"),
        (("22:00", "07:00"), "2026-10-24T21:00", "2026-10-25T06:00"),
        (("08:00", "08:00"), "2026-01-10T07:00", None),
        ((None, None), "2026-01-10T23:00", None),
    ],
)
def test_quiet_hours_are_hours_of_the_citys_day_over_midnight_and_in_summer(
    city: City, quiet: tuple[str | None, str | None], now: str, until: str | None
) -> None:
    person = Recipient(quiet_from=quiet[0], quiet_until=quiet[1])
    expected = datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None
    assert (
        end_of_quiet(
            person, notice(city, "push"), datetime.fromisoformat(now).replace(tzinfo=UTC), "Europe/Berlin"
        )
        == expected
    )


def test_a_guest_is_reached_by_push_and_by_mail_only_once_there_is_an_address(
    city: City, thirdparty: ThirdParties
) -> None:
    guest = city.person("editor")
    tell(city, "remember-recipient", UserCreated(user_id=guest, email="", roles=["citizen"], guest=True))
    phone = has_phone(city, guest)
    tell(city, "send-email", notice(city, "email"))
    tell(city, "send-push", notice(city, "push"))
    assert pushes(thirdparty, phone) == 1
    assert [said.type for said in city.events()] == ["notification.sent"]
    address = f"guest-{city.tenant.slug}@example.org"
    tell(city, "remember-profile", GuestConverted(user_id=guest, email=address, name="Gaby", language="en"))
    tell(city, "send-email", notice(city, "email"))
    assert [mail["subject"] for mail in mails(thirdparty, address)] == ["Your listing is published: Lesecafé"]


def test_a_changed_language_is_the_language_of_the_next_message(city: City, thirdparty: ThirdParties) -> None:
    address = settle_in(city, "editor")
    prefer(city, ["email"])
    tell(city, "remember-profile", UserUpdated(user_id=city.person("editor"), name="Lena", language="en"))
    tell(city, "send-email", notice(city, "email"))
    assert mails(thirdparty, address)[0]["subject"].startswith("Your listing is published")
    assert city.rows("notification", "SELECT name, email, channels FROM recipients") == [
        ["Lena", address, ["email"]]
    ]


@pytest.mark.parametrize(
    ("function", "event"),
    [
        ("remember-preferences", PreferencesChanged(user_id=uuid4(), channels=[])),
        ("remember-profile", UserUpdated(user_id=uuid4(), name="", language="de")),
        ("remember-profile", GuestConverted(user_id=uuid4(), email="a@example.org")),
    ],
)
def test_what_is_said_of_somebody_who_is_not_known_yet_is_tried_again(
    city: City, function: str, event: Any
) -> None:
    envelope = Envelope(str(uuid4()), "/test", event.type(), datetime.now(UTC), city.id, "test", "", "")
    assert deliver(function, Said("test", envelope, event.model_dump_json(by_alias=True))).status == 503


def test_every_notice_is_a_message_that_there_is() -> None:
    assert set(texts("de")) >= NOTICES
