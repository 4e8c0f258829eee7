"""ListObjectsV2: a page of keys, with folders folded together where a delimiter asks for it."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote

from tooling.thirdparty.object_store import xml
from tooling.thirdparty.object_store.disk import Disk, Stored
from tooling.thirdparty.object_store.errors import S3Error

PAGE = 1000


def list_objects(disk: Disk, bucket: str, query: Mapping[str, str]) -> bytes:
    """The answer's XML for the query parameters of one ListObjectsV2 call."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    encode = encoder(query.get("encoding-type", ""))
    limit = limit_of(query.get("max-keys", str(PAGE)))
    start = resume(query.get("continuation-token", "")) or query.get("start-after", "")
    entries = after(start, fold(disk.keys(bucket, prefix), prefix, delimiter))
    page = [entry for _, entry in zip(range(limit), entries, strict=False)]
    more = limit > 0 and next(entries, None) is not None
    children: list[tuple[str, xml.Node]] = [
        ("Name", bucket),
        ("Prefix", encode(prefix)),
        ("MaxKeys", str(limit)),
        ("KeyCount", str(len(page))),
        ("IsTruncated", "true" if more else "false"),
    ]
    children += [
        (name, encode(query[key]))
        for name, key in (("Delimiter", "delimiter"), ("StartAfter", "start-after"))
        if query.get(key)
    ]
    children += [("EncodingType", "url")] if query.get("encoding-type") else []
    children += (
        [("ContinuationToken", query["continuation-token"])] if query.get("continuation-token") else []
    )
    children += [("NextContinuationToken", token_of(page[-1][0]))] if more else []
    children += [
        ("Contents", contents(encode(key), stored))
        for key, folded in page
        if not folded and (stored := disk.stat(bucket, key))
    ]
    children += [("CommonPrefixes", [("Prefix", encode(key))]) for key, folded in page if folded]
    return xml.document("ListBucketResult", children)


def contents(key: str, stored: Stored) -> list[tuple[str, xml.Node]]:
    return [
        ("Key", key),
        ("LastModified", xml.timestamp(stored.modified)),
        ("ETag", f'"{stored.etag}"'),
        ("Size", str(stored.size)),
        ("StorageClass", "STANDARD"),
    ]


def fold(keys: Iterable[str], prefix: str, delimiter: str) -> Iterator[tuple[str, bool]]:
    """Keys, or the folders that hold them, each once and in order; the flag says which."""
    last = None
    for key in keys:
        at = key.find(delimiter, len(prefix)) if delimiter else -1
        entry = (key[: at + len(delimiter)], True) if at >= 0 else (key, False)
        if entry != last:
            yield entry
        last = entry


def after(start: str, entries: Iterable[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    return (entry for entry in entries if entry[0].encode() > start.encode())


def limit_of(text: str) -> int:
    if not text.isdigit() or int(text) > 2**31 - 1:
        raise S3Error("InvalidArgument", "Provided max-keys not an integer or within integer range")
    return min(int(text), PAGE)


def encoder(encoding: str) -> Callable[[str], str]:
    if encoding not in {"", "url"}:
        raise S3Error("InvalidArgument", "Invalid Encoding Method specified in Request")
    return (lambda text: quote(text, safe="/-_.*")) if encoding else str


def token_of(entry: str) -> str:
    return base64.urlsafe_b64encode(entry.encode()).decode()


def resume(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise S3Error("InvalidArgument", "The continuation token provided is incorrect") from None
