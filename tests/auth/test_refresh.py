"""Staying logged in: each refresh token works once, and one that comes back later ends the session."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from shared.auth import signing
from tests.auth.people import join, login, refresh
from tests.support import City, call


@pytest.fixture
def signed_in(city: City) -> dict[str, str]:
    body: dict[str, str] = login(city, join(city)).body
    return body


def later(city: City, seconds: int = 11) -> None:
    """As if this many seconds had gone by since the last refresh."""
    city.rows(
        "auth", f"UPDATE sessions SET rotated_at = rotated_at - interval '{seconds} seconds' RETURNING 1"
    )


def is_in(answer: dict[str, str]) -> bool:
    return call("whoami", token=answer["accessToken"]).status == 200


def test_a_refresh_brings_a_new_pair_and_the_old_access_token_goes_on(signed_in: dict[str, str]) -> None:
    again = refresh(signed_in["refreshToken"])
    assert again.status == 200, again.body
    assert again.body["user"] == signed_in["user"]
    assert again.body["refreshToken"] != signed_in["refreshToken"]
    assert is_in(again.body)
    assert is_in(signed_in)
    assert refresh(again.body["refreshToken"]).status == 200


def test_a_refresh_token_that_comes_back_ends_the_session(city: City, signed_in: dict[str, str]) -> None:
    newer = refresh(signed_in["refreshToken"]).body
    later(city)
    stolen = refresh(signed_in["refreshToken"])
    assert (stolen.status, stolen.code) == (401, "TOKEN_REVOKED")
    assert refresh(newer["refreshToken"]).code == "TOKEN_REVOKED"
    assert not is_in(newer)
    assert not is_in(signed_in)


def test_one_before_the_last_ends_the_session_at_once(signed_in: dict[str, str]) -> None:
    newer = refresh(signed_in["refreshToken"]).body
    newest = refresh(newer["refreshToken"]).body
    assert refresh(signed_in["refreshToken"]).code == "TOKEN_REVOKED"
    assert refresh(newest["refreshToken"]).code == "TOKEN_REVOKED"


def test_only_the_session_of_the_token_ends(city: City) -> None:
    person = join(city)
    phone, laptop = login(city, person).body, login(city, person).body
    refresh(phone["refreshToken"])
    later(city)
    refresh(phone["refreshToken"])
    assert not is_in(phone)
    assert is_in(laptop)
    assert refresh(laptop["refreshToken"]).status == 200


def test_for_some_seconds_a_repeated_call_gets_the_same_successor(
    city: City, signed_in: dict[str, str]
) -> None:
    first = refresh(signed_in["refreshToken"])
    later(city, 9)
    second = refresh(signed_in["refreshToken"])
    assert second.status == 200
    claims = [signing.decode("refresh", a.body["refreshToken"]) for a in (first, second)]
    assert claims[0]["jti"] == claims[1]["jti"]
    assert is_in(second.body)
    assert refresh(second.body["refreshToken"]).status == 200


def test_concurrent_calls_of_one_client_all_stay_in(signed_in: dict[str, str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refresh(signed_in["refreshToken"]), range(8)))
    assert {a.status for a in answers} == {200}
    assert len({a.body["refreshToken"] for a in answers}) == 1
    assert refresh(answers[0].body["refreshToken"]).status == 200


def test_a_locked_account_is_not_refreshed(city: City, signed_in: dict[str, str]) -> None:
    city.rows("auth", "UPDATE accounts SET state = 'locked' RETURNING 1")
    assert refresh(signed_in["refreshToken"]).code == "TOKEN_REVOKED"


def test_a_token_that_is_refused_for_another_reason_still_works_after_that(
    other_city: City, city: City, signed_in: dict[str, str]
) -> None:
    foreign = other_city.tenant.slug
    assert refresh(signed_in["refreshToken"], host=f"{foreign}.localhost").code == "TENANT_MISMATCH"
    assert refresh(signed_in["refreshToken"], tenant=foreign).code == "TENANT_MISMATCH"
    later(city)
    assert refresh(signed_in["refreshToken"], tenant=city.tenant.slug).status == 200


def test_only_a_refresh_token_of_ours_refreshes(city: City, signed_in: dict[str, str]) -> None:
    stale, _ = signing.issue("refresh", uuid4(), city.id, [], uuid4(), now=time.time() - 31 * 86400)
    unknown, _ = signing.issue("refresh", uuid4(), city.id, [], uuid4(), now=time.time())
    head, body, signature = signed_in["refreshToken"].split(".")
    assert refresh(signed_in["accessToken"]).code == "TOKEN_INVALID"
    assert refresh(f"{head}.{body[:-2]}AA.{signature}").code == "TOKEN_INVALID"
    assert refresh("nonsense").code == "TOKEN_INVALID"
    assert refresh(stale).code == "TOKEN_EXPIRED"
    assert refresh(unknown).code == "TOKEN_REVOKED"
    assert call("refresh", body={"refreshToken": ""}).status == 422
    assert is_in(signed_in)
