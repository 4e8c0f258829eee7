"""Webhooks: who may tell us something, whatever they send instead, and each delivery once."""

import base64
import hashlib
import hmac
import io
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from shared import webhooks
from shared.context import Context, acting
from shared.errors import PayloadTooLarge
from shared.function import http, record_of
from shared.kit.http import Request
from shared.runtime.pipeline import Function
from shared.webhooks import Delivery, Scheme, Sender, SignatureInvalid
from tests.support import City, send
from tooling.registry import records

SECRET, BEFORE = webhooks.new_secret(), webhooks.new_secret()
BODY = '{"ticket": {"title": "Schlagloch in der Ebertstraße"}}'.encode()


@http.post("/api/webhooks/probe", public=True, tenantless=True)
def receive(ctx: Context) -> None:
    """Take whatever is signed."""
    webhooks.verified(ctx, Sender("probe", "standard", (SECRET, BEFORE)), limit=1000)


def signed(body: bytes = BODY, secret: str = SECRET, *, ago: int = 0, id: str = "msg_1") -> dict[str, str]:
    at = int(time.time()) - ago
    signature = Webhook(secret).sign(id, datetime.fromtimestamp(at, UTC), body.decode())
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": signature}


def status(headers: dict[str, str], body: bytes = BODY) -> int:
    got = send(Function(record_of(receive)), "POST", "/api/webhooks/probe", body, headers)
    if got.status == 401:
        assert got.code == "SIGNATURE_INVALID"
    return got.status


def test_what_is_signed_with_either_secret_of_a_rotation_is_taken() -> None:
    assert [status(signed(secret=secret)) for secret in (SECRET, BEFORE)] == [204, 204]
    assert status(signed(secret=webhooks.new_secret())) == 401
    several = signed()["webhook-signature"], signed(secret=webhooks.new_secret())["webhook-signature"]
    assert status(signed() | {"webhook-signature": " ".join(several[::-1])}) == 204


def test_what_was_changed_on_its_way_or_is_of_another_time_is_refused() -> None:
    assert status(signed(), BODY + b" ") == 401
    assert status(signed() | {"webhook-id": "msg_2"}) == 401
    assert [status(signed(ago=ago)) for ago in (240, 360, -240, -360)] == [204, 401, 204, 401]


GOOD = "v1," + base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "signature",
    [
        "",
        " ",
        ",",
        "v1",
        "v1,",
        "v1,€",
        "v1,####",
        "v1a,xx",
        "v1,a,b",
        GOOD,
        f"{GOOD}  {GOOD}",
        "v1," + "A" * 5000,
    ],
)
def test_a_signature_that_is_none_is_refused_and_never_an_error_of_ours(signature: str) -> None:
    assert status(signed() | {"webhook-signature": signature}) == 401


@pytest.mark.parametrize("at", ["", "nan", "inf", "-inf", "1e400", "x", "٣", "9" * 400])
def test_a_time_that_is_none_is_refused(at: str) -> None:
    assert status(signed() | {"webhook-timestamp": at}) == 401


def test_a_body_that_is_no_text_is_refused_and_two_spaces_disturb_nobody() -> None:
    assert status(signed(), b"\xff\xfe") == 401
    odd = "  v0,old  v1  " + signed()["webhook-signature"] + " "
    assert status(signed() | {"webhook-signature": odd}) == 204


def test_a_body_that_is_too_long_is_said_to_be_so() -> None:
    long = b"x" * 1001
    got = send(Function(record_of(receive)), "POST", "/api/webhooks/probe", long, signed(long))
    assert (got.status, got.code) == (413, PayloadTooLarge.code)


def arrived(headers: dict[str, str], body: bytes, city: City) -> Context:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
    }
    environ |= {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()}
    return Context(records()["create-listing"], city.tenant, request=Request(environ))


@pytest.mark.parametrize(
    ("scheme", "prefix", "algorithm"),
    [
        ("hmac-sha256", "", hashlib.sha256),
        ("sha256=", "sha256=", hashlib.sha256),
        ("sha1=", "sha1=", hashlib.sha1),
    ],
)
def test_the_schemes_in_hex_are_over_the_raw_bytes(
    scheme: Scheme, prefix: str, algorithm: Any, city: City
) -> None:
    sender = Sender("helpdesk", scheme, ("new", "old"))

    def answer(said: str, body: bytes = b"\xff{") -> Delivery:
        return webhooks.verified(arrived({"x-hub-signature": said}, body, city), sender)

    for secret in sender.secrets:
        right = hmac.new(secret.encode(), b"\xff{", algorithm).hexdigest()
        assert answer(prefix + right).body == b"\xff{"
        assert answer(prefix + right.upper()).id == answer(prefix + right).id
        with pytest.raises(SignatureInvalid):
            answer(prefix + right, b"\xff}")
    other = "sha512=" if prefix else "sha256="
    for wrong in ("", prefix, prefix + "é", prefix + "00", other + right, prefix + right + "0"):
        with pytest.raises(SignatureInvalid):
            answer(wrong)


@pytest.mark.parametrize("secrets", [(), ("",), (SECRET, ""), ("whsec_x",)])
def test_a_secret_that_is_none_is_refused_before_anybody_signs_with_it(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"secret|base64|padded"):
        Sender("helpdesk", "standard", secrets)


def test_a_delivery_that_comes_many_times_at_once_is_taken_once_and_again_where_it_had_no_effect(
    city: City, other_city: City
) -> None:
    sender, delivery = Sender("helpdesk", "sha1=", ("secret",)), Delivery(b"", "abc")
    record = records()["create-listing"]
    with pytest.raises(AssertionError), acting(record, city.tenant) as ctx:  # undone, as by any error
        assert not webhooks.is_first(ctx, sender, delivery)

    def take(_: int) -> bool:
        with acting(record, city.tenant) as ctx:
            return webhooks.is_first(ctx, sender, delivery)

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(take, range(5))) == [False] * 4 + [True]
    with acting(record, other_city.tenant) as ctx:
        assert webhooks.is_first(ctx, sender, delivery)
