"""Whoever was shut out hears nothing any more of what happens in the city, until they may come in again."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from events.auth import ImpersonationStarted
from events.core import ListingCreated
from events.users import UserDeactivated, UserReactivated
from tests.adapters.running import ThirdParties
from tests.core.factories import make_listing
from tests.notification.people import settle_in, tell
from tests.notification.test_listing_notifications import decide, mails
from tests.notification.test_wishes import has_phone, pushes
from tests.support import City

pytestmark = pytest.mark.usefixtures("thirdparty")


def shut_out(city: City, role: str) -> None:
    tell(city, "remember-deactivation", UserDeactivated(user_id=city.person(role)))


def test_an_admin_who_was_deactivated_is_told_nothing_until_they_are_reactivated(city: City) -> None:
    settle_in(city, "super_city_admin")
    shut_out(city, "super_city_admin")
    pending = ListingCreated(listing_id=uuid4(), title="Intern", contributor_id=uuid4())
    started = ImpersonationStarted(impersonation_id=uuid4(), user_id=uuid4(), impersonator_id=uuid4())
    tell(city, "notify-admins-of-pending-listing", pending)
    tell(city, "notify-admins-of-impersonation", started)
    assert city.events("notification.requested") == []
    tell(city, "remember-deactivation", UserReactivated(user_id=city.person("super_city_admin")))
    tell(city, "notify-admins-of-pending-listing", pending)
    tell(city, "notify-admins-of-impersonation", started)
    told = {said.data["userId"] for said in city.events("notification.requested")}
    assert told == {str(city.person("super_city_admin"))}


def test_notices_that_were_asked_for_before_reach_nobody_who_was_deactivated_since(
    city: City, thirdparty: ThirdParties
) -> None:
    address, phone = settle_in(city, "editor"), has_phone(city, city.person("editor"))
    decide(city, "approve", make_listing(city))
    shut_out(city, "editor")
    city.settle()
    assert (mails(thirdparty, address), pushes(thirdparty, phone)) == ([], 0)


def test_an_older_deactivation_does_not_undo_a_newer_return(city: City) -> None:
    settle_in(city, "city_admin")
    person, now = city.person("city_admin"), datetime.now(UTC)
    tell(city, "remember-deactivation", UserReactivated(user_id=person), at=now)
    tell(city, "remember-deactivation", UserDeactivated(user_id=person), at=now - timedelta(seconds=1))
    assert city.rows("notification", "SELECT active FROM recipients") == [[True]]
