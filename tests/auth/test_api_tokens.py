"""API tokens: scoped, expiring, shown once, and gone at the next call when they are revoked or their owner
changes.
"""

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from functions.auth.api_tokens.api_token import MOST
from functions.auth.api_tokens.token_cache import forget_api_tokens
from shared.adapters import redis
from shared.auth import signing, tokens
from shared.auth.api_tokens import PREFIX, digest
from shared.auth.rbac import CITIZEN, EDITOR, MATRIX
from shared.context import Context
from shared.kit.settings import settings
from shared.peers.internal_calls import ask as ask_over_http
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import Person, forget, join, link_token, login, reset
from tests.auth.test_roles import assign
from tests.gateway.conftest import gateway
from tests.gateway.support import Running
from tests.support import Answer, City, call
from tooling.registry import records

__all__ = ["gateway"]
APPROVE, READ = "listings:approve", "listings:read"
MONTH = timedelta(days=30)


@pytest.fixture
def owner(city: City) -> Person:
    return join(city, "city_admin")


@pytest.fixture
def signed_in(city: City, owner: Person) -> str:
    token: str = login(city, owner).body["accessToken"]
    return token


def ask(token: str, *scopes: str, life: timedelta = MONTH, name: str = "Import", **parts: Any) -> Answer:
    expires = (datetime.now(UTC) + life).isoformat()
    return call(
        "create-api-token",
        token=token,
        body={"name": name, "scopes": scopes or [APPROVE], "expiresAt": expires},
        **parts,
    )


def made(token: str, *scopes: str) -> dict[str, Any]:
    answer = ask(token, *scopes)
    assert answer.status == 201, answer.body
    body: dict[str, Any] = answer.body
    return body


def listed(token: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("list-api-tokens", token=token).body["items"]
    return items


def revoke(token: str, token_id: str) -> Answer:
    return call("revoke-api-token", path=f"/api/auth/api-tokens/{token_id}", token=token)


def pending(token: str, **parts: Any) -> Answer:
    """A call that needs the permission to approve."""
    return call("list-pending-listings", token=token, **parts)


def test_a_token_opens_what_its_scopes_say_and_nothing_else(
    signed_in: str, owner: Person, city: City
) -> None:
    token = made(signed_in, APPROVE)["token"]
    assert token.startswith(PREFIX)
    assert pending(token).status == 200
    refused = call("invite-user", token=token, body={"email": "a@example.org", "role": "editor"})
    assert (refused.code, refused.body["error"]["details"]["permission"]) == ("FORBIDDEN", "users:create")
    me = call("whoami", token=token).body
    assert (me["id"], me["tenantId"], me["roles"], me["permissions"]) == (
        str(owner.id),
        str(city.id),
        ["city_admin"],
        [APPROVE],
    )


def test_it_is_shown_once_and_kept_as_a_hash(city: City, signed_in: str) -> None:
    body = made(signed_in)
    assert set(listed(signed_in)[0]) == set(body) - {"token"}
    [row] = city.rows("auth", "SELECT token_hash, t.* FROM api_tokens t")
    assert row[0] == digest(body["token"])
    assert body["token"] not in repr(row)
    pending(body["token"])
    known = [key for key in redis.command("KEYS", "*") if digest(body["token"]).hex().encode() in key]
    assert known
    assert not any(body["token"].encode() in key for key in redis.command("KEYS", "*"))
    assert all(body["token"].encode() not in (redis.command("GET", key) or b"") for key in known)


def test_repeating_a_request_makes_another_token_because_no_answer_is_kept(
    city: City, signed_in: str
) -> None:
    first, second = (ask(signed_in, headers={"idempotency-key": "once"}) for _ in range(2))
    assert first.body["token"] != second.body["token"]
    assert "heidi_" not in repr(city.rows("auth", "SELECT * FROM idempotency"))


def test_nobody_gives_a_token_what_they_do_not_have(signed_in: str, city: City) -> None:
    for scope in ("users:impersonate", "cities:create", "listings:fly"):
        refused = ask(signed_in, READ, scope)
        assert (refused.status, refused.code, refused.body["error"]["details"]) == (
            403,
            "SCOPE_NOT_HELD",
            {"scope": scope},
        )
    assert listed(signed_in) == []


@pytest.mark.parametrize(
    "life", [timedelta(0), timedelta(seconds=-1), timedelta(days=365, minutes=1), timedelta(days=36500)]
)
def test_a_token_ends_within_a_year_and_not_before_it_begins(signed_in: str, life: timedelta) -> None:
    assert ask(signed_in, life=life).code == "EXPIRY_OUT_OF_RANGE"
    assert ask(signed_in, life=timedelta(days=364)).status == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"scopes": []},
        {"scopes": ["*"]},
        {"scopes": "listings:read"},
        {"scopes": [READ] * 101},
        {"scopes": ["x' OR 1=1"]},
        {"name": ""},
        {"name": "x" * 201},
        {"expiresAt": None},
        {"expiresAt": "2026-01-01T00:00:00"},
        {"expiresAt": "never"},
        {"accountId": "e67cc289-4520-4fed-bbd3-ec8cefa43f8d"},
    ],
    ids=repr,
)
def test_what_makes_no_sense_is_refused(signed_in: str, body: dict[str, Any]) -> None:
    whole = {"name": "x", "scopes": [READ], "expiresAt": (datetime.now(UTC) + MONTH).isoformat()}
    answer = call("create-api-token", token=signed_in, body=whole | body if body else {})
    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")


