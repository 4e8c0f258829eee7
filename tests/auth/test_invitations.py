"""Invitations: who may invite whom, and a link that works once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.auth.one_time_tokens import new_token
from shared.auth import signing
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import (
    PASSWORD,
    accept,
    invite,
    join,
    link_in,
    link_token,
    login,
    register,
    said,
    verify,
)
from tests.auth.test_locking import lock, standing
from tests.auth.test_roles import assign
from tests.support import City, call, deliver


def test_the_invited_person_gets_a_mail_accepts_and_logs_in(city: City) -> None:
    boss = join(city, "super_city_admin")
    token = login(city, boss).body["accessToken"]
    invited = call(
        "invite-user", token=token, body={"email": "New@Example.org", "role": "editor", "language": "en"}
    )
    assert invited.status == 201, invited.body
    assert (invited.body["email"], invited.body["role"]) == ("new@example.org", "editor")
    letter = city.events("notification.requested")[-1].data
    assert (letter["channel"], letter["template"], letter["address"], letter["language"]) == (
        "email",
        "invitation",
        "new@example.org",
        "en",
    )
    assert letter["values"] == {"city": city.tenant.name, "role": "editor", "name": "", "inviter": "Ada Lenz"}
    made = accept(link_token(city), name="Nele Neu")
    assert made.status == 201
    assert made.body == {
        "id": made.body["id"],
        "email": "new@example.org",
        "name": "Nele Neu",
        "language": "en",
        "roles": ["editor"],
    }
    assert login(city, "new@example.org").body["user"]["id"] == made.body["id"]


def test_the_other_services_hear_of_the_new_person(city: City) -> None:
    person = join(city, "city_admin")
    heard = city.events("user.created")[-1]
    assert heard.data == {
        "userId": str(person.id),
        "email": person.email,
        "name": "Ada Lenz",
        "language": "de",
        "roles": ["city_admin"],
        "guest": False,
    }


def test_the_link_leads_to_our_own_address_whatever_host_the_admin_used(city: City) -> None:
    city.call(
        "invite-user",
        "city_admin",
        body={"email": "a@example.org", "role": "editor"},
        headers={"x-forwarded-host": "evil.example"},
    )
    link = link_in(city.events("notification.requested")[-1])
    assert link.startswith("http://127.0.0.1:8080/links/invitation#token=")


def test_the_token_is_kept_as_a_hash(city: City) -> None:
    answer = invite(city)
    token = link_token(city)
    assert token not in repr(city.rows("auth", "SELECT * FROM invitations"))
    assert token not in answer.raw.decode()


def test_a_link_works_once(city: City) -> None:
    invite(city)
    token = link_token(city)
    assert accept(token).status == 201
    again = accept(token)
    assert (again.status, again.code) == (410, "LINK_INVALID")
    assert len(city.events("user.created")) == 1


def test_a_link_that_is_followed_twice_at_once_makes_one_account(city: City) -> None:
    invite(city)
    token = link_token(city)
    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(lambda _: accept(token).status, range(6)))
    assert statuses == [201] + [410] * 5
    assert len(city.events("user.created")) == 1


def test_reading_a_link_does_not_use_it_up(city: City) -> None:
    invite(city)
    token = link_token(city)
    assert (
        call(
            "accept-invitation", method="GET", path="/api/auth/invitations/accept", query=f"token={token}"
        ).status
        == 405
    )
    assert accept(token).status == 201


def test_a_link_for_an_address_that_got_an_account_meanwhile_says_so(city: City) -> None:
    invite(city, email="early@example.org")
    invitation = link_token(city)
    register(city, "early@example.org")
    assert verify(link_token(city)).status == 201
    again = accept(invitation)
    assert (again.status, again.code) == (409, "ACCOUNT_EXISTS")
    assert len(city.events("user.created")) == 1


def test_a_link_expires(city: City) -> None:
    invite(city)
    city.rows("auth", "UPDATE invitations SET expires_at = now() - interval '1 second' RETURNING 1")
    assert accept(link_token(city)).code == "LINK_INVALID"


def test_a_newer_invitation_replaces_the_earlier_one(city: City) -> None:
    invite(city, "editor", "twice@example.org")
    earlier = link_token(city)
    invite(city, "city_admin", "twice@example.org")
    assert accept(earlier).code == "LINK_INVALID"
    assert accept(link_token(city)).body["roles"] == ["city_admin"]


def test_nobody_replaces_an_invitation_to_a_role_above_their_own(city: City) -> None:
    invite(city, "super_city_admin", "twice@example.org")
    link = link_token(city)
    assert invite(city, "citizen", "twice@example.org", by="city_admin").code == "ROLE_NOT_GRANTABLE"
    assert accept(link).body["roles"] == ["super_city_admin"]


def test_an_invitation_that_has_expired_may_be_replaced_by_anyone(city: City) -> None:
    invite(city, "super_city_admin", "twice@example.org")
    city.rows("auth", "UPDATE invitations SET expires_at = now() - interval '1 second' RETURNING 1")
    assert invite(city, "citizen", "twice@example.org", by="city_admin").status == 201


@pytest.mark.parametrize("how", ["demoted", "locked", "deactivated"])
def test_an_invitation_falls_with_whoever_made_it(city: City, how: str) -> None:
    admin = join(city, "city_admin")
    token = login(city, admin).body["accessToken"]
    call("invite-user", token=token, body={"email": "mole@example.org", "role": "city_admin"})
    link = link_token(city)
    if how == "demoted":
        assign(city, "super_city_admin", admin.id, "editor")
    elif how == "locked":
        lock(city, admin.id, "super_city_admin")
    else:
        deliver("follow-deactivation", standing(city, admin, "deactivated"))
    assert accept(link).code == "LINK_INVALID"
    assert city.events("user.created")[-1].data["userId"] == str(admin.id)


def test_an_invitation_stands_when_whoever_made_it_has_risen_or_is_erased(city: City) -> None:
    for email, fate in (("a@example.org", "risen"), ("b@example.org", "erased")):
        admin = join(city, "city_admin")
        call(
            "invite-user",
            token=login(city, admin).body["accessToken"],
            body={"email": email, "role": "city_admin"},
        )
        link = link_token(city)
        if fate == "risen":
            assign(city, "super_city_admin", admin.id, "super_city_admin")
        else:
            assert (
                deliver("erase-auth-data", said(city, "user.deleted", {"userId": str(admin.id)})).status
                == 204
            )
        assert accept(link).status == 201


def test_a_link_of_one_city_opens_no_other(city: City, other_city: City) -> None:
    invite(city)
    token = link_token(city)
    assert accept(token, host=f"{other_city.tenant.slug}.localhost").code == "TENANT_MISMATCH"
    assert accept(new_token(other_city.id)).code == "LINK_INVALID"
    assert accept(token, host=f"{city.tenant.slug}.localhost").status == 201


@pytest.mark.parametrize("token", ["", "x", "A" * 64, "A" * 63, "Ä" * 64, "A" * 5000, "../../etc", "=" * 64])
def test_a_link_that_was_cut_off_is_refused(token: str) -> None:
    assert accept(token).code in ("LINK_INVALID", "VALIDATION_FAILED", "UNKNOWN_TENANT", "UNAVAILABLE")


def test_a_weak_password_is_refused_and_the_link_still_works(city: City) -> None:
    invite(city)
    token = link_token(city)
    for password, code in (
        ("kurz", "PASSWORD_TOO_SHORT"),
        ("Passwort1234", "PASSWORD_TOO_COMMON"),
        (f"{city.tenant.name}2026!", "PASSWORD_TOO_PERSONAL"),
        ("ada.lenz@2026", "PASSWORD_TOO_PERSONAL"),
    ):
        refused = accept(token, password)
        assert (refused.status, refused.code) == (422, code)
        assert password not in refused.raw.decode()
    assert accept(token).status == 201


def test_nobody_is_invited_twice_into_one_city_but_into_two(city: City, other_city: City) -> None:
    person = join(city)
    assert invite(city, email=person.email.upper()).code == "ACCOUNT_EXISTS"
    assert invite(other_city, email=person.email).status == 201


@pytest.mark.parametrize(
    ("by", "role", "status"),
    [
        ("city_admin", "editor", 201),
        ("city_admin", "city_admin", 201),
        ("city_admin", "super_city_admin", 403),
        ("super_city_admin", "super_city_admin", 201),
        ("super_city_admin", "super_admin", 403),
        ("super_admin", "super_city_admin", 201),
        ("super_admin", "super_admin", 403),
        ("editor", "citizen", 403),
        ("citizen", "citizen", 403),
        ("city_admin", "anonymous", 422),
    ],
)
def test_nobody_invites_above_their_own_role(city: City, by: str, role: str, status: int) -> None:
    assert invite(city, role, by=by).status == status
    assert bool(city.events("notification.requested")) == (status == 201)


def test_a_super_admin_is_made_on_the_platform_only(city: City) -> None:
    platform = City(PLATFORM)
    assert invite(platform, "super_admin", by="super_admin").status == 201
    assert invite(city, "super_admin", by="super_admin").code == "ROLE_NOT_GRANTABLE"


def test_an_invitation_decides_the_role_not_the_person(city: City) -> None:
    invite(city, "citizen")
    body = {"token": link_token(city), "name": "M", "password": PASSWORD}
    for more in (
        {"roles": ["super_admin"]},
        {"role": "city_admin"},
        {"tenantId": str(PLATFORM.id)},
        {"state": "active"},
    ):
        assert call("accept-invitation", body=body | more).status == 422
    call("accept-invitation", body=body)
    claims = signing.decode(
        "access", login(city, city.events("user.created")[0].data["email"]).body["accessToken"]
    )
    assert claims["roles"] == ["citizen"]


def onboarded(city: City, **facts: object) -> dict[str, object]:
    return {
        "cityId": str(city.id),
        "slug": city.tenant.slug,
        "name": city.tenant.name,
        "languages": ["de"],
        "features": [],
        "adminEmail": "Chefin@example.org",
        "adminName": "Chefin",
    } | facts


def test_the_first_admin_of_a_new_city_is_invited_once(city: City) -> None:
    event = said(city, "city.onboarded", onboarded(city))
    assert [deliver("invite-first-admin", event).status for _ in range(2)] == [204, 204]
    [letter] = city.events("notification.requested")
    assert letter.data["address"] == "chefin@example.org"
    assert accept(link_token(city)).body["roles"] == ["super_city_admin"]
    again = said(city, "city.onboarded", onboarded(city))
    assert deliver("invite-first-admin", again).status == 204
    assert len(city.events("notification.requested")) == 1


def test_an_onboarding_said_in_another_tenants_name_makes_no_admin(city: City, other_city: City) -> None:
    event = said(city, "city.onboarded", onboarded(other_city))
    assert deliver("invite-first-admin", event).code == "TENANT_MISMATCH"
    assert city.rows("auth", "SELECT 1 FROM invitations") == []
