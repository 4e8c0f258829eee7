"""Events may arrive in another order than they were said in: what counts is what was said last."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.auth import GuestConverted, RoleChanged
from events.users import DeviceRegistered, DeviceRemoved, PreferencesChanged, UserUpdated
from tests.notification.people import settle_in, tell
from tests.privacy.lives import tick
from tests.support import City

EARLIER, LATER = (datetime.now(UTC) + timedelta(seconds=seconds) for seconds in (1, 2))
HOLDERS = "SELECT user_id, device_id FROM devices WHERE token = :token AND removed_at IS NULL"


def registered(city: City, role: str, at: datetime, token: str = "tablet-token") -> None:
    tell(
        city,
        "remember-device",
        DeviceRegistered(user_id=city.person(role), device_id="tablet", platform="fcm", token=token),
        at=at,
    )


def removed(city: City, role: str, at: datetime) -> None:
    tell(city, "forget-device", DeviceRemoved(user_id=city.person(role), device_id="tablet"), at=at)


def holders(city: City, token: str = "tablet-token") -> list[list[Any]]:
    return city.rows("notification", HOLDERS, token=token)


def test_a_device_that_was_removed_does_not_come_back_with_an_older_event(city: City) -> None:
    removed(city, "citizen", LATER)
    registered(city, "citizen", EARLIER)
    assert holders(city) == []


def test_a_device_that_was_registered_again_is_not_removed_by_an_older_event(city: City) -> None:
    registered(city, "citizen", LATER)
    removed(city, "citizen", EARLIER)
    assert holders(city) == [[city.person("citizen"), "tablet"]]


def test_a_device_that_comes_back_after_it_was_removed_is_reached_again(city: City) -> None:
    removed(city, "citizen", EARLIER)
    registered(city, "citizen", LATER)
    assert holders(city) == [[city.person("citizen"), "tablet"]]


@pytest.mark.parametrize("moved_first", [False, True])
def test_a_device_that_has_moved_to_somebody_else_never_shows_the_first_ones_messages(
    city: City, *, moved_first: bool
) -> None:
    said = [("citizen", EARLIER), ("editor", LATER)]
    for role, at in reversed(said) if moved_first else said:
        registered(city, role, at)
    assert holders(city) == [[city.person("editor"), "tablet"]]
    removed(city, "citizen", LATER)
    assert holders(city) == [[city.person("editor"), "tablet"]]


def test_an_older_token_does_not_replace_a_newer_one(city: City) -> None:
    registered(city, "citizen", LATER, "new-token")
    registered(city, "citizen", EARLIER, "old-token")
    assert (len(holders(city, "new-token")), holders(city, "old-token")) == (1, [])


def test_what_was_removed_is_forgotten_after_a_week_and_what_is_there_stays(city: City) -> None:
    for role in ("citizen", "editor"):
        removed(city, role, EARLIER)
    registered(city, "city_admin", EARLIER)
    city.rows(
        "notification",
        "UPDATE devices SET removed_at = now() - interval '8 days' WHERE user_id = :id RETURNING 1",
        id=city.person("citizen"),
    )
    tick("prune-expired-rows")
    left = city.rows("notification", "SELECT user_id FROM devices ORDER BY removed_at NULLS FIRST")
    assert left == [[city.person("city_admin")], [city.person("editor")]]


def test_older_roles_names_and_wishes_do_not_replace_newer_ones(city: City) -> None:
    settle_in(city, "editor")
    person = city.person("editor")
    for name, roles, channels, at in (
        ("Neu", ["citizen"], ["push"], LATER),
        ("Alt", ["city_admin"], ["email"], EARLIER),
    ):
        tell(city, "remember-roles", RoleChanged(user_id=person, roles=roles), at=at)
        tell(city, "remember-profile", UserUpdated(user_id=person, name=name, language="en"), at=at)
        tell(city, "remember-preferences", PreferencesChanged(user_id=person, channels=channels), at=at)
    assert city.rows("notification", "SELECT name, roles, channels FROM recipients") == [
        ["Neu", ["citizen"], ["push"]]
    ]


def test_a_guests_new_address_counts_even_when_their_newer_name_came_first(city: City) -> None:
    settle_in(city, "citizen")
    person = city.person("citizen")
    tell(city, "remember-profile", UserUpdated(user_id=person, name="Neu", language="en"), at=LATER)
    tell(
        city,
        "remember-profile",
        GuestConverted(user_id=person, email="gaby@example.org", name="Alt"),
        at=EARLIER,
    )
    assert city.rows("notification", "SELECT name, language, email FROM recipients") == [
        ["Neu", "en", "gaby@example.org"]
    ]
