"""Who else may be calling: a restricted token, somebody acting for another, a barred person, people who owe
an acceptance.
"""

import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from shared.adapters import redis
from shared.auth import signing, tokens
from shared.auth.tokens import Principal
from shared.errors import InPersonOnly, LoginTooOld, TermsNotAccepted, TokenExpired, TokenRestricted
from shared.function import http, record_of, requires, signed_in
from shared.kit.http import Request
from shared.kit.settings import settings
from shared.peers import read_through, service_tokens
from shared.runtime import terms_gate
from shared.runtime.pipeline import authorise, identities
from shared.tenancy.tenants import Tenant
from tests.support import City, call


def me(city: City, **facts: Any) -> Principal:
    return Principal(uuid4(), city.id, ("editor",), **facts)


@http.post("/api/x", in_person=True)
@signed_in
def only_in_person() -> None: ...


@http.post("/api/y")
@signed_in
def anyone() -> None: ...


@http.post("/api/z", allows_api_tokens=True)
@signed_in
def whatever_the_scopes() -> None: ...


@http.post("/api/p")
@requires("listings:create")
def with_a_permission() -> None: ...


@http.post("/api/f", fresh_login=True)
@signed_in
def after_a_login() -> None: ...


def let_in(handler: object, caller: Principal) -> None:
    authorise(record_of(handler), caller, Request({"REQUEST_METHOD": "POST"}))  # type: ignore[arg-type]  # a handler of the test's


def test_a_restricted_token_opens_only_what_it_names(city: City) -> None:
    let_in(anyone, me(city, only=("anyone",)))
    with pytest.raises(TokenRestricted):
        let_in(anyone, me(city, only=("whoami",)))


def test_nobody_does_in_another_persons_name_what_only_they_may(city: City) -> None:
    let_in(only_in_person, me(city))
    let_in(anyone, me(city, impersonator_id=uuid4()))
    for stranger in (me(city, impersonator_id=uuid4()), me(city, scopes=frozenset({"listings:read"}))):
        with pytest.raises(InPersonOnly):
            let_in(only_in_person, stranger)


def test_an_api_token_opens_what_a_permission_opens_and_nothing_that_merely_needs_somebody_signed_in(
    city: City,
) -> None:
    token = me(city, scopes=frozenset({"listings:create"}))
    let_in(with_a_permission, token)
    let_in(whatever_the_scopes, token)
    with pytest.raises(InPersonOnly):
        let_in(anyone, token)


def test_some_things_are_done_only_shortly_after_a_login(city: City) -> None:
    let_in(after_a_login, me(city, logged_in_at=time.time() - 14 * 60))
    for logged_in_at in (time.time() - 16 * 60, 0.0):
        with pytest.raises(LoginTooOld):
            let_in(after_a_login, me(city, logged_in_at=logged_in_at))


def test_scopes_narrow_what_the_roles_allow_and_never_widen_it(city: City) -> None:
    assert me(city, scopes=frozenset({"listings:create", "listings:approve"})).permissions == {
        "listings:create"
    }


def test_a_token_says_who_acts_in_whose_name(city: City) -> None:
    person, admin = uuid4(), uuid4()
    token, _ = signing.issue(
        "access", person, city.id, ["editor"], uuid4(), now=time.time(), life=1800, act={"sub": str(admin)}
    )
    caller = tokens.principal(token)
    assert (caller.id, caller.impersonator_id) == (person, admin)
    assert identities(caller) == {"userId": str(person), "impersonatorId": str(admin)}
    assert caller.expires_at - caller.logged_in_at == 1800


def test_logs_name_the_program_that_calls_in_a_persons_name(city: City) -> None:
    program = me(city, scopes=frozenset({"listings:read"}), token_id="t-1")
    assert identities(program) == {"userId": str(program.id), "apiTokenId": "t-1"}


def test_a_barred_person_is_refused_at_the_next_call_until_they_are_let_in_again(city: City) -> None:
    token = city.token("city_admin")
    assert call("list-pending-listings", token=token).status == 200
    tokens.bar(city.id, city.person("city_admin"))
    assert call("list-pending-listings", token=token).code == "TOKEN_REVOKED"
    tokens.unbar(city.id, city.person("city_admin"))
    assert call("list-pending-listings", token=token).status == 200


