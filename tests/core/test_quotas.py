"""What a city may use of listings and storage: counted exactly, however many do so at once, and given back."""

import importlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from shared.adapters import storage
from shared.kit.settings import settings
from shared.peers import internal_calls
from tests.core.factories import make_category, make_listing, make_medium
from tests.core.test_media import announce, complete, picture, process, processed, send, uploaded
from tests.support import City, superuser

pytestmark = pytest.mark.usefixtures("thirdparty")


@pytest.fixture
def limited() -> Iterator[City]:
    """A city with a quota for everything."""
    with City.known("schriesheim", quotas={"listings": 5, "storage_bytes": 100_000}) as made:
        yield made


def used(city: City) -> dict[str, int]:
    found: dict[str, int] = json.loads(internal_calls.ask("/api/internal/core/usage", city.id))
    return found


def stored(city: City) -> int:
    """The size of everything that is there, as the rows say."""
    [[size]] = city.rows("core", "SELECT coalesce(sum(size), 0)::bigint FROM media WHERE state <> 'refused'")
    return int(size)


def create(city: City, **body: Any):
    return city.call(
        "create-listing",
        "editor",
        body={"title": "Stadtbücherei", "categoryId": str(make_category(city))} | body,
    )


def test_twenty_at_once_make_exactly_as_many_listings_as_there_may_be(limited: City) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: create(limited), range(20)))
    assert sorted(answer.status for answer in answers) == [201] * 5 + [429] * 15
    assert {answer.code for answer in answers if answer.status == 429} == {"QUOTA_EXCEEDED"}
    assert limited.rows("core", "SELECT count(*) FROM listings") == [[5]]
    assert used(limited) == {"listings": 5}


def test_what_was_refused_does_not_count(limited: City) -> None:
    assert create(limited, categoryId="00000000-0000-4000-8000-000000000000").status == 422
    assert used(limited) == {}


def test_the_refusal_says_what_is_used_up_and_how_much_there_was(limited: City) -> None:
    for _ in range(5):
        make_listing(limited)
    assert create(limited).body["error"]["details"] == {"quota": "listings", "limit": 5}


def test_a_repeated_call_counts_once(limited: City) -> None:
    category = str(make_category(limited))
    for _ in range(3):
        body = {"title": "Einmal", "categoryId": category}
        assert (
            limited.call("create-listing", "editor", body=body, headers={"idempotency-key": "k"}).status
            == 201
        )
    assert used(limited) == {"listings": 1}


def test_a_city_without_a_quota_is_counted_and_not_limited(city: City, limited: City) -> None:
    for _ in range(6):
        make_listing(city)
    assert (used(city), used(limited)) == ({"listings": 6}, {})


def test_what_is_used_is_told_to_the_platform_alone_also_of_a_city_that_is_switched_off(city: City) -> None:
    make_listing(city)
    for role in ("", "city_admin", "super_admin"):
        assert city.call("get-core-usage", role).status == 401
    with City.known("leimen", active=False) as off:
        assert used(off) == {}


def test_what_is_announced_is_reserved_and_twenty_at_once_get_no_more_than_there_is(limited: City) -> None:
    storage.put(limited.id, "warm", b"")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: announce(limited, b"", size=20_000), range(20)))
    assert sorted(answer.status for answer in answers) == [201] * 5 + [429] * 15
    assert used(limited) == {"storage_bytes": 100_000}


def test_a_processed_picture_counts_with_the_size_that_it_has(limited: City) -> None:
    data = picture(comment=b"x" * 5000)
    processed(limited, data)
    assert used(limited)["storage_bytes"] == stored(limited) < len(data)


def test_a_picture_that_grows_is_counted_and_not_refused(limited: City) -> None:
    media_id = uploaded(limited, picture(size=(200, 200)))
    limited.rows("core", "UPDATE usage SET used = 100000 RETURNING 1")
    limited.rows("core", "UPDATE media SET size = 1 WHERE id = :id RETURNING 1", id=media_id)
    process(limited, media_id)
    assert used(limited)["storage_bytes"] == 100_000 + stored(limited) - 1
    assert announce(limited, b"x").code == "QUOTA_EXCEEDED"


def test_a_picture_that_is_refused_gives_its_place_back(limited: City) -> None:
    processed(limited, picture()[:300])
    assert used(limited) == {"storage_bytes": 0}


def test_an_upload_that_does_not_fit_its_announcement_stays_reserved_until_it_is_deleted(
    limited: City,
) -> None:
    data = picture()
    link = announce(limited, data).body
    send(link, b"MZ".ljust(len(data)))
    assert complete(limited, link["mediaId"]).code == "UPLOAD_MISMATCH"
    assert used(limited) == {"storage_bytes": len(data)}
    assert limited.call("delete-media", "editor", path=f"/api/media/{link['mediaId']}").status == 204
    assert used(limited) == {"storage_bytes": 0}


def test_a_deleted_file_gives_back_what_it_took_and_a_refused_one_only_once(limited: City) -> None:
    kept, gone, refused = (
        processed(limited, picture()),
        processed(limited, picture()),
        processed(limited, picture()[:300]),
    )
    for media_id in (gone, refused):
        assert limited.call("delete-media", "editor", path=f"/api/media/{media_id}").status == 204
    assert used(limited)["storage_bytes"] == stored(limited) > 0
    assert limited.rows("core", "SELECT id::text FROM media") == [[kept]]


def test_what_was_there_before_anything_was_counted_is_counted_by_the_migration(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration = importlib.import_module("functions.core.migrations.versions.0004_tiles")
    make_listing(city)
    make_medium(city, size=70)
    make_medium(city, size=7, state="requested")
    make_medium(city, size=500, state="refused")
    with superuser(settings().postgres_database_prefix + "core") as connection:
        monkeypatch.setattr(migration, "op", SimpleNamespace(execute=connection.run))
        connection.run("BEGIN")
        connection.run("DELETE FROM usage")
        connection.run("SET LOCAL ROLE heidi_owner")
        migration.count()
        connection.run("RESET ROLE")
        rows = connection.run(
            "SELECT kind, used FROM usage WHERE tenant_id = :tenant ORDER BY kind", tenant=city.id
        )
        connection.run("ROLLBACK")
    assert rows == [["listings", 1], ["storage_bytes", 77]]
