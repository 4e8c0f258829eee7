"""What Redis remembers of API tokens opens nothing that the auth service has not signed, for that token, a
moment ago.

Everybody holds Redis' password; here it is used by somebody who has no key that signs
(docs/guides/least-power.md).
"""

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest

from shared.adapters import redis
from shared.auth import api_tokens, signing, tokens
from shared.auth.rbac import MATRIX, SUPER_ADMIN
from shared.kit.ids import PLATFORM_ID
from shared.kit.settings import settings
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import join, login
from tests.auth.signing import EDDSA, OTHER_EDDSA, RS256, Use, jwt_keys, public
from tests.auth.test_api_tokens import APPROVE, made
from tests.support import City, call

__all__ = ["jwt_keys"]
EVERYTHING = sorted(MATRIX[SUPER_ADMIN])
OPENED = ("list-users", "list-audit-entries", "list-pending-listings")


@pytest.fixture
def split(jwt_keys: Use) -> Iterator[None]:
    """As in a cluster: one key signs, and what all others are given of it only checks."""
    jwt_keys(public(EDDSA), JWT_SIGNING_KEYS=json.dumps({"keys": [EDDSA]}))
    yield
    forget_all()


def forget_all() -> None:
    for key in redis.command("KEYS", "*:api-token:*"):
        redis.command("DEL", key)


def invented() -> str:
    """A token of the platform that nobody has made."""
    return (
        api_tokens.PREFIX
        + base64.urlsafe_b64encode(PLATFORM_ID.bytes + uuid4().bytes + uuid4().bytes).decode()
    )


def key(token: str) -> str:
    """Where Redis remembers a token."""
    tenant = base64.urlsafe_b64decode(token.removeprefix(api_tokens.PREFIX))[:16]
    return api_tokens.key(UUID(bytes=tenant), api_tokens.digest(token).hex())


def write(token: str, text: bytes) -> None:
    """What anybody can do who holds REDIS_PASSWORD."""
    redis.command("SET", key(token), text)


def claims(token: str, **changed: Any) -> dict[str, Any]:
    """The best grant that somebody can think of."""
    now, id_ = int(time.time()), str(uuid4())
    return {
        "iss": "heidi",
        "aud": "grant",
        "sub": str(uuid4()),
        "tenantId": str(PLATFORM_ID),
        "sid": id_,
        "jti": id_,
        "iat": now,
        "nbf": now,
        "exp": now + 60,
        "roles": [SUPER_ADMIN],
        "scopes": EVERYTHING,
        "hash": api_tokens.digest(token).hex(),
        "ends": now + 86400,
    } | changed


def opens(token: str, city: City) -> set[tuple[int, str]]:
    answers = [call(name, token=token, tenant=city.tenant.slug) for name in OPENED]
    return {(answer.status, "" if answer.status == 200 else answer.code) for answer in answers}


REFUSED, LET_IN = {(401, "TOKEN_INVALID")}, {(200, "")}


def of_super_admin(*scopes: str) -> str:
    """A real token of a real super admin, which Redis remembers."""
    platform = City(PLATFORM)
    token: str = made(
        login(platform, join(platform, SUPER_ADMIN)).body["accessToken"], *(scopes or EVERYTHING)
    )["token"]
    return token


def ours(token: str, **changed: Any) -> bytes:
    """A grant with the auth service's own signature."""
    return json.dumps(signing.sign("grant", claims(token, **changed))).encode()


def test_what_is_forged_here_would_open_everything_if_it_were_signed(split: None, city: City) -> None:
    token = invented()
    write(token, ours(token))
    assert opens(token, city) == LET_IN


