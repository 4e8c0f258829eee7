"""shared/adapters/storage.py against the local object store, through boto3."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import httpx
import pytest

from shared.adapters import storage
from shared.adapters.circuit_breaker import FAULTS
from shared.adapters.storage import ObjectNotFound, StorageUnavailable
from shared.kit.settings import settings
from tests.adapters.running import ThirdParties, free_ports
from tooling.stack.environment import entered

pytestmark = pytest.mark.usefixtures("thirdparty")
WEEK = 7 * 24 * 3600


@pytest.fixture
def tenant() -> UUID:
    return uuid4()


def test_what_was_stored_comes_back_byte_for_byte(tenant: UUID) -> None:
    data = bytes(range(256)) * 5000
    stored = storage.put(tenant, "media/2024/Rathaus.jpg", data, "image/jpeg")
    assert storage.get(tenant, "media/2024/Rathaus.jpg") == data
    found = storage.stat(tenant, "media/2024/Rathaus.jpg")
    assert (found.size, found.content_type, found.etag) == (
        len(data),
        "image/jpeg",
        hashlib.md5(data).hexdigest(),
    )
    assert (stored.etag, stored.size) == (found.etag, found.size)


def test_an_empty_file_is_a_file(tenant: UUID) -> None:
    storage.put(tenant, "empty", b"")
    assert storage.get(tenant, "empty") == b""
    assert storage.stat(tenant, "empty").size == 0


@pytest.mark.parametrize(
    "key",
    [
        "Straße/Öffnungszeiten – Übersicht.pdf",
        "عربي/فارسی",
        "a b+c%20d&e=f?g#h~i",
        "UPPER",
        "upper",
        "%2e%2e%2f%2e%2e%2fetc",
        "x" * 1024,
        "ü" * 512,
        "dir/name",
        "dir",
    ],
)
def test_every_key_is_its_own_object(tenant: UUID, key: str) -> None:
    storage.put(tenant, key, key.encode())
    storage.put(tenant, key + "2" if len(key) < 500 else key[:-1], b"another")
    assert storage.get(tenant, key) == key.encode()
    assert key in list(storage.keys(tenant))


@pytest.mark.parametrize(
    "key", ["", "/a", "../a", "a/../../b", "a/..", "./a", "a//b", "a\x00b", "a\nb", "x" * 1025]
)
def test_a_key_that_could_lead_elsewhere_is_refused_before_anything_is_sent(tenant: UUID, key: str) -> None:
    for call in (
        lambda: storage.put(tenant, key, b""),
        lambda: storage.get(tenant, key),
        lambda: storage.delete(tenant, key),
        lambda: storage.sign_get(tenant, key, 60),
    ):
        with pytest.raises(ValueError, match="a key has"):
            call()


def test_a_missing_file_is_not_found_with_and_without_a_bucket(tenant: UUID) -> None:
    for _ in range(2):
        with pytest.raises(ObjectNotFound):
            storage.get(tenant, "nothing")
        with pytest.raises(ObjectNotFound):
            storage.stat(tenant, "nothing")
        storage.delete(tenant, "nothing")
        storage.put(tenant, "something", b"")


def test_deleting_removes_one_file_and_no_other(tenant: UUID) -> None:
    for key in ("a", "a/b", "ab"):
        storage.put(tenant, key, b"x")
    storage.delete(tenant, "a")
    storage.delete(tenant, "a")
    assert list(storage.keys(tenant)) == ["a/b", "ab"]


def test_tenants_have_their_own_buckets(tenant: UUID) -> None:
    storage.put(tenant, "logo.png", b"ours")
    other = uuid4()
    with pytest.raises(ObjectNotFound):
        storage.get(other, "logo.png")
    assert list(storage.keys(other)) == []
    assert storage.bucket_of(tenant).endswith(str(tenant))


def test_a_second_put_replaces_the_first(tenant: UUID) -> None:
    storage.put(tenant, "page", b"old and longer", "text/plain")
    storage.put(tenant, "page", b"new", "text/html")
    assert storage.get(tenant, "page") == b"new"
    assert storage.stat(tenant, "page").content_type == "text/html"


def test_a_signed_link_downloads_without_a_login(tenant: UUID) -> None:
    storage.put(tenant, "bundle.zip", b"PK", "application/zip")
    answer = httpx.get(storage.sign_get(tenant, "bundle.zip", 60))
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (
        200,
        b"PK",
        "application/zip",
    )


def test_a_signed_link_can_say_under_which_name_to_save(tenant: UUID) -> None:
    storage.put(tenant, "x", b"1")
    name = 'Bürger"büro\r\nX-Evil: 1 – زبان.pdf'
    disposition = httpx.get(storage.sign_get(tenant, "x", 60, name)).headers["content-disposition"]
    assert disposition.startswith('attachment; filename="B_rger_b_ro__X-Evil: 1 _')
    assert "filename*=UTF-8''B%C3%BCrger%22b%C3%BCro%0D%0AX-Evil" in disposition


def test_a_signed_link_stops_working_when_it_expires(tenant: UUID, thirdparty: ThirdParties) -> None:
    storage.put(tenant, "x", b"1")
    link = storage.sign_get(tenant, "x", 600)
    with thirdparty.clock.later(590):
        assert httpx.get(link).status_code == 200
    with thirdparty.clock.later(601):
        answer = httpx.get(link)
    assert answer.status_code == 403
    assert "Request has expired" in answer.text


@pytest.mark.parametrize(
    "change",
    [
        ("X-Amz-Expires=60", "X-Amz-Expires=6000"),
        ("/x?", "/y?"),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders="),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("X-Amz-Credential=AKIATEST", "X-Amz-Credential=AKIAELSE"),
        ("/x?", "/x?response-content-type=text%2Fhtml&"),
        ("/x?", "/%78%00?"),
    ],
)
def test_a_tampered_link_is_refused(tenant: UUID, change: tuple[str, str]) -> None:
    storage.put(tenant, "x", b"1")
    storage.put(tenant, "y", b"secret")
    link = storage.sign_get(tenant, "x", 60)
    assert change[0] in link
    answer = httpx.get(link.replace(*change))
    assert answer.status_code in {400, 403}
    assert b"secret" not in answer.content


def test_a_link_to_download_neither_deletes_nor_overwrites(tenant: UUID) -> None:
    storage.put(tenant, "x", b"1")
    link = storage.sign_get(tenant, "x", 60)
    assert httpx.delete(link).status_code == 403
    assert httpx.put(link, content=b"2").status_code == 403
    assert storage.get(tenant, "x") == b"1"


def test_a_link_for_one_tenant_does_not_open_another_tenants_bucket(tenant: UUID) -> None:
    other = uuid4()
    for owner in (tenant, other):
        storage.put(owner, "x", b"1")
    link = storage.sign_get(tenant, "x", 60).replace(str(tenant), str(other))
    assert httpx.get(link).status_code == 403


def test_a_signed_upload_takes_exactly_the_file_it_was_made_for(tenant: UUID) -> None:
    upload = storage.sign_put(tenant, "photo.png", "image/png", 4, 60)
    assert upload.method == "PUT"
    assert httpx.put(upload.url, content=b"\x89PNG", headers=upload.headers).status_code == 200
    found = storage.stat(tenant, "photo.png")
    assert (found.size, found.content_type) == (4, "image/png")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"\x89PN", "image/png"),
        (b"\x89PNG!", "image/png"),
        (b"\x89PNG", "image/svg+xml"),
        (b"\x89PNG", "text/html"),
    ],
)
def test_an_upload_of_another_size_or_type_is_refused(
    tenant: UUID, content: bytes, content_type: str
) -> None:
    upload = storage.sign_put(tenant, "photo.png", "image/png", 4, 60)
    answer = httpx.put(upload.url, content=content, headers={"Content-Type": content_type})
    assert answer.status_code == 403
    with pytest.raises(ObjectNotFound):
        storage.stat(tenant, "photo.png")


def test_an_upload_without_a_length_is_refused(tenant: UUID) -> None:
    upload = storage.sign_put(tenant, "photo.png", "image/png", 4, 60)
    answer = httpx.put(upload.url, content=iter([b"\x89PNG"]), headers={"Content-Type": "image/png"})
    assert answer.status_code == 403


def test_an_upload_link_cannot_be_turned_into_a_copy_of_another_file(tenant: UUID) -> None:
    other = uuid4()
    storage.put(other, "secret", b"theirs")
    upload = storage.sign_put(tenant, "mine", "image/png", 0, 60)
    steal = {**upload.headers, "x-amz-copy-source": f"{storage.bucket_of(other)}/secret"}
    assert httpx.put(upload.url, content=b"", headers=steal).status_code == 403
    with pytest.raises(ObjectNotFound):
        storage.stat(tenant, "mine")


def test_a_browser_may_upload_by_a_signed_link(tenant: UUID) -> None:
    upload = storage.sign_put(tenant, "photo.png", "image/png", 4, 60)
    asked = {
        "Origin": "https://kiel.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = httpx.request("OPTIONS", upload.url, headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "content-type" in preflight.headers["access-control-allow-headers"]
    answer = httpx.put(
        upload.url, content=b"\x89PNG", headers={**upload.headers, "Origin": "https://kiel.example"}
    )
    assert answer.headers["access-control-allow-origin"] == "*"
    other = httpx.request("OPTIONS", upload.url, headers={**asked, "Access-Control-Request-Method": "DELETE"})
    assert other.status_code == 403


@pytest.mark.parametrize(("method", "key"), [("AES256", ""), ("aws:kms", ""), ("aws:kms", "alias/heidi")])
def test_files_are_encrypted_by_the_store_as_it_is_asked_to(
    tenant: UUID, monkeypatch: pytest.MonkeyPatch, method: str, key: str
) -> None:
    monkeypatch.setattr(settings(), "s3_sse", method)
    monkeypatch.setattr(settings(), "s3_sse_key", key)
    storage.put(tenant, "ours", b"1")
    upload = storage.sign_put(tenant, "theirs", "image/png", 4, 60)
    assert httpx.put(upload.url, content=b"\x89PNG", headers=upload.headers).status_code == 200
    plain = {"Content-Type": "image/png"}
    # the link is good for an encrypted file only
    assert httpx.put(upload.url, content=b"\x89PNG", headers=plain).status_code == 403
    for name in ("ours", "theirs"):
        kept = httpx.get(storage.sign_get(tenant, name, 60)).headers
        assert (
            kept["x-amz-server-side-encryption"],
            kept.get("x-amz-server-side-encryption-aws-kms-key-id", ""),
        ) == (method, key)


def test_what_is_not_asked_for_is_up_to_the_store(tenant: UUID) -> None:
    storage.put(tenant, "x", b"1")
    assert "x-amz-server-side-encryption" not in httpx.get(storage.sign_get(tenant, "x", 60)).headers


def test_an_encryption_that_does_not_exist_is_refused(tenant: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "s3_sse", "ROT13")
    with pytest.raises(StorageUnavailable):
        storage.put(tenant, "x", b"1")


@pytest.mark.parametrize("expires_in", [0, -1, WEEK + 1])
def test_a_link_lives_at_most_a_week(tenant: UUID, expires_in: int) -> None:
    with pytest.raises(ValueError, match="seven days"):
        storage.sign_get(tenant, "x", expires_in)


def test_more_than_a_page_of_keys_is_listed_whole_and_in_order(
    tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tooling.thirdparty.object_store.listing.PAGE", 3)
    expected = sorted((f"m/{name}" for name in ("a", "Z", "ä", "b c", "b/c", "b", "b+", "m")), key=str.encode)
    for key in (*expected, "other"):
        storage.put(tenant, key, b"")
    assert list(storage.keys(tenant, "m/")) == expected


def test_many_threads_share_one_client_and_create_one_bucket(tenant: UUID) -> None:
    def work(number: int) -> bytes:
        storage.put(tenant, f"n/{number}", str(number).encode())
        return storage.get(tenant, f"n/{number}")

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(64))) == [str(number).encode() for number in range(64)]
    assert len(list(storage.keys(tenant))) == 64


def test_a_server_that_is_down_is_unavailable_and_not_missing(tenant: UUID, thirdparty: ThirdParties) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    with entered({**thirdparty.environment(), "S3_ENDPOINT": nobody}):
        for call in (
            lambda: storage.get(tenant, "x"),
            lambda: storage.put(tenant, "x", b""),
            lambda: storage.stat(tenant, "x"),
            lambda: storage.delete(tenant, "x"),
        ):
            with pytest.raises(StorageUnavailable):
                call()


def test_wrong_credentials_make_the_store_unavailable(tenant: UUID, thirdparty: ThirdParties) -> None:
    storage.put(tenant, "x", b"1")
    for wrong in ({"S3_SECRET_KEY": "not it"}, {"S3_ACCESS_KEY": "AKIAELSE"}):
        with entered({**thirdparty.environment(), **wrong}), pytest.raises(StorageUnavailable):
            storage.get(tenant, "x")


def test_a_file_that_rotted_on_disk_is_never_handed_out(tenant: UUID, thirdparty: ThirdParties) -> None:
    storage.put(tenant, "x", b"good bytes")
    path = thirdparty.config.thirdparty_dir / "objects" / storage.bucket_of(tenant) / "x.o"
    path.write_bytes(path.read_bytes().replace(b"good", b"bad!"))
    with pytest.raises(StorageUnavailable):
        storage.get(tenant, "x")


def test_a_store_that_is_away_is_left_alone_and_links_to_it_are_made_all_the_same(
    tenant: UUID, thirdparty: ThirdParties
) -> None:
    with entered({**thirdparty.environment(), "S3_ENDPOINT": f"http://127.0.0.1:{free_ports(1)[0]}"}):
        for _ in range(FAULTS):
            with pytest.raises(StorageUnavailable):
                storage.stat(tenant, "x")
        with pytest.raises(StorageUnavailable) as error:
            storage.stat(tenant, "x")
        assert error.value.details["paused"] > 0
        assert storage.sign_get(tenant, "x", 60)
    storage.put(tenant, "x", b"")  # another account with another store
