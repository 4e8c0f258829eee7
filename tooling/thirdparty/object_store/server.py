"""The object store's HTTP side: authenticate, find the operation, answer in S3's words."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import unquote
from uuid import uuid4

from aiohttp import web

from tooling.thirdparty.clock import Clock
from tooling.thirdparty.object_store import buckets, cors, objects, xml
from tooling.thirdparty.object_store.call import Call
from tooling.thirdparty.object_store.disk import Disk
from tooling.thirdparty.object_store.errors import S3Error
from tooling.thirdparty.object_store.signature import Wire, verify

logger = logging.getLogger(__name__)
Operation = Callable[[Call], Awaitable[web.StreamResponse]]

# (has a key, method, sub-resource): operation. A sub-resource that is not listed is refused, never ignored:
# PUT ?acl
# must not overwrite the object.
OPERATIONS: dict[tuple[bool, str, str], Operation] = {
    (False, "GET", ""): buckets.list_v1_is_not_here,
    (False, "GET", "list-type"): buckets.list_objects,
    (False, "GET", "location"): buckets.location,
    (False, "GET", "cors"): buckets.get_cors,
    (False, "PUT", ""): buckets.create,
    (False, "PUT", "cors"): buckets.put_cors,
    (False, "HEAD", ""): buckets.head,
    (False, "DELETE", ""): buckets.delete,
    (False, "POST", "delete"): objects.delete_many,
    (True, "GET", ""): objects.get,
    (True, "HEAD", ""): objects.get,
    (True, "PUT", ""): objects.put,
    (True, "DELETE", ""): objects.delete,
}
SUBRESOURCES = frozenset(
    {
        "accelerate",
        "acl",
        "analytics",
        "append",
        "attributes",
        "cors",
        "delete",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "list-type",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "partNumber",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "session",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    }
)


class ObjectStore:
    """A handler for aiohttp's low-level server: no router, so that no path is normalised before it is
    verified.
    """

    def __init__(self, disk: Disk, access_key: str, secret_key: str, clock: Clock) -> None:
        self.disk, self.clock = disk, clock
        self.access_key, self.secret_key = access_key, secret_key

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request, whatever it is; refusals come as S3's XML."""
        wire = read_wire(request)
        if wire.path == "/health/ready":
            return web.json_response({"status": "ready"})
        extra = {}
        try:
            bucket, key = split(wire.path)
            method = wire.header("access-control-request-method") if wire.method == "OPTIONS" else wire.method
            extra = cors.response_headers(self.disk, bucket, wire, method) if bucket else {}
            if wire.method == "OPTIONS":
                return web.Response(status=200 if extra else 403, headers=extra)
            payload_hash = verify(wire, self.access_key, self.secret_key, self.clock())
            call = Call(request, wire, self.disk, self.clock, bucket, key, payload_hash, extra)
            operation = operation_of(call) if bucket else buckets.list_buckets
            # the client waits with the body until it is welcome
            if wire.header("expect").lower() == "100-continue":
                await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return await operation(call)
        except S3Error as error:
            return refusal(error, wire, extra)
        except (ConnectionError, web.RequestPayloadError):
            raise
        except Exception:
            logger.exception("the object store failed at %s %s", wire.method, wire.path)
            return refusal(S3Error("InternalError"), wire, extra)


def read_wire(request: web.BaseRequest) -> Wire:
    """The request before anything decodes or normalises it."""
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    path, _, query = request.raw_path.partition("?")
    return Wire(request.method, path, query, headers)


def refusal(error: S3Error, wire: Wire, extra: dict[str, str]) -> web.Response:
    """An error response; bodiless for HEAD, and closing, since the request's body may be half read."""
    body = xml.document(
        "Error",
        [
            ("Code", error.code),
            ("Message", error.message),
            ("Resource", unquote(wire.path)),
            ("RequestId", uuid4().hex[:16].upper()),
        ],
        namespace="",
    )
    response = web.Response(
        status=error.status,
        reason=HTTPStatus(error.status).phrase,
        headers=extra,
        body=b"" if wire.method == "HEAD" else body,
        content_type="application/xml",
    )
    if wire.method in {"PUT", "POST"}:
        response.force_close()
    return response


def split(path: str) -> tuple[str, str]:
    if not path.startswith("/"):
        raise S3Error("InvalidURI")
    bucket, _, key = path[1:].partition("/")
    try:
        return unquote(bucket, errors="strict"), unquote(key, errors="strict")
    except UnicodeDecodeError:
        raise S3Error("InvalidURI") from None


def operation_of(call: Call) -> Operation:
    wanted = [name for name in call.query if name in SUBRESOURCES]
    if len(wanted) > 1:
        raise S3Error("NotImplemented")
    operation = OPERATIONS.get((bool(call.key), call.wire.method, "".join(wanted)))
    if operation is None:
        raise S3Error("NotImplemented" if wanted else "MethodNotAllowed")
    return operation
