"""Who called: what the brakes go by."""

from functools import partial
from uuid import uuid4

import pytest

from functions.auth.guests.guest import FREE
from shared.kit.forwarded import client_address
from shared.kit.http import Request
from shared.kit.settings import Settings, settings
from tests.support import City, call


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::"),
        ("::1", "::"),
        ("2001:db8:1:3::9", "2001:db8:1:3::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("", ""),
        ("unknown", "unknown"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("1:2", "1:2"),
        (":" * 5000, ":" * 5000),
        (":\0", ":\0"),
    ],
)
def test_an_address_is_that_of_a_household(address: str, counted: str) -> None:
    assert client_address(Request({"REQUEST_METHOD": "GET", "REMOTE_ADDR": address})) == counted


@pytest.mark.parametrize(
    ("header", "sent", "counted"),
    [
        ("x-forwarded-for", {"x-forwarded-for": "198.51.100.7, 203.0.113.9"}, "203.0.113.9"),
        ("X-Forwarded-For", {"x-forwarded-for": "198.51.100.7, 203.0.113.9"}, "203.0.113.9"),
        ("x-forwarded-for", {"x-real-ip": "198.51.100.7"}, "192.0.2.1"),
        ("x-forwarded-for", {}, "192.0.2.1"),
        ("X-Real-IP", {"x-real-ip": " 203.0.113.9 "}, "203.0.113.9"),
        ("x-real-ip", {"x-real-ip": "2001:db8:1:2:3::9"}, "2001:db8:1:2::"),
        ("x-real-ip", {"x-real-ip": "203.0.113.9", "x-forwarded-for": "198.51.100.7"}, "203.0.113.9"),
        ("x-real-ip", {"x-forwarded-for": "198.51.100.7"}, "192.0.2.1"),
        ("x-real-ip", {"x-real-ip": "198.51.100.7, 203.0.113.9"}, "192.0.2.1"),
        ("x-real-ip", {"x-real-ip": "198.51.100.7,"}, "192.0.2.1"),
        ("x-real-ip", {"x-real-ip": ",203.0.113.9"}, "192.0.2.1"),
    ],
)
def test_only_what_the_outermost_proxy_has_written_counts(
    monkeypatch: pytest.MonkeyPatch, header: str, sent: dict[str, str], counted: str
) -> None:
    monkeypatch.setattr(settings(), "client_address_header", header)
    request = Request(
        {"REQUEST_METHOD": "GET", "REMOTE_ADDR": "192.0.2.1"}
        | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.items()}
    )
    assert client_address(request) == "192.0.2.1"  # nobody is trusted yet
    monkeypatch.setattr(settings(), "trust_forwarded_for", True)
    assert client_address(request) == counted


@pytest.mark.parametrize("wrong", ["x_real_ip", "", "x-real-ip:"])
def test_a_header_that_could_never_be_found_is_refused_at_the_start(wrong: str) -> None:
    with pytest.raises(ValueError, match="client_address_header"):
        Settings(client_address_header=wrong)


def test_whoever_has_a_whole_network_does_not_make_guests_without_end(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "trust_forwarded_for", True)
    register = partial(call, "register-guest", body={"deviceId": "phone"}, tenant=city.tenant.slug)
    network = f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}"
    made = [
        register(headers={"x-forwarded-for": f"{network}::{number:x}"}).status
        for number in range(1, FREE + 3)
    ]
    assert made == [201] * (FREE + 1) + [429]
