"""Web Push against the local push service, which reads what only a browser can read."""

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from shared.adapters import push
from shared.adapters.push import DeviceGone, PushMessage, PushRejected, PushUnavailable, VapidKey
from shared.adapters.push.aes128gcm import LONGEST, encrypt
from shared.adapters.push.subscription import Subscription, decoded
from shared.adapters.push.webpush import ROOM, authorization, payload
from tests.adapters.running import VAPID, ThirdParties
from tooling.keys import vapid
from tooling.stack.environment import entered
from tooling.thirdparty.push.webpush import Browser, decrypted

MESSAGE = PushMessage(
    id=str(uuid4()), title="Größe", body="مرحبا 🎉", data={"link": "https://kiel.example/l/x/1"}
)


def subscribed(thirdparty: ThirdParties, name: str = "", key: str = "") -> dict[str, Any]:
    asked = {"name": name and f"{name}{uuid4().hex}", "applicationServerKey": key}
    made: dict[str, Any] = httpx.post(f"{thirdparty.url('push')}/webpush/subscriptions", json=asked).json()
    return made


def token(subscription: dict[str, Any]) -> str:
    return Subscription.model_validate(subscription).token


def test_the_example_of_the_standard_gives_its_bytes() -> None:
    """RFC 8291, appendix A."""
    key = ec.derive_private_key(
        int.from_bytes(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    )
    made = encrypt(
        b"When I grow up, I want to be a watermelon",
        decoded("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        decoded("BTBZMqHH6r4Tts7J_aSIgg"),
        key,
        decoded("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert made == urlsafe_b64decode(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_nothing_longer_than_a_record_is_encrypted_and_what_fits_is_read() -> None:
    browser = Browser(ec.generate_private_key(ec.SECP256R1()), b"a" * 16, "")
    whole = encrypt(b"x" * LONGEST, browser.point, browser.auth)
    assert (len(whole), decrypted(browser, whole)) == (4096, b"x" * LONGEST)
    with pytest.raises(ValueError, match="bytes"):
        encrypt(b"x" * (LONGEST + 1), browser.point, browser.auth)


def test_a_browser_reads_what_was_sent_and_knows_the_sender(thirdparty: ThirdParties) -> None:
    made = subscribed(thirdparty, key=VAPID["VAPID_PUBLIC_KEY"])
    push.send(MESSAGE, token(made), VapidKey.from_settings())
    name = made["endpoint"].rpartition("/")[2]
    [got] = httpx.get(f"{thirdparty.url('inbox')}/api/pushes", params={"token": name}).json()
    assert (got["title"], got["body"], got["data"]) == (MESSAGE.title, MESSAGE.body, dict(MESSAGE.data))
    assert (got["headers"]["ttl"], got["headers"]["urgency"]) == ("86400", "high")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("gone-", DeviceGone),
        ("missing-", DeviceGone),
        ("forbidden-", PushRejected),
        ("large-", PushRejected),
        ("redirect-", PushRejected),
        ("quota-", PushUnavailable),
        ("internal-", PushUnavailable),
        ("unavailable-", PushUnavailable),
    ],
)
def test_each_refusal_is_understood(thirdparty: ThirdParties, name: str, problem: type[Exception]) -> None:
    with pytest.raises(problem) as caught:
        push.send(MESSAGE, token(subscribed(thirdparty, name)), VapidKey.from_settings())
    if isinstance(caught.value, PushUnavailable):
        assert caught.value.retry_after == {"quota-": 60, "unavailable-": 5}.get(name, 10)


@pytest.mark.parametrize("fault", ["key", "subject", "stranger"])
def test_a_sender_that_is_not_believed_loses_no_device(thirdparty: ThirdParties, fault: str) -> None:
    made = token(subscribed(thirdparty, key=VAPID["VAPID_PUBLIC_KEY"] if fault == "stranger" else ""))
    key = VapidKey.from_settings()
    wrong = {
        "key": replace(key, private="AA"),
        "subject": replace(key, subject="mailto:a@localhost"),
        "stranger": replace(key, private=vapid()["VAPID_PRIVATE_KEY"]),
    }[fault]
    with pytest.raises((PushRejected, PushUnavailable)):
        push.send(MESSAGE, made, wrong)


def test_who_we_are_is_signed_once_an_hour_for_each_service() -> None:
    key = VapidKey(vapid()["VAPID_PRIVATE_KEY"], "mailto:a@b.example")
    first = authorization(key, "https://push.example", 1)
    assert authorization(key, "https://push.example", 1) == first
    assert (
        len(
            {
                first,
                authorization(key, "https://push.example", 2),
                authorization(key, "https://other.example", 1),
            }
        )
        == 3
    )


def test_without_a_key_nothing_is_sent() -> None:
    with entered({"VAPID_PRIVATE_KEY": ""}), pytest.raises(PushRejected, match="VAPID_PRIVATE_KEY"):
        VapidKey.from_settings()


@pytest.mark.parametrize("letter", ["x", "ä", '"', "🎉", "\n"])
def test_a_long_text_is_cut_to_what_services_take(letter: str) -> None:
    made = payload(replace(MESSAGE, title=letter * 250, body=letter * 10_000))
    assert len(made) <= ROOM
    assert json.loads(made)["body"].endswith("…")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/x",
        "https://127.0.0.1/x",
        "https://10.0.0.8/x",
        "https://169.254.169.254/latest",
        "https://[::1]/x",
        "https://localhost/x",
        "https://redis:443/x",
        "https://push.example:6379/x",
        "https://user@push.example/x",
        "https://push.example/x#y",
        "ftp://push.example/x",
        "https://2130706433/x",
    ],
)
def test_an_address_that_leads_inside_is_no_push_service(endpoint: str) -> None:
    keys = {"p256dh": VAPID["VAPID_PUBLIC_KEY"], "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
    with entered({"WEBPUSH_PRIVATE_HOSTS": ""}), pytest.raises(ValueError, match="endpoint"):
        Subscription.model_validate({"endpoint": endpoint, "keys": keys})


def test_a_name_that_leads_inside_is_found_out_when_something_is_sent(
    thirdparty: ThirdParties, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = subscribed(thirdparty) | {"endpoint": "https://push.example/x"}
    answer = [(2, 1, 6, "", ("10.0.0.8", 443))]
    monkeypatch.setattr("shared.adapters.public_addresses.socket.getaddrinfo", lambda *_, **__: answer)
    with pytest.raises(DeviceGone):
        push.send(MESSAGE, token(made), VapidKey.from_settings())


def test_keys_that_are_none_are_refused() -> None:
    good = {"p256dh": VAPID["VAPID_PUBLIC_KEY"], "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
    for wrong in ({"p256dh": "B" + "A" * 86}, {"p256dh": "A" * 87}, {"auth": "A" * 24}, {"auth": "x"}):
        with pytest.raises(ValueError):
            Subscription.model_validate({"endpoint": "https://push.example/x", "keys": good | wrong})
