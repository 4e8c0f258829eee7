"""What callers make up is not remembered at any length: a process has some dozen megabytes."""

from collections.abc import Sized
from typing import Any

import pytest

from shared.auth import tokens
from shared.kit import languages
from shared.tenancy import tenants
from tests.support import City, call

LONG = 100_000


def sizes(memory: dict[str, Any]) -> int:
    return max(map(len, memory), default=0)


def test_a_long_tenant_header_is_not_kept(city: City) -> None:
    assert call("list-listings", tenant="a" * LONG).status == 404
    assert call("list-listings", tenant="A b" * LONG).status == 404
    assert sizes(tenants.memory) < 100


@pytest.mark.parametrize(
    ("function", "parts"),
    [("slug_of_host", {"host": "a" * LONG}), ("best", {"headers": {"accept-language": "de," * LONG}})],
)
def test_long_headers_are_cut_before_they_are_kept(
    city: City, function: str, parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sized] = []
    module = tenants if function == "slug_of_host" else languages
    real = getattr(module, function)

    def noted(value: str, *rest: str) -> object:
        asked.append(value)
        return real(value, *rest)

    monkeypatch.setattr(module, function, noted)
    city.call("list-listings", **parts)
    assert asked
    assert max(map(len, asked)) <= 512


def test_a_token_that_is_blown_up_with_junk_is_refused_and_not_kept(city: City) -> None:
    token = city.token("citizen")
    for junk in ("!" * LONG, "=" * LONG, "." * LONG, "\xff" * LONG):
        assert city.call("whoami", headers={"authorization": f"Bearer {token}{junk}"}).status == 401
    assert sizes(tokens.verified) <= 4096
