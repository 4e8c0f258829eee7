"""The end of a city: switched off, handed out, deleted in every service, and its name never given again."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.adapters import storage
from shared.auth import signing
from shared.kit.keepers import KEEPERS
from shared.kit.settings import settings
from shared.tenancy import tenants
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import said
from tests.city.factories import onboard, platform, publish_imprint, registered, resolved
from tests.privacy.lives import tick
from tests.support import Answer, City, call, deliver, superuser

pytestmark = pytest.mark.usefixtures("thirdparty")


def export(by: City, made: City) -> UUID:
    """The id of an export that has been asked for."""
    asked = platform(by, "export-city", made.id, "/export")
    assert asked.status == 202, asked.body
    return UUID(asked.body["exportId"])


def hand_in(made: City, export_id: UUID, service: str, rows: int = 1, **more: Any) -> Answer:
    """One service's part of an export arrives."""
    key = f"exports/{export_id}/{service}/"
    storage.put(made.id, f"{key}things-0001.jsonl", b"{}\n", "application/jsonl")
    data = {"exportId": str(export_id), "service": service, "key": key, "rows": rows} | more
    return deliver("record-city-export-part", said(made, "export.part", data))


def exported(by: City, made: City) -> UUID:
    """The id of an export that is complete."""
    export_id = export(by, made)
    for service in KEEPERS:
        assert hand_in(made, export_id, service).status == 204
    return export_id


def state(by: City, made: City) -> Answer:
    return platform(by, "get-city-export", made.id, "/export")


def delete(by: City, made: City) -> Answer:
    return platform(by, "delete-city", made.id)


def switch_off(by: City, made: City) -> None:
    assert platform(by, "deactivate-city", made.id, "/deactivate").status == 200


def erased(made: City, service: str) -> Answer:
    """One service says that it holds nothing any more."""
    return deliver(
        "record-city-erasure", said(made, "city.erased", {"cityId": str(made.id), "service": service})
    )


def row(made: City) -> dict[str, Any]:
    with superuser(settings().postgres_database_prefix + "city") as connection:
        [[found]] = connection.run("SELECT to_jsonb(c) FROM cities c WHERE id = :id", id=made.id)
    return dict(found)


def test_an_export_is_asked_of_every_service_in_the_citys_name(city: City) -> None:
    with registered(city) as made:
        export_id = export(city, made)
        [asked] = made.events("export.requested")
        assert (asked.envelope.tenant_id, asked.data) == (
            made.id,
            {"exportId": str(export_id), "userId": None},
        )
        found = state(city, made).body
        assert (found["status"], found["missing"], found["files"]) == ("gathering", list(KEEPERS), [])


def test_an_export_is_complete_when_all_services_have_handed_in_their_part(city: City) -> None:
    with registered(city) as made:
        storage.put(made.id, "media/1/picture.jpg", b"picture", "image/jpeg")
        storage.put(made.id, "exports/somebodys/users.json", b"[]", "application/json")
        export_id = export(city, made)
        for number, service in enumerate(KEEPERS[:-1], 1):
            hand_in(made, export_id, service, rows=number)
        assert state(city, made).body["missing"] == [KEEPERS[-1]]
        for _ in range(2):
            hand_in(made, export_id, KEEPERS[-1], rows=8)
        found = state(city, made).body
        assert (found["status"], found["missing"], found["rows"][KEEPERS[0]], found["rows"][KEEPERS[-1]]) == (
            "complete",
            [],
            1,
            8,
        )
        links = {file["key"].removeprefix(f"exports/{export_id}/"): file["url"] for file in found["files"]}
        assert set(links) == {"manifest.json", *(f"{service}/things-0001.jsonl" for service in KEEPERS)}
        manifest = httpx.get(links["manifest.json"]).json()
        [media] = [file["url"] for file in manifest["files"] if file["key"] == "media/1/picture.jpg"]
        assert httpx.get(media).content == b"picture"
        assert not [file for file in manifest["files"] if "somebodys" in file["key"]]


def test_a_persons_export_and_one_that_was_replaced_do_not_count(city: City) -> None:
    with registered(city) as made:
        first = export(city, made)
        hand_in(made, first, "core")
        second = export(city, made)
        assert not [key for key in made.files() if str(first) in key]
        others: list[tuple[UUID, dict[str, Any]]] = [
            (first, {}),
            (uuid4(), {}),
            (second, {"userId": str(uuid4())}),
        ]
        for export_id, more in others:
            assert hand_in(made, export_id, "core", **more).status == 204
        assert state(city, made).body["missing"] == list(KEEPERS)


def test_a_part_of_an_export_that_was_replaced_leaves_no_files_behind(city: City) -> None:
    with registered(city) as made:
        first, second = export(city, made), export(city, made)
        hand_in(made, second, "core")
        hand_in(made, first, "core")
        assert list(storage.keys(made.id, "exports/")) == [f"exports/{second}/core/things-0001.jsonl"]