def test_a_scope_that_the_owner_loses_is_lost_at_the_next_call_and_comes_back_with_the_role(
    city: City, signed_in: str, owner: Person
) -> None:
    token = made(signed_in, APPROVE, READ)["token"]
    assert pending(token).status == 200
    assign(city, "super_city_admin", owner.id, "editor")
    assert pending(token).code == "FORBIDDEN"
    assert call("whoami", token=token).body["permissions"] == [READ]
    assign(city, "super_city_admin", owner.id, "super_city_admin")
    assert pending(token).status == 200
    # and no more than it was made with
    assert call("whoami", token=token).body["permissions"] == [APPROVE, READ]


def test_a_token_gives_nobody_a_role_that_may_do_more_than_itself(city: City, signed_in: str) -> None:
    friend = join(city, "editor")
    token = made(signed_in, "users:create", "users:update")["token"]
    roles = {"path": f"/api/auth/users/{friend.id}/roles", "token": token}
    refused = [
        call("invite-user", token=token, body={"email": "a@example.org", "role": "city_admin"}),
        call("assign-role", body={"roles": ["city_admin"]}, **roles),
    ]
    assert [(answer.status, answer.code) for answer in refused] == [(403, "FORBIDDEN")] * 2
    assert city.events("role.changed") == []
    assert call("invite-user", token=token, body={"email": "a@example.org", "role": "citizen"}).status == 201
    # less than it was takes no more
    assert call("assign-role", body={"roles": ["citizen"]}, **roles).status == 200
    assert call("assign-role", body={"roles": ["editor"]}, **roles).code == "FORBIDDEN"
    wider = made(signed_in, "users:update", *sorted(MATRIX[EDITOR] - MATRIX[CITIZEN]))["token"]
    assert call("assign-role", body={"roles": ["editor"]}, **(roles | {"token": wider})).status == 200


def test_a_revoked_token_is_refused_at_the_next_call(signed_in: str) -> None:
    gone, stays = made(signed_in), made(signed_in)
    assert [pending(t["token"]).status for t in (gone, stays)] == [200, 200]
    assert revoke(signed_in, gone["id"]).status == 204
    assert [pending(t["token"]).status for t in (gone, stays)] == [401, 200]
    assert [item["id"] for item in listed(signed_in)] == [stays["id"]]
    assert revoke(signed_in, gone["id"]).code == "API_TOKEN_NOT_FOUND"