def forged(token: str, how: str) -> bytes:
    """A made-up grant."""
    head = {"kid": EDDSA["kid"]}
    material = public(EDDSA)["x"]
    plain = {
        "id": str(uuid4()),
        "account_id": str(uuid4()),
        "roles": [SUPER_ADMIN],
        "scopes": EVERYTHING,
        "expires_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    }
    made_up = {
        "plain": lambda: json.dumps(plain),
        "plain claims": lambda: json.dumps(claims(token)),
        "another key": lambda: jwt.encode(claims(token), jwt.PyJWK(OTHER_EDDSA).key, "EdDSA", headers=head),
        "another key's own name": lambda: jwt.encode(
            claims(token), jwt.PyJWK(OTHER_EDDSA).key, "EdDSA", headers={"kid": OTHER_EDDSA["kid"]}
        ),
        "no signature": lambda: jwt.encode(claims(token), "", "none", headers=head),
        "the public key as a secret": lambda: jwt.encode(claims(token), material, "HS256", headers=head),
        "the refresh secret": lambda: jwt.encode(
            claims(token), settings().jwt_refresh_secret.get_secret_value(), "HS256"
        ),
        "nonsense": lambda: "\u00e4.\0.{",
        "a list": lambda: "[]",
        "quotes": lambda: '""',
        "long": lambda: "A" * 100_000,
    }
    return made_up[how]().encode()


@pytest.mark.parametrize(
    "how",
    [
        "plain",
        "plain claims",
        "another key",
        "another key's own name",
        "no signature",
        "the public key as a secret",
        "the refresh secret",
        "nonsense",
        "a list",
        "quotes",
        "long",
    ],
)
def test_a_made_up_grant_opens_nothing_and_is_not_kept(split: None, city: City, how: str) -> None:
    token = invented()
    write(token, forged(token, how))
    assert opens(token, city) == REFUSED
    assert redis.command("GET", key(token)) not in api_tokens.believed


def test_a_grant_is_good_for_the_token_that_it_was_given_for_and_for_no_other(
    split: None, city: City
) -> None:
    admins, lesser = (
        of_super_admin(),
        made(login(city, join(city, "city_admin")).body["accessToken"], APPROVE)["token"],
    )
    assert opens(admins, city) == LET_IN
    grant = redis.command("GET", key(admins))
    for other in (invented(), lesser):
        write(other, grant)
        assert opens(other, city) == REFUSED
    assert opens(admins, city) == LET_IN


def test_a_grant_of_one_tenant_is_none_in_another(split: None, city: City) -> None:
    token = invented()
    write(token, ours(token, tenantId=str(city.id)))
    assert opens(token, city) == REFUSED


def test_a_grant_is_good_for_two_minutes_or_so_and_then_for_nothing(
    split: None, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, old = of_super_admin(), invented()
    write(old, ours(old, exp=int(time.time()) - 1))
    assert opens(old, city) == REFUSED
    assert opens(token, city) == LET_IN
    # whoever can write can also see to it that nothing is forgotten
    write(token, redis.command("GET", key(token)))
    assert api_tokens.SECONDS < api_tokens.LIFE <= 150
    monkeypatch.setattr(
        "shared.auth.api_tokens.time", SimpleNamespace(time=lambda: time.time() + api_tokens.LIFE)
    )
    assert opens(token, city) == REFUSED  # also in a process that has checked it already
    assert redis.command("GET", key(token)) not in api_tokens.believed


def test_a_grant_is_no_access_token_and_an_access_token_is_no_grant(split: None, city: City) -> None:
    token = of_super_admin()
    assert opens(token, city) == LET_IN
    assert opens(json.loads(redis.command("GET", key(token))), city) == REFUSED
    token = invented()
    for use in ("access", "refresh", "challenge"):
        write(token, ours(token, aud=use))
        assert opens(token, city) == REFUSED


@pytest.mark.parametrize(
    "changed",
    [
        {"roles": None},
        {"scopes": None},
        {"scopes": 7},
        {"hash": None},
        {"ends": "never"},
        {"sub": "x"},
        {"sid": None},
    ],
    ids=repr,
)
def test_every_claim_counts_even_under_the_auth_services_own_signature(
    split: None, city: City, changed: dict[str, Any]
) -> None:
    token = invented()
    write(token, ours(token, **changed))
    assert opens(token, city) == REFUSED


@pytest.mark.parametrize("keys", [(), (EDDSA,), (RS256,)], ids=["a secret", "EdDSA", "RS256"])
def test_the_widest_grant_is_short_enough_whatever_signs_it(
    city: City, jwt_keys: Use, keys: tuple[dict[str, Any], ...]
) -> None:
    if keys:
        jwt_keys(*keys)
    token = of_super_admin()
    assert opens(token, city) == LET_IN
    assert len(redis.command("GET", key(token))) < tokens.LONGEST * 3 // 4
    forget_all()


def test_a_signature_is_checked_once_a_process_and_text(
    split: None, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, checks, real = of_super_admin(), [], tokens.checked
    monkeypatch.setattr(
        tokens, "checked", lambda text, use, ring: checks.append(use) or real(text, use, ring)
    )
    assert opens(token, city) == opens(token, city) == LET_IN
    assert checks == ["grant"]


def test_what_a_process_has_checked_is_bounded(
    split: None, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "VERIFIED_LIMIT", 3)
    api_tokens.believed.clear()
    for _ in range(5):
        token = invented()
        write(token, ours(token))
        assert opens(token, city) == LET_IN
    assert len(api_tokens.believed) <= 3
