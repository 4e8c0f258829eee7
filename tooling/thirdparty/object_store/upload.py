"""Take in an object's bytes: plain or aws-chunked, counted, hashed and checked before anybody can see them."""

import base64
import binascii
import hashlib
import re
from collections.abc import AsyncIterator
from typing import IO, Protocol

from tooling.thirdparty.object_store.checksums import ALGORITHMS, Crc32, Digest, encoded
from tooling.thirdparty.object_store.errors import S3Error
from tooling.thirdparty.object_store.signature import UNSIGNED, UNSIGNED_TRAILER, Wire

MAX_OBJECT = 5 * 1024**3
PIECE = 256 * 1024
PREFIX = "x-amz-checksum-"
CHUNK_HEAD = re.compile(rb"([0-9a-fA-F]{1,8})(;[^\r\n]*)?\r\n")
NOT_ALGORITHMS = frozenset({"algorithm", "mode", "type"})


class Stream(Protocol):
    """What we use of a request's body."""

    async def read(self, n: int = -1) -> bytes:
        """Up to n bytes; empty at the end."""

    async def readexactly(self, n: int) -> bytes:
        """N bytes or an EOFError."""

    async def readline(self) -> bytes:
        """Up to and with the next line feed."""


class Upload:
    """One body on its way into a file; after `receive` it holds size, etag and the checksum to keep."""

    def __init__(self, wire: Wire, payload_hash: str) -> None:
        self.wire, self.payload_hash = wire, payload_hash
        self.chunked = payload_hash.startswith("STREAMING-")
        if self.chunked and payload_hash != UNSIGNED_TRAILER:
            raise S3Error(
                "NotImplemented", "Signed chunks are not implemented; unsigned ones with a trailer are."
            )
        self.claims = {
            name.removeprefix(PREFIX): wire.header(name) for name in wire.headers if name.startswith(PREFIX)
        }
        self.length = self.announced_length()
        self.size = 0
        self.md5, self.sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        self.checksums: dict[str, Digest] = {"crc32": Crc32()}
        announced = wire.header("x-amz-trailer").split(",") if self.chunked else []
        for name in (*self.claims, *(name.strip().removeprefix(PREFIX) for name in announced if name)):
            if name in ALGORITHMS:
                self.checksums.setdefault(name, ALGORITHMS[name]())
            elif name not in NOT_ALGORITHMS:
                raise S3Error("NotImplemented", f"The checksum {name} is not implemented.")

    def announced_length(self) -> int:
        declared = self.wire.header("x-amz-decoded-content-length" if self.chunked else "content-length")
        if not declared.isdigit():
            raise S3Error("MissingContentLength")
        if int(declared) > MAX_OBJECT:
            raise S3Error("EntityTooLarge")
        return int(declared)

    @property
    def etag(self) -> str:
        """The MD5 of the content, in hexadecimal."""
        return self.md5.hexdigest()

    def kept_checksum(self) -> dict[str, str]:
        """The client's own checksum, or a CRC-32 when it sent none."""
        name = next(reversed(self.checksums))
        return {name: encoded(self.checksums[name])}

    async def receive(self, stream: Stream, file: IO[bytes]) -> None:
        """Write the whole body to `file`; S3Error when it is not what the headers promised."""
        pieces = self.unchunked(stream) if self.chunked else self.plain(stream)
        try:
            async for piece in pieces:
                self.take(piece)
                file.write(piece)
        except EOFError:
            raise S3Error("IncompleteBody") from None
        self.check()

    def take(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self.length:
            raise S3Error("IncompleteBody", "The body is longer than announced.")
        for digest in (self.md5, self.sha256, *self.checksums.values()):
            digest.update(piece)

    def check(self) -> None:
        if self.size != self.length:
            raise S3Error("IncompleteBody")
        if self.payload_hash not in {UNSIGNED, UNSIGNED_TRAILER, self.sha256.hexdigest()}:
            raise S3Error("XAmzContentSHA256Mismatch")
        claimed_md5 = self.wire.header("content-md5")
        if claimed_md5 and decoded(claimed_md5) != self.md5.digest():
            raise S3Error("BadDigest")
        for name, value in self.claims.items():
            if name in self.checksums and decoded(value) != self.checksums[name].digest():
                raise S3Error(
                    "BadDigest", f"The {name.upper()} that you specified did not match what was received."
                )

    @staticmethod
    async def plain(stream: Stream) -> AsyncIterator[bytes]:
        while piece := await stream.read(PIECE):
            yield piece

    async def unchunked(self, stream: Stream) -> AsyncIterator[bytes]:
        while True:
            head = CHUNK_HEAD.fullmatch(await stream.readline())
            if head is None:
                raise S3Error("IncompleteBody", "The aws-chunked body is malformed.")
            left = int(head[1], 16)
            if left == 0:
                break
            while left:
                piece = await stream.readexactly(min(left, PIECE))
                left -= len(piece)
                yield piece
            if await stream.readexactly(2) != b"\r\n":
                raise S3Error("IncompleteBody", "The aws-chunked body is malformed.")
        await self.trailers(stream)

    async def trailers(self, stream: Stream) -> None:
        promised = {name.strip() for name in self.wire.header("x-amz-trailer").split(",") if name.strip()}
        while line := (await stream.readline()).strip():
            name, _, value = line.decode("latin-1").partition(":")
            if name.strip().lower() in promised:
                promised.discard(name.strip().lower())
                self.claims[name.strip().lower().removeprefix(PREFIX)] = value.strip()
        if promised:
            raise S3Error("IncompleteBody", "A trailer that was announced did not come.")


def decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise S3Error("InvalidDigest") from None
