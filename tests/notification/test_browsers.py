"""A browser that a person has registered is told like a phone, and forgotten when its push service says so."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from events.users import BrowserRegistered, DeviceRemoved
from tests.adapters.running import VAPID, ThirdParties
from tests.adapters.test_webpush import subscribed
from tests.notification.people import settle_in, tell
from tests.notification.test_deliveries import Clock, clock, deliveries
from tests.notification.test_kinds import with_
from tests.support import City, call
from tooling.stack.environment import entered

__all__ = ["clock"]
pytestmark = pytest.mark.usefixtures("thirdparty")
DEVICES = "SELECT device_id, platform FROM devices ORDER BY device_id"


def has_browser(city: City, made: dict[str, Any], device: str = "firefox") -> None:
    keys = made["keys"]
    facts = {"endpoint": made["endpoint"], "p256dh": keys["p256dh"], "auth": keys["auth"]}
    tell(city, "remember-device", BrowserRegistered(user_id=city.person("editor"), device_id=device, **facts))


def read(thirdparty: ThirdParties, made: dict[str, Any]) -> list[dict[str, Any]]:
    name = made["endpoint"].rpartition("/")[2]
    found: list[dict[str, Any]] = httpx.get(
        f"{thirdparty.url('inbox')}/api/pushes", params={"token": name}
    ).json()
    return found


def test_the_whole_way_from_the_browsers_subscription_to_what_it_shows(
    city: City, thirdparty: ThirdParties
) -> None:
    settle_in(city, "editor")
    key = call("get-webpush-key", tenant=city.tenant.slug).body["publicKey"]
    made = subscribed(thirdparty, key=key)
    body = {"deviceId": "firefox", "platform": "web", "subscription": made}
    kept = city.call("register-device", "editor", body=body)
    assert kept.status == 201, kept.body
    assert kept.body["platform"] == "web"
    assert made["endpoint"] not in json.dumps(kept.body)
    city.settle()
    link = f"https://{city.tenant.slug}.heidi.example/l/listing/1"
    tell(city, "send-push", with_(city, "push", link=link))
    [shown] = read(thirdparty, made)
    assert shown["title"] == "Ihr Eintrag ist veröffentlicht: Lesecafé"
    assert shown["data"] == {"template": "listing_approved", "link": link}


@pytest.mark.parametrize("name", ["gone-", "missing-"])
def test_a_browser_that_has_unsubscribed_is_forgotten_and_the_others_are_told(
    city: City, thirdparty: ThirdParties, name: str
) -> None:
    settle_in(city, "editor")
    well = subscribed(thirdparty)
    has_browser(city, subscribed(thirdparty, name), "a-gone")
    has_browser(city, well, "b-well")
    tell(city, "send-push", with_(city, "push"))
    assert city.rows("notification", DEVICES) == [["b-well", "web"]]
    assert len(read(thirdparty, well)) == 1
    assert [row[0] for row in deliveries(city)] == ["sent"]


@pytest.mark.parametrize("name", ["quota-", "internal-", "unavailable-"])
def test_a_push_service_that_is_away_is_asked_again_and_nobody_is_told_twice(
    city: City, thirdparty: ThirdParties, clock: Clock, name: str
) -> None:
    settle_in(city, "editor")
    well, ill = subscribed(thirdparty), subscribed(thirdparty, name)
    has_browser(city, well, "a-well")
    has_browser(city, ill, "b-ill")
    tell(city, "send-push", with_(city, "push"))
    assert [row[0] for row in deliveries(city)] == ["waiting"]
    clock.later(hours=1)
    assert (len(read(thirdparty, well)), len(city.rows("notification", DEVICES))) == (1, 2)


def test_a_key_that_is_not_believed_ends_the_message_and_keeps_the_browser(
    city: City, thirdparty: ThirdParties
) -> None:
    settle_in(city, "editor")
    has_browser(city, subscribed(thirdparty, "forbidden-"))
    tell(city, "send-push", with_(city, "push"))
    [[state, reason, *_]] = deliveries(city)
    assert (state, reason[:12]) == ("failed", "Web Push 403")
    assert len(city.rows("notification", DEVICES)) == 1


def test_a_browser_that_is_removed_is_told_nothing(city: City, thirdparty: ThirdParties) -> None:
    settle_in(city, "editor")
    made = subscribed(thirdparty)
    has_browser(city, made)
    tell(city, "forget-device", DeviceRemoved(user_id=city.person("editor"), device_id="firefox"))
    tell(city, "send-push", with_(city, "push"))
    assert read(thirdparty, made) == []


def test_a_browser_gives_a_subscription_and_nothing_else(city: City) -> None:
    keys = {"p256dh": VAPID["VAPID_PUBLIC_KEY"], "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
    good = {"endpoint": "https://push.example/x", "keys": keys}
    for wrong in (
        {"platform": "web"},
        {"platform": "web", "token": "x" * 20},
        {"platform": "web", "token": "x" * 20, "subscription": good},
        {"platform": "fcm", "subscription": good},
        {"platform": "web", "subscription": good | {"endpoint": "https://10.0.0.8/x"}},
        {"platform": "web", "subscription": good | {"keys": keys | {"auth": "A" * 24}}},
    ):
        assert city.call("register-device", "citizen", body={"deviceId": str(uuid4()), **wrong}).status == 422


def test_where_no_key_is_set_nobody_is_offered_it(city: City) -> None:
    with entered({"VAPID_PUBLIC_KEY": ""}):
        assert call("get-webpush-key", tenant=city.tenant.slug).code == "WEB_PUSH_OFF"
