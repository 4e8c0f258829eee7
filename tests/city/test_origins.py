"""Which web pages may call: those of the platform's domain, the configured ones, and those of apps that a
city has registered.
"""

import secrets
from typing import Any
from uuid import uuid4

import pytest

from shared.adapters import redis
from shared.errors import Unavailable
from shared.kit.settings import settings
from shared.peers import read_through
from shared.runtime import cors
from shared.tenancy import tenants
from tests.city.factories import registered
from tests.support import City, call

ORIGIN = f"https://app-{uuid4().hex[:8]}.weinheim.example"  # that no other test registers


@pytest.fixture(autouse=True)
def production(monkeypatch) -> None:
    """As in production: no page of this machine."""
    monkeypatch.setattr(settings(), "environment", "production")
    monkeypatch.setattr(settings(), "base_domain", "heidi.example")


def seen_by(origin: str, name: str = "list-cities", **parts: Any) -> str | None:
    """The origin that may read the answer."""
    return call(name, headers={"origin": origin}, **parts).headers.get("Access-Control-Allow-Origin")


def register(made: City, *origins: str) -> str:
    body = {"name": "Im Browser", "platform": "web", "origins": list(origins)}
    answer = made.call("register-app", "super_city_admin", path=f"/api/cities/{made.id}/apps", body=body)
    assert answer.status == 201, answer.body
    return str(answer.body["clientId"])


def test_a_registered_apps_page_may_call_until_the_app_is_revoked(city: City) -> None:
    with registered(city) as made:
        assert seen_by(ORIGIN) is None
        app = register(made, ORIGIN, "https://second.example")
        assert seen_by(ORIGIN) == ORIGIN
        assert seen_by("https://second.example") == "https://second.example"
        made.call("revoke-app", "super_city_admin", path=f"/api/cities/{made.id}/apps/{app}")
        assert seen_by(ORIGIN) is None


@pytest.mark.parametrize("origin", ["https://heidi.example", "https://weinheim.heidi.example"])
def test_the_platforms_own_pages_may_call(origin: str) -> None:
    assert seen_by(origin) == origin


@pytest.mark.parametrize(
    "origin",
    [
        "https://heidi.example.evil.example",
        "https://evilheidi.example",
        "http://heidi.example",
        "null",
        "https://a.b.heidi.example",
        "http://localhost:3000",
        "https://x?y",
        "https://" + "a" * 300,
    ],
)
def test_other_pages_may_not(origin: str) -> None:
    assert seen_by(origin) is None


def test_configured_pages_may_call(monkeypatch) -> None:
    monkeypatch.setattr(settings(), "cors_origins", ("https://studio.example",))
    assert seen_by("https://studio.example") == "https://studio.example"


def test_refusals_can_be_read_too_and_caches_keep_pages_apart(city: City) -> None:
    answer = city.call("create-listing", body={}, headers={"origin": "https://heidi.example"})
    assert answer.status == 401
    assert answer.headers["Access-Control-Allow-Origin"] == "https://heidi.example"
    assert answer.headers["Vary"] == "Origin"


def test_every_function_answers_what_browsers_ask_first(city: City) -> None:
    asked = {"origin": "https://heidi.example", "access-control-request-method": "PATCH"}
    for name in ("resolve-city", "create-listing", "login"):
        answer = city.call(name, method="OPTIONS", path="/api/listings/7", headers=asked)
        assert answer.status == 204
        assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    refused = city.call(
        "resolve-city",
        method="OPTIONS",
        path="/api/listings/7",
        headers=asked | {"origin": "https://evil.example"},
    )
    assert (refused.status, "Access-Control-Allow-Methods" in refused.headers) == (204, False)


def test_a_page_is_a_stranger_while_nobody_can_say_and_the_call_is_answered(monkeypatch) -> None:
    def away(*_: object) -> bytes:
        raise Unavailable(dependency="city")

    monkeypatch.setattr(cors, "registered", away)
    answer = call("list-cities", headers={"origin": ORIGIN})
    assert (answer.status, answer.headers.get("Access-Control-Allow-Origin")) == (200, None)


def test_pages_that_are_not_registered_use_up_nothing_that_their_readers_need(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page elsewhere can make its readers' browsers call us; their app goes on."""
    monkeypatch.setattr(settings(), "rate_limit_ip", 5)
    monkeypatch.setattr(read_through, "WINDOW", 10**10)  # no minute ends in the middle
    evil, reader = f"https://{uuid4().hex[:8]}.evil.example", f"203.0.113.{secrets.randbelow(250)}"
    with registered(city) as made:
        register(made, ORIGIN)
        redis.command("DEL", *redis.command("KEYS", f"*:in-vain:*:{reader}:*") or ["nothing"])
        assert [seen_by(evil, address=reader) for _ in range(50)] == [None] * 50
        cors_key = cors.key(ORIGIN)
        redis.command("DEL", cors_key, f"{cors_key}:changing")
        assert seen_by(ORIGIN, address=reader) == ORIGIN
        assert [seen_by(f"https://{n}.evil.example", address=reader) for n in range(20)] == [None] * 20
        tenants.memory.pop(made.tenant.slug, None)
        redis.command("DEL", tenants.key(made.tenant.slug))
        assert call("list-listings", tenant=made.tenant.slug, address=reader).status == 200


def test_nobody_is_asked_about_ever_more_pages_of_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "rate_limit_ip", 5)
    monkeypatch.setattr(read_through, "WINDOW", 10**10)
    asked, reader = list[str](), f"203.0.113.{secrets.randbelow(250)}"
    redis.command("DEL", *redis.command("KEYS", f"*:in-vain:*:{reader}:*") or ["nothing"])
    monkeypatch.setattr(
        "shared.peers.internal_calls.ask", lambda question, **_: asked.append(question) or b""
    )
    for _ in range(9):
        seen_by(f"https://{uuid4().hex[:8]}.evil.example", address=reader)
    assert len(asked) == 5
