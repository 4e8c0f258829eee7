"""Photos of people: made safe, shown by a link that expires, one at a time."""

import base64
import io

import httpx
import pytest
from PIL import Image

from shared import storage
from tests.core.test_media import bomb, picture
from tests.privacy.conftest import servers, thirdparty
from tests.support import Answer, City
from tests.users.people import Known, known

__all__ = ["servers", "thirdparty"]
pytestmark = pytest.mark.usefixtures("thirdparty")
FORM = (
    b'--x\r\nContent-Disposition: form-data; name="photo"; filename="../../me.svg"\r\nContent-Type: image/svg+xml\r\n\r\n',
    b"\r\n--x--\r\n",
)


@pytest.fixture
def person(city: City) -> Known:
    return known(city)


def upload(person: Known, content: bytes) -> Answer:
    return person.call(
        "upload-profile-photo", body={"photo": {"content": base64.b64encode(content).decode()}}
    )


def files(city: City) -> list[str]:
    return list(storage.keys(city.id))


def test_a_photo_is_shown_without_what_the_camera_noted(person: Known) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Spy Camera"
    made = upload(person, picture(exif=exif, comment=b"secret comment"))
    assert made.status == 200, made.body
    shown = httpx.get(made.body["photoUrl"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert b"Spy" not in shown.content
    assert b"secret" not in shown.content
    assert httpx.get(person.call("get-my-profile").body["photoUrl"]).content == shown.content


def test_a_photo_may_come_as_a_form_and_its_name_says_nothing(city: City, person: Known) -> None:
    body = FORM[0] + picture("PNG") + FORM[1]
    made = person.call(
        "upload-profile-photo", body=body, headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert made.status == 200, made.body
    [key] = files(city)
    assert key.startswith(f"people/{person.id}/")
    assert key.endswith(".png")
    assert Image.open(io.BytesIO(httpx.get(made.body["photoUrl"]).content)).format == "PNG"


def test_the_earlier_photo_is_gone(city: City, person: Known) -> None:
    first = upload(person, picture()).body["photoUrl"]
    second = upload(person, picture("PNG")).body["photoUrl"]
    assert len(files(city)) == 1
    assert (httpx.get(first).status_code, httpx.get(second).status_code) == (404, 200)
    assert person.call("remove-profile-photo").status == 204
    assert files(city) == []
    assert person.call("get-my-profile").body["photoUrl"] is None


@pytest.mark.parametrize(
    "content",
    [b"<svg onload='alert(1)'/>", b"GIF89a" + b"\0" * 99, picture()[:300], bomb()],
    ids=["svg", "gif", "half", "bomb"],
)
def test_what_is_no_picture_is_refused(city: City, person: Known, content: bytes) -> None:
    refused = upload(person, content)
    assert (refused.status, refused.code) == (422, "PHOTO_UNUSABLE")
    assert files(city) == []


def test_a_photo_that_is_too_large_is_refused(person: Known) -> None:
    refused = upload(person, b"\xff\xd8\xff" + b"x" * 10 * 1024 * 1024)
    assert (refused.status, refused.code) == (413, "PAYLOAD_TOO_LARGE")
    assert upload(person, b"x" * 15 * 1024 * 1024).status == 413


def test_administrators_see_it_and_other_cities_do_not(city: City, other_city: City, person: Known) -> None:
    upload(person, picture())
    seen = known(city, "city_admin").call("get-user", path=f"/api/users/{person.id}").body["photoUrl"]
    assert httpx.get(seen).status_code == 200
    assert list(storage.keys(other_city.id)) == []
