"""One authenticated call to the object store, as its operations see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from aiohttp import web

from shared.kit.lazy import lazy
from tooling.thirdparty.clock import Clock
from tooling.thirdparty.object_store import xml
from tooling.thirdparty.object_store.disk import Disk
from tooling.thirdparty.object_store.errors import S3Error
from tooling.thirdparty.object_store.signature import Wire
from tooling.thirdparty.object_store.upload import Upload

MAX_DOCUMENT = 2 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """The request, already verified, and what it is about; `key` is empty for a call about a bucket."""

    request: web.BaseRequest
    wire: Wire
    disk: Disk
    clock: Clock
    bucket: str
    key: str
    payload_hash: str
    extra_headers: Mapping[str, str]

    @lazy
    def query(self) -> dict[str, str]:
        """Query parameters; of one that is repeated, the first."""
        return dict(reversed(self.wire.pairs()))

    async def document(self) -> bytes:
        """A small body, checked against the headers like any upload."""
        upload, buffer = Upload(self.wire, self.payload_hash), BytesIO()
        if upload.length > MAX_DOCUMENT:
            raise S3Error("EntityTooLarge")
        await upload.receive(self.request.content, buffer)
        return buffer.getvalue()

    def answer(self, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
        """A response without a body."""
        return web.Response(status=status, headers={**self.extra_headers, **(headers or {})})

    def answer_xml(self, name: str, children: list[tuple[str, xml.Node]]) -> web.Response:
        """A response with a document."""
        return self.answer_bytes(xml.document(name, children))

    def answer_bytes(self, body: bytes) -> web.Response:
        """A response with a document that is written already."""
        return web.Response(body=body, content_type="application/xml", headers=self.extra_headers)