def test_a_revocation_that_is_not_committed_leaves_no_door_open(
    city: City, signed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = made(signed_in)
    assert pending(token["token"]).status == 200
    with monkeypatch.context() as broken:
        broken.setattr("shared.db.sql.COMMIT", "SELECT 1/0")
        assert revoke(signed_in, token["id"]).status >= 400
    assert pending(token["token"]).code == "TOKEN_REVOKED"


def test_once_the_mark_in_redis_has_gone_the_row_still_says_no(signed_in: str, city: City) -> None:
    token = made(signed_in)
    pending(token["token"])
    revoke(signed_in, token["id"])
    for key in redis.command("KEYS", f"tenant:{city.id}:revoked:*"):
        redis.command("DEL", key)
    assert pending(token["token"]).code == "TOKEN_INVALID"


@pytest.mark.parametrize("state", ["locked", "inactive"])
def test_a_token_of_somebody_who_may_not_log_in_is_none(
    city: City, signed_in: str, owner: Person, state: str
) -> None:
    token = made(signed_in)["token"]
    assert pending(token).status == 200
    city.rows(
        "auth", "UPDATE accounts SET state = :state WHERE id = :id RETURNING 1", state=state, id=owner.id
    )
    work = city.sql("auth")
    ctx = Context(records()["assign-role"], city.tenant)
    ctx.__dict__["sql"] = work
    forget_api_tokens(ctx, owner.id)
    work.commit()
    assert pending(token).code == "TOKEN_INVALID"


def test_a_barred_person_is_barred_with_all_their_tokens(city: City, signed_in: str, owner: Person) -> None:
    token = made(signed_in)["token"]
    assert pending(token).status == 200
    tokens.bar(city.id, owner.id)
    assert pending(token).code == "TOKEN_REVOKED"


def test_a_token_expires_even_while_it_is_remembered(
    city: City, signed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = made(signed_in)["token"]
    assert pending(token).status == 200

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + MONTH

    monkeypatch.setattr("shared.auth.api_tokens.datetime", Later)
    refused = pending(token)
    assert (refused.status, refused.code) == (401, "API_TOKEN_EXPIRED")


def test_what_is_remembered_is_asked_for_once_a_minute_at_most(
    signed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support import asked

    questions: list[str] = []
    monkeypatch.setattr(
        "shared.peers.internal_calls.ask", lambda path, **more: questions.append(path) or asked(path, **more)
    )
    token = made(signed_in)["token"]
    assert {pending(token).status for _ in range(5)} == {200}
    [question] = [q for q in questions if "api-tokens" in q]
    assert token not in question
    name = next(key for key in redis.command("KEYS", "*:api-token:*") if digest(token).hex().encode() in key)
    assert 0 < redis.command("TTL", name) <= 60


def test_the_last_use_is_shown_to_the_minute(city: City, signed_in: str) -> None:
    token = made(signed_in)["token"]
    assert listed(signed_in)[0]["usedAt"] is None
    pending(token)
    first = listed(signed_in)[0]["usedAt"]
    assert datetime.fromisoformat(first) > datetime.now(UTC) - timedelta(minutes=1)
    redis.command("DEL", *redis.command("KEYS", "*:api-token:*"))
    pending(token)
    assert listed(signed_in)[0]["usedAt"] == first
    city.rows("auth", "UPDATE api_tokens SET used_at = used_at - interval '2 minutes' RETURNING 1")
    redis.command("DEL", *redis.command("KEYS", "*:api-token:*"))
    pending(token)
    assert listed(signed_in)[0]["usedAt"] >= first


def test_a_token_makes_no_tokens_and_does_nothing_that_is_the_persons_own(signed_in: str) -> None:
    body = made(signed_in, READ, APPROVE)
    token = body["token"]
    assert ask(token, READ).code == "IN_PERSON_ONLY"
    assert revoke(token, body["id"]).code == "IN_PERSON_ONLY"
    for name in ("logout", "logout-everywhere"):
        assert call(name, token=token).code == "IN_PERSON_ONLY"
    assert call("revoke-session", path=f"/api/auth/sessions/{uuid4()}", token=token).code == "IN_PERSON_ONLY"
    assert call("whoami", token=signed_in).status == 200


def test_a_token_belongs_to_its_city(city: City, other_city: City, signed_in: str) -> None:
    token = made(signed_in)["token"]
    for parts in ({"host": f"{other_city.tenant.slug}.localhost"}, {"tenant": other_city.tenant.slug}):
        assert pending(token, **parts).code == "TENANT_MISMATCH"
    raw = base64.urlsafe_b64decode(token.removeprefix(PREFIX))
    moved = PREFIX + base64.urlsafe_b64encode(other_city.id.bytes + raw[16:]).decode()
    assert pending(moved, tenant=other_city.tenant.slug).code == "TOKEN_INVALID"


def test_a_super_admins_token_works_in_every_city(city: City) -> None:
    platform = City(PLATFORM)
    token = made(login(platform, join(platform, "super_admin")).body["accessToken"], APPROVE)["token"]
    assert pending(token, tenant=city.tenant.slug).status == 200
    assert call("whoami", token=token, tenant=city.tenant.slug).body["permissions"] == [APPROVE]


def test_tokens_are_seen_and_revoked_by_their_owner_only(
    city: City, other_city: City, signed_in: str
) -> None:
    token = made(signed_in)
    for stranger in (
        login(city, join(city, "super_city_admin")),
        login(other_city, join(other_city, "super_city_admin")),
    ):
        strangers = stranger.body["accessToken"]
        assert listed(strangers) == []
        assert revoke(strangers, token["id"]).code == "API_TOKEN_NOT_FOUND"
    assert pending(token["token"]).status == 200


def test_the_list_is_paged(signed_in: str) -> None:
    ids = [made(signed_in)["id"] for _ in range(3)]
    first = call("list-api-tokens", token=signed_in, query="limit=2").body
    second = call("list-api-tokens", token=signed_in, query=f"limit=2&cursor={first['nextCursor']}").body
    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
    assert second["nextCursor"] is None


def test_there_are_only_so_many_however_many_are_asked_for_at_once(
    city: City, signed_in: str, owner: Person
) -> None:
    city.rows(
        "auth",
        """INSERT INTO api_tokens (id, tenant_id, account_id, name, scopes, token_hash, expires_at)
      SELECT gen_random_uuid(), :tenant, :account, 'x', '{}', uuid_send(gen_random_uuid()), now() + interval '1 day'
      FROM generate_series(1, :count) RETURNING 1""",
        tenant=city.id,
        account=owner.id,
        count=MOST - 2,
    )
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ask(signed_in), range(6)))
    assert sorted(answer.status for answer in answers) == [201, 201, 409, 409, 409, 409]
    assert {answer.code for answer in answers if answer.status == 409} == {"TOO_MANY_API_TOKENS"}


@pytest.mark.parametrize(
    "nonsense",
    [
        "heidi_",
        "heidi_x",
        "heidi_" + "A" * 63,
        "heidi_" + "A" * 65,
        "heidi_" + "=" * 64,
        "heidi_" + "ä" * 64,
        "HEIDI_" + "A" * 64,
        "heidi_" + "A" * 64,
        "heidi_" + "/" * 64,
        "heidi_" + "A" * 100_000,
        "heidi_../../x",
    ],
)
def test_what_is_no_token_of_ours_is_refused(city: City, nonsense: str) -> None:
    refused = pending(nonsense)
    assert (refused.status, refused.code) == (401, "TOKEN_INVALID")


def unknown(city: City) -> str:
    return PREFIX + base64.urlsafe_b64encode(city.id.bytes + uuid4().bytes + uuid4().bytes).decode()


def test_somebody_who_brings_many_unknown_tokens_has_to_wait_and_nobody_is_asked(
    city: City, signed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support import asked

    good, another = made(signed_in)["token"], made(signed_in)["token"]
    assert pending(good).status == 200
    questions: list[str] = []
    monkeypatch.setattr(
        "shared.peers.internal_calls.ask", lambda path, **more: questions.append(path) or asked(path, **more)
    )
    monkeypatch.setattr(settings(), "rate_limit_ip", 5)
    monkeypatch.setattr("shared.peers.read_through.WINDOW", 10**10)  # no minute ends in the middle
    monkeypatch.setattr("shared.runtime.pipeline.client_address", lambda _: "198.51.100.77")
    bad = unknown(city)
    statuses = [pending(unknown(city)).status for _ in range(3)] + [pending(bad).status for _ in range(5)]
    assert statuses == [401] * 5 + [429] * 3
    assert len(questions) == 4  # one of them was brought more than once
    assert pending(another).status == 429  # what nobody knows yet has to wait
    assert pending(good).status == 200  # what is known does not
    monkeypatch.setattr("shared.runtime.pipeline.client_address", lambda _: "198.51.100.78")
    assert pending(another).status == 200  # nor do others


def test_good_tokens_cost_their_address_nothing(signed_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = made(signed_in)["token"]
    monkeypatch.setattr(settings(), "rate_limit_ip", 1)
    monkeypatch.setattr("shared.runtime.pipeline.client_address", lambda _: "198.51.100.79")
    for _ in range(4):
        assert pending(token).status == 200
        redis.command("DEL", *redis.command("KEYS", "*:api-token:*"))


def test_only_the_platform_asks_what_a_token_stands_for(city: City, signed_in: str) -> None:
    query = f"tenant={city.id}&hash={digest(made(signed_in)['token']).hex()}"
    for token in ("", signed_in, city.token("super_admin"), "guess"):
        assert call("resolve-api-token", query=query, token=token).status == 401
    broker = settings().broker_token.get_secret_value()
    said = signing.decode("grant", call("resolve-api-token", query=query, token=broker).body)
    assert (said["scopes"], said["roles"], said["tenantId"]) == ([APPROVE], ["city_admin"], str(city.id))
    assert (
        call("resolve-api-token", query=query.replace(str(city.id), str(uuid4())), token=broker).status == 404
    )
    assert call("resolve-api-token", query=query[:-1], token=broker).status == 422


def test_it_is_the_same_over_http_where_functions_ask_each_other_through_the_gateway(
    gateway: Running, city: City, signed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.peers.internal_calls.ask", ask_over_http)
    monkeypatch.setattr(settings(), "gateway_url", str(gateway.base_url))
    body = made(signed_in)

    def over_http(token: str) -> int:
        return gateway.get("/api/listings/pending", headers={"Authorization": f"Bearer {token}"}).status_code

    assert [over_http(token) for token in (body["token"], unknown(city))] == [200, 401]
    gone = gateway.delete(
        f"/api/auth/api-tokens/{body['id']}", headers={"Authorization": f"Bearer {signed_in}"}
    )
    assert (gone.status_code, over_http(body["token"])) == (204, 401)
    asked_by_a_stranger = gateway.get(
        "/api/auth/api-tokens/resolve", params={"tenant": str(city.id), "hash": "0" * 64}
    )
    assert asked_by_a_stranger.status_code == 401


def test_whoever_needs_a_new_password_loses_their_tokens_too(
    city: City, signed_in: str, owner: Person
) -> None:
    token = made(signed_in)["token"]
    assert pending(token).status == 200
    forget(city, owner.email)
    assert reset(link_token(city), "Laterne Quark Segel 7").status == 204
    assert pending(token).code == "TOKEN_INVALID"


def test_a_stolen_session_does_not_become_a_year_of_access(city: City, owner: Person) -> None:
    old, _ = signing.issue(
        "access",
        owner.id,
        city.id,
        ["city_admin"],
        uuid4(),
        now=time.time(),
        auth_time=int(time.time()) - 3600,
    )
    assert ask(old).code == "LOGIN_TOO_OLD"
