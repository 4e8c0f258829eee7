"""Guests: a device gets an account at once, comes back to it, and its owner may give it an address."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from functions.auth.guests.guest import FREE
from functions.auth.mails import TO_ONE_ADDRESS
from functions.auth.sessions.throttle import FREE as FREE_TRIES
from shared.auth import signing
from tests.auth.people import PASSWORD, join, link_in, link_token, login, refresh
from tests.auth.work import cost
from tests.support import Answer, City, call, deliver
from tooling.registry import records

DEVICE = "9774d56d682e549c"
Guest = dict[str, str]


def register(city: City, device: str = DEVICE, **fields: Any) -> Answer:
    return call("register-guest", body={"deviceId": device} | fields, tenant=city.tenant.slug)


def come_back(city: City, secret: str, device: str = DEVICE) -> Answer:
    return call("login-guest", body={"deviceId": device, "deviceSecret": secret}, tenant=city.tenant.slug)


def convert(guest: Guest, email: str = "", secret: str = "", **fields: Any) -> Answer:
    body = {
        "email": email or f"{uuid4().hex[:8]}@example.org",
        "name": "Ada Lenz",
        "password": PASSWORD,
        "deviceSecret": secret or guest["deviceSecret"],
    } | fields
    return call("convert-guest", body=body, token=guest["accessToken"])


def confirm(token: str, **parts: Any) -> Answer:
    return call("confirm-guest", body={"token": token}, **parts)


@pytest.fixture
def guest(city: City) -> Guest:
    made = register(city)
    assert made.status == 201, made.body
    body: Guest = made.body
    return body


def user(guest: Guest) -> str:
    return guest["user"]["id"]  # type: ignore[index]  # JSON


def test_a_device_is_a_guest_at_once(city: City, guest: Guest) -> None:
    me = call("whoami", token=guest["accessToken"]).body
    assert (me["id"], me["guest"], me["email"], me["roles"], me["language"]) == (
        user(guest),
        True,
        None,
        ["citizen"],
        "de",
    )
    assert refresh(guest["refreshToken"]).status == 200


def test_the_other_services_learn_of_a_guest_without_an_address(city: City, guest: Guest) -> None:
    [said] = city.events("user.created")
    assert said.data == {
        "userId": user(guest),
        "email": "",
        "name": "",
        "language": "de",
        "roles": ["citizen"],
        "guest": True,
    }


def test_the_secret_is_long_and_not_kept_readable(city: City, guest: Guest) -> None:
    assert len(guest["deviceSecret"]) * 6 >= 256
    kept = repr(city.rows("auth", "SELECT a.*, g.* FROM accounts a JOIN guests g ON g.account_id = a.id"))
    assert guest["deviceSecret"] not in kept
    assert DEVICE not in kept


def test_a_guest_comes_back_with_device_and_secret(city: City, guest: Guest) -> None:
    back = come_back(city, guest["deviceSecret"])
    assert back.status == 200, back.body
    assert back.body["user"]["id"] == user(guest)
    assert "deviceSecret" not in back.body


def test_no_id_alone_lets_anybody_in(city: City, guest: Guest) -> None:
    for device, secret in (
        (DEVICE, user(guest)),
        (DEVICE, DEVICE),
        (user(guest), user(guest)),
        ("another device", guest["deviceSecret"]),
    ):
        refused = come_back(city, secret, device)
        assert (refused.status, refused.code) == (401, "GUEST_UNKNOWN")


def test_the_same_device_id_gets_another_account_never_the_earlier_ones(city: City, guest: Guest) -> None:
    again = register(city).body
    assert user(again) != user(guest)
    assert come_back(city, guest["deviceSecret"]).body["user"]["id"] == user(guest)


def test_a_guest_is_known_in_their_own_city_only(city: City, other_city: City, guest: Guest) -> None:
    assert come_back(other_city, guest["deviceSecret"]).code == "GUEST_UNKNOWN"
    assert call("whoami", token=guest["accessToken"], tenant=other_city.tenant.slug).code == "TENANT_MISMATCH"


def test_the_city_is_named_as_at_the_login(city: City, other_city: City) -> None:
    assert call("register-guest", body={"deviceId": DEVICE, "tenantId": city.tenant.slug}).status == 201
    assert (
        call("register-guest", body={"deviceId": DEVICE}, host=f"{city.tenant.slug}.localhost").status == 201
    )
    assert call("register-guest", body={"deviceId": DEVICE}).code == "TENANT_REQUIRED"
    assert (
        call(
            "register-guest",
            body={"deviceId": DEVICE, "tenantId": city.tenant.slug},
            tenant=other_city.tenant.slug,
        ).code
        == "TENANT_MISMATCH"
    )
    assert call("register-guest", body={"deviceId": DEVICE, "tenantId": "platform"}).code == "UNKNOWN_TENANT"


@pytest.mark.parametrize(
    "extra",
    [
        {"roles": "super_admin"},
        {"userId": "x"},
        {"kind": "person"},
        {"email": "a@example.org"},
        {"platform": "toaster"},
    ],
)
def test_a_guest_chooses_nothing_but_device_and_language(city: City, extra: dict[str, str]) -> None:
    assert register(city, **extra).status == 422


def test_one_address_makes_only_so_many_guests(city: City, other_city: City) -> None:
    statuses = [register(city).status for _ in range(FREE + 2)]
    assert statuses == [201] * (FREE + 1) + [429]
    assert register(other_city).status == 201


def test_secrets_are_not_guessed_without_end(city: City) -> None:
    assert [come_back(city, "guess").status for _ in range(FREE + 2)] == [401] * (FREE + 1) + [429]


def test_a_guest_can_be_given_no_other_role(city: City, guest: Guest) -> None:
    refused = city.call(
        "assign-role",
        "super_city_admin",
        path=f"/api/auth/users/{user(guest)}/roles",
        body={"roles": ["city_admin"]},
    )
    assert refused.code == "GUESTS_ARE_CITIZENS"
    assert refresh(guest["refreshToken"]).body["user"]["roles"] == ["citizen"]


def test_a_guest_has_no_password_to_log_in_with(city: City, guest: Guest) -> None:
    for email in ("", "None", "null@example.org"):
        assert login(city, email, PASSWORD).status in (401, 422)
    assert (
        call("enrol-second-factor", body={"password": PASSWORD}, token=guest["accessToken"]).code
        == "PROOF_WRONG"
    )


def test_a_locked_guest_does_not_come_back(city: City, guest: Guest) -> None:
    city.rows("auth", "UPDATE accounts SET state = 'locked' WHERE id = :id RETURNING 1", id=user(guest))
    assert come_back(city, guest["deviceSecret"]).code == "GUEST_UNKNOWN"


def test_a_guest_becomes_a_person_under_the_same_id(city: City, guest: Guest) -> None:
    asked = convert(guest, "ada@example.org")
    assert (asked.status, asked.body) == (202, {"status": "verification_sent"})
    made = confirm(link_token(city))
    assert made.status == 200, made.body
    assert (made.body["id"], made.body["email"], made.body["name"]) == (
        user(guest),
        "ada@example.org",
        "Ada Lenz",
    )
    entered = login(city, "ada@example.org")
    assert entered.body["user"]["id"] == user(guest)
    assert not call("whoami", token=entered.body["accessToken"]).body["guest"]
    [said] = city.events("guest.converted")
    assert said.data == {
        "userId": user(guest),
        "email": "ada@example.org",
        "name": "Ada Lenz",
        "language": "de",
    }


def test_nothing_changes_before_the_address_is_proven(city: City, guest: Guest) -> None:
    convert(guest, "ada@example.org")
    assert login(city, "ada@example.org").status == 401
    assert call("whoami", token=guest["accessToken"]).body["guest"]
    assert city.events("guest.converted") == []


def test_sessions_go_on_and_the_devices_secret_stops_working(city: City, guest: Guest) -> None:
    convert(guest)
    confirm(link_token(city))
    assert not call("whoami", token=guest["accessToken"]).body["guest"]
    assert refresh(guest["refreshToken"]).status == 200
    assert come_back(city, guest["deviceSecret"]).code == "GUEST_UNKNOWN"


def test_the_device_can_be_a_guest_again_afterwards(city: City, guest: Guest) -> None:
    convert(guest)
    confirm(link_token(city))
    again = register(city)
    assert again.status == 201
    assert user(again.body) != user(guest)
    assert come_back(city, again.body["deviceSecret"]).status == 200


def test_the_link_goes_to_the_address_and_nowhere_else(city: City, guest: Guest) -> None:
    asked = call(
        "convert-guest",
        token=guest["accessToken"],
        host=f"{city.tenant.slug}.localhost",
        headers={"x-forwarded-host": "evil.example"},
        body={
            "email": "ada@example.org",
            "name": "Ada Lenz",
            "password": PASSWORD,
            "deviceSecret": guest["deviceSecret"],
        },
    )
    [mail] = [event.data for event in city.events("notification.requested")]
    assert (mail["template"], mail["address"], mail["language"]) == ("confirm_guest", "ada@example.org", "de")
    assert link_in(city.events("notification.requested")[0]).startswith(
        "http://127.0.0.1:8080/links/confirm-guest#token="
    )
    assert link_token(city) not in asked.raw.decode()
    assert link_token(city) not in repr(city.rows("auth", "SELECT * FROM conversions"))


def test_a_link_works_once(city: City, guest: Guest) -> None:
    convert(guest)
    token = link_token(city)
    assert confirm(token).status == 200
    again = confirm(token)
    assert (again.status, again.code) == (410, "LINK_INVALID")


def test_two_clicks_at_the_same_moment_convert_once(city: City, guest: Guest) -> None:
    convert(guest)
    token = link_token(city)
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: confirm(token).status, range(4)))
    assert sorted(statuses) == [200, 410, 410, 410]
    assert len(city.events("guest.converted")) == 1


def test_a_link_expires_after_a_day(city: City, guest: Guest) -> None:
    convert(guest)
    city.rows("auth", "UPDATE conversions SET expires_at = now() - interval '1 second' RETURNING 1")
    assert confirm(link_token(city)).code == "LINK_INVALID"


def test_the_newest_link_is_the_one_that_counts(city: City, guest: Guest) -> None:
    convert(guest, "old@example.org")
    old = link_token(city)
    convert(guest, "new@example.org")
    assert confirm(old).code == "LINK_INVALID"
    assert confirm(link_token(city)).body["email"] == "new@example.org"


def test_a_stolen_token_without_the_devices_secret_converts_nothing(city: City, guest: Guest) -> None:
    for secret in ("guess", user(guest), register(city).body["deviceSecret"]):
        assert convert(guest, secret=secret).code == "DEVICE_SECRET_WRONG"
    assert city.events("notification.requested") == []


def test_nobody_converts_a_guest_whose_id_they_know(city: City, guest: Guest) -> None:
    body = {
        "email": "eve@example.org",
        "name": "Eve",
        "password": PASSWORD,
        "deviceSecret": guest["deviceSecret"],
    }
    eve = register(city).body
    assert call("convert-guest", body=body, tenant=city.tenant.slug).status == 401
    assert call("convert-guest", body=body | {"userId": user(guest)}, token=eve["accessToken"]).status == 422
    assert call("convert-guest", body=body, token=eve["accessToken"]).code == "DEVICE_SECRET_WRONG"
    acting, _ = signing.issue(
        "access",
        UUID(user(guest)),
        city.id,
        ["citizen"],
        uuid4(),
        now=datetime.now(UTC).timestamp(),
        act={"sub": str(uuid4())},
    )
    assert call("convert-guest", body=body, token=acting).code == "IN_PERSON_ONLY"


def test_a_person_is_no_guest(city: City) -> None:
    access = login(city, join(city)).body["accessToken"]
    assert convert({"accessToken": access, "deviceSecret": "x"}).code == "GUESTS_ONLY"


def test_an_address_that_has_an_account_is_answered_in_the_same_way(city: City, guest: Guest) -> None:
    owner = join(city)
    known, unknown = convert(guest, owner.email), convert(guest, "nobody@example.org")
    assert (known.status, known.body) == (unknown.status, unknown.body)
    told = [event.data for event in city.events("notification.requested")][-2:]
    assert [(mail["template"], mail["address"]) for mail in told] == [
        ("already_registered", owner.email),
        ("confirm_guest", "nobody@example.org"),
    ]
    assert told[0]["sealed"] == {}
    assert login(city, owner).body["user"]["id"] == str(owner.id)


def test_the_same_work_is_done_for_every_address(city: City, guest: Guest) -> None:
    owner = join(city)
    convert(guest)
    known, unknown = (
        cost(lambda: convert(guest, owner.email)),
        cost(lambda: convert(guest, "nobody@example.org")),
    )
    assert known == unknown
    assert known.count("hashpw") == 1


def test_many_guests_together_cannot_flood_one_address_with_mails(city: City) -> None:
    answers = [convert(register(city).body, "ada@example.org") for _ in range(TO_ONE_ADDRESS + 3)]
    assert {(answer.status, answer.body["status"]) for answer in answers} == {(202, "verification_sent")}
    assert len(city.events("notification.requested")) == TO_ONE_ADDRESS


def test_an_address_that_got_an_account_meanwhile_is_not_taken(city: City, guest: Guest) -> None:
    convert(guest, "ada@example.org")
    token = link_token(city)
    owner = join(city, email="ada@example.org")
    assert confirm(token).code == "LINK_INVALID"
    assert login(city, owner).body["user"]["id"] == str(owner.id)
    assert call("whoami", token=guest["accessToken"]).body["guest"]


def test_of_two_guests_with_one_address_the_first_to_prove_it_has_it(city: City, guest: Guest) -> None:
    other = register(city).body
    convert(guest, "ada@example.org")
    first = link_token(city)
    convert(other, "ada@example.org")
    second = link_token(city)
    assert confirm(second).body["id"] == user(other)
    assert confirm(first).code == "LINK_INVALID"


def test_a_weak_password_is_refused(city: City, guest: Guest) -> None:
    assert convert(guest, password="short").code == "PASSWORD_TOO_SHORT"
    assert convert(guest, password="Heidelberg2026").code in {"PASSWORD_TOO_COMMON", "PASSWORD_TOO_PERSONAL"}


def test_a_guest_cannot_have_mails_sent_without_end(city: City, guest: Guest) -> None:
    statuses = [convert(guest).status for _ in range(FREE_TRIES["pair"] + 2)]
    assert statuses == [202] * (FREE_TRIES["pair"] + 1) + [429]


@pytest.mark.parametrize("token", ["", "x", "x" * 64, "A" * 129])
def test_a_link_that_was_cut_off_is_refused(token: str) -> None:
    assert confirm(token).status in (410, 422, 404)


def idle(city: City, guest: Guest, days: int) -> None:
    """As if the guest had not been here for so long."""
    city.rows(
        "auth",
        f"UPDATE guests SET used_at = now() - interval '{days} days' WHERE account_id = :id RETURNING 1",
        id=user(guest),
    )


def expire() -> None:
    from shared.kit.settings import settings

    assert call("expire-guests", path="/", token=settings().broker_token.get_secret_value()).status == 204


def test_guests_who_have_not_been_here_for_a_year_are_ended(city: City, other_city: City) -> None:
    gone, here, there = register(city).body, register(city).body, register(other_city).body
    idle(city, gone, 366)
    idle(city, here, 364)
    idle(other_city, there, 366)
    expire()
    assert [event.data for event in city.events("user.deleted")] == [{"userId": user(gone)}]
    assert [event.data for event in other_city.events("user.deleted")] == [{"userId": user(there)}]
    assert come_back(city, gone["deviceSecret"]).code == "GUEST_UNKNOWN"
    assert refresh(gone["refreshToken"]).code == "TOKEN_REVOKED"
    assert come_back(city, here["deviceSecret"]).status == 200


def test_some_hundred_at_a_time_keep_up_with_a_day_of_many_cities() -> None:
    assert records()["expire-guests"].cron.split()[1] == "*"


def test_it_is_said_once(city: City, guest: Guest) -> None:
    idle(city, guest, 366)
    expire()
    expire()
    assert len(city.events("user.deleted")) == 1


@pytest.mark.parametrize("how", ["refresh", "login"])
def test_whoever_uses_the_app_stays(city: City, guest: Guest, how: str) -> None:
    idle(city, guest, 366)
    used = refresh(guest["refreshToken"]) if how == "refresh" else come_back(city, guest["deviceSecret"])
    assert used.status == 200
    expire()
    assert city.events("user.deleted") == []
    [[used_at]] = city.rows("auth", "SELECT used_at FROM guests")
    assert datetime.now(UTC) - used_at < timedelta(minutes=1)


def test_people_are_not_guests_who_expire(city: City, guest: Guest) -> None:
    convert(guest)
    confirm(link_token(city))
    expire()
    assert city.events("user.deleted") == []


def test_of_a_guest_who_was_ended_nothing_is_left(city: City, guest: Guest) -> None:
    idle(city, guest, 366)
    expire()
    [ended] = city.events("user.deleted")
    assert deliver("erase-auth-data", ended).status == 204
    for table in ("accounts", "sessions", "guests", "conversions"):
        assert city.rows("auth", f"SELECT 1 FROM {table}") == [], table
