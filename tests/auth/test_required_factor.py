"""A city may require a second factor of its admins: until they have one, their tokens open nothing but the
way to it.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from functions.auth.factors.requirement import UNTIL_THEN
from shared.kit.record import PLACEHOLDER
from shared.kit.settings import settings
from shared.tenancy.tenants import PLATFORM
from tests.auth.factors import answer, challenged, set_up
from tests.auth.people import PASSWORD, Person, join, login, refresh
from tests.auth.test_races import somebody_waits
from tests.support import Answer, City, call
from tooling.registry import records

HTTP = [record for record in records().values() if record.kind == "http"]


@pytest.fixture
def strict() -> Iterator[City]:
    """A city that requires it."""
    with City.known("strenghausen", second_factor=True) as made:
        yield made


def reset(city: City, by: str, person: Person) -> Answer:
    return city.call("reset-second-factor", by, path=f"/api/auth/users/{person.id}/second-factor")


@pytest.mark.parametrize(
    ("role", "is_asked"),
    [("citizen", False), ("editor", False), ("city_admin", True), ("super_city_admin", True)],
)
def test_it_is_required_of_admins_only(strict: City, role: str, is_asked: bool) -> None:
    entered = login(strict, join(strict, role)).body
    assert tuple(entered["only"]) == (UNTIL_THEN if is_asked else ())


def test_another_citys_admins_are_not_asked(city: City) -> None:
    assert login(city, join(city, "city_admin")).body["only"] == []


def test_super_admins_are_asked_where_the_platform_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = City(PLATFORM)
    chief = join(platform, "super_admin")
    assert login(platform, chief).body["only"] == []
    monkeypatch.setattr(settings(), "require_second_factor_of_platform", True)
    assert login(platform, chief).body["only"] == list(UNTIL_THEN)


def test_until_then_nothing_else_opens(strict: City) -> None:
    token = login(strict, join(strict, "super_city_admin")).body["accessToken"]
    for record in HTTP:
        if record.access.public or record.name in UNTIL_THEN:
            continue
        path = PLACEHOLDER.sub("00000000-0000-4000-8000-000000000000", record.path)
        assert call(record.name, path=path, token=token, tenant=strict.tenant.slug).status in (401, 403), (
            record.name
        )


def test_until_then_public_functions_show_what_they_show_to_anybody(
    strict: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = login(strict, join(strict, "super_city_admin")).body["accessToken"]
    seen = []
    monkeypatch.setattr(
        "shared.runtime.rate_limits.check", lambda _tenant, caller, *_, **__: seen.append(caller.id) or {}
    )
    assert call("list-listings", token=token, tenant=strict.tenant.slug).status == 200
    assert seen == [None]


def test_whoami_and_logout_work_meanwhile(strict: City) -> None:
    token = login(strict, join(strict, "city_admin")).body["accessToken"]
    assert call("whoami", token=token).status == 200
    assert call("logout", token=token).status == 204
    assert call("whoami", token=token).code == "TOKEN_REVOKED"


def test_a_refresh_keeps_the_restriction_until_it_is_set_up_and_then_lifts_it(strict: City) -> None:
    entered = login(strict, join(strict, "city_admin")).body
    again = refresh(entered["refreshToken"]).body
    assert again["only"] == list(UNTIL_THEN)
    assert call("list-roles", token=again["accessToken"]).code == "TOKEN_RESTRICTED"
    set_up(again["accessToken"])
    free = refresh(again["refreshToken"]).body
    assert free["only"] == []
    assert call("list-roles", token=free["accessToken"]).status == 200


def test_who_becomes_an_admin_is_asked_from_then_on(strict: City) -> None:
    person = join(strict, "editor")
    entered = login(strict, person).body
    strict.call(
        "assign-role",
        "super_city_admin",
        path=f"/api/auth/users/{person.id}/roles",
        body={"roles": ["city_admin"]},
    )
    assert refresh(entered["refreshToken"]).body["only"] == list(UNTIL_THEN)


def test_it_cannot_be_removed_where_it_is_required(strict: City) -> None:
    person = join(strict, "city_admin")
    token = login(strict, person).body["accessToken"]
    phone = set_up(token)
    free = answer(challenged(strict, person), phone.recovery_codes[0]).body
    body = {"password": PASSWORD, "code": phone.recovery_codes[1]}
    assert call("remove-second-factor", body=body, token=free["accessToken"]).code == "SECOND_FACTOR_REQUIRED"
    # the code was not used up for nothing
    assert answer(challenged(strict, person), phone.recovery_codes[1]).status == 200


def test_an_admin_takes_a_lost_one_away_and_the_person_is_told(strict: City) -> None:
    person = join(strict, "city_admin")
    set_up(login(strict, person).body["accessToken"])
    assert reset(strict, "super_city_admin", person).status == 204
    assert [
        (event.data["template"], event.data["address"]) for event in strict.events("notification.requested")
    ][-1] == ("second_factor_removed", person.email)
    assert login(strict, person).body["only"] == list(UNTIL_THEN)
    assert reset(strict, "super_city_admin", person).code == "SECOND_FACTOR_NOT_FOUND"


def test_taken_away_it_is_missing_at_the_next_call(strict: City) -> None:
    person = join(strict, "city_admin")
    first = login(strict, person).body
    set_up(first["accessToken"])
    free = refresh(first["refreshToken"]).body
    assert call("list-roles", token=free["accessToken"]).status == 200
    reset(strict, "super_city_admin", person)
    assert call("list-roles", token=free["accessToken"]).code == "TOKEN_REVOKED"
    assert refresh(free["refreshToken"]).body["only"] == list(UNTIL_THEN)


@pytest.mark.parametrize(
    ("by", "of", "code"),
    [
        ("city_admin", "super_city_admin", "ROLE_NOT_GRANTABLE"),
        ("editor", "citizen", "FORBIDDEN"),
        ("citizen", "citizen", "FORBIDDEN"),
    ],
)
def test_nobody_resets_the_second_factor_of_a_higher_role(city: City, by: str, of: str, code: str) -> None:
    person = join(city, of)
    set_up(login(city, person).body["accessToken"])
    assert reset(city, by, person).code == code
    assert "challenge" in login(city, person).body


def test_nobody_resets_their_own(city: City) -> None:
    me = Person(city.person("city_admin"), "")
    assert reset(city, "city_admin", me).code == "OWN_SECOND_FACTOR"


def test_another_citys_people_cannot_be_reset(city: City, other_city: City) -> None:
    person = join(city)
    set_up(login(city, person).body["accessToken"])
    assert reset(other_city, "super_city_admin", person).code == "ACCOUNT_NOT_FOUND"
    assert "challenge" in login(city, person).body


def test_a_login_while_one_is_being_confirmed_does_not_get_past_it(city: City) -> None:
    person = join(city)
    work = city.sql("auth")
    with ThreadPoolExecutor(1) as pool:
        work.run("UPDATE accounts SET second_factor_at = now() WHERE id = :id RETURNING 1", id=person.id)
        pending: Future[Answer] = pool.submit(login, city, person)
        while not (pending.done() or somebody_waits()):
            pass
        work.commit()
        assert pending.result().code == "CREDENTIALS_WRONG"  # the next login asks for the second factor
    assert "challenge" in login(city, person).body
