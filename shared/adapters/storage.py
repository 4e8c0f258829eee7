"""Files in S3: one bucket per tenant, links that expire, and two errors that a function needs to know."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from threading import Lock
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote
from uuid import UUID

from shared.adapters import http_client
from shared.adapters.circuit_breaker import Breaker, Ended, ending_of_status
from shared.errors import NotFound, Unavailable

# seconds: to be connected, for one answer of the network, for both tries together
CONNECT, READ, WHOLE = 2.0, 10.0, 20.0
MAX_KEY_BYTES = 1024
MAX_EXPIRY = 7 * 24 * 3600
BAD_KEY = re.compile(r"[\x00-\x1f\x7f]|^/|//|(^|/)\.\.?(/|$)")
MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404"})
OWNED = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists", "OperationAborted"})
ENCRYPTION_HEADERS = {
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
}
FOR_BROWSERS = {
    "AllowedOrigins": ["*"],
    "AllowedMethods": ["GET", "HEAD", "PUT"],
    "AllowedHeaders": ["*"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 3600,
}
logger = logging.getLogger("heidi.storage")
P = ParamSpec("P")
T = TypeVar("T")
Client = Any  # botocore makes its clients' methods at run time, so there is no type to name


class StorageUnavailable(Unavailable):
    """The object store does not answer, or not as it should; trying again later may help."""

    message = "The file storage is not available for a moment. Try again in a few seconds."

    def __init__(self, ended: Ended | None = None, **details: Any) -> None:
        super().__init__(**details)
        self.ended = ended


class ObjectNotFound(NotFound):
    """There is no such file, or it is another tenant's."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What the store knows about a file; `size` in bytes, `etag` without its quotes."""

    key: str
    size: int
    content_type: str
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class SignedUpload:
    """A link that takes exactly one file by PUT; the headers are part of the signature and must be sent as
    they are.
    """

    url: str
    headers: dict[str, str]
    method: str = "PUT"


def put(
    tenant_id: UUID, key: str, data: bytes, content_type: str = "application/octet-stream"
) -> StoredObject:
    """Store a file, in place of one that has this key already; everything or nothing."""
    client = s3_client()
    request = {
        "Bucket": bucket_of(tenant_id),
        "Key": checked(key),
        "Body": data,
        "ContentType": content_type,
        **encryption(),
    }
    try:
        answer = call(client.put_object, **request)
    except ObjectNotFound:  # the tenant's first file
        create_bucket(client, bucket_of(tenant_id))
        answer = call(client.put_object, **request)
    return StoredObject(key, len(data), content_type, answer["ETag"].strip('"'), date_of(answer))


def get(tenant_id: UUID, key: str) -> bytes:
    """A file's content, checked against its checksum; ObjectNotFound when there is none."""

    def read() -> bytes:
        body: bytes = s3_client().get_object(Bucket=bucket_of(tenant_id), Key=checked(key))["Body"].read()
        return body

    return call(read)


def stat(tenant_id: UUID, key: str) -> StoredObject:
    """What is known about a file, without its content; ObjectNotFound when there is none."""
    answer = call(s3_client().head_object, Bucket=bucket_of(tenant_id), Key=checked(key))
    return StoredObject(
        key, answer["ContentLength"], answer["ContentType"], answer["ETag"].strip('"'), answer["LastModified"]
    )


def delete(tenant_id: UUID, key: str) -> None:
    """Remove a file; one that is gone already is no error."""
    try:
        call(s3_client().delete_object, Bucket=bucket_of(tenant_id), Key=checked(key))
    except ObjectNotFound:  # not even a bucket
        return


def keys(tenant_id: UUID, prefix: str = "", before: datetime | None = None) -> Iterator[str]:
    """The keys of a tenant's files in order, read in pages of 1000 as they are used; those last written
    before a moment.
    """
    request = {"Bucket": bucket_of(tenant_id), "Prefix": prefix}
    while True:
        try:
            page = call(s3_client().list_objects_v2, **request)
        except ObjectNotFound:
            return
        yield from (
            found["Key"]
            for found in page.get("Contents", ())
            if before is None or found["LastModified"] < before
        )
        if not page["IsTruncated"]:
            return
        request["ContinuationToken"] = page["NextContinuationToken"]


def tenants() -> Iterator[UUID]:
    """Whose buckets there are."""
    from shared.kit.settings import settings

    prefix = settings().s3_bucket + "-"
    for bucket in call(s3_client().list_buckets)["Buckets"]:
        if bucket["Name"].startswith(prefix):
            with suppress(ValueError):  # somebody else's
                yield UUID(bucket["Name"].removeprefix(prefix))


def sign_get(tenant_id: UUID, key: str, expires_in: int, filename: str | None = None) -> str:
    """A link that downloads a file without a login for `expires_in` seconds, at most seven days.

    It is made without asking the store. With a `filename` browsers save the file under that name instead of
    showing it.
    """
    request = {"Bucket": bucket_of(tenant_id), "Key": checked(key)}
    if filename is not None:
        request["ResponseContentDisposition"] = attachment(filename)
    return sign("get_object", request, expires_in)


