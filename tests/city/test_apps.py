"""Registered client apps: their secrets are shown once, kept as hashes, rotated without locking anybody out,
and revoked.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from functions.city.apps.app import hash_of
from functions.city.apps.tables import App
from shared.kit.settings import settings
from tests.city.factories import platform, registered
from tests.support import City, superuser

IOS = {
    "name": "Weinheim",
    "platform": "ios",
    "bundleId": "app.heidi.weinheim",
    "redirects": ["app.heidi.weinheim:/login"],
}
WEB: dict[str, Any] = {
    "name": "Weinheim im Browser",
    "platform": "web",
    "origins": ["https://App.Weinheim.example"],
    "redirects": ["https://app.weinheim.example/login", "http://localhost:3000/login"],
}


def register(by: City, which: object, role: str = "super_city_admin", **fields: Any):
    return by.call("register-app", role, path=f"/api/cities/{which}/apps", body=IOS | fields)


def rotate(by: City, which: object, app: object, role: str = "super_city_admin"):
    return by.call("rotate-app-credentials", role, path=f"/api/cities/{which}/apps/{app}/rotate")


def revoke(by: City, which: object, app: object):
    return by.call("revoke-app", "super_city_admin", path=f"/api/cities/{which}/apps/{app}")


def listed(by: City, which: object, query: str = ""):
    return by.call("list-apps", "super_city_admin", path=f"/api/cities/{which}/apps", query=query)


def verify(by: City, client_id: object, secret: object):
    return by.call("verify-app-credentials", body={"clientId": str(client_id), "secret": secret})


def test_an_app_proves_itself_with_the_secret_that_it_was_given_once(city: City) -> None:
    with registered(city) as made:
        app = register(made, made.tenant.slug)
        assert app.status == 201, app.body
        assert len(app.body["secret"]) > 50
        proved = verify(made, app.body["clientId"], app.body["secret"])
        assert (proved.status, proved.body["bundleId"]) == (200, "app.heidi.weinheim")
        assert "secret" not in proved.body
        [shown] = listed(made, made.id).body["items"]
        assert "secret" not in str(shown).lower()


def test_the_secret_itself_is_kept_nowhere_not_even_with_an_idempotency_key(city: City) -> None:
    with registered(city) as made:
        app = made.call(
            "register-app",
            "super_city_admin",
            path=f"/api/cities/{made.id}/apps",
            body=IOS,
            headers={"idempotency-key": "k"},
        )
        secret = app.body["secret"]
        with superuser(settings().postgres_database_prefix + "city") as connection:
            for table in ("apps", "idempotency", "outbox", "changes"):
                [[everything]] = connection.run(
                    f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t"
                )
                assert secret not in everything, table
        assert made.rows("city", "SELECT secret_hash FROM apps") == [[hash_of(secret)]]


def test_every_app_that_is_none_of_ours_is_told_the_same(city: City) -> None:
    with registered(city) as made, registered(city) as other:
        app = register(made, made.id).body
        wrong = [
            verify(made, uuid4(), app["secret"]),
            verify(made, app["clientId"], "guess"),
            verify(other, app["clientId"], app["secret"]),
        ]
        assert {answer.status for answer in wrong} == {401}
        assert {answer.body["error"]["message"] for answer in wrong} == {wrong[0].body["error"]["message"]}
        assert {answer.code for answer in wrong} == {"APP_CREDENTIALS_WRONG"}


def test_after_a_rotation_both_secrets_are_good_and_a_day_later_only_the_new_one(city: City) -> None:
    with registered(city) as made:
        first = register(made, made.id).body
        second = rotate(made, made.id, first["clientId"]).body
        assert second["clientId"] == first["clientId"]
        assert second["secret"] != first["secret"]
        assert [verify(made, first["clientId"], key["secret"]).status for key in (first, second)] == [
            200,
            200,
        ]
        made.rows("city", "UPDATE apps SET previous_until = now() RETURNING 1")
        assert [verify(made, first["clientId"], key["secret"]).status for key in (first, second)] == [
            401,
            200,
        ]


def test_the_grace_is_a_day_to_the_second() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    app = App(secret_hash=hash_of("old"), previous_hash=None, previous_until=None, revoked_at=None)
    app.rotate(hash_of("new"), at=now)
    assert app.knows(hash_of("old"), at=now + timedelta(hours=24, seconds=-1))
    assert not app.knows(hash_of("old"), at=now + timedelta(hours=24))
    app.rotate(hash_of("newest"), at=now)
    assert [app.knows(hash_of(secret), at=now) for secret in ("old", "new", "newest")] == [False, True, True]


def test_a_revoked_app_is_refused_at_once_with_all_its_secrets_and_stays_in_the_list(city: City) -> None:
    with registered(city) as made:
        first = register(made, made.id).body
        second = rotate(made, made.id, first["clientId"]).body
        for _ in range(2):
            assert revoke(made, made.id, first["clientId"]).status == 204
        assert [verify(made, first["clientId"], key["secret"]).status for key in (first, second)] == [
            401,
            401,
        ]
        assert rotate(made, made.id, first["clientId"]).code == "APP_REVOKED"
        [shown] = listed(made, made.id).body["items"]
        assert shown["revokedAt"]


def test_the_list_is_in_pages_newest_first(city: City) -> None:
    with registered(city) as made:
        ids = [register(made, made.id, name=f"App {n}").body["clientId"] for n in range(3)]
        page = listed(made, made.id, "limit=2").body
        rest = listed(made, made.id, f"limit=2&cursor={page['nextCursor']}").body
        assert [app["clientId"] for app in page["items"] + rest["items"]] == ids[::-1]


def test_a_web_app_says_where_it_may_be_called_from(city: City) -> None:
    with registered(city) as made:
        app = made.call("register-app", "super_city_admin", path=f"/api/cities/{made.id}/apps", body=WEB)
        assert app.status == 201, app.body
        assert app.body["origins"] == ["https://app.weinheim.example"]


@pytest.mark.parametrize(
    "fields",
    [
        {"platform": "windows"},
        {"bundleId": "nodots"},
        {"bundleId": None},
        {"bundleId": "a b.c"},
        {"name": " "},
        {"origins": ["https://a.example"]},
        {"redirects": ["javascript:alert(1)"]},
        {"redirects": ["https://*.example/login"]},
        {"redirects": ["https://a.example/#x"]},
        {"redirects": ["http://a.example/login"]},
        {"redirects": ["https://u:p@a.example/"]},
        {"redirects": ["data:text/html,x"]},
        {"secret": "mine"},
        {"clientId": str(uuid4())},
        {"tenantId": str(uuid4())},
        {"redirects": ["https://a.example/"] * 21},
    ],
)
def test_what_an_app_cannot_be_is_refused(city: City, fields: dict[str, Any]) -> None:
    with registered(city) as made:
        assert register(made, made.id, **fields).status == 422


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*.example",
        "https://a.example/",
        "https://a.example/x",
        "http://a.example",
        "null",
        "https://u@a.example",
        "https://a.example?x",
    ],
)
def test_an_origin_is_nothing_but_an_origin(city: City, origin: str) -> None:
    with registered(city) as made:
        refused = made.call(
            "register-app",
            "super_city_admin",
            path=f"/api/cities/{made.id}/apps",
            body=WEB | {"origins": [origin]},
        )
        assert refused.status == 422


def test_nobody_sees_or_touches_another_citys_apps(city: City) -> None:
    with registered(city) as mine, registered(city) as foreign:
        app = register(foreign, foreign.id).body["clientId"]
        attempts = [
            register(mine, foreign.id),
            listed(mine, foreign.id),
            rotate(mine, foreign.id, app),
            revoke(mine, foreign.id, app),
            rotate(mine, mine.id, app),
            revoke(mine, mine.id, app),
        ]
        assert [attempt.status for attempt in attempts] == [404] * 6
        assert register(mine, mine.id, "city_admin").code == "FORBIDDEN"
        assert listed(foreign, foreign.id).body["items"][0]["revokedAt"] is None


def test_a_city_that_is_switched_off_registers_nothing_and_its_apps_prove_nothing(city: City) -> None:
    with registered(city) as made:
        app = register(made, made.id).body
        platform(city, "deactivate-city", made.id, "/deactivate")
        assert register(made, made.id).code == "TENANT_INACTIVE"
        assert rotate(made, made.id, app["clientId"]).code == "TENANT_INACTIVE"
        assert verify(made, app["clientId"], app["secret"]).code == "TENANT_INACTIVE"
        assert platform(city, "list-apps", made.id, "/apps").status == 200
