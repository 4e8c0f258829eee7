"""What was wrong with the platform before this one, finding by finding (S1 to S30), and is not wrong here."""

import importlib
import io
import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from functions.notification.templates import render
from shared.auth.rbac import permissions_of
from shared.auth.tokens import Principal
from shared.db.privacy import Personal
from shared.errors import NoSuchRoute
from shared.kit.http import Request
from shared.kit.languages import LANGUAGES
from shared.kit.record import Record
from shared.kit.settings import Settings, SettingsError, settings
from shared.runtime import cors, rate_limits, required_secrets, terms_gate
from shared.runtime.gateway.routes import Routes
from tests.auth.people import PASSWORD, accept, invite, join, link_token, login, refresh
from tests.core.factories import make_category, make_listing, make_published
from tests.security.reading import (
    GUARDED,
    HTTP,
    OUTSIDE,
    WRITES,
    body_model,
    by_name,
    given,
    path_of,
    present,
    status,
    taken,
)
from tests.support import City, answer, call, deliver, function, superuser
from tooling.registry import ROOT, records, services

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
SECRET_WORDS = ("password", "secret", "credential", "privatekey", "apikey", "hash")
SHOWN_ONCE = {
    "create-api-token",
    "register-app",
    "rotate-app-credentials",
    "enrol-second-factor",
    "confirm-second-factor",
    "register-guest",
}
OPENING = {"accessToken", "refreshToken", "token", "recoveryCodes"}
HASHES_OF_NO_SECRET = {"hash", "headHash", "previousHash", "digest"}


def about(part: str, *, own: bool = False) -> list[Record]:
    """The guarded writes below an address; with `own` those of one's own things too."""
    return [
        r
        for r in WRITES
        if r.path.startswith(part) and (own or not r.path.startswith("/api/users/me")) and not r.access.public
    ]


@pytest.mark.parametrize(
    "record", [r for r in OUTSIDE if "{user_id}" in r.path or r.path == "/api/users"], **by_name
)
def test_s1_only_administrators_read_and_change_other_people(record: Record, city: City) -> None:
    assert (record.access.permission or "").startswith("users:")
    for role in ("citizen", "editor"):
        assert status(record, city, role) == 403
    assert record.method == "GET" or record.name == "assign-role" or not {"role", "roles"} & taken(record)


@pytest.mark.parametrize(
    "record", [r for r in WRITES if r.service == "city" and r.name != "verify-app-credentials"], **by_name
)
def test_s2_nobody_changes_a_city_without_the_permission_to(record: Record, city: City) -> None:
    assert record.access.permission
    assert status(record, city) == 401
    assert status(record, city, "editor") == 403


@pytest.mark.parametrize(
    "record",
    [r for r in records().values() if r.kind == "tick" or r.path.startswith("/api/schedules")],
    **by_name,
)
def test_s3_nobody_runs_or_makes_a_schedule_from_outside(record: Record, city: City) -> None:
    assert record.access.internal or record.access.permission in ("schedules:manage", "schedules:read")
    assert call(record.name, path=record.path or "/", tenant=city.tenant.slug).status == 401
    if record.kind == "tick":
        assert call(record.name, path="/", token=city.token("super_admin")).status == 401


def test_s4_an_address_is_verified_by_what_was_mailed_to_it_and_by_nothing_a_caller_names() -> None:
    assert taken(present("verify-email")) == {"token"}
    assert not {"userId", "email", "id"} & taken(present("resend-verification"))


def test_s5_a_guest_is_not_taken_over_by_their_id() -> None:
    assert not {"userId", "guestId", "id"} & (
        taken(present("register-guest")) | taken(present("convert-guest"))
    )
    assert not present("convert-guest").access.public


def test_s5_public_answers_do_not_say_who_wrote(city: City) -> None:
    listing = make_published(city)
    author = str(city.person("city_admin")).encode()
    for name, parts in (
        ("get-listing", {"path": f"/api/listings/{listing['id']}"}),
        ("list-listings", {}),
        ("search-listings", {"query": "q=Stadt"}),
        ("nearby-listings", {"query": "lat=49&lon=8&radius=50000"}),
    ):
        got = city.call(name, **parts)
        assert got.status == 200
        assert author not in got.raw, name


