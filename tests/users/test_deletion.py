"""Deleting an account: at once for everyone, for good after 30 days, and taken back until then."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from shared.auth import signing, tokens
from tests.auth.people import join, login, refresh
from tests.privacy.conftest import servers, thirdparty
from tests.privacy.lives import tick
from tests.support import Answer, City, call
from tests.users.people import Known, known, with_account

__all__ = ["servers", "thirdparty"]
AGE = "UPDATE profiles SET deleted_at = deleted_at - make_interval(days => :days) WHERE id = :id RETURNING 1"


@pytest.fixture
def admin(city: City) -> Known:
    return known(city, "city_admin", "Berta Chefin")


@pytest.fixture
def person(city: City) -> Known:
    return known(city, "editor")


def restore(admin: Known, person: Known) -> Answer:
    return admin.about("restore-user", person, "/restore")


def test_whoever_deletes_their_account_is_out_at_once_and_told_when_it_is_erased(
    city: City, person: Known
) -> None:
    token = person.token()
    assert person.call("delete-my-account", token=token).status == 204
    assert call("get-my-profile", token=token).code == "TOKEN_REVOKED"
    assert city.rows("users", "SELECT state, deleted_at IS NOT NULL FROM profiles") == [["deleted", True]]
    [ended] = city.events("user.deactivated")
    assert ended.data == {"userId": str(person.id)}
    [mail] = city.events("notification.requested")
    assert (mail.data["template"], mail.data["address"]) == ("account_deleted", person.email)
    assert mail.data["values"]["date"] == f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    assert city.events("user.deleted") == []


def test_an_old_login_is_not_enough(person: Known) -> None:
    assert person.call("delete-my-account", token=person.token(seconds_ago=14 * 60)).status == 204
    other = known(person.city)
    refused = other.call("delete-my-account", token=other.token(seconds_ago=16 * 60))
    assert (refused.status, refused.code) == (403, "LOGIN_TOO_OLD")
    assert refused.body["error"]["details"] == {"minutes": 15}


def test_a_refreshed_token_is_as_old_as_the_login(city: City) -> None:
    presented = login(city, join(city)).body["refreshToken"]
    claims = signing.decode("refresh", presented)
    assert claims["auth_time"] == claims["iat"]
    long_ago = claims["auth_time"] - 3600
    older = signing.sign("refresh", claims | {"auth_time": long_ago})
    renewed = refresh(older).body
    assert tokens.principal(renewed["accessToken"]).logged_in_at == long_ago
    assert signing.decode("refresh", renewed["refreshToken"])["auth_time"] == long_ago
    assert call("delete-my-account", token=renewed["accessToken"]).code == "LOGIN_TOO_OLD"


def test_nobody_deletes_an_account_in_anothers_name(person: Known) -> None:
    assert (
        person.call("delete-my-account", token=person.token(act={"sub": str(uuid4())})).code
        == "IN_PERSON_ONLY"
    )


def test_a_deletion_is_said_once(city: City, admin: Known, person: Known) -> None:
    for _ in range(2):
        assert admin.about("delete-user", person).status == 204
    assert len(city.events("user.deactivated")) == len(city.events("notification.requested")) == 1


def test_a_guest_is_deleted_without_a_mail(city: City) -> None:
    guest = known(city, email="", guest=True)
    assert guest.call("delete-my-account").status == 204
    assert city.events("notification.requested") == []


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("update-user", "", {"name": "X"}),
        ("deactivate-user", "/deactivate", None),
        ("reactivate-user", "/reactivate", None),
    ],
)
def test_a_deleted_account_can_only_be_restored(
    admin: Known, person: Known, name: str, path: str, body: object
) -> None:
    admin.about("delete-user", person)
    refused = admin.about(name, person, path, body=body)
    assert (refused.status, refused.code) == (409, "PERSON_IS_DELETED")


def test_within_thirty_days_a_deletion_is_taken_back(city: City, admin: Known) -> None:
    person = with_account(city)
    token = person.token()
    admin.about("delete-user", person)
    city.rows("users", AGE, id=person.id, days=29)
    restored = restore(admin, person)
    assert (restored.status, restored.body["state"], restored.body["deletedAt"]) == (200, "active", None)
    city.settle()
    assert call("get-my-profile", token=token).status == 200
    assert [e.type for e in city.events() if e.type.startswith("user.")][-2:] == [
        "user.deactivated",
        "user.reactivated",
    ]
    tick(days=2)
    assert city.events("user.deleted") == []
    assert restore(admin, person).code == "PERSON_NOT_DELETED"


def test_after_thirty_days_it_is_too_late(city: City, admin: Known, person: Known) -> None:
    admin.about("delete-user", person)
    city.rows("users", AGE, id=person.id, days=30)
    assert restore(admin, person).code == "ERASURE_BEGUN"
    tick()
    assert restore(admin, person).code == "ERASURE_BEGUN"
    assert len(city.events("user.deleted")) == 1


@pytest.mark.usefixtures("thirdparty")
def test_the_whole_way_from_the_wish_to_nothing(city: City, admin: Known) -> None:
    person = join(city)
    token = login(city, person).body["accessToken"]
    city.settle()
    assert call("delete-my-account", token=token).status == 204
    city.settle()
    city.rows("users", AGE, id=person.id, days=31)
    tick()
    city.settle()
    assert admin.call("get-user", path=f"/api/users/{person.id}").status == 404
    assert city.rows("auth", "SELECT count(*) FROM accounts WHERE id = :id", id=person.id) == [[0]]
    assert city.rows(
        "users", "SELECT completed_at IS NOT NULL FROM erasures WHERE id = :id", id=person.id
    ) == [[True]]
    assert login(city, person).code == "CREDENTIALS_WRONG"
    assert join(city, "citizen", person.email).id != person.id