def sign_private(tenant_id: UUID, key: str, expires_in: int, filename: str) -> str:
    """As `sign_get`, for what nobody else may see: nothing on the way keeps it, and browsers do not open it."""
    request = {
        "Bucket": bucket_of(tenant_id),
        "Key": checked(key),
        "ResponseContentDisposition": attachment(filename),
        "ResponseCacheControl": "private, no-store",
    }
    return sign("get_object", request, expires_in)


def sign_put(tenant_id: UUID, key: str, content_type: str, size: int, expires_in: int) -> SignedUpload:
    """A link to upload one file of exactly this type and size (in bytes) within `expires_in` seconds."""
    if size < 0:
        raise ValueError("a size is not negative")
    require_bucket(bucket_of(tenant_id))
    request = {
        "Bucket": bucket_of(tenant_id),
        "Key": checked(key),
        "ContentType": content_type,
        "ContentLength": size,
        **encryption(),
    }
    url = sign("put_object", request, expires_in)
    asked = {ENCRYPTION_HEADERS[name]: value for name, value in encryption().items()}
    return SignedUpload(url, {"Content-Type": content_type, "Content-Length": str(size), **asked})


def encryption() -> dict[str, str]:
    """What the store is asked to encrypt a file with (docs/guides/encryption-at-rest.md)."""
    from shared.kit.settings import settings

    now = settings()
    named = {"SSEKMSKeyId": now.s3_sse_key} if now.s3_sse == "aws:kms" and now.s3_sse_key else {}
    return {"ServerSideEncryption": now.s3_sse, **named} if now.s3_sse else {}


def bucket_of(tenant_id: UUID) -> str:
    """The name of a tenant's bucket."""
    from shared.kit.settings import settings

    return f"{settings().s3_bucket}-{UUID(str(tenant_id))}"


def s3_client() -> Client:
    from shared.kit.settings import settings

    now = settings()
    return cached_s3_client(
        now.s3_endpoint, now.s3_access_key, now.s3_secret_key.get_secret_value(), now.s3_region
    )


MAKING = Lock()


@lru_cache(maxsize=4)
def made_s3_client(endpoint: str | None, access_key: str, secret_key: str, region: str) -> Client:
    from boto3.session import Session
    from botocore.config import Config

    from shared.adapters.storage_connections import let_hang_up

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=CONNECT,
        read_timeout=READ,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=32,
        tcp_keepalive=True,
    )
    client = Session().client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name=region,
        config=config,
    )
    let_hang_up(client)
    return client


def cached_s3_client(endpoint: str | None, access_key: str, secret_key: str, region: str) -> Client:
    with MAKING:  # making a client takes a third of a second and is not thread-safe; using it is
        return made_s3_client(endpoint, access_key, secret_key, region)


def call(operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the store, unless it is left alone at the moment, for so long at most; its many errors become our
    two.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    with circuit().call(lambda wait: StorageUnavailable(paused=wait)):
        try:
            with http_client.bounded(WHOLE):
                return operation(*args, **kwargs)
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                raise ObjectNotFound("File", kwargs.get("Key", "")) from None
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 503)
            raise StorageUnavailable(ending_of_status(status)) from error
        except (BotoCoreError, OSError) as error:
            raise StorageUnavailable from error


def circuit() -> Breaker:
    from shared.kit.settings import settings

    now = settings()
    return Breaker(
        "object-store",
        now.s3_endpoint,
        now.s3_region,
        now.s3_access_key,
        now.s3_secret_key.get_secret_value(),
    )


KNOWN: set[tuple[int, str]] = set()


def require_bucket(bucket: str) -> None:
    client = s3_client()
    if (id(client), bucket) in KNOWN:
        return
    try:
        call(client.head_bucket, Bucket=bucket)
    except ObjectNotFound:
        create_bucket(client, bucket)
    KNOWN.add((id(client), bucket))


def create_bucket(client: Client, bucket: str) -> None:
    """Create a bucket, unless somebody else does so at this moment, and let browsers upload to it by signed
    links.
    """
    from botocore.exceptions import ClientError

    region = client.meta.region_name
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}

    def create() -> None:
        try:
            client.create_bucket(Bucket=bucket, **place)
        except ClientError as error:
            if error.response["Error"]["Code"] not in OWNED:
                raise
        try:
            client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [FOR_BROWSERS]})
        # some stores set this elsewhere; everything but uploads by browsers works without
        except ClientError as error:
            logger.warning(
                "the bucket takes no CORS rules", extra={"context": {"bucket": bucket, "error": str(error)}}
            )

    call(create)


def sign(operation: str, request: dict[str, Any], expires_in: int) -> str:
    if not 0 < expires_in <= MAX_EXPIRY:
        raise ValueError("a signed link lives between a second and seven days")
    # made here, nobody is asked
    url: str = s3_client().generate_presigned_url(operation, Params=request, ExpiresIn=expires_in)
    return url


def checked(key: str) -> str:
    """Keys that every store, proxy and browser leaves as they are; ValueError for the others."""
    if not key or len(key.encode()) > MAX_KEY_BYTES or BAD_KEY.search(key):
        raise ValueError("a key has 1 to 1024 bytes, no empty or dotted segments and no control characters")
    return key


def attachment(filename: str) -> str:
    """Content-Disposition for any name (RFC 6266), with an ASCII stand-in for old clients."""
    name = filename[-150:]  # the end says what kind of file it is
    plain = re.sub(r'[^ -~]|["\\%]', "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"


def date_of(answer: dict[str, Any]) -> datetime:
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
