"""A city's header image: made safe, shown to everyone, replaced as a whole."""

import base64
import io
from typing import Any

import httpx
import pytest
from PIL import Image

from shared.adapters import storage
from tests.city.factories import platform, registered
from tests.support import City, call

pytestmark = pytest.mark.usefixtures("thirdparty")


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 320), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (10, 120, 200)).save(file, kind, **options)
    return file.getvalue()


def upload(by: City, which: object, data: bytes, role: str = "super_city_admin"):
    body = {"picture": {"content": base64.b64encode(data).decode()}}
    return by.call("upload-city-header", role, path=f"/api/cities/{which}/header", body=body)


def show(which: object):
    return call("get-city-header", path=f"/api/cities/{which}/header")


def test_a_header_is_shown_to_everyone_without_what_the_camera_noted(city: City) -> None:
    with registered(city) as made:
        assert show(made.id).code == "HEADER_NOT_FOUND"
        kept = upload(made, made.tenant.slug, picture(comment=b"secret comment"))
        assert kept.status == 200, kept.body
        assert (kept.body["width"], kept.body["height"]) == (640, 320)
        shown = show(made.tenant.slug)
        assert shown.status == 302
        file = httpx.get(shown.headers["Location"])
        assert (file.status_code, file.headers["content-type"]) == (200, "image/jpeg")
        assert b"secret" not in file.content
        assert (
            call("get-city", path=f"/api/cities/{made.id}").body["headerUrl"]
            == kept.body["headerUrl"]
            == f"/api/cities/{made.tenant.slug}/header"
        )


def test_a_form_is_taken_as_well(city: City) -> None:
    with registered(city) as made:
        body = (
            b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
            + picture("PNG")
            + b"\r\n--x--\r\n"
        )
        kept = made.call(
            "upload-city-header",
            "super_city_admin",
            path=f"/api/cities/{made.id}/header",
            body=body,
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
        assert kept.status == 200, kept.body
        assert [key.rpartition(".")[2] for key in storage.keys(made.id)] == ["png"]


def test_a_new_header_takes_the_place_of_the_one_before(city: City) -> None:
    with registered(city) as made:
        upload(made, made.id, picture())
        [first] = storage.keys(made.id)
        upload(made, made.id, picture("WEBP", (300, 100)))
        [second] = made.files()
        assert (first.endswith(".jpg"), second.endswith(".webp")) == (True, True)


@pytest.mark.parametrize(
    "data",
    [b"GIF89a", b"<svg onload='alert(1)'/>", b"%PDF-1.7", picture()[:200], picture("GIF")],
    ids=["gif", "svg", "pdf", "half a picture", "a whole gif"],
)
def test_what_is_no_picture_is_refused_and_leaves_nothing(city: City, data: bytes) -> None:
    with registered(city) as made:
        refused = upload(made, made.id, data)
        assert (refused.status, refused.code) == (422, "HEADER_INVALID")
        assert list(storage.keys(made.id)) == []


def test_an_empty_file_is_none(city: City) -> None:
    with registered(city) as made:
        refused = upload(made, made.id, b"")
        assert (refused.status, refused.body["error"]["details"]["errors"][0]["field"]) == (
            422,
            "picture.content",
        )


def test_a_picture_over_ten_megabytes_is_refused(city: City) -> None:
    with registered(city) as made:
        assert upload(made, made.id, picture() + b"\0" * 10 * 1024 * 1024).code == "PAYLOAD_TOO_LARGE"


def test_nobody_changes_another_citys_header_and_a_city_that_is_off_shows_none(city: City) -> None:
    with registered(city) as mine, registered(city) as foreign:
        assert upload(mine, foreign.id, picture()).code == "CITY_NOT_FOUND"
        assert upload(mine, mine.id, picture(), "city_admin").code == "FORBIDDEN"
        upload(mine, mine.id, picture())
        platform(city, "deactivate-city", mine.id, "/deactivate")
        assert show(mine.id).code == "CITY_NOT_FOUND"


def test_the_platform_may_do_it_in_a_citys_place_as_often_as_it_tries(city: City) -> None:
    with registered(city) as made:
        body = {"picture": {"content": base64.b64encode(picture()).decode()}}
        for _ in range(2):
            kept = platform(
                city, "upload-city-header", made.id, "/header", body=body, headers={"idempotency-key": "k"}
            )
            assert kept.status == 200, kept.body
        assert len(made.files()) == 1