@pytest.mark.usefixtures("thirdparty")
def test_s6_no_message_that_is_kept_holds_a_token_and_nobody_reads_anothers(city: City) -> None:
    assert invite(city).status == 201
    token = link_token(city)
    city.settle()
    for service in services():
        if service != "auth":
            assert token not in everything_in(service, without={"outbox"}), service
    messages = [r for r in OUTSIDE if r.path.startswith("/api/notifications") and r.method == "GET"]
    assert not [r.name for r in messages if "userId" in taken(r) and not r.access.permission]


@pytest.mark.parametrize("record", GUARDED, **by_name)
def test_s7_a_valid_token_is_understood_by_every_function(record: Record, city: City) -> None:
    got = status(record, city, "super_admin")
    assert got < 500
    assert got != 401 or record.in_person


def test_s8_new_terms_stop_writing_until_they_are_accepted_and_accepting_is_no_writing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(terms_gate, "recall", lambda *_: b"1")
    with City.known("heidelberg", terms=2) as city:
        for record in [r for r in GUARDED if r.needs_terms and not r.tenantless]:
            role = next(
                role
                for role in ("editor", "city_admin", "super_city_admin", "super_admin")
                if record.access.signed_in or record.access.permission in permissions_of((role,))
            )
            if role != "super_admin":
                got = city.call(record.name, role, path=path_of(record), body={})
                assert got.code == "TERMS_NOT_ACCEPTED", record.name
        assert city.call("list-listings", "editor").status == 200
    assert not present("accept-terms").needs_terms


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_s9_an_administrator_decides_nothing_in_another_city(verb: str, city: City, other_city: City) -> None:
    listing = make_listing(other_city)
    got = city.call(
        f"{verb}-listing",
        "city_admin",
        path=f"/api/listings/{listing['id']}/{verb}",
        body={"reason": "Nein"} if verb == "reject" else None,
    )
    assert (got.status, got.code) == (404, "LISTING_NOT_FOUND")
    assert (
        other_city.call("get-listing", "city_admin", path=f"/api/listings/{listing['id']}").body["status"]
        == "pending_approval"
    )


def test_s10_strangers_see_only_what_is_published(city: City) -> None:
    shown = make_published(city, title="Lesung eins")
    hidden = [make_listing(city, title="Lesung zwei"), make_listing(city, title="Lesung drei", draft=True)]
    refused = make_listing(city, title="Lesung vier")
    city.call(
        "reject-listing",
        "city_admin",
        path=f"/api/listings/{refused['id']}/reject",
        body={"reason": "geheimer Grund"},
    )
    for role in ("", "citizen"):
        for listing in [*hidden, refused]:
            for name in (listing["id"], listing["slug"]):
                assert city.call("get-listing", role, path=f"/api/listings/{name}").status == 404
        assert [item["id"] for item in city.call("list-listings", role).body["items"]] == [shown["id"]]
        assert [
            item["id"] for item in city.call("search-listings", role, query="q=Lesung").body["items"]
        ] == [shown["id"]]
        assert city.call("list-listings", role, query="status=rejected").status in (401, 403)
    assert b"Grund" not in city.call("list-listings").raw


@pytest.mark.parametrize("record", about("/api/media"), **by_name)
def test_s11_files_are_put_up_and_deleted_by_those_who_may_write(record: Record, city: City) -> None:
    assert (record.access.permission or "").startswith(("media:", "listings:"))
    assert status(record, city, "citizen") == 403


@pytest.mark.parametrize("record", [r for r in OUTSIDE if r.access.public], **by_name)
def test_s12_every_open_function_is_limited_by_address(
    record: Record, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "rate_limit_ip", 3)
    monkeypatch.setattr("shared.runtime.rate_limits.leases", {})
    monkeypatch.setattr("shared.runtime.rate_limits.WINDOW", 10**10)  # no minute ends in the middle
    address = f"198.51.100.{uuid4()}"
    monkeypatch.setattr("shared.runtime.pipeline.client_address", lambda _: address)
    allowed = 3 * rate_limits.PICTURES if record.picture else 3
    answers = [status(record, city) for _ in range(allowed + 1)]
    assert answers[:allowed].count(429) == 0
    assert answers[allowed] == 429


