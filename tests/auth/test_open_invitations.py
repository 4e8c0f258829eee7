"""Invitations that nobody has answered yet: seen, taken back, mailed once more."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.auth.people import accept, invite, join, letters, link_token
from tests.support import Answer, City


def listed(city: City, by: str = "city_admin") -> list[str]:
    return [item["email"] for item in city.call("list-invitations", by).body["items"]]


def withdraw(city: City, which: object, by: str = "city_admin") -> Answer:
    return city.call("withdraw-invitation", by, path=f"/api/auth/invitations/{which}")


def resend(city: City, which: object, by: str = "city_admin") -> Answer:
    return city.call("resend-invitation", by, path=f"/api/auth/invitations/{which}/resend")


def test_the_open_ones_are_listed_and_nothing_that_could_be_used(city: City) -> None:
    join(city)
    invited = invite(city, email="ada@example.org", name="Ada Lenz").body
    [shown] = city.call("list-invitations", "city_admin").body["items"]
    assert shown == invited | {"createdAt": shown["createdAt"]}
    assert shown["createdAt"] < shown["expiresAt"]
    assert listed(city) == ["ada@example.org"]


def test_a_withdrawn_one_lets_nobody_in(city: City) -> None:
    invited = invite(city, email="ada@example.org").body["id"]
    token = link_token(city)
    assert withdraw(city, invited).status == 204
    assert accept(token).code == "LINK_INVALID"
    assert listed(city) == []
    assert withdraw(city, invited).code == "INVITATION_NOT_FOUND"


def test_one_that_is_mailed_again_has_a_new_link_and_new_days(city: City) -> None:
    invited = invite(city, email="ada@example.org").body
    first = link_token(city)
    city.rows("auth", "UPDATE invitations SET expires_at = now() - interval '1 day' RETURNING 1")
    again = resend(city, invited["id"])
    assert (again.status, again.body["id"]) == (200, invited["id"])
    assert letters(city)[-1] == ("invitation", "ada@example.org")
    assert accept(first).code == "LINK_INVALID"
    assert accept(link_token(city)).status == 201
    assert resend(city, invited["id"]).code == "INVITATION_NOT_FOUND"


def test_an_inbox_is_not_filled_with_invitations(city: City) -> None:
    invited = invite(city, email="ada@example.org").body["id"]
    assert [resend(city, invited).status for _ in range(6)] == [200] * 5 + [429]


@pytest.mark.parametrize("act", [withdraw, resend])
def test_nobody_decides_about_an_invitation_to_a_role_above_their_own_or_of_another_city(
    city: City, other_city: City, act: Callable[..., Answer]
) -> None:
    chief = invite(city, "super_city_admin", by="super_city_admin").body["id"]
    assert act(city, chief).code == "ROLE_NOT_GRANTABLE"
    assert act(other_city, chief).status == 404
    assert act(city, uuid4()).status == 404
    assert act(city, chief, by="editor").status == 403
