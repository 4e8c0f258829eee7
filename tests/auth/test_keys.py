"""Signing keys: rotated without logging anyone out, published without what is secret, refused when weak."""

import base64
import json
from typing import Any

import httpx
import jwt
import pytest

from shared.auth import signing
from shared.kit.jwks import KeysWrong
from shared.kit.settings import Settings, SettingsError, settings
from shared.runtime import required_secrets
from tests.auth.people import join, login, refresh
from tests.auth.signing import EDDSA, OTHER_EDDSA, RS256, SECRET, Use, head, jwt_keys, public
from tests.gateway.conftest import gateway
from tests.support import City, call
from tooling.command_failed import CommandFailed
from tooling.keys import known, with_new
from tooling.keys import public as public_document

__all__ = ["gateway", "jwt_keys"]


def published() -> list[dict[str, str]]:
    answer = call("get-signing-keys")
    assert answer.status == 200
    keys: list[dict[str, str]] = json.loads(answer.raw)["keys"]
    return keys


def short_rsa() -> dict[str, Any]:
    jwk = dict(RS256)
    jwk["n"] = base64.urlsafe_b64encode(((1 << 2046) + 1).to_bytes(256, "big")).decode().rstrip("=")
    return jwk


def test_tokens_are_signed_with_the_secret_where_there_are_no_keys(city: City) -> None:
    token = login(city, join(city)).body["accessToken"]
    assert head(token) == {"alg": "HS256", "typ": "JWT"}
    assert published() == []


@pytest.mark.parametrize(
    ("key", "alg"), [(EDDSA, "EdDSA"), (RS256, "RS256"), (SECRET, "HS256")], ids=["EdDSA", "RS256", "HS256"]
)
def test_the_first_key_signs_and_is_named(city: City, jwt_keys: Use, key: dict[str, Any], alg: str) -> None:
    jwt_keys(key, OTHER_EDDSA)
    token = login(city, join(city)).body["accessToken"]
    assert head(token) == {"alg": alg, "typ": "JWT", "kid": key["kid"]}
    assert call("whoami", token=token).status == 200


def test_a_rotation_logs_nobody_out(city: City, jwt_keys: Use) -> None:
    person = join(city)
    jwt_keys(RS256)
    before = login(city, person).body
    jwt_keys(RS256, EDDSA)  # published first
    assert head(login(city, person).body["accessToken"])["kid"] == RS256["kid"]
    assert {key["kid"] for key in published()} == {RS256["kid"], EDDSA["kid"]}
    jwt_keys(EDDSA, RS256)  # then it signs
    after = login(city, person).body
    assert head(after["accessToken"])["kid"] == EDDSA["kid"]
    assert [call("whoami", token=body["accessToken"]).status for body in (before, after)] == [200, 200]
    jwt_keys(EDDSA)  # and the old one goes
    assert [call("whoami", token=body["accessToken"]).status for body in (before, after)] == [401, 200]
    assert call("whoami", token=refresh(before["refreshToken"]).body["accessToken"]).status == 200


def test_going_from_the_secret_to_keys_costs_a_refresh_and_no_login(city: City, jwt_keys: Use) -> None:
    before = login(city, join(city)).body
    jwt_keys(EDDSA)
    assert call("whoami", token=before["accessToken"]).code == "TOKEN_INVALID"
    assert call("whoami", token=refresh(before["refreshToken"]).body["accessToken"]).status == 200


def test_who_only_checks_needs_no_private_part(city: City, jwt_keys: Use) -> None:
    person = join(city)
    for key in (EDDSA, RS256):
        jwt_keys(key)
        token = login(city, person).body["accessToken"]
        jwt_keys(public(key))
        assert call("whoami", token=token).status == 200
        assert login(city, person).status == 500  # and cannot sign


def test_only_public_parts_are_published_and_they_check_our_tokens(city: City, jwt_keys: Use) -> None:
    jwt_keys(RS256, EDDSA, SECRET)
    keys = published()
    assert [set(key) for key in keys] == [
        {"kid", "alg", "use", "kty", "n", "e"},
        {"kid", "alg", "use", "kty", "crv", "x"},
    ]
    assert [key["use"] for key in keys] == ["sig", "sig"]
    token = login(city, join(city)).body["accessToken"]
    key = jwt.PyJWKSet.from_dict({"keys": keys})[head(token)["kid"]]
    assert jwt.decode(token, key, ["RS256"], audience="access", issuer="heidi")["tenantId"] == str(city.id)