@pytest.mark.usefixtures("thirdparty")
def test_s13_no_password_is_kept_as_it_was_typed(city: City) -> None:
    person = join(city)
    assert login(city, person).status == 200
    city.settle()
    for service in services():
        assert PASSWORD not in everything_in(service), service
    [[kept]] = city.rows("auth", "SELECT password_hash FROM accounts WHERE id = :id", id=person.id)
    assert kept.startswith("$2b$")


@pytest.mark.parametrize("language", LANGUAGES)
def test_s14_names_are_text_in_a_mail_and_nothing_else(language: str) -> None:
    texts: dict[str, Any] = json.loads(
        (ROOT / f"functions/notification/mails/{language}.json").read_text("utf-8")
    )
    for template, source in texts.items():
        html = render(
            template, language, dict.fromkeys(re.findall(r"{{-? *(\w+)", str(source)), HOSTILE)
        ).html
        assert "<img" not in html
        assert "<script" not in html


def test_s14_no_stranger_chooses_both_who_is_mailed_and_what_is_said() -> None:
    for record in [r for r in WRITES if r.access.public and {"email", "to"} & taken(r)]:
        assert not {
            "subject",
            "text",
            "body",
            "message",
            "html",
            "template",
            "link",
            "url",
            "redirectUrl",
        } & taken(record), record.name


def test_s15_nobody_gives_a_role_above_their_own_or_in_another_city(city: City, other_city: City) -> None:
    person = join(city)
    for role in ("super_admin", "super_city_admin"):
        got = city.call(
            "assign-role", "city_admin", path=f"/api/auth/users/{person.id}/roles", body={"roles": [role]}
        )
        assert got.code == "ROLE_NOT_GRANTABLE"
    elsewhere = other_city.call(
        "assign-role", "city_admin", path=f"/api/auth/users/{person.id}/roles", body={"roles": ["citizen"]}
    )
    assert elsewhere.status == 404
    assert login(city, person).body["user"]["roles"] == ["editor"]


@pytest.mark.parametrize("record", OUTSIDE, **by_name)
def test_s17_what_is_secret_is_never_an_answer(record: Record) -> None:
    if record.name not in SHOWN_ONCE:
        found = {
            name
            for name in given(record) - HASHES_OF_NO_SECRET
            if any(word in name.lower() for word in SECRET_WORDS)
        }
        assert not found


@pytest.mark.parametrize(
    "record", [r for r in OUTSIDE if r.name in SHOWN_ONCE or OPENING & given(r)], **by_name
)
def test_s17_what_is_shown_once_is_not_kept_to_be_shown_again(record: Record) -> None:
    assert not record.claims


@pytest.mark.parametrize(
    "record",
    [r for r in WRITES if any(w in r.path for w in ("webhook", "bounce", "/result"))] or [None],
    **by_name,
)
def test_s17_what_other_systems_send_is_signed(record: Record | None, city: City) -> None:
    if record is None:
        pytest.skip("no other system calls us yet")
    assert status(record, city) in (401, 403)


def test_s18_logging_out_ends_the_session_and_no_other(city: City) -> None:
    person = join(city)
    phone, laptop = login(city, person).body, login(city, person).body
    assert call("logout", token=phone["accessToken"]).status == 204
    assert call("whoami", token=phone["accessToken"]).status == 401
    assert refresh(phone["refreshToken"]).status == 401
    assert call("whoami", token=laptop["accessToken"]).status == 200


def test_s18_a_new_password_ends_every_session_but_the_one_it_was_changed_in(city: City) -> None:
    present("change-password")
    person = join(city)
    here, elsewhere = login(city, person).body, login(city, person).body
    changed = call(
        "change-password",
        token=here["accessToken"],
        body={"currentPassword": PASSWORD, "newPassword": "Ein ganz anderes Wort 7"},
    )
    assert changed.status == 204, changed.body
    assert call("whoami", token=elsewhere["accessToken"]).status == 401
    assert refresh(elsewhere["refreshToken"]).status == 401
    assert call("whoami", token=here["accessToken"]).status == 200


