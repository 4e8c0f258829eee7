"""Other keys for tests: what JWT_KEYS is set to for the length of a test."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest

from shared.auth import api_tokens, tokens
from shared.kit.jwks import parse
from shared.kit.settings import settings
from tooling.keys import document, new

Use = Callable[..., None]
EDDSA, OTHER_EDDSA, RS256 = new("EdDSA"), new("EdDSA"), new("RS256")
SECRET = {
    "kty": "oct",
    "kid": "shared",
    "k": "c2l4dHktZm91ci1ieXRlcy1vZi1zZWNyZXQtdGhhdC1ub2JvZHkta25vd3MtYXQtYWxs",
}


def public(jwk: dict[str, Any]) -> dict[str, str]:
    """What everyone may know of a key."""
    [key] = parse(document([jwk]))
    assert key.public
    return key.public


def head(token: str) -> dict[str, Any]:
    return jwt.get_unverified_header(token)


def started_anew() -> None:
    """As a process that has just started: with new settings, and without memory of tokens."""
    settings.cache_clear()
    tokens.verified.clear()
    api_tokens.believed.clear()


@pytest.fixture
def jwt_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Use]:
    """Sets JWT_KEYS to these keys; every function has started with them."""

    def use(*keys: dict[str, Any], **settings_: str) -> None:
        monkeypatch.setenv("JWT_KEYS", json.dumps({"keys": keys}))
        for name, value in settings_.items():
            monkeypatch.setenv(name, value)
        started_anew()

    yield use
    monkeypatch.undo()
    started_anew()
