"""Devices: a push token leads to one account, the one that registered it last."""

import time
from uuid import UUID, uuid4

import pytest

from functions.users.devices.device import MOST
from shared.auth import signing
from tests.support import Answer, City, call


def register(
    city: City, role: str = "citizen", device: str = "phone-1", token: str = "fcm-token-1", **fields: str
) -> Answer:
    body = {"deviceId": device, "platform": "fcm", "token": token} | fields
    return city.call("register-device", role, body=body)


def devices(city: City, role: str = "citizen") -> list[str]:
    return [item["deviceId"] for item in city.call("list-devices", role).body["items"]]


def remove(city: City, device: str, role: str = "citizen") -> Answer:
    return city.call("remove-device", role, path=f"/api/users/me/devices/{device}")


def said(city: City) -> list[tuple[str, UUID, str]]:
    return [
        (e.type, UUID(e.data["userId"]), e.data["deviceId"])
        for e in city.events()
        if e.type.startswith("device.")
    ]


def test_a_device_is_registered_and_the_notification_service_hears_its_token(city: City) -> None:
    made = register(city, language="no")
    assert made.status == 201, made.body
    assert set(made.body) == {"deviceId", "platform", "language", "createdAt", "updatedAt"}
    [event] = city.events("device.registered")
    assert event.data == {
        "userId": str(city.person("citizen")),
        "deviceId": "phone-1",
        "platform": "fcm",
        "token": "fcm-token-1",
        "language": "nb",
    }
    assert devices(city) == ["phone-1"]


def test_the_token_does_not_come_back_out(city: City) -> None:
    made = register(city, token="very-secret-token")
    assert b"very-secret-token" not in made.raw + city.call("list-devices", "citizen").raw


def test_registering_again_refreshes_the_same_device(city: City) -> None:
    first = register(city).body
    again = register(city, token="fcm-token-2").body
    assert again["createdAt"] == first["createdAt"]
    assert again["updatedAt"] > first["updatedAt"]
    assert devices(city) == ["phone-1"]
    assert [kind for kind, *_ in said(city)] == ["device.registered"] * 2


def test_a_token_that_moves_to_another_account_leaves_the_first(city: City) -> None:
    register(city, "citizen", "shared-tablet", "tablet-token")
    register(city, "editor", "shared-tablet", "tablet-token")
    assert devices(city, "citizen") == []
    assert devices(city, "editor") == ["shared-tablet"]
    assert sorted(said(city)[1:]) == sorted(
        [
            ("device.removed", city.person("citizen"), "shared-tablet"),
            ("device.registered", city.person("editor"), "shared-tablet"),
        ]
    )


def test_a_reinstalled_app_with_its_old_token_replaces_itself(city: City) -> None:
    register(city, device="install-1")
    register(city, device="install-2")
    assert devices(city) == ["install-2"]
    assert ("device.removed", city.person("citizen"), "install-1") in said(city)


def test_knowing_a_device_id_takes_nothing_from_its_owner(city: City) -> None:
    register(city, "citizen", "phone-1", "token-of-citizen")
    register(city, "editor", "phone-1", "token-of-editor")
    assert devices(city, "citizen") == devices(city, "editor") == ["phone-1"]


def test_a_token_in_another_city_is_another_matter(city: City, other_city: City) -> None:
    register(city)
    register(other_city)
    assert devices(city) == devices(other_city) == ["phone-1"]


def test_a_removed_device_is_gone_and_said_once(city: City) -> None:
    register(city)
    assert remove(city, "phone-1").status == 204
    assert devices(city) == []
    assert remove(city, "phone-1").code == "DEVICE_NOT_FOUND"
    assert [kind for kind, *_ in said(city)] == ["device.registered", "device.removed"]


def test_nobody_removes_somebody_elses_device(city: City, other_city: City) -> None:
    register(city)
    assert remove(city, "phone-1", "editor").status == 404
    assert remove(other_city, "phone-1").status == 404
    assert devices(city) == ["phone-1"]


def test_the_longest_unseen_device_makes_room(city: City) -> None:
    for number in range(MOST + 1):
        register(city, device=f"d{number}", token=f"token-{number:04}")
    assert devices(city) == [f"d{number}" for number in range(MOST, 0, -1)]
    assert ("device.removed", city.person("citizen"), "d0") in said(city)


def test_a_repeated_call_with_its_key_says_nothing_twice(city: City) -> None:
    body = {"deviceId": "phone-1", "platform": "apns", "token": "ab" * 32}
    answers = [
        city.call("register-device", "citizen", body=body, headers={"idempotency-key": "k"}) for _ in range(2)
    ]
    assert answers[0].body == answers[1].body
    assert len(city.events("device.registered")) == 1


def test_whoever_acts_in_somebodys_name_does_not_make_their_own_phone_read_along(city: City) -> None:
    acting, _ = signing.issue(
        "access",
        city.person("citizen"),
        city.id,
        ["citizen"],
        uuid4(),
        now=time.time(),
        act={"sub": str(uuid4())},
    )
    refused = call(
        "register-device", token=acting, body={"deviceId": "spy", "platform": "fcm", "token": "fcm-token-spy"}
    )
    assert (refused.status, refused.code) == (403, "IN_PERSON_ONLY")
    assert devices(city) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"deviceId": "", "platform": "fcm", "token": "x" * 9},
        {"deviceId": "a b", "platform": "fcm", "token": "x" * 9},
        {"deviceId": "d", "platform": "sms", "token": "x" * 9},
        {"deviceId": "d", "platform": "fcm", "token": "x y z 1 2 3"},
        {"deviceId": "d", "platform": "fcm", "token": "x" * 4097},
        {"deviceId": "d", "platform": "fcm", "token": "x" * 9, "userId": "me"},
        {"deviceId": "d\n", "platform": "fcm", "token": "x" * 9},
    ],
)
def test_a_device_that_makes_no_sense_is_refused(city: City, body: dict[str, str]) -> None:
    assert city.call("register-device", "citizen", body=body).status == 422
