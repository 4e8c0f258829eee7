"""Photos of people: made safe, shown by a link that expires, one at a time."""

import base64
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from shared.adapters import storage
from shared.sandbox.pictures import RENDER
from tests.core.test_media import bomb, hard, picture
from tests.privacy.conftest import servers, thirdparty
from tests.shared.test_slots import until
from tests.support import Answer, City, call
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
    return city.files()


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


def test_a_form_that_is_sent_again_has_another_boundary_and_is_the_same_request(person: Known) -> None:
    body = FORM[0] + picture("PNG") + FORM[1]
    first, again, other = (
        person.call(
            "upload-profile-photo",
            body=sent.replace(b"--x", b"--" + boundary),
            headers={
                "content-type": f"multipart/form-data; boundary={boundary.decode()}",
                "idempotency-key": "once",
            },
        )
        for sent, boundary in ((body, b"one"), (body, b"two"), (FORM[0] + picture() + FORM[1], b"three"))
    )
    assert (again.status, again.raw) == (200, first.raw)
    assert other.code == "IDEMPOTENCY_KEY_REUSED"


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


def test_guests_of_one_address_send_ten_photos_an_hour_and_people_as_many_as_they_like(
    city: City, person: Known
) -> None:
    address: dict[str, Any] = {"address": f"192.0.2.{uuid4().int % 200}"}
    broken = {"photo": {"content": base64.b64encode(b"no picture").decode()}}
    guests = [known(city, email="", guest=True) for _ in range(3)]
    tokens = [guest.token(guest=True) for guest in guests]
    tried = [
        call("upload-profile-photo", token=tokens[number % 3], body=broken, **address) for number in range(11)
    ]
    assert [answer.status for answer in tried] == [422] * 10 + [429]
    assert 0 < int(tried[-1].headers["Retry-After"]) <= 3600
    assert person.call("upload-profile-photo", body=broken, **address).status == 422


def test_many_photos_of_one_citys_guests_leave_another_city_its_turn(city: City, other_city: City) -> None:
    photo = {"photo": {"content": base64.b64encode(hard()).decode()}}
    guests = [known(city, email="", guest=True) for _ in range(6)]
    somebody = known(other_city)
    with ThreadPoolExecutor(12) as threads:
        flood = [
            threads.submit(
                call,
                "upload-profile-photo",
                token=guest.token(guest=True),
                body=photo,
                address=f"198.51.100.{number}",
            )
            for number, guest in enumerate(guests)
            for _ in range(2)
        ]
        # those that found no place
        until(lambda: sum(answer.done() for answer in flood) >= len(flood) - RENDER.slots.places)
        assert upload(somebody, picture()).status == 200
        outcomes = {answer.result().status for answer in flood}
    assert outcomes == {200, 503}


def test_a_photo_that_is_too_large_is_refused(person: Known) -> None:
    refused = upload(person, b"\xff\xd8\xff" + b"x" * 10 * 1024 * 1024)
    assert (refused.status, refused.code) == (413, "PAYLOAD_TOO_LARGE")
    assert upload(person, b"x" * 15 * 1024 * 1024).status == 413


def test_administrators_see_it_and_other_cities_do_not(city: City, other_city: City, person: Known) -> None:
    upload(person, picture())
    seen = known(city, "city_admin").call("get-user", path=f"/api/users/{person.id}").body["photoUrl"]
    assert httpx.get(seen).status_code == 200
    assert list(storage.keys(other_city.id)) == []


@pytest.mark.parametrize("name", ["contentType", "content_type"])
def test_the_type_of_a_file_in_json_is_named_as_everything_else_is(person: Known, name: str) -> None:
    photo = {"content": base64.b64encode(picture()).decode(), name: "image/jpeg", "filename": "ich.jpg"}
    assert person.call("upload-profile-photo", body={"photo": photo}).status == 200
