"""Operations on objects."""

import re
import shutil
from dataclasses import replace
from email.utils import formatdate
from typing import IO
from urllib.parse import unquote

from aiohttp import web

from tooling.thirdparty.object_store import conditions, xml
from tooling.thirdparty.object_store.call import Call
from tooling.thirdparty.object_store.disk import Stored
from tooling.thirdparty.object_store.errors import S3Error
from tooling.thirdparty.object_store.upload import Upload

ENCRYPTION = "x-amz-server-side-encryption"
ALGORITHMS = ("AES256", "aws:kms")  # a local store encrypts with neither, but remembers what it was asked for
KEPT = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")
OVERRIDES = {f"response-{name}": name for name in (*KEPT, "content-type")}
METADATA = "x-amz-meta-"
MAX_METADATA = 2048
MAX_DELETES = 1000
PIECE = 256 * 1024
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


async def put(call: Call) -> web.StreamResponse:
    """PutObject and CopyObject: the same request, told apart by one header."""
    call.disk.bucket(call.bucket)
    if call.wire.header("x-amz-copy-source"):
        return copy(call)
    upload = Upload(call.wire, call.payload_hash)
    with call.disk.draft() as draft:
        await upload.receive(call.request.content, draft)
        conditions.check_write(call.wire, call.disk.stat(call.bucket, call.key))
        stored = described(
            call, Stored(upload.size, upload.etag, call.clock(), checksum=upload.kept_checksum())
        )
        call.disk.publish(draft, call.bucket, call.key, stored)
    return call.answer(headers={"ETag": f'"{stored.etag}"', **checksum_headers(stored)})


async def get(call: Call) -> web.StreamResponse:
    """GetObject and HeadObject."""
    with call.disk.open(call.bucket, call.key) as (file, stored):
        headers = {"ETag": f'"{stored.etag}"', "Last-Modified": formatdate(stored.modified, usegmt=True)}
        if conditions.unchanged(call.wire, stored):
            return call.answer(304, headers)
        part = conditions.byte_range(call.wire, stored.size)
        wanted = part or range(stored.size)
        response = web.StreamResponse(
            status=206 if part else 200,
            headers={
                **call.extra_headers,
                **headers,
                "Accept-Ranges": "bytes",
                "Content-Type": stored.content_type,
                "Content-Length": str(len(wanted)),
                **stored.headers,
                **{METADATA + name: value for name, value in stored.metadata.items()},
                **overrides(call),
            },
        )
        if part:
            response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{stored.size}"
        elif call.wire.header("x-amz-checksum-mode").upper() == "ENABLED":
            response.headers.update(checksum_headers(stored))
        await response.prepare(call.request)
        if call.wire.method == "GET":
            await send(response, file, wanted)
    return response


async def delete(call: Call) -> web.StreamResponse:
    """DeleteObject; of an object that does not exist, too."""
    if call.wire.header("if-match"):
        conditions.check_write(call.wire, call.disk.stat(call.bucket, call.key))
    call.disk.delete(call.bucket, call.key)
    return call.answer(204)


async def delete_many(call: Call) -> web.StreamResponse:
    """DeleteObjects."""
    call.disk.bucket(call.bucket)
    root = xml.parse(await call.document())
    keys = [element.findtext("Key") or "" for element in root.findall("Object")]
    if root.tag != "Delete" or not 0 < len(keys) <= MAX_DELETES:
        raise S3Error("MalformedXML")
    results: list[tuple[str, xml.Node]] = []
    for key in keys:
        try:
            call.disk.delete(call.bucket, key)
            results.append(("Deleted", [("Key", key)]))
        except S3Error as error:
            results.append(("Error", [("Key", key), ("Code", error.code), ("Message", error.message)]))
    quiet = root.findtext("Quiet") == "true"
    return call.answer_xml(
        "DeleteResult", [result for result in results if not quiet or result[0] == "Error"]
    )


def copy(call: Call) -> web.StreamResponse:
    if any(name.startswith("x-amz-copy-source-") for name in call.wire.headers):
        raise S3Error("NotImplemented")
    path, _, version = (
        unquote(call.wire.header("x-amz-copy-source")).removeprefix("/").partition("?versionId=")
    )
    source_bucket, _, source_key = path.partition("/")
    if version or not source_key:
        raise S3Error("NotImplemented" if version else "InvalidArgument")
    conditions.check_write(call.wire, call.disk.stat(call.bucket, call.key))
    with call.disk.open(source_bucket, source_key) as (source, old), call.disk.draft() as draft:
        copy_bytes(source, draft, old.size)
        stored = replace(old, modified=call.clock())
        if call.wire.header("x-amz-metadata-directive") == "REPLACE":
            stored = described(call, stored)
        call.disk.publish(draft, call.bucket, call.key, stored)
    return call.answer_xml(
        "CopyObjectResult", [("ETag", f'"{stored.etag}"'), ("LastModified", xml.timestamp(stored.modified))]
    )


def copy_bytes(source: IO[bytes], target: IO[bytes], size: int) -> None:
    shutil.copyfileobj(source, target)
    target.truncate(size)  # the source's own description
    target.seek(size)


def described(call: Call, stored: Stored) -> Stored:
    headers = call.wire.headers
    if headers.keys() & {ENCRYPTION} and call.wire.header(ENCRYPTION) not in ALGORITHMS:
        raise S3Error("InvalidArgument", "The encryption method specified is not supported.")
    metadata = {
        name.removeprefix(METADATA): call.wire.header(name) for name in headers if name.startswith(METADATA)
    }
    if sum(len(name) + len(value) for name, value in metadata.items()) > MAX_METADATA:
        raise S3Error("InvalidArgument", "Your metadata headers exceed the maximum allowed metadata size.")
    kept = {
        name: call.wire.header(name)
        for name in (*KEPT, ENCRYPTION, f"{ENCRYPTION}-aws-kms-key-id")
        if name in headers
    }
    encodings = [part.strip() for part in kept.pop("content-encoding", "").split(",")]
    if real := ",".join(part for part in encodings if part and part != "aws-chunked"):
        kept["content-encoding"] = real
    return replace(
        stored,
        content_type=call.wire.header("content-type") or "binary/octet-stream",
        headers=kept,
        metadata=metadata,
    )


def overrides(call: Call) -> dict[str, str]:
    found = {OVERRIDES[name]: value for name, value in call.query.items() if name in OVERRIDES}
    if any(CONTROL.search(value) for value in found.values()):
        raise S3Error("InvalidArgument", "A response header must not hold control characters.")
    return found


def checksum_headers(stored: Stored) -> dict[str, str]:
    return {
        **{f"x-amz-checksum-{name}": value for name, value in stored.checksum.items()},
        "x-amz-checksum-type": "FULL_OBJECT",
    }


async def send(response: web.StreamResponse, file: IO[bytes], wanted: range) -> None:
    file.seek(wanted.start)
    left = len(wanted)
    while left and (piece := file.read(min(left, PIECE))):
        left -= len(piece)
        await response.write(piece)
    await response.write_eof()
