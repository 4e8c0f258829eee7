"""Media: from the announcement over the upload to what everyone sees, and what is not let in."""

import io
import zlib
from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image, ImageCms

from shared.adapters import storage
from tests.adapters.running import ThirdParties
from tests.core.factories import make_category, make_listing, make_published
from tests.support import City, call, deliver
from tooling.stack.environment import entered

GPS, MAKE, ORIENTATION = 0x8825, 0x010F, 0x0112


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThirdParties]:
    running = ThirdParties(tmp_path_factory.mktemp("thirdparty"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def object_store(servers: ThirdParties) -> Iterator[None]:
    with entered(servers.environment()):
        yield


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (640, 480), mode: str = "RGB", **options: Any
) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, 128 if len(mode) == 1 else (10, 120, 200, 128)[: len(mode)]).save(
        file, kind, **options
    )
    return file.getvalue()


def announce(city: City, data: bytes, content_type: str = "image/jpeg", role: str = "editor", **fields: Any):
    body = {
        "filename": "foto.jpg",
        "contentType": content_type,
        "size": len(data),
        "author": "Ada",
        "licence": "CC BY 4.0",
    }
    return city.call("request-upload", role, body=body | fields)


def send(link: dict[str, Any], data: bytes) -> int:
    return httpx.request(link["method"], link["url"], content=data, headers=link["headers"]).status_code


def complete(city: City, media_id: object, role: str = "editor"):
    return city.call("complete-upload", role, path=f"/api/media/{media_id}/complete")


def uploaded(city: City, data: bytes, content_type: str = "image/jpeg", **fields: Any) -> str:
    """The id of a file that was announced, sent and completed."""
    link = announce(city, data, content_type, **fields)
    assert link.status == 201, link.body
    assert send(link.body, data) == 200
    done = complete(city, link.body["mediaId"], fields.get("role", "editor"))
    assert (done.status, done.body.get("state")) == (200, "uploaded"), done.body
    return str(link.body["mediaId"])


def processed(city: City, data: bytes, content_type: str = "image/jpeg", **fields: Any) -> str:
    """The id of a file that was also processed."""
    media_id = uploaded(city, data, content_type, **fields)
    process(city, media_id)
    return media_id


def process(city: City, media_id: str) -> None:
    [said] = [event for event in city.events("media.uploaded") if event.data["mediaId"] == media_id]
    assert deliver("process-media", said).status == 204


def show(city: City, media_id: object, query: str = "", role: str = "editor"):
    """As whoever uploads here; everyone else sees only what is attached to something public."""
    return city.call("get-media", role, path=f"/api/media/{media_id}", query=query)


def shown(city: City, media_id: str, query: str = "") -> httpx.Response:
    answer = show(city, media_id, query)
    assert answer.status == 302, answer.body
    return httpx.get(answer.headers["Location"])


def looked_at(city: City, media_id: str, query: str = "") -> Image.Image:
    return Image.open(io.BytesIO(shown(city, media_id, query).content))


def row(city: City, media_id: str) -> dict[str, Any]:
    [[state, problem, width, height]] = city.rows(
        "core", "SELECT state, problem, width, height FROM media WHERE id = :id", id=media_id
    )
    return {"state": state, "problem": problem, "width": width, "height": height}


def files(city: City) -> list[str]:
    return [key.rpartition("/")[2] for key in city.files()]


def test_a_photo_is_shown_without_what_the_camera_noted_and_upright(city: City) -> None:
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = 6, "Spy Camera"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (49.0, 24.0, 44.0)
    data = picture(
        exif=exif,
        comment=b"secret comment",
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )
    assert b"Spy Camera" in data
    media_id = processed(city, data)
    answer = shown(city, media_id)
    assert answer.headers["content-type"] == "image/jpeg"
    for trace in (b"Spy Camera", b"secret", b"Exif", b"ICC_PROFILE"):
        assert trace not in answer.content
    image = looked_at(city, media_id)
    assert (image.size, dict(image.getexif())) == ((480, 640), {})
    assert row(city, media_id) == {"state": "ready", "problem": None, "width": 480, "height": 640}


