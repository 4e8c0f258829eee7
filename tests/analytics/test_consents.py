"""Whoever has an account is counted only if they have agreed there; of others the app says it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from events.auth import UserCreated
from events.users import ConsentChanged
from shared.auth import signing
from tests.analytics.factories import event, stored, track
from tests.audit.log import said
from tests.support import Answer, City, call, deliver

FIRST, SECOND = (datetime.now(UTC) + timedelta(seconds=seconds) for seconds in (1, 2))


def agree(
    city: City,
    granted: bool,
    purpose: str = "analytics",
    *,
    at: datetime | None = None,
    times: int = 1,
) -> None:
    decided = said(
        city, ConsentChanged(user_id=city.person("citizen"), purpose=purpose, granted=granted, decided_at=at)
    )
    for _ in range(times):
        assert deliver("remember-usage-consents", decided).status == 204


def refused(answer: Answer) -> bool:
    """Whether it was answered as without consent, and not taken in."""
    if answer.status == 202:
        return False
    assert (answer.status, answer.body["error"]["details"]["errors"][0]["field"]) == (422, "consent"), (
        answer.body
    )
    return True


def by_citizen(city: City) -> bool:
    return not refused(track(city, event(), role="citizen"))


def by_guest(city: City) -> bool:
    token, *_ = signing.issue(
        "access",
        city.person("citizen"),
        city.id,
        ["citizen"],
        uuid4(),
        now=datetime.now(UTC).timestamp(),
        guest=True,
    )
    return not refused(call("track-events", token=token, body={"consent": True, "events": [event()]}))


def test_use_is_counted_while_the_consent_lasts_and_not_before_or_after(city: City) -> None:
    counted = [by_citizen(city)]
    for granted in (True, False):
        agree(city, granted)
        counted.append(by_citizen(city))
    assert (counted, len(stored(city))) == ([False, True, False], 1)


def test_a_consent_to_something_else_is_none_to_be_counted(city: City) -> None:
    for purpose in ("marketing", "cookie", "processing"):
        agree(city, True, purpose)
    assert (by_citizen(city), stored(city)) == (False, [])


def test_of_nobody_and_of_guests_the_app_says_it(city: City) -> None:
    assert (refused(track(city, event())), by_guest(city)) == (False, True)
    assert len(stored(city)) == 2


def test_what_a_guest_has_withdrawn_is_withdrawn(city: City) -> None:
    agree(city, False)
    assert (by_guest(city), stored(city)) == (False, [])


def test_a_stored_consent_is_not_enough_where_the_app_says_no(city: City) -> None:
    agree(city, True)
    assert refused(track(city, event(), role="citizen", consent=False))
    assert stored(city) == []


@pytest.mark.parametrize("newest", [True, False])
def test_the_newest_decision_counts_whatever_comes_last_or_twice(city: City, *, newest: bool) -> None:
    agree(city, newest, at=SECOND, times=2)
    agree(city, not newest, at=FIRST, times=2)
    assert by_citizen(city) is newest


def test_a_consent_is_given_to_one_city(city: City, other_city: City) -> None:
    other_city.people["citizen"] = city.person("citizen")  # the same id, as nobody's may be
    agree(city, True)
    assert (by_citizen(city), by_citizen(other_city)) == (True, False)
    assert (len(stored(city)), stored(other_city)) == (1, [])


def test_a_decision_in_the_app_takes_effect_with_its_event(city: City) -> None:
    person = UserCreated(
        user_id=city.person("citizen"),
        email="ada@example.org",
        name="Ada Lenz",
        language="de",
        roles=["citizen"],
    )
    assert deliver("create-profile", said(city, person)).status == 204
    for granted in (True, False):
        decide = {"consents": {"analytics": {"granted": granted, "textVersion": "1"}}}
        assert city.call("set-consents", "citizen", body=decide).status == 200
        [*_, decided] = city.events("consent.changed")
        assert deliver("remember-usage-consents", decided).status == 204
        assert by_citizen(city) is granted
