"""The local object store itself: what other S3 clients may send, and what nobody may."""

import base64
import hashlib
import http.client
import io
import os
import socket
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum, Sha256Checksum

from shared.adapters.storage import s3_client
from tests.adapters.running import ThirdParties
from tooling.thirdparty.object_store.checksums import ALGORITHMS, encoded

Client = Any
Send = Callable[..., httpx.Response]
TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@pytest.fixture
def s3(thirdparty: ThirdParties) -> Client:
    return s3_client()


@pytest.fixture
def bucket(s3: Client) -> str:
    name = f"b-{uuid4()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return name


@pytest.fixture
def send(thirdparty: ThirdParties) -> Send:
    """Sign a request as an S3 client does and send it, with a body that may be another one."""

    class Auth(S3SigV4Auth):  # type: ignore[misc]  # botocore has no types
        def payload(self, request: AWSRequest) -> str:
            return request.context.get("payload") or super().payload(request)

    def send(
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: dict[str, str] | None = None,
        payload: str = "",
        unsigned: dict[str, str] | None = None,
        sent: bytes | None = None,
    ) -> httpx.Response:
        request = AWSRequest(method, thirdparty.url("object_store") + path, headers=headers, data=body)
        request.context["payload"] = payload
        keys = Credentials(thirdparty.config.s3_access_key, thirdparty.config.s3_secret_key)
        Auth(keys, "s3", "eu-central-1").add_auth(request)
        return httpx.request(
            method,
            request.url,
            content=body if sent is None else sent,
            headers={**dict(request.headers.items()), **(unsigned or {})},
        )

    return send


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def chunked(data: bytes, checksum: Any = Crc32Checksum, name: str = "x-amz-checksum-crc32") -> bytes:
    return bytes(AwsChunkedWrapper(io.BytesIO(data), checksum, name, chunk_size=1000).read())


def test_a_stranger_is_refused(thirdparty: ThirdParties, bucket: str) -> None:
    for method, path in (
        ("GET", "/"),
        ("GET", f"/{bucket}?list-type=2"),
        ("PUT", f"/{bucket}/x"),
        ("DELETE", f"/{bucket}/x"),
        ("PUT", "/new-bucket"),
        ("POST", f"/{bucket}?delete"),
    ):
        answer = httpx.request(method, thirdparty.url("object_store") + path)
        assert answer.status_code == 403
        assert "<Code>AccessDenied</Code>" in answer.text
    assert httpx.get(thirdparty.url("object_store") + "/health/ready").status_code == 200


def test_an_old_request_cannot_be_replayed(s3: Client, bucket: str, thirdparty: ThirdParties) -> None:
    for seconds in (16 * 60, -16 * 60):
        with thirdparty.clock.later(seconds), pytest.raises(ClientError) as error:
            s3.list_objects_v2(Bucket=bucket)
        assert code_of(error) == "RequestTimeTooSkewed"


@pytest.mark.parametrize(
    ("name", "value"), [("x-amz-meta-role", "admin"), ("x-amz-copy-source", "/other/secret")]
)
def test_a_header_that_was_not_signed_is_refused(send: Send, bucket: str, name: str, value: str) -> None:
    assert send("PUT", f"/{bucket}/x", b"1", headers={"Content-Length": "1"}).status_code == 200
    answer = send("PUT", f"/{bucket}/x", b"1", headers={"Content-Length": "1"}, unsigned={name: value})
    assert answer.status_code == 403