def test_there_is_a_thumbnail_and_the_upload_itself_is_gone(city: City) -> None:
    media_id = processed(city, picture(size=(1200, 600)))
    assert looked_at(city, media_id, "size=thumbnail").size == (400, 200)
    assert files(city) == ["picture.jpg", "thumbnail"]


def hard() -> bytes:
    """A PNG of full size whose pixels make zlib look for the longest match for ever, where it is asked to."""
    file, bits = io.BytesIO(), bytes(number & 1 for number in range(256))
    Image.frombytes("RGBA", (2560, 2560), Random(1).randbytes(2560 * 2560 * 4).translate(bits)).save(
        file, "PNG", compress_level=1
    )
    return file.getvalue()


def test_a_picture_that_was_made_to_be_hard_to_pack_is_shown_like_any_other(city: City) -> None:
    data = hard()
    assert len(data) < 10_000_000
    assert row(city, processed(city, data, "image/png")) == {
        "state": "ready",
        "problem": None,
        "width": 2560,
        "height": 2560,
    }


def test_a_huge_picture_becomes_smaller(city: City) -> None:
    assert looked_at(city, processed(city, picture(size=(5000, 2500)))).size == (2560, 1280)


@pytest.mark.parametrize(
    ("kind", "content_type", "mode", "expected"),
    [
        ("PNG", "image/png", "RGBA", "RGBA"),
        ("PNG", "image/png", "P", "RGB"),
        ("PNG", "image/png", "LA", "RGBA"),
        ("PNG", "image/png", "1", "RGB"),
        ("WEBP", "image/webp", "RGBA", "RGBA"),
        ("JPEG", "image/jpeg", "CMYK", "RGB"),
        ("JPEG", "image/jpeg", "L", "RGB"),
    ],
)
def test_all_kinds_of_pictures_keep_their_format(
    city: City, kind: str, content_type: str, mode: str, expected: str
) -> None:
    media_id = processed(city, picture(kind, mode=mode), content_type)
    image = looked_at(city, media_id)
    assert (image.format, image.size, image.mode) == (kind, (640, 480), expected)
    assert row(city, media_id)["state"] == "ready"


def test_sixteen_bits_a_pixel_are_scaled_not_cut_off(city: City) -> None:
    file = io.BytesIO()
    Image.new("I;16", (10, 10), 0x8000).save(file, "PNG")
    assert looked_at(city, processed(city, file.getvalue(), "image/png")).convert("L").getpixel(
        (0, 0)
    ) in range(125, 131)


def test_a_document_is_offered_for_saving_under_its_name(city: City) -> None:
    data = b"%PDF-1.4\n%%EOF\n"
    media_id = processed(city, data, "application/pdf", filename="C:\\Akten\\Müllkalender.pdf")
    answer = shown(city, media_id)
    assert answer.content == data
    assert "attachment" in answer.headers["content-disposition"]
    assert "M%C3%BCllkalender.pdf" in answer.headers["content-disposition"]
    assert "Akten" not in answer.headers["content-disposition"]
    assert show(city, media_id, "size=thumbnail").code == "MEDIA_NOT_FOUND"


def test_nothing_is_shown_before_it_was_processed(city: City) -> None:
    data = picture()
    link = announce(city, data).body
    assert show(city, link["mediaId"]).code == "MEDIA_NOT_FOUND"
    send(link, data)
    complete(city, link["mediaId"])
    waiting = show(city, link["mediaId"])
    assert (waiting.status, waiting.code, waiting.headers["Retry-After"]) == (503, "MEDIA_NOT_READY", "2")
    process(city, link["mediaId"])
    assert show(city, link["mediaId"]).status == 302


