"""Reads say what may keep them and by which name they are asked for again."""

from tests.core.factories import make_category
from tests.support import City


def test_who_has_an_answer_hears_304_until_it_changes(city: City) -> None:
    make_category(city)
    first = city.call("list-categories")
    known = {"if-none-match": first.headers["ETag"]}
    again = city.call("list-categories", headers=known)
    assert (again.status, again.raw, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    make_category(city)
    changed = city.call("list-categories", headers=known)
    assert changed.status == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert city.call("list-categories", headers=known | {"accept-language": "en"}).status == 200


def test_a_proxy_may_have_called_it_weak_and_others_may_be_named_too(city: City) -> None:
    etag = city.call("list-listings").headers["ETag"]
    for said in (f"W/{etag}", f'"another", {etag}', "*"):
        assert city.call("list-listings", headers={"if-none-match": said}).status == 304
    assert city.call("list-listings", headers={"if-none-match": etag[:-2] + '"'}).status == 200


def test_what_nobody_in_particular_reads_may_be_kept_and_what_somebody_reads_may_not(city: City) -> None:
    anonymous, editor = city.call("list-listings"), city.call("list-listings", "editor")
    assert anonymous.headers["Cache-Control"] == "public, max-age=0, s-maxage=30"
    assert set(anonymous.headers["Vary"].split(", ")) == {
        "Accept-Language",
        "Authorization",
        "Origin",
        "X-Tenant-ID",
    }
    assert editor.headers["Cache-Control"] == "private, no-store"
    assert city.call("list-users", "city_admin").headers["Cache-Control"] == "private, no-store"


def test_an_error_is_not_kept(city: City) -> None:
    missing = city.call("get-listing", path="/api/listings/nothing-of-the-kind")
    assert (missing.status, missing.headers["Cache-Control"]) == (404, "private, no-store")
    assert "ETag" not in missing.headers


def test_a_function_that_is_called_by_its_name_is_no_read_that_could_be_304(city: City) -> None:
    etag = city.call("list-listings").headers["ETag"]
    by_name = city.call("list-listings", method="POST", path="/", body={}, headers={"if-none-match": etag})
    assert by_name.status == 200
