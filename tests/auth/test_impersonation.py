"""Acting in another's name: who may, for how long, who sees it, and how it ends."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.auth import signing, tokens
from shared.kit.settings import settings
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import Person, join, login, refresh
from tests.auth.test_api_tokens import ask
from tests.auth.test_locking import lock, standing, unlock
from tests.auth.test_roles import assign
from tests.core.factories import make_listing
from tests.support import Answer, City, call, deliver

REASON = "Ticket 4711: Bild wird nicht angezeigt"


@pytest.fixture
def platform() -> City:
    return City(PLATFORM)


@pytest.fixture
def boss(platform: City) -> Person:
    return join(platform, "super_admin")


@pytest.fixture
def chief(platform: City, boss: Person) -> str:
    """The access token of a super admin who has logged in."""
    token: str = login(platform, boss).body["accessToken"]
    return token


@pytest.fixture
def person(city: City) -> Person:
    return join(city, "city_admin")


def impersonate(token: str, city: City, user_id: object, reason: str = REASON, **parts: Any) -> Answer:
    return call(
        "impersonate",
        token=token,
        tenant=city.tenant.slug,
        body={"userId": str(user_id), "reason": reason},
        **parts,
    )


def acting(chief: str, city: City, person: Person) -> str:
    answer = impersonate(chief, city, person.id)
    assert answer.status == 200, answer.body
    token: str = answer.body["accessToken"]
    return token


def works(token: str) -> bool:
    return call("whoami", token=token).status == 200


def refused(token: str) -> bool:
    answer = call("whoami", token=token)
    return (answer.status, answer.status != 200 and answer.code) == (401, "TOKEN_REVOKED")


def test_the_token_carries_both_identities_for_half_an_hour_and_cannot_be_renewed(
    city: City, chief: str, boss: Person, person: Person
) -> None:
    answer = impersonate(chief, city, person.id)
    assert answer.status == 200, answer.body
    assert set(answer.body) == {"impersonationId", "accessToken", "expiresIn", "user"}
    assert (answer.body["expiresIn"], answer.body["user"]["id"]) == (1800, str(person.id))
    claims = signing.decode("access", answer.body["accessToken"])
    assert (claims["sub"], claims["tenantId"], claims["roles"]) == (
        str(person.id),
        str(city.id),
        ["city_admin"],
    )
    assert claims["act"] == {"sub": str(boss.id), "sid": signing.decode("access", chief)["sid"]}
    assert claims["exp"] - claims["iat"] == 1800
    me = call("whoami", token=answer.body["accessToken"]).body
    assert (me["id"], me["impersonatorId"], me["tenantId"]) == (str(person.id), str(boss.id), str(city.id))
    assert refresh(answer.body["accessToken"]).code == "TOKEN_INVALID"
    assert call("whoami", token=login(city, person).body["accessToken"]).body["impersonatorId"] is None


def test_it_never_outlives_the_marks_that_end_it_early(
    city: City, chief: str, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "jwt_expiration", 300)
    assert impersonate(chief, city, person.id).body["expiresIn"] == 300


def test_what_is_done_is_done_in_the_persons_name_and_says_by_whom(
    city: City, chief: str, boss: Person, person: Person
) -> None:
    token = acting(chief, city, person)
    listing = make_listing(city)
    done = call("approve-listing", path=f"/api/listings/{listing['id']}/approve", token=token)
    assert done.status == 200, done.body
    [event] = city.events("listing.approved")
    assert (event.envelope.actor_id, event.envelope.impersonator_id) == (str(person.id), str(boss.id))


def test_only_a_super_admin_who_is_there_in_person_may(city: City, chief: str, person: Person) -> None:
    other = join(city, "editor")
    for role in ("super_city_admin", "city_admin", "editor", "citizen"):
        assert (
            city.call("impersonate", role, body={"userId": str(other.id), "reason": REASON}).code
            == "FORBIDDEN"
        )
    assert impersonate(acting(chief, city, person), city, other.id).code == "FORBIDDEN"
    program = ask(chief, "users:impersonate", "users:read").body["token"]
    assert impersonate(program, city, other.id).code == "IN_PERSON_ONLY"


def test_nobody_acts_as_themselves_as_another_super_admin_or_as_somebody_who_is_shut_out(
    city: City, platform: City, chief: str, boss: Person, person: Person
) -> None:
    for who in (boss.id, join(platform, "super_admin").id):
        assert impersonate(chief, platform, who).code == "NOT_IMPERSONABLE"
    for state in ("locked", "inactive"):
        city.rows(
            "auth", "UPDATE accounts SET state = :state WHERE id = :id RETURNING 1", state=state, id=person.id
        )
        assert impersonate(chief, city, person.id).code == "NOT_IMPERSONABLE"
    assert city.events("impersonation.started") == []
    assert city.rows("auth", "SELECT 1 FROM impersonations") == []


def test_the_city_is_the_one_that_the_call_names(
    city: City, other_city: City, chief: str, person: Person
) -> None:
    assert impersonate(chief, other_city, person.id).code == "ACCOUNT_NOT_FOUND"
    assert impersonate(chief, city, uuid4()).code == "ACCOUNT_NOT_FOUND"
    assert (
        call("impersonate", token=chief, body={"userId": str(person.id), "reason": REASON}).code
        == "ACCOUNT_NOT_FOUND"
    )
    by_host = call(
        "impersonate",
        token=chief,
        host=f"{city.tenant.slug}.localhost",
        body={"userId": str(person.id), "reason": REASON},
    )
    token = by_host.body["accessToken"]
    assert call("list-pending-listings", token=token, tenant=city.tenant.slug).status == 200
    assert call("list-pending-listings", token=token, tenant=other_city.tenant.slug).code == "TENANT_MISMATCH"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "  x  "},
        {"reason": "x" * 501},
        {"reason": None},
        {"userId": "me"},
        {"role": "x"},
        {"reason": "a\x1b[31m red"},
    ],
    ids=repr,
)
def test_a_reason_is_needed(city: City, chief: str, person: Person, body: dict[str, Any]) -> None:
    whole = {"userId": str(person.id), "reason": REASON}
    answer = call("impersonate", token=chief, tenant=city.tenant.slug, body=whole | body if body else {})
    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")


def test_stopping_ends_the_token_at_the_next_call_and_is_said_once(
    city: City, chief: str, boss: Person, person: Person
) -> None:
    answer = impersonate(chief, city, person.id).body
    token = answer["accessToken"]
    assert call("stop-impersonating", token=token).status == 204
    assert refused(token)
    assert call("stop-impersonating", token=token).status == 401
    ids = {
        "impersonationId": answer["impersonationId"],
        "userId": str(person.id),
        "impersonatorId": str(boss.id),
    }
    [started], [stopped] = city.events("impersonation.started"), city.events("impersonation.stopped")
    assert (started.data, stopped.data) == (ids | {"reason": REASON}, ids)
    assert (started.envelope.actor_id, stopped.envelope.impersonator_id) == (str(boss.id), str(boss.id))
    assert works(chief)


def test_a_stop_that_is_not_committed_stops_all_the_same(
    city: City, chief: str, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = acting(chief, city, person)
    with monkeypatch.context() as broken:
        broken.setattr("shared.db.sql.COMMIT", "SELECT 1/0")
        assert call("stop-impersonating", token=token).status >= 400
    assert refused(token)


def test_who_acts_in_nobodys_name_has_nothing_to_stop(city: City, chief: str, person: Person) -> None:
    for token in (chief, login(city, person).body["accessToken"]):
        assert call("stop-impersonating", token=token).code == "NOT_IMPERSONATING"
        assert works(token)


def test_stopping_one_leaves_the_person_and_others_alone(city: City, chief: str, person: Person) -> None:
    own = login(city, person).body["accessToken"]
    first, second = acting(chief, city, person), acting(chief, city, person)
    call("stop-impersonating", token=first)
    assert [works(token) for token in (first, second, own)] == [False, True, True]


def test_terms_that_the_person_has_not_accepted_do_not_keep_anybody_from_stopping(
    city: City, chief: str, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.tenancy import tenants

    token = acting(chief, city, person)
    bound = city.tenant.model_copy(update={"terms": 7})
    for name in (bound.slug, str(bound.id)):
        monkeypatch.setitem(tenants.memory, name, (float("inf"), bound))
    monkeypatch.setattr("shared.peers.internal_calls.ask", lambda *_, **__: b"0")
    assert call("stop-impersonating", token=token).status == 204


def test_it_ends_with_the_super_admins_own_session(city: City, chief: str, person: Person) -> None:
    token = acting(chief, city, person)
    assert call("logout", token=chief).status == 204
    assert refused(token)


def test_another_session_of_the_super_admin_changes_nothing(
    city: City, platform: City, chief: str, boss: Person, person: Person
) -> None:
    token = acting(chief, city, person)
    assert call("logout", token=login(platform, boss).body["accessToken"]).status == 204
    assert works(token)


def test_it_ends_when_the_super_admin_is_barred_or_demoted(
    city: City, platform: City, chief: str, boss: Person, person: Person
) -> None:
    token = acting(chief, city, person)
    tokens.bar(PLATFORM.id, boss.id)
    assert refused(token)
    tokens.unbar(PLATFORM.id, boss.id)
    assert works(token)
    assign(platform, "super_admin", boss.id, "citizen")
    assert refused(token)


def test_it_ends_when_the_person_is_barred_or_has_other_roles(city: City, chief: str, person: Person) -> None:
    token = acting(chief, city, person)
    tokens.bar(city.id, person.id)
    assert refused(token)
    tokens.unbar(city.id, person.id)
    assert works(token)
    assign(city, "super_city_admin", person.id, "citizen")
    assert refused(token)
    [[stopped]] = city.rows("auth", "SELECT stopped_at FROM impersonations")
    assert stopped is not None


@pytest.mark.parametrize(
    ("out", "back"),
    [
        (
            lambda city, person: lock(city, person.id, "super_city_admin"),
            lambda city, person: unlock(city, person.id, "super_city_admin"),
        ),
        (
            lambda city, person: deliver("follow-deactivation", standing(city, person, "deactivated")),
            lambda city, person: deliver("follow-deactivation", standing(city, person, "reactivated", 1)),
        ),
    ],
    ids=["lock", "deactivation"],
)
def test_what_a_lock_has_ended_does_not_come_back_with_the_person(
    city: City,
    chief: str,
    person: Person,
    out: Callable[[City, Person], Answer],
    back: Callable[[City, Person], Answer],
) -> None:
    token = acting(chief, city, person)
    assert out(city, person).status == 204
    assert refused(token)
    assert back(city, person).status == 204
    assert login(city, person).status == 200
    assert refused(token)
    assert city.rows("auth", "SELECT 1 FROM impersonations WHERE stopped_at IS NULL") == []


def test_it_ends_by_itself(city: City, chief: str, boss: Person, person: Person) -> None:
    past = time.time() - 1801
    token, _ = signing.issue(
        "access",
        person.id,
        city.id,
        ["city_admin"],
        uuid4(),
        now=past,
        life=1800,
        act={"sub": str(boss.id), "sid": "x"},
    )
    assert call("whoami", token=token).code == "TOKEN_EXPIRED"


def test_what_only_the_person_may_do_is_not_done_in_their_name(
    city: City, chief: str, person: Person
) -> None:
    token = acting(chief, city, person)
    own = login(city, person).body["accessToken"]
    assert ask(token, "listings:read").code == "IN_PERSON_ONLY"
    mine = ask(own, "listings:read").body
    assert (
        call("revoke-api-token", path=f"/api/auth/api-tokens/{mine['id']}", token=token).code
        == "IN_PERSON_ONLY"
    )
    for name in ("logout", "logout-everywhere"):
        assert call(name, token=token).code == "IN_PERSON_ONLY"
    [session] = [s["id"] for s in call("list-sessions", token=own).body["items"]]
    assert call("revoke-session", path=f"/api/auth/sessions/{session}", token=token).code == "IN_PERSON_ONLY"
    assert works(own)


def test_the_citys_admins_see_who_acted_in_whose_name_and_why(
    city: City, other_city: City, chief: str, boss: Person, person: Person
) -> None:
    first = impersonate(chief, city, person.id).body
    call("stop-impersonating", token=first["accessToken"])
    second = impersonate(chief, city, person.id, reason="Zweiter Versuch").body
    items = city.call("list-impersonations", "city_admin").body["items"]
    assert [item["id"] for item in items] == [second["impersonationId"], first["impersonationId"]]
    assert set(items[0]) == {"id", "userId", "impersonatorId", "reason", "startedAt", "endsAt", "stoppedAt"}
    assert [(item["userId"], item["impersonatorId"], item["reason"]) for item in items] == [
        (str(person.id), str(boss.id), "Zweiter Versuch"),
        (str(person.id), str(boss.id), REASON),
    ]
    assert datetime.fromisoformat(items[0]["endsAt"]) - datetime.fromisoformat(
        items[0]["startedAt"]
    ) == timedelta(minutes=30)
    assert items[0]["stoppedAt"] is None
    assert datetime.fromisoformat(items[1]["stoppedAt"]) <= datetime.now(UTC)
    page = city.call("list-impersonations", "super_city_admin", query="limit=1").body
    assert [len(page["items"]), bool(page["nextCursor"])] == [1, True]
    assert other_city.call("list-impersonations", "super_city_admin").body["items"] == []
    assert city.call("list-impersonations", "editor").code == "FORBIDDEN"


def test_the_table_notes_it_for_the_audit_without_the_reason(
    city: City, chief: str, boss: Person, person: Person
) -> None:
    impersonate(chief, city, person.id)
    [noted] = [change for change in city.changes("auth") if change.data["entity"] == "impersonation"]
    assert (noted.data["after"]["user_id"], noted.data["after"]["impersonator_id"]) == (
        str(person.id),
        str(boss.id),
    )
    assert REASON not in noted.text


def test_an_answer_with_a_token_is_not_kept_for_a_repetition(city: City, chief: str, person: Person) -> None:
    first, second = (
        impersonate(chief, city, person.id, headers={"idempotency-key": "once"}).body for _ in range(2)
    )
    assert first["impersonationId"] != second["impersonationId"]
    assert city.rows("auth", "SELECT 1 FROM idempotency") == []