def test_another_body_than_the_signed_one_is_refused(send: Send, bucket: str, s3: Client) -> None:
    answer = send("PUT", f"/{bucket}/x", b"good", sent=b"evil")
    assert "XAmzContentSHA256Mismatch" in answer.text
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(("checksum", "name"), [(Crc32Checksum, "crc32"), (Sha256Checksum, "sha256")])
def test_a_chunked_upload_with_a_trailing_checksum_is_put_together(
    send: Send, s3: Client, bucket: str, checksum: Any, name: str
) -> None:
    data = os.urandom(300_123)
    header = f"x-amz-checksum-{name}"
    answer = send(
        "PUT",
        f"/{bucket}/x",
        payload=TRAILER,
        sent=chunked(data, checksum, header),
        headers={
            "Content-Encoding": "gzip,aws-chunked",
            "X-Amz-Trailer": header,
            "X-Amz-Decoded-Content-Length": str(len(data)),
        },
    )
    assert answer.status_code == 200, answer.text
    found = s3.get_object(Bucket=bucket, Key="x")
    assert found["Body"].read() == data
    assert found["ContentEncoding"] == "gzip"
    assert s3.head_object(Bucket=bucket, Key="x", ChecksumMode="ENABLED")[f"Checksum{name.upper()}"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body.replace(b"aaa", b"bbb", 1),
        lambda body: body[:-40],
        lambda body: body.replace(b"3e8\r\n", b"3e7\r\n"),
        lambda body: body.replace(b"x-amz-checksum-crc32", b"x-amz-checksum-crc99"),
        lambda _body: b"zzz\r\n",
        lambda _body: b"",
        lambda body: b"ffffffff\r\n" + body,
    ],
)
def test_a_damaged_chunked_upload_leaves_nothing(
    send: Send, s3: Client, bucket: str, damage: Callable[[bytes], bytes]
) -> None:
    answer = send(
        "PUT",
        f"/{bucket}/x",
        payload=TRAILER,
        sent=damage(chunked(b"a" * 3000)),
        headers={
            "Content-Encoding": "aws-chunked",
            "X-Amz-Trailer": "x-amz-checksum-crc32",
            "X-Amz-Decoded-Content-Length": "3000",
        },
    )
    assert answer.status_code == 400
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_the_python_checksums_are_those_of_the_standards() -> None:
    known = {"crc32": "cbf43926", "crc32c": "e3069283", "crc64nvme": "ae8b14860a799888"}
    for name, expected in known.items():
        digest = ALGORITHMS[name]()
        digest.update(b"1234")
        digest.update(b"56789")
        assert digest.digest().hex() == expected
    assert encoded(ALGORITHMS["crc32"]()) == base64.b64encode(zlib.crc32(b"").to_bytes(4, "big")).decode()


@pytest.mark.parametrize(
    "header",
    [
        {"Content-MD5": base64.b64encode(hashlib.md5(b"else").digest()).decode()},
        {"x-amz-checksum-sha1": base64.b64encode(hashlib.sha1(b"else").digest()).decode()},
        {"Content-MD5": "not base64!"},
        {"x-amz-checksum-crc32c": "AAAAAA=="},
    ],
)
def test_a_wrong_digest_is_refused(send: Send, bucket: str, header: dict[str, str]) -> None:
    assert send("PUT", f"/{bucket}/x", b"this", headers=header).status_code == 400


def test_metadata_and_headers_are_kept_and_copied(s3: Client, bucket: str) -> None:
    s3.put_object(
        Bucket=bucket,
        Key="a b/ü",
        Body=b"1",
        ContentType="text/css",
        CacheControl="max-age=60",
        ContentLanguage="de",
        ContentDisposition="inline",
        Metadata={"city": "kiel"},
    )
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a b/ü"})
    s3.copy_object(
        Bucket=bucket,
        Key="replaced",
        CopySource={"Bucket": bucket, "Key": "a b/ü"},
        ContentType="text/plain",
        Metadata={"city": "flensburg"},
        MetadataDirective="REPLACE",
    )
    copy, replaced = s3.get_object(Bucket=bucket, Key="copy"), s3.get_object(Bucket=bucket, Key="replaced")
    assert (copy["ContentType"], copy["CacheControl"], copy["Metadata"]) == (
        "text/css",
        "max-age=60",
        {"city": "kiel"},
    )
    assert (replaced["ContentType"], replaced["Metadata"]) == ("text/plain", {"city": "flensburg"})
    assert copy["Body"].read() == replaced["Body"].read() == b"1"
    with pytest.raises(ClientError) as error:
        s3.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "nothing"})
    assert code_of(error) == "NoSuchKey"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-3", b"0123"),
        ("bytes=7-", b"789"),
        ("bytes=-2", b"89"),
        ("bytes=5-500", b"56789"),
        ("bytes=-500", b"0123456789"),
    ],
)
def test_a_range_is_part_of_the_content(s3: Client, bucket: str, asked: str, expected: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="x", Body=b"0123456789")
    found = s3.get_object(Bucket=bucket, Key="x", Range=asked)
    assert found["Body"].read() == expected
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert found["ContentRange"].endswith("/10")


