"""Every function, every role, own and foreign city, and every kind of token that must not work: from the
records.

Only who gets in is asked here: an answer that is neither 401 nor 403 means that the caller came through to
the handler.
"""

import time
from typing import Any
from uuid import uuid4

import pytest

from shared.auth import signing, tokens
from shared.auth.rbac import ANONYMOUS, MATRIX
from shared.kit.record import PLACEHOLDER, Record
from tests.support import Answer, City, call
from tooling.registry import records

HTTP = [record for record in records().values() if record.kind == "http"]
INTERNAL = [record for record in records().values() if record.kind != "http"]
GUARDED = [record for record in HTTP if not record.access.public]
names: dict[str, Any] = {"ids": lambda value: value.name if isinstance(value, Record) else str(value)}


def path_of(record: Record) -> str:
    return PLACEHOLDER.sub(lambda _: str(uuid4()), record.path)


def status(record: Record, **parts: Any) -> int:
    return call(record.name, path=path_of(record), **parts).status


def allowed(record: Record, role: str) -> bool:
    access = record.access
    return access.public or (role != ANONYMOUS and (access.signed_in or access.permission in MATRIX[role]))


def expected(record: Record, role: str) -> tuple[int, ...]:
    return () if allowed(record, role) else (401,) if role == ANONYMOUS else (401, 403)


@pytest.mark.parametrize("record", HTTP, **names)
def test_a_function_lets_in_whom_its_record_names(record: Record, city: City) -> None:
    tenant = "" if record.tenantless else city.tenant.slug
    for role in MATRIX:
        token = "" if role == ANONYMOUS else city.token(role)
        got = call(record.name, path=path_of(record), token=token, tenant=tenant)
        if allowed(record, role):
            # a handler may still refuse what it knows better, but never for want of the permission that the
            # record names
            assert got.status != 403 or not lacks(got, record), role
            assert got.status != 401 or record.access.public, role
        else:
            assert got.status in expected(record, role), role


def lacks(answer: Answer, record: Record) -> bool:
    error = answer.body["error"]
    return answer.code == "FORBIDDEN" and error["details"]["permission"] == record.access.permission


@pytest.mark.parametrize("record", [r for r in HTTP if not r.tenantless], **names)
def test_a_token_of_another_city_opens_nothing(record: Record, city: City, other_city: City) -> None:
    for role in ("editor", "city_admin", "super_city_admin"):
        assert status(record, token=city.token(role), tenant=other_city.tenant.slug) == 403
        assert status(record, token=city.token(role), host=f"{other_city.tenant.slug}.localhost") == 403


def forged(city: City) -> dict[str, str]:
    good = city.token("city_admin")
    head, body, signature = good.split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    return {
        "tampered": f"{head}.{body[:-2]}AA.{signature}",
        "unsigned": f"{none}.{body}.",
        "nonsense": "abc",
        "empty parts": "..",
        "expired": city.token("city_admin", now=time.time() - 100_000),
        "from the future": city.token("city_admin", now=time.time() + 9_000),
        "a refresh token": signing.issue(
            "refresh", uuid4(), city.id, ["city_admin"], uuid4(), now=time.time()
        )[0],
    }


@pytest.mark.parametrize("record", [r for r in HTTP if not (r.tenantless and r.access.public)], **names)
def test_a_token_that_is_not_valid_is_refused_everywhere(record: Record, city: City) -> None:
    for kind, token in forged(city).items():
        assert status(record, token=token, tenant=city.tenant.slug) == 401, kind


def test_a_revoked_session_is_refused_at_the_next_call(city: City) -> None:
    session = uuid4()
    token, _ = signing.issue("access", uuid4(), city.id, ["city_admin"], session, now=time.time())
    assert call("list-pending-listings", token=token).status == 200
    tokens.revoke(city.id, str(session))
    refused = call("list-pending-listings", token=token)
    assert (refused.status, refused.code) == (401, "TOKEN_REVOKED")


@pytest.mark.parametrize("record", INTERNAL, **names)
def test_only_the_broker_may_bring_events_and_ticks(record: Record, city: City) -> None:
    for token in ("", "guess", city.token("super_admin"), city.token("city_admin")):
        assert call(record.name, path="/", token=token, tenant=city.tenant.slug).status == 401


def test_host_header_and_token_must_agree(city: City, other_city: City) -> None:
    own, foreign = city.tenant.slug, other_city.tenant.slug
    assert call("list-listings", tenant=own, host=f"{own}.localhost:8080").status == 200
    assert call("list-listings", tenant=own, host=f"{foreign}.localhost:8080").code == "TENANT_MISMATCH"
    assert call("list-listings").code == "TENANT_REQUIRED"
    assert call("list-listings", tenant="nowhere; DROP TABLE").status == 404
