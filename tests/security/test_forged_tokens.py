"""Tokens that somebody made, altered, or brings where they do not belong: all of them are refused, and look
alike.
"""

import base64
import json
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.auth import signing
from shared.auth.tokens import LONGEST
from shared.kit.settings import settings
from tests.auth.people import refresh
from tests.auth.signing import EDDSA, OTHER_EDDSA, RS256, Use, head, jwt_keys, public
from tests.support import City, call

__all__ = ["jwt_keys"]
MODES = {"a secret": (), "RS256": (RS256,), "EdDSA": (EDDSA,), "two keys": (EDDSA, RS256)}
HOSTILE_KIDS = [
    "",
    "../../../../dev/null",
    "/dev/null",
    "x' OR '1'='1",
    "'; DROP TABLE accounts; --",
    "%00",
    "$(id)",
    "https://evil.example/jwks.json",
    "x" * 1000,
    "0",
    "\u202e",
    "null",
]


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest, jwt_keys: Use) -> str:
    """Each way in which tokens may be signed."""
    if MODES[request.param]:
        jwt_keys(*MODES[request.param])
    mode: str = request.param
    return mode


def claims(city: City, use: str = "access", **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    made = {
        "iss": "heidi",
        "aud": use,
        "sub": str(uuid4()),
        "tenantId": str(city.id),
        "sid": str(uuid4()),
        "jti": str(uuid4()),
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "roles": ["city_admin"],
        "permissions": [],
    } | changed
    return {name: value for name, value in made.items() if value is not None}


def b64(data: Any) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def ours(city: City, **changed: Any) -> str:
    """A token with our own signature, whatever is in it."""
    from shared.auth.signing import sign

    return sign("access", claims(city, **changed))


def refused(token: str) -> bool:
    answer = call("list-pending-listings", token=token)
    assert answer.status == 200 or (answer.status, answer.code) in {
        (401, "TOKEN_INVALID"),
        (401, "TOKEN_EXPIRED"),
    }, answer.body
    return answer.status == 401


def test_what_is_forged_here_would_get_in_if_it_were_signed(city: City, mode: str) -> None:
    assert not refused(ours(city))


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "nOnE", "", "HS256 ", "hs256", "HS1", None, 7, ["HS256"]]
)
def test_a_token_without_a_signature_is_none(city: City, mode: str, alg: Any) -> None:
    kid = head(ours(city)).get("kid")
    header = b64({"alg": alg, "typ": "JWT"} | ({"kid": kid} if kid else {}))
    for signature in ("", "AAAA", ours(city).rpartition(".")[2]):
        assert refused(f"{header}.{b64(claims(city))}.{signature}")


def test_a_public_key_is_no_secret_whatever_the_token_says(city: City, jwt_keys: Use) -> None:
    for key in (RS256, EDDSA):
        jwt_keys(key)
        known = jwt.PyJWK(public(key)).key
        material = [
            known.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            known.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            json.dumps(public(key)).encode(),
            public(key).get("n", public(key).get("x", "")).encode(),
        ]
        for secret in material:
            for alg in ("HS256", "HS384", "HS512"):
                for kid in (key["kid"], ""):
                    assert refused(signed_by_hand(city, alg, kid, secret))


def signed_by_hand(city: City, alg: str, kid: str, secret: bytes) -> str:
    """Signed with a hash, as a library would refuse to do with a public key."""
    import hashlib
    import hmac

    text = f"{b64({'alg': alg, 'typ': 'JWT', 'kid': kid})}.{b64(claims(city))}"
    return f"{text}.{b64(hmac.digest(secret, text.encode(), getattr(hashlib, 'sha' + alg[2:])))}"


def test_somebody_elses_key_under_our_name_is_refused(city: City, jwt_keys: Use) -> None:
    jwt_keys(EDDSA, RS256)
    stolen = jwt.encode(claims(city), jwt.PyJWK(OTHER_EDDSA).key, "EdDSA", headers={"kid": EDDSA["kid"]})
    assert refused(stolen)
    assert refused(jwt.encode(claims(city), jwt.PyJWK(EDDSA).key, "EdDSA", headers={"kid": RS256["kid"]}))


def test_a_key_that_the_token_brings_along_is_not_looked_at(city: City, jwt_keys: Use) -> None:
    jwt_keys(EDDSA)
    for extra in (
        {"jwk": public(OTHER_EDDSA)},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/x"},
    ):
        for kid in (EDDSA["kid"], OTHER_EDDSA["kid"]):
            assert refused(
                jwt.encode(claims(city), jwt.PyJWK(OTHER_EDDSA).key, "EdDSA", headers={"kid": kid, **extra})
            )


@pytest.mark.parametrize("kid", HOSTILE_KIDS)
def test_a_key_is_found_by_its_exact_name_or_not_at_all(city: City, mode: str, kid: str) -> None:
    [key, *_] = MODES[mode] or (None,)
    good = ours(city)
    wrong = (
        jwt.encode(claims(city), jwt.PyJWK(key).key, key["alg"], headers={"kid": kid})
        if key
        else jwt.encode(claims(city), settings().jwt_secret.get_secret_value(), "HS256", headers={"kid": kid})
    )
    assert refused(wrong) or (not kid and mode == "a secret")  # there no name is the right one
    assert not refused(good)