def test_a_range_beyond_the_end_is_refused(s3: Client, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="x", Body=b"0123456789")
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="x", Range="bytes=10-")
    assert code_of(error) == "InvalidRange"


def test_a_reader_with_the_same_version_is_told_so(s3: Client, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="x", Body=b"1")["ETag"]
    for condition in ({"IfNoneMatch": etag}, {"IfModifiedSince": datetime.now(UTC)}):
        with pytest.raises(ClientError) as error:
            s3.get_object(Bucket=bucket, Key="x", **condition)
        assert code_of(error) == "304"
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="x", IfMatch='"else"')
    assert code_of(error) == "PreconditionFailed"
    assert s3.get_object(Bucket=bucket, Key="x", IfMatch=etag)["Body"].read() == b"1"


def test_a_writer_can_insist_on_being_the_first_or_on_a_version(s3: Client, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="x", Body=b"1", IfNoneMatch="*")["ETag"]
    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"else"'}):
        with pytest.raises(ClientError) as error:
            s3.put_object(Bucket=bucket, Key="x", Body=b"2", **condition)
        assert code_of(error) == "PreconditionFailed"
    s3.put_object(Bucket=bucket, Key="x", Body=b"3", IfMatch=etag)


def test_folders_are_folded_and_pages_go_on_where_they_stopped(s3: Client, bucket: str) -> None:
    for key in ("a/1", "a/2", "b", "b/1", "c c/ü", "d"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    seen: list[str] = []
    request = {"Bucket": bucket, "Delimiter": "/", "MaxKeys": 1}
    while True:
        page = s3.list_objects_v2(**request)
        seen += [found["Key"] for found in page.get("Contents", [])]
        seen += [found["Prefix"] for found in page.get("CommonPrefixes", [])]
        assert page["KeyCount"] == 1
        if not page["IsTruncated"]:
            break
        request["ContinuationToken"] = page["NextContinuationToken"]
    assert seen == ["a/", "b", "b/", "c c/", "d"]
    assert s3.list_objects_v2(Bucket=bucket, StartAfter="c c/ü")["Contents"][0]["Key"] == "d"
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["KeyCount"] == 0


def test_many_objects_are_deleted_at_once(s3: Client, bucket: str) -> None:
    keys = ["a", "ü/&<>", "dir/b"]
    for key in (*keys, "stays"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    deleted = s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": key} for key in (*keys, "nothing")]}
    )["Deleted"]
    assert {found["Key"] for found in deleted} == {*keys, "nothing"}
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["stays"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Delete>",
        b"<Delete></Delete>",
        b"<Other/>",
        b"\xff\xfe",
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&e;</Key></Object></Delete>',
    ],
)
def test_hostile_xml_is_refused(send: Send, bucket: str, body: bytes) -> None:
    answer = send("POST", f"/{bucket}?delete", body)
    assert (answer.status_code, "MalformedXML" in answer.text) == (400, True)


