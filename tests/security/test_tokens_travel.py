"""A token is good for its city and its use; the city that a call names is named once, however it is written."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest

from shared.auth import signing, tokens
from shared.tenancy.tenants import PLATFORM, slug_of_host
from tests.auth.people import join, login, refresh
from tests.city.factories import city_body
from tests.core.factories import make_published
from tests.support import City, call


def asked(**parts: Any) -> tuple[int, Any]:
    """What a caller sees of the listings, and of which city."""
    got = call("list-listings", **parts)
    return got.status, [item["title"] for item in got.body["items"]] if got.status == 200 else got.code


@pytest.fixture
def two(city: City, other_city: City) -> tuple[City, City]:
    make_published(city, title="Mein Eintrag")
    make_published(other_city, title="Fremder Eintrag")
    return city, other_city


OWN = (200, ["Mein Eintrag"])


def test_a_token_is_refused_at_another_citys_host_name_and_under_its_header(two: tuple[City, City]) -> None:
    city, other = two
    token = city.token("city_admin")
    assert asked(token=token) == OWN
    for parts in (
        {"host": f"{other.tenant.slug}.localhost"},
        {"tenant": other.tenant.slug},
        {"tenant": str(other.id)},
        {"host": f"{city.tenant.slug}.localhost", "tenant": other.tenant.slug},
    ):
        assert asked(token=token, **parts) == (403, "TENANT_MISMATCH")


@pytest.mark.parametrize(
    "written",
    ["{0}.localhost", "{0}.localhost:8080", "{0}.localhost.", "{0}.LOCALHOST", "{0}.localhost.:443"],
)
def test_the_city_in_a_host_name_is_found_however_it_is_written(two: tuple[City, City], written: str) -> None:
    city, other = two
    for slug in (city.tenant.slug, city.tenant.slug.upper()):
        assert asked(host=written.format(slug)) == OWN
        assert asked(host=written.format(slug), tenant=other.tenant.slug) == (403, "TENANT_MISMATCH")


@pytest.mark.parametrize(
    "written",
    [
        "127.0.0.1",
        "[::1]:80",
        "localhost",
        "{0}.localhost.evil.example",
        "{0}.evil.example",
        "evil.{0}.localhost",
        "{0}@evil.example",
        "evil.example/{0}.localhost",
        "{0}%2elocalhost",
        "{0}.localhost%00",
        "{0}\t.localhost",
        "{0}.localhost#",
        "xn--{0}-.localhost",
        "_{0}.localhost",
        "{0}.localhost, {1}.localhost",
        "{0}.localhost {1}.localhost",
        ".localhost",
        "..localhost",
        "{0}..localhost",
    ],
)
def test_a_host_name_that_is_not_a_citys_names_none(two: tuple[City, City], written: str) -> None:
    city, other = two
    host = written.format(city.tenant.slug, other.tenant.slug)
    assert asked(host=host)[0] in (400, 404)
    assert asked(host=host, token=city.token("city_admin")) in (OWN, (404, "UNKNOWN_TENANT"))


def test_a_name_in_another_alphabet_is_another_name() -> None:
    for host in (
        "heidеlberg.localhost",
        "ｈeidelberg.localhost",
        "heidelberg。localhost",
        "heidelberg．localhost",
        "ﬁ.localhost",
    ):
        assert slug_of_host(host) == "", host


@pytest.mark.parametrize(
    "header",
    [
        "{0},{1}",
        "{0}, {1}",
        "{0};{1}",
        "{0} {1}",
        "{1}\n{0}",
        "%7B{0}%7D",
        "../{0}",
        "*",
        "{0}:changing",
        "{0}\x00",
        "' OR '1'='1",
        "{0}/",
    ],
)
def test_a_header_that_names_two_cities_or_none_names_none(two: tuple[City, City], header: str) -> None:
    """Two X-Tenant-ID headers reach us as one with a comma (RFC 9110 §5.2)."""
    city, other = two
    named = header.format(city.tenant.slug, other.tenant.slug)
    assert asked(tenant=named)[0] == 404
    assert asked(tenant=named, token=city.token("city_admin"))[0] == 404


def test_a_header_is_found_by_slug_and_id_in_capitals_and_with_blanks(two: tuple[City, City]) -> None:
    city, _ = two
    for name in (city.tenant.slug.upper(), f"  {city.tenant.slug}  ", str(city.id), str(city.id).upper()):
        assert asked(tenant=name) == OWN
    assert asked(tenant=city.id.hex)[0] == 404


@pytest.mark.parametrize(
    "header",
    [
        "x-tenant",
        "x-tenantid",
        "tenant-id",
        "x-forwarded-host",
        "x-original-host",
        "forwarded",
        "x-host",
        "x-http-host-override",
    ],
)
def test_no_other_header_names_a_city(two: tuple[City, City], header: str) -> None:
    city, other = two
    value = f"{other.tenant.slug}.localhost" if "host" in header else other.tenant.slug
    assert asked(token=city.token("city_admin"), headers={header: value}) == OWN
    assert asked(headers={header: value}) == (400, "TENANT_REQUIRED")


def test_nothing_in_the_query_or_the_path_names_a_city(two: tuple[City, City]) -> None:
    city, other = two
    for query in (f"tenantId={other.id}", f"tenant={other.tenant.slug}", f"X-Tenant-ID={other.id}"):
        assert asked(token=city.token("city_admin"), query=query) == (422, "VALIDATION_FAILED")
    for path in (
        f"/api/listings/..%2F{other.tenant.slug}",
        f"/{other.tenant.slug}/api/listings",
        f"/api/listings;tenant={other.id}",
    ):
        status, seen = asked(token=city.token("city_admin"), path=path)
        assert (status, seen) == OWN or status in (404, 422)


def test_a_super_admin_names_the_city_or_is_in_none(two: tuple[City, City]) -> None:
    city, other = two
    token = city.token("super_admin")
    assert asked(token=token, tenant=city.tenant.slug) == OWN
    assert asked(token=token, host=f"{other.tenant.slug}.localhost") == (200, ["Fremder Eintrag"])
    assert asked(token=token, host=f"{other.tenant.slug}.localhost", tenant=city.tenant.slug) == (
        403,
        "TENANT_MISMATCH",
    )
    assert asked(token=token) == (200, [])
    assert (
        call("create-listing", token=token, body={"title": "Irgendwo", "categoryId": str(uuid4())}).status
        == 422
    )


def test_only_the_platforms_own_people_are_everywhere(two: tuple[City, City]) -> None:
    """A city's account that somehow got the platform's role still could: so nobody may be able to get it
    there.
    """
    city, _ = two
    for name, parts in (
        (
            "assign-role",
            {"path": f"/api/auth/users/{join(city).id}/roles", "body": {"roles": ["super_admin"]}},
        ),
        ("invite-user", {"body": {"email": "a@example.org", "role": "super_admin"}}),
    ):
        assert city.call(name, "super_city_admin", **parts).code == "ROLE_NOT_GRANTABLE"


def test_nobody_is_the_platform_by_naming_it(city: City) -> None:
    for name in (PLATFORM.slug, str(PLATFORM.id)):
        assert asked(token=city.token("super_city_admin"), tenant=name) == (403, "TENANT_MISMATCH")
    taken = call("onboard-city", token=city.token("super_admin"), body=city_body(slug=PLATFORM.slug))
    assert taken.status in (409, 422)


def test_a_token_is_good_for_its_own_use_only(city: City) -> None:
    signed = login(city, join(city)).body
    assert call("whoami", token=signed["refreshToken"]).code == "TOKEN_INVALID"
    assert refresh(signed["accessToken"]).code == "TOKEN_INVALID"


def test_a_refresh_token_is_not_renewed_in_another_city(two: tuple[City, City]) -> None:
    city, other = two
    signed = login(city, join(city)).body
    assert refresh(signed["refreshToken"], tenant=other.tenant.slug).code == "TENANT_MISMATCH"
    assert refresh(signed["refreshToken"], host=f"{other.tenant.slug}.localhost").code == "TENANT_MISMATCH"
    assert refresh(signed["refreshToken"]).status == 200


def test_a_session_of_one_city_ends_in_that_city_only(city: City, other_city: City) -> None:
    session = uuid4()
    there = signing.issue("access", uuid4(), other_city.id, ["editor"], session, now=time.time())[0]
    tokens.revoke(city.id, str(session))
    assert asked(token=there)[0] == 200


def test_the_claims_of_a_token_are_read_and_not_believed(city: City) -> None:
    """More permissions in the token's copy than the role has are worth nothing."""
    import jwt

    claims = jwt.decode(city.token("citizen"), options={"verify_signature": False}) | {
        "permissions": ["listings:approve", "cities:create"]
    }
    token = signing.sign("access", claims)
    assert call("list-pending-listings", token=token).status == 403
    for roles in (["SUPER_ADMIN"], ["super_admin "], [{"super_admin": 1}], [], ["constructor"]):
        odd = signing.sign("access", claims | {"roles": roles})
        assert call("list-pending-listings", token=odd, tenant=city.tenant.slug).status in (401, 403), (
            json.dumps(roles)
        )


@pytest.mark.parametrize(
    "header",
    ["Basic {0}", "Bearer{0}", "{0}", "Token {0}", "Bearer Bearer {0}", "Bearer {0},{0}", "bearer\t{0}"],
)
def test_a_token_comes_as_a_bearer_token_and_in_no_other_way(city: City, header: str) -> None:
    token = city.token("city_admin")
    assert call("list-pending-listings", headers={"authorization": header.format(token)}).status == 401
    for parts in (
        {"query": f"access_token={token}"},
        {"headers": {"cookie": f"token={token}"}},
        {"headers": {"x-access-token": token}},
    ):
        assert call("list-pending-listings", tenant=city.tenant.slug, **parts).status in (401, 422)