def test_s19_every_service_that_holds_something_of_a_person_hears_when_they_leave() -> None:
    present("delete-my-account", "delete-user")
    assert present("delete-my-account").in_person
    for service in services():
        models = importlib.import_module(f"functions.{service}.models").MODELS
        if any(isinstance(model.privacy, Personal) for model in models if hasattr(model, "privacy")):
            assert [
                r.name
                for r in records().values()
                if r.service == service and "app.heidi.user.deleted" in r.types
            ], service


def test_s20_guessing_is_slowed_down_by_wrong_guesses(city: City) -> None:
    person = join(city)
    assert [login(city, person, "wrong").status for _ in range(7)][-1] == 429
    assert login(city, person).status == 429
    invite(city)
    assert len(link_token(city)) == 64


def test_s21_a_link_works_once_and_not_for_a_weak_password(city: City) -> None:
    invite(city)
    token = link_token(city)
    assert accept(token, "short").code == "PASSWORD_TOO_SHORT"
    assert accept(token).status == 201
    assert accept(token).code == "LINK_INVALID"


def test_s21_a_reset_works_once_and_not_for_a_weak_password(city: City) -> None:
    present("reset-password")
    person = join(city)
    assert call("forgot-password", body={"email": person.email}, tenant=city.tenant.slug).status < 300
    [forgotten] = city.events("password.forgotten")
    assert deliver("mail-reset-link", forgotten).status == 204
    token = link_token(city)
    assert call("reset-password", body={"token": token, "password": "short"}).code == "PASSWORD_TOO_SHORT"
    assert call("reset-password", body={"token": token, "password": "Ein ganz anderes Wort 7"}).status < 300
    assert (
        call("reset-password", body={"token": token, "password": "Noch ein anderes Wort 8"}).code
        == "LINK_INVALID"
    )
    assert login(city, person).status == 401


def test_s22_a_login_does_not_tell_who_has_an_account(city: City) -> None:
    wrong, unknown = login(city, join(city), "wrong"), login(city, "nobody@example.org")
    assert (wrong.status, wrong.code, wrong.body["error"]["message"]) == (
        unknown.status,
        unknown.code,
        unknown.body["error"]["message"],
    )
    assert wrong.body["error"]["details"] == unknown.body["error"]["details"] == {}


def test_s23_texts_lose_their_scripts_and_drawings_with_scripts_are_not_taken(city: City) -> None:
    listing = make_published(
        city,
        description='<p onclick="x()">Hallo <script>alert(1)</script><svg onload="x()"><a href="javascript:x()">da</a></p>',
    )
    text = city.call("get-listing", path=f"/api/listings/{listing['id']}").body["description"]
    assert "Hallo" in text
    assert not [bad for bad in ("script", "onclick", "onload", "<svg") if bad in text]
    svg = city.call(
        "request-upload",
        "editor",
        body={
            "filename": "a.svg",
            "contentType": "image/svg+xml",
            "size": 9,
            "author": "A",
            "licence": "CC0",
        },
    )
    assert svg.status == 422


@pytest.mark.parametrize("record", [r for r in WRITES if body_model(r)], **by_name)
def test_s24_no_function_reads_more_than_its_limit(record: Record, city: City) -> None:
    got = declared(record, city, 2 * settings().max_document_bytes)
    assert (got.status, got.code) == (413, "PAYLOAD_TOO_LARGE")