def test_the_published_keys_may_be_kept_for_a_while(jwt_keys: Use) -> None:
    jwt_keys(EDDSA)
    answer = call("get-signing-keys")
    assert answer.headers["Cache-Control"] == "public, max-age=300"


def test_they_are_at_the_well_known_address(gateway: httpx.Client) -> None:
    answer = gateway.get("/.well-known/jwks.json")
    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (
        200,
        "application/jwk-set+json",
        {"keys": []},
    )
    assert gateway.get("/.well-known/openid-configuration").status_code == 404
    assert gateway.post("/.well-known/jwks.json").status_code == 405


WRONG = {
    "not JSON": "{",
    "a list": "[]",
    "no keys": '{"keys": []}',
    "keys that are none": '{"keys": {"kid": "x"}}',
    "deep": "[" * 100_000,
    **{
        name: json.dumps({"keys": keys})
        for name, keys in {
            "a text for a key": ["x"],
            "an unknown type": [EDDSA | {"kty": "EC"}],
            "no kid": [{**EDDSA, "kid": ""}],
            "a number for a kid": [EDDSA | {"kid": 7}],
            "a kid twice": [EDDSA, RS256 | {"kid": EDDSA["kid"]}],
            "another algorithm": [RS256 | {"alg": "HS256"}],
            "none": [SECRET | {"alg": "none"}],
            "a key for encryption": [RS256 | {"use": "enc"}],
            "short RSA": [short_rsa()],
            "RSA without a modulus": [{**RS256, "n": ""}],
            "a small exponent": [RS256 | {"e": "Aw"}],
            "a short secret": [SECRET | {"k": "c2hvcnQ"}],
            "no secret": [{"kty": "oct", "kid": "x"}],
            "another curve": [EDDSA | {"crv": "Ed448"}],
            "half a point": [EDDSA | {"x": "AAAA"}],
            "half a private key": [EDDSA | {"d": "AAAA"}],
            "no base64url": [EDDSA | {"x": "+/=!" * 11}],
        }.items()
    },
}


@pytest.mark.parametrize("kind", WRONG)
def test_no_function_starts_with_keys_that_are_weak_or_ambiguous(
    jwt_keys: Use, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("JWT_KEYS", WRONG[kind])
    settings.cache_clear()
    with pytest.raises(SettingsError, match="JWT_KEYS") as refused:
        settings()
    assert EDDSA["d"] not in str(refused.value)
    assert SECRET["k"] not in str(refused.value)


def test_production_needs_keys_or_a_secret_and_a_refresh_secret_in_any_case(jwt_keys: Use) -> None:
    signs, name = {"shared.auth.signing", "shared.auth.keys"}, "JWT_REFRESH_SECRET"
    jwt_keys(EDDSA, ENVIRONMENT="production", JWT_REFRESH_SECRET="r" * 32)
    required_secrets.check(signs)
    for value in ("r" * 31, Settings.model_fields["jwt_refresh_secret"].default.get_secret_value(), ""):
        jwt_keys(EDDSA, JWT_REFRESH_SECRET=value)
        with pytest.raises(SettingsError, match=name):
            required_secrets.check(signs)


def test_who_signs_may_have_keys_that_others_only_check_with(
    city: City, jwt_keys: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = join(city)
    monkeypatch.setenv("JWT_SIGNING_KEYS", json.dumps({"keys": [EDDSA, RS256]}))
    jwt_keys(public(EDDSA), public(RS256))
    access = login(city, person).body["accessToken"]
    assert head(access)["kid"] == EDDSA["kid"]
    monkeypatch.delenv("JWT_SIGNING_KEYS")
    jwt_keys(public(EDDSA), public(RS256))
    assert call("whoami", token=access).status == 200
    with pytest.raises(SettingsError, match="no private part"):
        signing.sign("access", {})


def test_new_keys_are_made_in_front_or_published_first() -> None:
    first = with_new("RS256")
    [old] = known(first)
    assert [key.alg for key in known(with_new("EdDSA", first))] == ["EdDSA", "RS256"]
    assert [key.alg for key in known(with_new("EdDSA", first, last=True))] == ["RS256", "EdDSA"]
    assert not known(public_document(first))[0].signs
    assert old.signs
    assert len({key.kid for _ in range(3) for key in known(with_new("EdDSA"))}) == 3
    with pytest.raises(CommandFailed, match="no keys for JWT_KEYS"):
        with_new("EdDSA", "{}")
    assert issubclass(KeysWrong, ValueError)
