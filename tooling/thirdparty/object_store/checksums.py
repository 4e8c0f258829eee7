"""The checksums that S3 clients send along, those of the standard library and the two CRCs that it lacks."""

import base64
import hashlib
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol


class Digest(Protocol):
    """What hashlib's objects can do."""

    def update(self, data: bytes, /) -> None:
        """Take in the next bytes."""

    def digest(self) -> bytes:
        """The value so far."""


class Crc32:
    """CRC-32 as in zlib, big-endian."""

    def __init__(self) -> None:
        self.value = 0

    def update(self, data: bytes, /) -> None:
        """Take in the next bytes."""
        self.value = zlib.crc32(data, self.value)

    def digest(self) -> bytes:
        """The value so far."""
        return self.value.to_bytes(4, "big")


class ReflectedCrc:
    """Any reflected CRC whose register starts and ends inverted; some 10 MB/s, since it is plain Python."""

    def __init__(self, polynomial: int, size: int) -> None:
        self.table, self.size = crc_table(polynomial), size
        self.mask = self.value = (1 << 8 * size) - 1

    def update(self, data: bytes, /) -> None:
        """Take in the next bytes."""
        value, table = self.value, self.table
        for byte in data:
            value = value >> 8 ^ table[(value ^ byte) & 0xFF]
        self.value = value

    def digest(self) -> bytes:
        """The value so far."""
        return (self.value ^ self.mask).to_bytes(self.size, "big")


@lru_cache
def crc_table(polynomial: int) -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)  # noqa: PLW2901 (the register is the loop's value)
        table.append(value)
    return tuple(table)


ALGORITHMS: dict[str, Callable[[], Digest]] = {
    "crc32": Crc32,
    "crc32c": lambda: ReflectedCrc(0x82F63B78, 4),
    "crc64nvme": lambda: ReflectedCrc(0x9A6C9329AC4BC9B5, 8),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}


def encoded(digest: Digest) -> str:
    """The value as it stands in a header."""
    return base64.b64encode(digest.digest()).decode("ascii")