def test_a_token_must_name_its_key_where_there_are_keys(city: City, jwt_keys: Use) -> None:
    jwt_keys(EDDSA)
    assert refused(jwt.encode(claims(city), jwt.PyJWK(EDDSA).key, "EdDSA"))
    for kid in (None, 7, ["x"], {"x": 1}):
        text = f"{b64({'alg': 'EdDSA', 'typ': 'JWT', 'kid': kid})}.{b64(claims(city))}"
        assert refused(f"{text}.{b64(jwt.PyJWK(EDDSA).key.sign(text.encode()))}")


def test_the_secret_of_before_signs_nothing_once_there_are_keys(city: City, jwt_keys: Use) -> None:
    jwt_keys(EDDSA)
    for headers in (None, {"kid": EDDSA["kid"]}):
        assert refused(
            jwt.encode(claims(city), settings().jwt_secret.get_secret_value(), "HS256", headers=headers)
        )


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "evil"},
        {"iss": None},
        {"aud": "refresh"},
        {"aud": None},
        {"aud": ["access", "refresh"]},
        {"aud": "Access"},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 2**33},
        {"nbf": None},
        {"iat": 2**33},
        {"iat": None},
        {"iat": "now"},
        {"sub": None},
        {"sub": 7},
        {"sub": "admin"},
        {"sub": "' OR 1=1"},
        {"jti": None},
        {"sid": None},
        {"tenantId": None},
        {"tenantId": "x"},
        {"roles": None},
        {"roles": 7},
        {"act": "x"},
        {"act": {}},
        {"act": {"sub": "x"}},
        {"exp": float("inf")},
        {"only": 7},
    ],
    ids=repr,
)
def test_every_claim_counts_even_under_our_own_signature(
    city: City, mode: str, changed: dict[str, Any]
) -> None:
    assert refused(ours(city, **changed))


def test_altering_one_letter_of_a_token_spoils_it(city: City, mode: str) -> None:
    good = ours(city)
    for at in range(0, len(good) - 1, 7):
        letter = "A" if good[at] != "A" else "B"
        assert refused(good[:at] + letter + good[at + 1 :]), at


def test_a_token_that_is_too_long_is_not_even_read(
    city: City, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwt, "decode", lambda *_, **__: pytest.fail("it was read"))
    monkeypatch.setattr(jwt, "get_unverified_header", lambda *_, **__: pytest.fail("it was read"))
    good = ours(city)
    for huge in (
        good + "A" * LONGEST,
        "A" * 1_000_000,
        f"{b64({'alg': 'HS256', 'x': 'y' * LONGEST})}.{b64(claims(city))}.AAAA",
    ):
        assert refused(huge)


@pytest.mark.parametrize(
    "nonsense",
    ["a", "..", "...", "a.b.c", "e30.e30.e30", "e30.e30.", "." * 4000, "\u00e4.b.c", "bnVsbA.bnVsbA.bnVsbA"],
)
def test_nonsense_is_refused_like_everything_else(city: City, mode: str, nonsense: str) -> None:
    assert refused(nonsense)


def test_a_refresh_token_opens_nothing_and_an_access_token_renews_nothing(city: City, mode: str) -> None:
    who = (uuid4(), city.id, ["city_admin"], uuid4())
    renewal, _ = signing.issue("refresh", *who, now=time.time())
    access, _ = signing.issue("access", *who, now=time.time())
    assert refused(renewal)
    assert refresh(access).code == "TOKEN_INVALID"


def test_each_secret_signs_for_one_use(city: City, jwt_keys: Use) -> None:
    config = settings()
    access, renewal = config.jwt_secret.get_secret_value(), config.jwt_refresh_secret.get_secret_value()
    assert refused(jwt.encode(claims(city), renewal, "HS256"))
    assert refresh(jwt.encode(claims(city, "refresh"), access, "HS256")).code == "TOKEN_INVALID"
    jwt_keys(EDDSA)
    assert (
        refresh(
            jwt.encode(claims(city, "refresh"), jwt.PyJWK(EDDSA).key, "EdDSA", headers={"kid": EDDSA["kid"]})
        ).code
        == "TOKEN_INVALID"
    )
    assert (
        refresh(jwt.encode(claims(city, "refresh"), renewal, "HS256", headers={"kid": "x"})).code
        == "TOKEN_INVALID"
    )
    # a right one, of no session
    assert refresh(jwt.encode(claims(city, "refresh"), renewal, "HS256")).code == "TOKEN_REVOKED"


def test_a_token_of_one_city_is_refused_at_anothers_host(city: City, other_city: City, mode: str) -> None:
    for parts in ({"host": f"{other_city.tenant.slug}.localhost"}, {"tenant": other_city.tenant.slug}):
        assert (
            call("list-pending-listings", token=ours(city), **dict[str, Any](parts)).code == "TENANT_MISMATCH"
        )