def test_a_persons_part_keeps_its_files(city: City) -> None:
    with registered(city) as made:
        person = uuid4()
        hand_in(made, person, "core", userId=str(uuid4()))
        assert list(storage.keys(made.id, "exports/")) == [f"exports/{person}/core/things-0001.jsonl"]


def test_parts_that_arrive_at_the_same_time_are_all_noted(city: City) -> None:
    with registered(city) as made:
        export_id = export(city, made)
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda service: hand_in(made, export_id, service).status, KEEPERS)) == {204}
        assert state(city, made).body["status"] == "complete"


def test_an_export_that_nobody_fetched_within_thirty_days_is_removed_with_its_files(city: City) -> None:
    with registered(city) as made, registered(city) as other:
        export_id, kept = exported(city, made), exported(city, other)
        storage.put(made.id, "media/1/picture.jpg", b"picture", "image/jpeg")
        for days, status in ((29, 200), (31, 404)):
            made.rows(
                "city",
                "UPDATE exports SET created_at = now() - make_interval(days => :days) RETURNING 1",
                days=days,
            )
            tick("expire-city-exports")
            assert state(city, made).status == status
            assert bool(list(storage.keys(made.id, f"exports/{export_id}/"))) == (status == 200)
        assert list(storage.keys(made.id)) == ["media/1/picture.jpg"]
        assert state(city, other).body["exportId"] == str(kept)


def test_the_city_service_hands_in_its_own_part(city: City) -> None:
    with registered(city) as made:
        export_id = export(city, made)
        assert deliver("export-city-data", made.events("export.requested")[0]).status == 204
        [part] = made.events("export.part")
        assert (part.data["service"], part.data["userId"]) == ("city", None)
        assert deliver("record-city-export-part", part).status == 204
        assert "city" not in state(city, made).body["missing"]
        rows = storage.get(made.id, f"exports/{export_id}/city/cities-0001.jsonl").decode().splitlines()
        assert [json.loads(line)["slug"] for line in rows] == [made.tenant.slug]


def test_a_city_is_deleted_only_after_it_was_switched_off_and_exported(city: City) -> None:
    with registered(city) as made:
        exported(city, made)
        refused = delete(city, made)
        assert (refused.status, refused.code) == (409, "CITY_ACTIVE")
        switch_off(city, made)
        stale = delete(city, made)
        assert (stale.status, stale.code) == (409, "CITY_NOT_EXPORTED")
        export_id = export(city, made)
        for service in KEEPERS[1:]:
            hand_in(made, export_id, service)
        assert delete(city, made).code == "CITY_NOT_EXPORTED"
        hand_in(made, export_id, KEEPERS[0])
        assert delete(city, made).status == 204
        [told] = made.events("city.deleted")
        assert (told.envelope.tenant_id, told.data) == (
            made.id,
            {"cityId": str(made.id), "slug": made.tenant.slug},
        )


def test_being_switched_on_in_between_makes_an_export_stale(city: City) -> None:
    with registered(city) as made:
        publish_imprint(made)
        switch_off(city, made)
        exported(city, made)
        assert platform(city, "activate-city", made.id, "/activate").status == 200
        switch_off(city, made)
        assert delete(city, made).code == "CITY_NOT_EXPORTED"


@pytest.fixture
def gone(city: City):
    """A city that was deleted, and that no service has erased yet."""
    with registered(city, contact={"name": "Ada Adler", "email": "ada@weinheim.example"}) as made:
        publish_imprint(made)
        made.call(
            "register-app",
            "super_city_admin",
            path=f"/api/cities/{made.id}/apps",
            body={"name": "A", "platform": "ios", "bundleId": "a.b"},
        )
        storage.put(made.id, "media/1/picture.jpg", b"picture", "image/jpeg")
        switch_off(city, made)
        exported(city, made)
        assert delete(city, made).status == 204
        yield made


def test_a_city_that_is_gone_is_gone_for_everyone(city: City, gone: City) -> None:
    slug = gone.tenant.slug
    for path in (slug, str(gone.id)):
        assert call("get-city", path=f"/api/cities/{path}").code == "CITY_NOT_FOUND"
        assert call("get-legal-text", path=f"/api/cities/{path}/legal/imprint").code == "CITY_NOT_FOUND"
        for name, tail in (
            ("activate-city", "/activate"),
            ("export-city", "/export"),
            ("get-city-export", "/export"),
            ("delete-city", ""),
        ):
            assert platform(city, name, path, tail).code == "CITY_NOT_FOUND", (name, path)
        assert (
            platform(
                city,
                "clone-city",
                path,
                "/clone",
                body={"slug": "x" + uuid4().hex[:8], "name": "X", "admin": {"email": "a@b.example"}},
            ).status
            == 404
        )
    assert (
        call("resolve-city", query=f"host={slug}").status
        == call("resolve-city", query=f"host={gone.id}").status
        == 404
    )
    assert call("list-listings", tenant=slug).code == "UNKNOWN_TENANT"
    for role in ("super_city_admin", "editor"):
        assert call("whoami", token=gone.token(role)).code == "TENANT_INACTIVE"
        assert (
            call(
                "update-city",
                path=f"/api/cities/{gone.id}",
                token=gone.token(role),
                body={"name": "Wieder da"},
            ).status
            == 403
        )


