"""What a killed process has stored and not written down is collected after a day, and nothing else ever is."""

import base64
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from shared.adapters import storage
from shared.kit.settings import settings
from tests.adapters.conftest import servers, thirdparty
from tests.city.factories import registered
from tests.city.test_header import upload as upload_header
from tests.core.test_media import picture, processed
from tests.factory.test_web_build import built, prepare
from tests.support import City, call
from tests.users.people import known

__all__ = ["servers", "thirdparty"]
pytestmark = pytest.mark.usefixtures("thirdparty")
COLLECTORS = {
    "media/{}/upload": "collect-stray-media",
    "documents/{}/original": "collect-stray-documents",
    "people/{}/photo.jpg": "collect-stray-photos",
    "city/header-{}.png": "collect-stray-headers",
    "builds/{}/app.zip": "collect-stray-builds",
}


def tick(name: str, hours: int) -> None:
    due = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    done = call(
        name, path="/", token=settings().broker_token.get_secret_value(), headers={"x-heidi-tick": due}
    )
    assert done.status == 204, done.body


def in_hours(hours: int) -> None:
    """What every service collects at a later time."""
    for name in COLLECTORS.values():
        tick(name, hours)


@pytest.mark.parametrize("key", COLLECTORS)
def test_a_file_without_a_row_goes_after_a_day(city: City, key: str) -> None:
    stray = key.format(uuid4())
    storage.put(city.id, stray, b"the process ended here")
    in_hours(23)
    assert city.files() == [stray]
    tick(COLLECTORS[key], 25)
    assert city.files() == []


def test_what_a_row_keeps_stays_however_old_it_is(city: City) -> None:
    person = known(city)
    person.call("upload-profile-photo", body={"photo": {"content": base64.b64encode(picture()).decode()}})
    city.call(
        "ingest-document",
        "city_admin",
        body={"file": {"content": base64.b64encode(b"Text").decode(), "contentType": "text/plain"}},
    )
    processed(city, picture())
    prepare(city)
    built(city)
    there = city.files()
    assert {key.partition("/")[0] for key in there} == {"people", "documents", "media", "builds"}
    in_hours(24 * 300)
    assert city.files() == there


def test_the_photo_before_the_one_that_is_shown_is_a_stray_if_nobody_said_so(city: City) -> None:
    person = known(city)
    person.call("upload-profile-photo", body={"photo": {"content": base64.b64encode(picture()).decode()}})
    [kept] = city.files()
    storage.put(city.id, f"people/{person.id}/never-committed.jpg", b"x")
    in_hours(25)
    assert city.files() == [kept]


def test_a_header_stays_and_the_one_that_never_was_goes(city: City) -> None:
    with registered(city) as made:
        upload_header(made, made.tenant.slug, picture())
        [kept] = made.files()
        storage.put(made.id, f"city/header-{uuid4()}.png", b"x")
        in_hours(25)
        assert made.files() == [kept]


def test_exports_and_what_nobody_knows_are_left_alone(city: City) -> None:
    keys = [f"exports/{uuid4()}/core.json", f"new-module/{uuid4()}/x"]
    for key in keys:
        storage.put(city.id, key, b"x")
    in_hours(24 * 300)
    assert city.files() == keys


def test_a_file_of_the_same_name_in_another_city_is_judged_by_that_citys_rows(
    city: City, other_city: City
) -> None:
    medium = processed(city, picture())
    mine = city.files()
    for key in mine:
        storage.put(other_city.id, key, b"x")
    in_hours(25)
    assert (city.files(), other_city.files()) == (mine, [])
    assert medium in mine[0]


def test_buckets_of_no_city_are_left_alone() -> None:
    nobody = UUID(int=time.time_ns())
    storage.put(nobody, "media/x/upload", b"x")
    in_hours(25)
    assert list(storage.keys(nobody)) == ["media/x/upload"]