@pytest.fixture
def bound(city: City) -> Tenant:
    return city.tenant.model_copy(update={"terms": 2})


def say(monkeypatch: pytest.MonkeyPatch, version: bytes) -> None:
    monkeypatch.setattr("shared.peers.internal_calls.ask", lambda *_, **__: version)


def test_people_write_again_as_soon_as_they_have_accepted(
    city: City, bound: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = me(city)
    say(monkeypatch, b"1")
    with pytest.raises(TermsNotAccepted):
        terms_gate.refuse_unaccepted(bound, person)
    say(monkeypatch, b"2")
    with pytest.raises(TermsNotAccepted):
        terms_gate.refuse_unaccepted(bound, person)  # remembered, until it is said that it has changed
    terms_gate.has_accepted(city.id, UUID(str(person.id)))
    terms_gate.refuse_unaccepted(bound, person)


def test_terms_bind_only_the_citys_own_people(bound: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, b"0")
    terms_gate.refuse_unaccepted(bound, Principal(uuid4(), uuid4(), ("super_admin",)))
    terms_gate.refuse_unaccepted(bound, tokens.NOBODY)


def test_an_answer_from_before_a_change_is_not_remembered(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = redis.key(city.id, "answer")

    def slowly(_: str) -> bytes:
        read_through.forget(key)  # the change comes while the old answer is on its way
        return b"old"

    monkeypatch.setattr("shared.peers.internal_calls.ask", slowly)
    assert read_through.recall(key, "/", 60) == b"old"
    say(monkeypatch, b"new")
    assert read_through.recall(key, "/", 60) == b"new"


def test_the_platform_asks_about_a_city_by_its_id_and_nobody_can_ask_in_its_place(city: City) -> None:
    secret = settings().broker_token.get_secret_value()
    assert call("get-core-usage", token=secret, tenant=str(city.id)).status == 200
    assert call("get-core-usage", token=secret).code == "TENANT_REQUIRED"
    for token in ("", city.token("super_admin"), city.token("city_admin"), secret[:-1]):
        assert call("get-core-usage", token=token, tenant=city.tenant.slug).status == 401


def test_the_platforms_token_changes_without_a_moment_in_which_nobody_is_believed(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    def status(token: str) -> int:
        return call("get-core-usage", token=token, tenant=str(city.id)).status

    old, new = "o" * 40, "n" * 40
    for rolled_out, sent, believed in (
        (old, old, {old}),
        (f"{old},{new}", old, {old, new}),
        (f"{new},{old}", new, {old, new}),
        (new, new, {new}),
    ):
        monkeypatch.setattr(settings(), "broker_token", SecretStr(rolled_out))
        assert service_tokens.delivering() == service_tokens.asking() == service_tokens.publishing() == sent
        assert {token for token in (old, new, "x" * 40) if status(token) == 200} == believed
        assert status(rolled_out) == 200  # from a proxy that knows the whole setting only
    monkeypatch.setattr(settings(), "broker_token", SecretStr(f"{old},"))
    assert [status(token) for token in ("", ",", old)] == [401, 401, 200]


def test_the_platforms_own_token_makes_nobody_of_whoever_carries_it(city: City) -> None:
    secret = settings().broker_token.get_secret_value()
    assert call("list-listings", token=secret, tenant=city.tenant.slug).status == 200
    assert call("list-pending-listings", token=secret, tenant=city.tenant.slug).code == "UNAUTHENTICATED"


@pytest.mark.parametrize(("ahead", "code"), [(55, ""), (90, "TOKEN_INVALID")])
def test_a_token_of_an_instance_whose_clock_is_a_little_ahead_is_good(
    city: City, ahead: float, code: str
) -> None:
    token, _ = signing.issue("access", uuid4(), city.id, ["editor"], uuid4(), now=time.time() + ahead)
    got = call("list-listings", token=token)
    assert (got.status, got.status != 200 and got.code) == ((401, code) if code else (200, False))


def test_no_token_lives_a_second_longer_for_that(city: City) -> None:
    uses: tuple[signing.Use, ...] = ("access", "refresh")
    for use in uses:
        token, _ = signing.issue(use, uuid4(), city.id, ["editor"], uuid4(), now=time.time() - 100, life=99)
        with pytest.raises(TokenExpired):
            signing.decode(use, token)
