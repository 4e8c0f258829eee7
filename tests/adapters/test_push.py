"""shared/adapters/push against the local FCM and APNs: one contract, held by both senders."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.adapters import push
from shared.adapters.http_client import wait_of
from shared.adapters.push import ApnsApp, DeviceGone, FcmProject, PushMessage, PushRejected, PushUnavailable
from shared.adapters.push.apns import Apns
from shared.adapters.push.fcm import Fcm
from tests.adapters.running import ThirdParties, free_ports
from tooling.stack.environment import entered
from tooling.thirdparty.keys import make_apns_key, make_firebase_key

Account = FcmProject | ApnsApp
Pushes = Callable[[str], list[dict[str, Any]]]


@dataclass
class Service:
    """One of the two services as the contract's tests see it."""

    name: str
    account: Account
    device: str
    stranger: Account
    wrong_key: Account


@pytest.fixture(params=["FCM", "APNs"])
def service(request: pytest.FixtureRequest, thirdparty: ThirdParties) -> Service:
    if request.param == "FCM":
        project = FcmProject.from_settings()
        return Service(
            "FCM",
            project,
            f"fcm:{uuid4().hex}APA91b",
            replace(project, client_email="else@city.example"),
            replace(project, private_key=make_firebase_key()),
        )
    app = ApnsApp.from_settings()
    return Service(
        "APNs", app, uuid4().hex * 2, replace(app, team_id="OTHERTEAM1"), replace(app, key=make_apns_key())
    )


@pytest.fixture
def pushes(thirdparty: ThirdParties) -> Pushes:
    """What a device was sent, oldest first."""

    def read(token: str) -> list[dict[str, Any]]:
        answer = httpx.get(thirdparty.url("inbox") + "/api/pushes", params={"token": token})
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found[::-1]

    return read


def message(**changes: Any) -> PushMessage:
    return replace(PushMessage(id=str(uuid4()), title="Neu in Kiel", body="Das Schwimmbad öffnet"), **changes)


def test_a_message_reaches_the_device(service: Service, pushes: Pushes) -> None:
    sent = message(
        title="مرحبا",
        body="Größe 🎉",
        data={"listingId": "1", "kind": "event"},
        badge=3,
        ttl=60,
        urgent=False,
    )
    push.send(sent, service.device, service.account)
    (found,) = pushes(service.device)
    assert (found["channel"], found["title"], found["body"]) == (service.name, "مرحبا", "Größe 🎉")
    assert found["data"] == {"listingId": "1", "kind": "event"}


def test_a_message_that_comes_twice_is_recognised(service: Service, pushes: Pushes) -> None:
    sent = message()
    for _ in range(2):
        push.send(sent, service.device, service.account)
    push.send(message(), service.device, service.account)
    assert [found["duplicate"] for found in pushes(service.device)] == [False, True, False]


def test_a_removed_app_means_that_the_device_is_gone(service: Service) -> None:
    with pytest.raises(DeviceGone) as error:
        push.send(message(), f"unregistered-{uuid4()}", service.account)
    assert error.value.since is None if service.name == "FCM" else error.value.since is not None


def test_a_token_that_never_was_one_is_gone_too(service: Service) -> None:
    for token in ("invalid-token", "not hexadecimal", "a/../b", "?x=1", "ü"):
        if service.name == "APNs" or token.startswith("invalid") or " " in token:
            with pytest.raises(DeviceGone):
                push.send(message(), token, service.account)


def test_too_much_is_refused_until_later(service: Service) -> None:
    with pytest.raises(PushUnavailable) as error:
        push.send(message(), f"quota-{uuid4()}", service.account)
    assert error.value.retry_after == (60 if service.name == "FCM" else 10)
    assert error.value.response_headers() == {"Retry-After": str(int(error.value.retry_after))}


@pytest.mark.parametrize("trouble", ["unavailable-", "internal-"])
def test_a_service_in_trouble_is_tried_again_later(service: Service, trouble: str) -> None:
    with pytest.raises(PushUnavailable):
        push.send(message(), f"{trouble}{uuid4()}", service.account)


def test_a_message_that_is_too_big_is_rejected(service: Service, pushes: Pushes) -> None:
    with pytest.raises(PushRejected):
        push.send(message(body="x" * 4096), service.device, service.account)
    assert pushes(service.device) == []


def test_a_key_that_is_not_ours_is_a_matter_of_configuration(service: Service, pushes: Pushes) -> None:
    for account in (service.stranger, service.wrong_key):
        with pytest.raises(PushUnavailable):
            push.send(message(), service.device, account)
    assert pushes(service.device) == []