def test_its_name_is_never_given_again(city: City, gone: City) -> None:
    for service in KEEPERS:
        erased(gone, service)
    refused = onboard(city, slug=gone.tenant.slug)
    assert (refused.status, refused.code) == (409, "CITY_EXISTS")


def test_services_still_find_the_tenant_whose_events_they_hear(gone: City) -> None:
    tenants.forget(gone.tenant)
    known = resolved(str(gone.id))
    assert (known.active, known.slug) == (False, gone.tenant.slug)


def test_the_city_service_erases_all_but_the_name(gone: City) -> None:
    [told] = gone.events("city.deleted")
    assert deliver("erase-city-data", told).status == 204
    with superuser(settings().postgres_database_prefix + "city") as connection:
        for table in ("apps", "boundaries", "exports", "legal_texts"):
            assert connection.run(f"SELECT 1 FROM {table} WHERE tenant_id = :id", id=gone.id) == [], table
    [confirmed] = gone.events("city.erased")
    assert confirmed.data == {"cityId": str(gone.id), "service": "city"}


def test_a_gravestone_remains_when_all_services_have_confirmed_and_nothing_before(gone: City) -> None:
    for service in KEEPERS[1:]:
        for _ in range(2):
            assert erased(gone, service).status == 204
    assert (row(gone)["erased_at"], sorted(row(gone)["erased_from"])) == (None, sorted(KEEPERS[1:]))
    assert "media/1/picture.jpg" in list(storage.keys(gone.id))
    erased(gone, KEEPERS[0])
    assert list(storage.keys(gone.id)) == []
    left = row(gone)
    assert left["erased_at"]
    assert (left["slug"], left["name"], left["contact"], left["website"]) == (
        gone.tenant.slug,
        gone.tenant.slug,
        None,
        None,
    )
    before = left["erased_at"]
    assert erased(gone, "core").status == 204
    assert row(gone)["erased_at"] == before


def test_confirmations_that_arrive_at_the_same_time_are_all_counted(gone: City) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda service: erased(gone, service).status, KEEPERS)) == {204}
    assert row(gone)["erased_at"]


def test_a_service_that_does_not_confirm_is_asked_again_every_day_and_named(
    gone: City, caplog: pytest.LogCaptureFixture
) -> None:
    for service in KEEPERS[1:]:
        erased(gone, service)
    for hours, told in ((23, 1), (25, 2), (25, 2), (50, 3)):
        tick("erase-deleted-cities", hours=hours)
        assert len(gone.events("city.deleted")) == told, hours
    assert {tuple(said.data.items()) for said in gone.events("city.deleted")} == {
        (("cityId", str(gone.id)), ("slug", gone.tenant.slug))
    }
    assert [
        context["missing"]
        for r in caplog.records
        if (context := getattr(r, "context", {})).get("cityId") == str(gone.id)
    ] == [[KEEPERS[0]]] * 2
    erased(gone, KEEPERS[0])
    tick("erase-deleted-cities", hours=100)
    assert len(gone.events("city.deleted")) == 3


def test_nobody_is_asked_to_erase_a_city_that_was_not_deleted(city: City) -> None:
    with registered(city) as made:
        switch_off(city, made)
        tick("erase-deleted-cities", days=400)
        assert made.events("city.deleted") == []


def test_a_city_that_was_not_deleted_is_not_emptied_by_any_confirmation(city: City) -> None:
    with registered(city) as made:
        storage.put(made.id, "media/1/picture.jpg", b"picture", "image/jpeg")
        for service in KEEPERS:
            erased(made, service)
        assert list(storage.keys(made.id)) == ["media/1/picture.jpg"]
        assert row(made)["erased_from"] == []


def test_only_the_platforms_own_people_export_and_delete_logged_in_themselves(city: City) -> None:
    with registered(city) as made:
        acting, _ = signing.issue(
            "access",
            uuid4(),
            PLATFORM.id,
            ["super_admin"],
            uuid4(),
            now=datetime.now(UTC).timestamp(),
            act={"sub": str(uuid4())},
        )
        for name, tail in (("export-city", "/export"), ("get-city-export", "/export"), ("delete-city", "")):
            for role in ("super_city_admin", "city_admin"):
                assert (
                    call(name, path=f"/api/cities/{made.id}{tail}", token=made.token(role)).code
                    == "FORBIDDEN"
                )
            assert call(name, path=f"/api/cities/{made.id}{tail}", token=acting).code == "IN_PERSON_ONLY"
        assert made.events("export.requested") == []


def test_the_list_of_keepers_names_services_that_exist() -> None:
    from tooling.registry import services

    assert set(KEEPERS) == set(services()), (
        "a service with a database keeps: its erase_… and export_… functions (docs/guides/add-a-function.md)"
    )
