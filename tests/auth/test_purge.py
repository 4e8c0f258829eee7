"""Old sessions are deleted, in every city, and no others."""

from datetime import UTC, datetime

from functions.auth.sessions.queries import PURGE
from shared.db.relay_role import ask
from shared.kit.settings import settings
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import join, login
from tests.support import City, call

OLDER = "UPDATE sessions SET revoked_at = now() - CAST(:ended AS interval), expires_at = now() - CAST(:expired AS interval) RETURNING 1"


def purge() -> None:
    token = settings().broker_token.get_secret_value()
    assert (
        call(
            "purge-sessions", path="/", token=token, headers={"x-heidi-tick": datetime.now(UTC).isoformat()}
        ).status
        == 204
    )


def aged(city: City, ended: str | None, expired: str) -> None:
    """A session that ended and would have expired this long ago."""
    login(city, join(city))
    city.rows("auth", OLDER, ended=ended, expired=expired)


def kept(city: City) -> bool:
    return bool(city.rows("auth", "SELECT 1 FROM sessions"))


def test_what_ended_or_expired_more_than_thirty_days_ago_is_deleted_in_every_city(
    city: City, other_city: City
) -> None:
    aged(city, "31 days", "-1 days")
    aged(other_city, None, "31 days")
    purge()
    assert not kept(city)
    assert not kept(other_city)


def test_what_goes_on_or_ended_lately_stays(city: City, other_city: City) -> None:
    aged(city, "29 days", "29 days")
    login(other_city, join(other_city))
    purge()
    assert kept(city)
    assert kept(other_city)


def test_the_sessions_of_the_platforms_own_people_stay_too() -> None:
    platform = City(PLATFORM)
    body = login(platform, join(platform, "super_admin")).body
    purge()
    assert call("whoami", token=body["accessToken"]).status == 200
    assert kept(platform)


def test_the_database_itself_keeps_the_others_from_the_relay_role(city: City) -> None:
    login(city, join(city))
    ask(settings().postgres_database_prefix + "auth", PURGE.partition(" WHERE ")[0])
    assert kept(city)