def test_buckets_live_and_die_by_the_rules(s3: Client, bucket: str) -> None:
    s3.head_bucket(Bucket=bucket)
    assert bucket in [found["Name"] for found in s3.list_buckets()["Buckets"]]
    with pytest.raises(ClientError) as error:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert code_of(error) == "BucketAlreadyOwnedByYou"
    s3.put_object(Bucket=bucket, Key="x" * 900, Body=b"")
    with pytest.raises(ClientError) as error:
        s3.delete_bucket(Bucket=bucket)
    assert code_of(error) == "BucketNotEmpty"
    s3.delete_object(Bucket=bucket, Key="x" * 900)
    s3.delete_bucket(Bucket=bucket)
    with pytest.raises(ClientError) as error:
        s3.head_bucket(Bucket=bucket)
    assert code_of(error) == "404"


@pytest.mark.parametrize(
    "path",
    [
        "/..",
        "/../etc",
        "/%2e%2e/passwd",
        "/.tmp/x",
        "/.tmp",
        "/A-Bucket",
        "/a",
        "/a..b/x",
        "/1.2.3.4",
        "/%00/x",
        "//x",
        "/%ff/x",
        "/bucket%2f..%2f..%2fx",
    ],
)
def test_no_path_leads_out_of_the_store(send: Send, thirdparty: ThirdParties, path: str) -> None:
    answer = send("PUT", path, b"x", headers={"Content-Length": "1"})
    assert answer.status_code in {400, 403, 405}
    objects = thirdparty.config.thirdparty_dir / "objects"
    assert {found.name for found in thirdparty.config.thirdparty_dir.iterdir()} == {"objects", "inbox"}
    assert not list((objects / ".tmp").iterdir())


def test_dots_in_a_key_stay_in_the_key(thirdparty: ThirdParties, s3: Client, bucket: str) -> None:
    key = "../../../../tmp/escaped"
    url = urlsplit(s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key}))
    connection = http.client.HTTPConnection(url.netloc)  # httpx would normalise the path
    connection.request("PUT", f"{url.path}?{url.query}", body=b"x")
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert len(list((thirdparty.config.thirdparty_dir / "objects" / bucket).iterdir())) == 1


@pytest.mark.parametrize(
    "query", ["acl", "tagging", "uploads", "partNumber=1&uploadId=x", "policy", "versionId=1"]
)
def test_what_is_not_implemented_is_refused_and_not_mistaken_for_a_put(
    send: Send, s3: Client, bucket: str, query: str
) -> None:
    s3.put_object(Bucket=bucket, Key="x", Body=b"kept")
    assert send("PUT", f"/{bucket}/x?{query}", b"lost").status_code == 501
    assert s3.get_object(Bucket=bucket, Key="x")["Body"].read() == b"kept"


def test_an_upload_that_breaks_off_leaves_the_old_object(
    s3: Client, bucket: str, thirdparty: ThirdParties
) -> None:
    s3.put_object(Bucket=bucket, Key="x", Body=b"old")
    url = urlsplit(s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "x"}))
    with socket.create_connection(("127.0.0.1", url.port), timeout=120) as wire:
        wire.sendall(
            f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 100\r\n\r\nnew".encode()
        )
        wire.shutdown(socket.SHUT_WR)
        wire.recv(1000)
    assert s3.get_object(Bucket=bucket, Key="x")["Body"].read() == b"old"
    assert not list((thirdparty.config.thirdparty_dir / "objects" / ".tmp").iterdir())


def test_last_modified_is_when_it_was_written(s3: Client, bucket: str, thirdparty: ThirdParties) -> None:
    with thirdparty.clock.later(60):
        s3.put_object(Bucket=bucket, Key="x", Body=b"1")
    found = s3.head_object(Bucket=bucket, Key="x")["LastModified"]
    assert abs(found.timestamp() - thirdparty.clock() - 60) < 30
    assert s3.list_objects_v2(Bucket=bucket)["Contents"][0]["LastModified"] == found
