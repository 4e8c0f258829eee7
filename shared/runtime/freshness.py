"""What may keep an answer, for how long, and by which name a reader asks whether it has changed (RFC 9110
§8.8.3, §13.1.2; RFC 9111 §5.2).
"""

import hashlib

import orjson

from shared.kit.http import JSON, Lasting, Request, Response
from shared.kit.record import Record
from shared.runtime.representation import has

EDGE_SECONDS = 30
PRIVATE = "private, no-store"
# readers ask each time, mostly to hear 304; what stands before us answers by itself for a while
PUBLISHED = f"public, max-age=0, s-maxage={EDGE_SECONDS}"
VARY = "Accept-Language, Authorization, Origin, X-Tenant-ID"


def marked(record: Record, request: Request, response: Response) -> Response:
    """A read's answer with its ETag and what caches may do with it; 304 to whoever has it already.

    What is not a success is never kept, and what the function said itself stands.
    """
    headers = response.headers
    if response.status != 200 or isinstance(response.body, Lasting):
        headers.setdefault("Cache-Control", PRIVATE)
        return response
    if is_for_everyone(record, request):
        headers |= {"Cache-Control": PUBLISHED, "Vary": VARY}
    else:
        headers.setdefault("Cache-Control", PRIVATE)
    if response.content_type != JSON or not isinstance(response.body, bytes):
        return response
    if "ETag" not in headers:
        headers["ETag"] = named(record, response.body)
    etag = headers["ETag"]
    known = request.header("if-none-match")
    return Response(304, headers=headers) if known and has(known, etag) else response


def is_for_everyone(record: Record, request: Request) -> bool:
    """Whether the answer to this call is the same for all who ask without saying who they are."""
    return bool(record.cache) and not request.header("authorization")


def named(record: Record, body: bytes) -> str:
    """A strong validator: other bytes have another one. Where several people may edit, the version stands
    before the dot, and writers are asked for that alone: it is the same in every language.
    """
    version = f"{orjson.loads(memoryview(body))['version']}." if record.versioned else ""
    return f'"{version}{hashlib.sha256(body).hexdigest()[:32]}"'


def written(record: Record, response: Response) -> None:
    """Let who has just written something go on from its new version."""
    if isinstance(response.body, bytes) and response.body and 200 <= response.status < 300:
        response.headers["ETag"] = named(record, response.body)