def test_an_upload_is_complete_only_when_what_was_announced_is_there(city: City) -> None:
    data = picture()
    link = announce(city, data).body
    missing = complete(city, link["mediaId"])
    assert (missing.status, missing.code) == (409, "UPLOAD_MISSING")
    disguised = b"MZ" + b"\0" * (len(data) - 2)
    assert send(link, disguised) == 200
    refused = complete(city, link["mediaId"])
    assert (refused.status, refused.code) == (422, "UPLOAD_MISMATCH")
    assert refused.body["error"]["details"] == {"announced": "image/jpeg", "found": "something else"}
    assert send(link, data) == 200
    assert complete(city, link["mediaId"]).status == 200


def test_another_size_than_the_announced_is_refused(city: City) -> None:
    data = picture()
    link = announce(city, data).body
    storage.put(city.id, f"media/{link['mediaId']}/upload", data + b"more", "image/jpeg")
    assert complete(city, link["mediaId"]).code == "UPLOAD_MISMATCH"


def test_a_true_picture_under_a_false_name_is_refused(city: City) -> None:
    data = picture("PNG")
    link = announce(city, data).body
    send(link, data)
    assert complete(city, link["mediaId"]).body["error"]["details"]["found"] == "image/png"


def test_a_file_that_is_exchanged_after_it_was_looked_at_is_refused(city: City) -> None:
    data = picture()
    link = announce(city, data).body
    send(link, data)
    complete(city, link["mediaId"])
    send(link, b"<script>".ljust(len(data)))
    process(city, link["mediaId"])
    assert row(city, link["mediaId"])["state"] == "refused"
    assert show(city, link["mediaId"]).code == "MEDIA_NOT_FOUND"