def test_a_key_that_is_none_is_a_matter_of_configuration(service: Service) -> None:
    account = service.account
    broken = (
        replace(account, private_key="x") if isinstance(account, FcmProject) else replace(account, key="x")
    )
    with pytest.raises(PushUnavailable):
        push.send(message(), service.device, broken)


def test_a_device_of_another_app_is_rejected_and_not_forgotten(service: Service) -> None:
    token = "mismatch-1" if service.name == "FCM" else "topic-1"
    with pytest.raises(PushRejected):
        push.send(message(), token, service.account)


def test_a_service_that_is_down_is_tried_again_later(service: Service) -> None:
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    account = service.account
    for down in (
        [replace(account, endpoint=nowhere), replace(account, token_uri=f"{nowhere}/token")]
        if isinstance(account, FcmProject)
        else [replace(account, endpoint=nowhere)]
    ):
        with pytest.raises(PushUnavailable):
            push.send(message(), service.device, down)


def test_many_threads_share_one_connection(service: Service, pushes: Pushes) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: push.send(message(), service.device, service.account), range(64)))
    assert len({found["reference"] for found in pushes(service.device)}) == 64


def test_one_access_token_serves_many_messages(
    service: Service, thirdparty: ThirdParties, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = 0
    import jwt
    from google.oauth2.service_account import Credentials

    original_refresh, original_encode = Credentials.refresh, jwt.encode

    def refresh(*args: Any) -> None:
        nonlocal signed
        signed += 1
        original_refresh(*args)

    def encode(*args: Any, **options: Any) -> str:
        nonlocal signed
        signed += 1
        return original_encode(*args, **options)

    monkeypatch.setattr(Credentials, "refresh", refresh)
    monkeypatch.setattr(jwt, "encode", encode)
    sender = Fcm(service.account) if isinstance(service.account, FcmProject) else Apns(service.account)
    for _ in range(5):
        sender.send(message(), service.device)
    assert signed == 1


def test_a_withdrawn_access_token_is_replaced_at_once(thirdparty: ThirdParties, pushes: Pushes) -> None:
    sender, device = Fcm(FcmProject.from_settings()), f"fcm:{uuid4().hex}"
    sender.send(message(), device)
    sender.credentials.token = "withdrawn"
    sender.send(message(), device)
    assert len(pushes(device)) == 2


def test_an_apns_token_is_renewed_before_it_is_an_hour_old_and_not_before_twenty_minutes(
    thirdparty: ThirdParties,
) -> None:
    ahead = 0.0
    sender, device = Apns(ApnsApp.from_settings(), lambda: time.time() + ahead), uuid4().hex * 2
    sender.send(message(), device)
    first = sender.token
    ahead = 49 * 60
    sender.send(message(), device)
    assert sender.token == first
    ahead = 51 * 60
    with thirdparty.clock.later(ahead):
        sender.send(message(), device)
    assert sender.token != first


def test_an_apns_token_that_apple_calls_expired_is_renewed_unless_it_is_new(
    thirdparty: ThirdParties, pushes: Pushes
) -> None:
    ahead = 0.0
    sender, device = Apns(ApnsApp.from_settings(), lambda: time.time() + ahead), uuid4().hex * 2
    sender.send(message(), device)
    with thirdparty.clock.later(61 * 60):
        with pytest.raises(PushUnavailable, match="ExpiredProviderToken"):
            sender.send(message(), device)
        ahead = 25 * 60
        sender.send(message(), device)
    assert len(pushes(device)) == 2


def test_what_is_not_configured_is_rejected_with_the_names_of_the_settings(thirdparty: ThirdParties) -> None:
    bare = dict.fromkeys(("FIREBASE_PROJECT_ID", "APNS_KEY"), "")
    with entered({**thirdparty.environment(), **bare}):
        with pytest.raises(PushRejected, match="FIREBASE_PROJECT_ID"):
            push.send(message(), "device")
        with pytest.raises(PushRejected, match="APNS_KEY"):
            ApnsApp.from_settings()


def test_keys_with_backslash_n_for_line_breaks_are_understood(thirdparty: ThirdParties) -> None:
    keys = {
        name: thirdparty.environment()[name].replace("\n", "\\n")
        for name in ("FIREBASE_PRIVATE_KEY", "APNS_KEY")
    }
    with entered({**thirdparty.environment(), **keys}):
        assert (FcmProject.from_settings().private_key, ApnsApp.from_settings().key) == (
            thirdparty.config.firebase_private_key,
            thirdparty.config.apns_key,
        )


def test_private_keys_are_not_shown(thirdparty: ThirdParties) -> None:
    assert "PRIVATE" not in repr(FcmProject.from_settings()) + repr(ApnsApp.from_settings()) + repr(
        thirdparty.config
    )


def test_apple_answers_http_2_only(thirdparty: ThirdParties) -> None:
    assert httpx.post(f"{thirdparty.url('push')}/3/device/{'a' * 64}").status_code == 404


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("authorization", "", "MissingProviderToken"),
        ("authorization", "bearer x.y.z", "InvalidProviderToken"),
        ("apns-topic", "", "MissingTopic"),
        ("apns-topic", "app.else", "TopicDisallowed"),
        ("apns-push-type", "x", "InvalidPushType"),
        ("apns-id", "x", "BadMessageId"),
        ("apns-priority", "7", "BadPriority"),
        ("apns-expiration", "soon", "BadExpirationDate"),
        ("apns-collapse-id", "x" * 65, "BadCollapseId"),
    ],
)
def test_apple_checks_every_header(thirdparty: ThirdParties, header: str, value: str, reason: str) -> None:
    bearer = Apns(ApnsApp.from_settings()).bearer(0)
    headers = {"authorization": f"bearer {bearer}", "apns-topic": thirdparty.config.apns_topic, header: value}
    with httpx.Client(http1=False, http2=True) as client:
        answer = client.post(
            f"{thirdparty.url('push')}/3/device/{'a' * 64}", headers=headers, json={"aps": {"alert": "x"}}
        )
    assert answer.json()["reason"] == reason


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"x", b'{"aps":{}}', b'{"aps":"x"}', b"[" * 4000])
def test_apple_refuses_what_holds_no_notification(thirdparty: ThirdParties, body: bytes) -> None:
    bearer = Apns(ApnsApp.from_settings()).bearer(0)
    headers = {"authorization": f"bearer {bearer}", "apns-topic": thirdparty.config.apns_topic}
    with httpx.Client(http1=False, http2=True) as client:
        answer = client.post(f"{thirdparty.url('push')}/3/device/{'a' * 64}", headers=headers, content=body)
    assert (answer.status_code, answer.json()["reason"]) == (400, "PayloadEmpty")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"message":1}',
        b'{"message":{}}',
        b'{"message":{"token":1}}',
        b"[" * 9000,
        b'{"message":{"token":"t","data":{"a":1}}}',
        b'{"message":{"token":"t","data":{"from":"x"}}}',
        b'{"message":{"token":"t","notification":[]}}',
        b'{"message":{"token":"t","android":"x"}}',
    ],
)
def test_google_refuses_what_is_no_message(thirdparty: ThirdParties, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {Fcm(FcmProject.from_settings()).bearer()}"}
    url = f"{thirdparty.url('push')}/v1/projects/city-test/messages:send"
    answer = httpx.post(url, content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_google_refuses_strangers_and_other_projects(thirdparty: ThirdParties) -> None:
    bearer = Fcm(FcmProject.from_settings()).bearer()
    url = thirdparty.url("push") + "/v1/projects/{}/messages:send"
    for token, project, status in (
        ("", "city-test", 401),
        ("Bearer x", "city-test", 401),
        (f"Bearer {bearer}", "other", 403),
    ):
        assert (
            httpx.post(url.format(project), json={}, headers={"Authorization": token}).status_code == status
        )
    answer = httpx.post(thirdparty.url("push") + "/token", data={"grant_type": "password"})
    assert answer.json()["error"] == "unsupported_grant_type"


def test_a_wait_is_read_from_seconds_and_dates_and_has_an_end() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < wait_of(soon) <= 90
    assert [
        wait_of("7"),
        wait_of("0"),
        wait_of("999999"),
        wait_of("rubbish"),
        wait_of(None, 3),
        wait_of("-1"),
    ] == [7, 1, 3600, 10, 3, 10]


def test_a_service_that_refuses_our_key_is_left_alone_at_once_and_another_key_is_not(
    service: Service,
) -> None:
    for expected in (False, True):
        with pytest.raises(PushUnavailable) as error:
            push.send(message(), service.device, service.wrong_key)
        assert (error.value.reason == "left alone") is expected
    push.send(message(), service.device, service.account)


def test_a_service_that_asks_us_to_wait_is_left_alone_for_as_long(service: Service) -> None:
    with pytest.raises(PushUnavailable) as asked:
        push.send(message(), f"quota-{uuid4()}", service.account)
    with pytest.raises(PushUnavailable) as error:
        push.send(message(), service.device, service.account)
    assert asked.value.retry_after - 1 < error.value.retry_after <= asked.value.retry_after