def declared(record: Record, city: City, length: int) -> Any:
    """The answer to a body that says it is this long; nothing of it may be read."""

    class Unread(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("nothing should have been read")

    environ = {
        "REQUEST_METHOD": record.method,
        "PATH_INFO": path_of(record),
        "wsgi.input": Unread(),
        "CONTENT_LENGTH": str(length),
        "CONTENT_TYPE": "application/json",
        "HTTP_IF_MATCH": "*",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_AUTHORIZATION": f"Bearer {city.token('super_admin')}",
    }
    return answer(
        function(record.name)(
            Request(environ | ({} if record.tenantless else {"HTTP_X_TENANT_ID": city.tenant.slug}))
        )
    )


@pytest.mark.parametrize("path", ["/metrics", "/health/ready", "/pgadmin", "/grafana", "/system/functions"])
def test_s25_what_operators_see_has_no_public_address(path: str) -> None:
    with pytest.raises(NoSuchRoute):
        Routes(records().values()).find("GET", path)
    edge = (ROOT / "deploy/edge/routes.caddy").read_text("utf-8")
    assert path not in edge


def test_s25_nothing_that_is_shipped_holds_a_password() -> None:
    written = re.compile(
        r"(?i)(password|secret|token)[\"']?[ \t]*[:=][ \t]*[\"']?(?!\$|\{|secretKeyRef|valueFrom|heidi-)[A-Za-z0-9!@#]{6,}"
    )
    for folder in ("deploy", "knative"):
        for file in Path(ROOT / folder).rglob("*"):
            if file.is_file():
                said = "\n".join(
                    line
                    for line in file.read_text("utf-8").splitlines()
                    if not line.lstrip().startswith(("#", "//"))
                )
                assert not (found := written.search(said)), (file, found)


@pytest.mark.parametrize("record", [*about("/api/categories"), *about("/api/tiles")], **by_name)
def test_s26_citizens_and_editors_change_no_categories_and_tiles(record: Record, city: City) -> None:
    for role in ("citizen", "editor"):
        assert status(record, city, role) == 403 or record.name == "request-category"


def test_s27_nobody_signs_up_somebody_else_for_a_newsletter() -> None:
    record = present("subscribe-newsletter")
    assert "userId" not in taken(record)
    assert "token" in taken(present("confirm-newsletter"))


@pytest.mark.parametrize(
    "record", [r for r in WRITES if set(r.path.split("/")) & {"tags", "terms"}] or [None], **by_name
)
def test_s28_tags_and_terms_need_a_permission(record: Record | None, city: City) -> None:
    if record is None:
        pytest.skip("there are neither tags nor terms yet")
    assert record.path == "/api/users/me/terms" or status(record, city, "citizen") == 403


def test_s29_production_has_no_secret_that_everybody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    for name in ("JWT_SECRET", "JWT_REFRESH_SECRET", "BROKER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    try:
        with pytest.raises(SettingsError) as refused:
            required_secrets.check()
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert all(name in str(refused.value) for name in ("JWT_KEYS", "BROKER_TOKEN"))
    assert not [
        name
        for name, field in Settings.model_fields.items()
        if name.endswith("_key") and isinstance(field.default, str) and field.default
    ]


@pytest.mark.parametrize("configured", ["*", "https://app.example"])
def test_s29_star_is_no_origin(monkeypatch, configured: str) -> None:
    monkeypatch.setattr(settings(), "cors_origins", (configured,))
    assert not cors.allows("https://evil.example")
    assert not cors.allows("https://app.example.evil.example")


def test_s30_what_a_role_may_is_read_at_every_call_and_a_new_role_counts_at_once(city: City) -> None:
    person = join(city, "city_admin")
    token = login(city, person).body["accessToken"]
    assert call("list-pending-listings", token=token).status == 200
    changed = city.call(
        "assign-role",
        "super_city_admin",
        path=f"/api/auth/users/{person.id}/roles",
        body={"roles": ["citizen"]},
    )
    assert changed.status == 200
    assert call("list-pending-listings", token=token).status in (401, 403)
    assert "listings:approve" not in Principal(uuid4(), city.id, ("citizen",)).permissions


@pytest.mark.parametrize("record", [r for r in HTTP if not r.access.internal], **by_name)
def test_s30_no_caller_names_the_city_that_a_permission_is_for(record: Record) -> None:
    named = {"tenantId", "tenant", "cityId", "tenant_id"} & taken(record)
    # which must agree
    assert not named or record.name in (
        "login",
        "login-guest",
        "register-guest",
        "rag-query",
        "trigger-build",
    )


def everything_in(service: str, without: set[str] = frozenset()) -> str:  # type: ignore[assignment]  # an empty set that nobody changes
    """All rows of all tables of a service, as text."""
    with superuser(settings().postgres_database_prefix + service) as connection:
        tables = [
            name
            for [name] in connection.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            if name not in without
        ]
        return "\n".join(
            str(connection.run(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM \"{name}\" t"))
            for name in tables
        )


def test_s9_a_category_of_another_city_takes_no_listing(city: City, other_city: City) -> None:
    got = city.call(
        "create-listing", "city_admin", body={"title": "Bad", "categoryId": str(make_category(other_city))}
    )
    assert got.status == 422