def bomb() -> bytes:
    """A PNG of some hundred bytes that claims 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (60_000).to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (bomb(), "image/png"),
        (picture()[:3000], "image/jpeg"),
        (b"\xff\xd8\xff\xe1\xff\xff" + b"Exif\0\0" * 20, "image/jpeg"),
        (b"RIFF\x10\0\0\0WEBPVP8 \0\0\0\0", "image/webp"),
        (picture("PNG", (8000, 7000), "1"), "image/png"),
    ],
    ids=["bomb", "cut off", "broken exif", "empty webp", "too many pixels"],
)
def test_pictures_that_are_dangerous_or_damaged_are_refused_and_it_says_why(
    city: City, data: bytes, content_type: str
) -> None:
    media_id = processed(city, data, content_type)
    found = row(city, media_id)
    assert found["state"] == "refused"
    assert "picture" in found["problem"]
    assert files(city) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("contentType", "image/svg+xml"),
        ("contentType", "text/html"),
        ("size", 0),
        ("author", ""),
        ("licence", None),
        ("filename", ""),
    ],
)
def test_an_announcement_that_does_not_do_names_its_field(city: City, field: str, value: object) -> None:
    refused = announce(city, picture(), **dict[str, Any]({field: value}))
    assert (refused.status, refused.body["error"]["details"]["errors"][0]["field"]) == (422, field)


def test_pictures_have_ten_and_documents_fifty_megabytes(city: City) -> None:
    mega = 1024 * 1024
    for content_type, limit in (("image/png", 10 * mega), ("application/pdf", 50 * mega)):
        assert announce(city, b"", content_type, size=limit).status == 201
        refused = announce(city, b"", content_type, size=limit + 1)
        assert (refused.status, refused.code, refused.body["error"]["details"]["limit"]) == (
            413,
            "FILE_TOO_LARGE",
            limit,
        )


def test_the_event_comes_twice_and_is_processed_once(city: City) -> None:
    media_id = uploaded(city, picture())
    process(city, media_id)
    process(city, media_id)
    assert row(city, media_id)["state"] == "ready"
    assert complete(city, media_id).body["state"] == "ready"
    assert len(city.events("media.uploaded")) == 1


def test_when_the_object_store_is_away_the_event_is_tried_again(city: City) -> None:
    media_id = uploaded(city, picture())
    [said] = city.events("media.uploaded")
    with entered({"S3_ENDPOINT": "http://127.0.0.1:9"}):
        assert deliver("process-media", said).status == 503
    assert row(city, media_id)["state"] == "uploaded"
    process(city, media_id)
    assert row(city, media_id)["state"] == "ready"


def test_only_who_announced_a_file_completes_it_and_other_cities_see_nothing(
    city: City, other_city: City
) -> None:
    data = picture()
    link = announce(city, data).body
    send(link, data)
    assert complete(city, link["mediaId"], "city_admin").code == "MEDIA_NOT_FOUND"
    assert complete(other_city, link["mediaId"]).code == "MEDIA_NOT_FOUND"
    complete(city, link["mediaId"])
    process(city, link["mediaId"])
    assert show(other_city, link["mediaId"]).code == "MEDIA_NOT_FOUND"
    assert call("request-upload", tenant=city.tenant.slug, body={}).status == 401


def test_a_listing_shows_its_media_in_the_order_it_names_them(city: City) -> None:
    first, second = uploaded(city, picture(), alt="Eingang"), processed(city, picture())
    listing = make_listing(city, mediaIds=[second, first])
    assert [item["id"] for item in listing["media"]] == [second, first]
    assert listing["media"][1] == {
        "id": first,
        "url": f"/api/media/{first}",
        "alt": "Eingang",
        "author": "Ada",
        "licence": "CC BY 4.0",
    }


def test_a_listing_that_names_unknown_media_is_refused_and_told_which(city: City, other_city: City) -> None:
    announced = announce(city, picture()).body["mediaId"]
    foreign, unknown, good = uploaded(other_city, picture()), str(uuid4()), uploaded(city, picture())
    body = {
        "title": "Mit Bild",
        "categoryId": str(make_category(city)),
        "mediaIds": [good, announced, foreign, unknown],
    }
    refused = city.call("create-listing", "editor", body=body)
    assert refused.status == 422
    errors = refused.body["error"]["details"]["errors"]
    assert {error["field"] for error in errors} == {"mediaIds"}
    assert [error["limits"]["id"] for error in errors] == [announced, foreign, unknown]
    assert city.call("list-listings", "editor", query="mine=true&status=pending_approval").body["items"] == []


def delete(city: City, media_id: str, role: str = "editor"):
    return city.call("delete-media", role, path=f"/api/media/{media_id}")


def test_what_is_deleted_is_gone_from_the_store_and_from_listings(city: City) -> None:
    gone, kept = processed(city, picture()), processed(city, picture())
    listing = make_published(city, mediaIds=[gone, kept])
    assert delete(city, gone, "city_admin").status == 204
    assert show(city, gone).code == "MEDIA_NOT_FOUND"
    assert sorted(files(city)) == ["picture.jpg", "thumbnail"]
    after = city.call("get-listing", path=f"/api/listings/{listing['id']}").body
    assert ([item["id"] for item in after["media"]], after["version"]) == ([kept], listing["version"] + 1)


def test_what_is_deleted_is_gone_from_answers_that_were_kept(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.adapters.published.SECONDS", 30)
    gone = processed(city, picture())
    make_published(city, mediaIds=[gone])

    def shown() -> list[str]:
        [item] = city.call("list-listings").body["items"]
        return [medium["id"] for medium in item["media"]]

    assert shown() == [gone]
    assert delete(city, gone, "city_admin").status == 204
    assert shown() == []


def test_authors_delete_their_own_files_unless_the_public_sees_them(city: City) -> None:
    own, used, others = (
        uploaded(city, picture()),
        uploaded(city, picture()),
        uploaded(city, picture(), role="city_admin"),
    )
    make_published(city, mediaIds=[used])
    assert delete(city, own).status == 204
    assert (delete(city, used).status, delete(city, used).code) == (409, "MEDIA_IN_USE")
    assert delete(city, others).code == "MEDIA_NOT_FOUND"


def test_a_medium_is_deleted_though_the_object_store_is_away_and_its_files_follow(city: City) -> None:
    media_id = processed(city, picture())
    with entered({"S3_ENDPOINT": "http://127.0.0.1:9"}):
        assert delete(city, media_id).status == 204
    assert show(city, media_id).code == "MEDIA_NOT_FOUND"
    assert files(city) == []
