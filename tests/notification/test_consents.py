"""Advertising goes to people who have agreed to it, and to nobody else; what concerns them goes to them in
any case.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from events.notification import NotificationRequested
from events.users import ConsentChanged
from tests.adapters.running import ThirdParties
from tests.audit.log import said
from tests.notification.people import settle_in, tell
from tests.notification.test_listing_notifications import mails
from tests.notification.test_wishes import around_now, has_phone, notice, prefer, pushes, tick
from tests.support import City, deliver

pytestmark = pytest.mark.usefixtures("thirdparty")
FIRST, SECOND = (datetime.now(UTC) + timedelta(seconds=seconds) for seconds in (1, 2))
WORDS = {"title": "Stadtfest", "text": "Kommen Sie vorbei."}


def agree(city: City, granted: bool, purpose: str = "marketing", *, at: datetime | None = None) -> None:
    tell(
        city,
        "remember-consents",
        ConsentChanged(user_id=city.person("editor"), purpose=purpose, granted=granted, decided_at=at),
    )


def advertise(city: City) -> None:
    asked = city.call("request-push", "city_admin", body=WORDS | {"userId": str(city.person("editor"))})
    assert asked.status == 202, asked.body
    city.settle()


def ends(city: City) -> list[list[Any]]:
    return city.rows("notification", "SELECT state, reason FROM deliveries ORDER BY created_at, id")


@pytest.fixture
def phone(city: City) -> str:
    settle_in(city, "editor")
    return has_phone(city, city.person("editor"))


def test_advertising_goes_while_the_consent_lasts_and_not_before_or_after(
    city: City, phone: str, thirdparty: ThirdParties
) -> None:
    advertise(city)
    assert (ends(city), pushes(thirdparty, phone)) == ([["suppressed", "NO_CONSENT"]], 0)
    agree(city, True)
    advertise(city)
    assert (ends(city)[1:], pushes(thirdparty, phone)) == ([["sent", None]], 1)
    agree(city, False)
    advertise(city)
    assert (ends(city)[2:], pushes(thirdparty, phone)) == ([["suppressed", "NO_CONSENT"]], 1)


def test_a_consent_to_something_else_is_none_to_advertising(
    city: City, phone: str, thirdparty: ThirdParties
) -> None:
    for purpose in ("cookie", "processing", "analytics"):
        agree(city, True, purpose)
    advertise(city)
    assert (ends(city), pushes(thirdparty, phone)) == ([["suppressed", "NO_CONSENT"]], 0)


@pytest.mark.usefixtures("phone")
def test_advertising_by_mail_asks_for_the_same_consent_and_an_address_alone_has_given_none(
    city: City, thirdparty: ThirdParties
) -> None:
    address, stranger = settle_in(city, "editor"), f"{uuid4().hex}@example.org"
    for granted in (False, True):
        agree(city, granted)
        tell(city, "send-email", notice(city, "email", "free_text", **WORDS))
        tell(
            city,
            "send-email",
            NotificationRequested(
                notification_id=uuid4(), channel="email", template="free_text", address=stranger, values=WORDS
            ),
        )
    assert (len(mails(thirdparty, address)), mails(thirdparty, stranger)) == (1, [])
    assert sorted(state for state, _ in ends(city)) == ["sent", "suppressed", "suppressed", "suppressed"]


def test_whoever_withdraws_while_a_message_waits_does_not_get_it(
    city: City, phone: str, thirdparty: ThirdParties
) -> None:
    agree(city, True)
    prefer(city, ["push"], quiet=around_now())
    advertise(city)
    assert ends(city) == [["waiting", None]]
    agree(city, False)
    tick(in_hours=2)
    assert (ends(city), pushes(thirdparty, phone)) == ([["suppressed", "NO_CONSENT"]], 0)


def test_what_is_no_advertising_needs_no_consent(city: City, phone: str, thirdparty: ThirdParties) -> None:
    agree(city, False)
    tell(city, "send-push", notice(city, "push"))
    tell(city, "send-push", notice(city, "push", "invitation", role="editor", link="https://example.org"))
    assert (ends(city), pushes(thirdparty, phone)) == ([["sent", None]] * 2, 2)


@pytest.mark.parametrize("newest", [True, False])
def test_the_newest_decision_counts_whatever_comes_last_or_twice(
    city: City, phone: str, thirdparty: ThirdParties, *, newest: bool
) -> None:
    earlier, later = (
        ConsentChanged(user_id=city.person("editor"), purpose="marketing", granted=granted, decided_at=at)
        for granted, at in ((not newest, FIRST), (newest, SECOND))
    )
    for event in (said(city, later), said(city, earlier), said(city, later), said(city, earlier)):
        for _ in range(2):
            assert deliver("remember-consents", event).status == 204
    advertise(city)
    assert (ends(city)[0][0], pushes(thirdparty, phone)) == ("sent" if newest else "suppressed", newest)


def test_an_event_from_before_says_when_by_its_own_time(
    city: City, phone: str, thirdparty: ThirdParties
) -> None:
    withdrawn, given = (
        ConsentChanged(user_id=city.person("editor"), purpose="marketing", granted=granted)
        for granted in (False, True)
    )
    tell(city, "remember-consents", withdrawn, at=SECOND)
    tell(city, "remember-consents", given, at=FIRST)
    advertise(city)
    assert pushes(thirdparty, phone) == 0


def test_a_consent_is_given_to_one_city(city: City, other_city: City) -> None:
    for each in (city, other_city):
        settle_in(each, "editor")
        has_phone(each, each.person("editor"))
    agree(city, True)
    tell(
        other_city,
        "remember-consents",
        ConsentChanged(user_id=other_city.person("editor"), purpose="marketing", granted=False),
    )
    for each in (other_city, city):
        advertise(each)
    assert (ends(city), ends(other_city)) == ([["sent", None]], [["suppressed", "NO_CONSENT"]])


def test_a_consent_of_somebody_who_is_not_known_yet_waits_for_them(city: City) -> None:
    event = said(city, ConsentChanged(user_id=city.person("editor"), purpose="marketing", granted=True))
    assert deliver("remember-consents", event).status == 503
    settle_in(city, "editor")
    assert deliver("remember-consents", event).status == 204
    assert city.rows("notification", "SELECT marketing FROM recipients") == [[True]]
