"""A backup's encryption: what `age` does with a passphrase (age-encryption.org/v1), with our own header.

A key of its own for each file (scrypt, RFC 7914), then chunks of 64 KiB, each sealed by itself
(ChaCha20-Poly1305, RFC 8439) under its number and whether it is the last: none can be changed, left out,
exchanged, or cut off at the end unnoticed (STREAM, Hoang, Reyhanitabar, Rogaway and Vizár 2015).
"""

import io
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tooling.backup.secrets import SHORTEST, key
from tooling.command_failed import CommandFailed

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

MAGIC = b"heidi backup, sealed 1\n"
SALT, TAG, CHUNK = 16, 16, 64 * 1024
HEAD = len(MAGIC) + SALT


def is_sealed(path: Path) -> bool:
    """Whether a passphrase is needed; False for what is no file."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def nonce(number: int, *, last: bool) -> bytes:
    """Never the same twice under one key."""
    return number.to_bytes(11, "big") + bytes([last])


class Sealing(io.RawIOBase):
    """Written to as a file, chunk by chunk into another; `close` seals the last one and leaves the other
    open.
    """

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        self.number, self.plain, self.size, self.is_begun = 0, bytearray(), 0, False
        if len(passphrase) < SHORTEST:
            raise CommandFailed(
                f"The passphrase needs at least {SHORTEST} letters: whoever has the file may guess for ever."
            )
        salt = os.urandom(SALT)
        self.cipher, self.file = ChaCha20Poly1305(key(passphrase, salt)), file
        file.write(MAGIC + salt)
        self.is_begun = True

    def writable(self) -> bool:
        """As files say it."""
        return True

    def tell(self) -> int:
        """How much was written."""
        return self.size

    def write(self, data: "ReadableBuffer") -> int:
        """Seal what fills a chunk; one that is full stays until it is known that it is not the last."""
        self.plain += data
        self.size += len(memoryview(data))
        while len(self.plain) > CHUNK:
            self.seal(last=False)
        return len(memoryview(data))

    def seal(self, *, last: bool) -> None:
        """The next chunk."""
        part = bytes(self.plain[:CHUNK])
        self.file.write(self.cipher.encrypt(nonce(self.number, last=last), part, MAGIC))
        del self.plain[:CHUNK]
        self.number += 1

    def close(self) -> None:
        """The last chunk, once."""
        if self.is_begun and not self.closed:
            self.seal(last=True)
        super().close()


class Opening(io.RawIOBase):
    """Reads a sealed file from wherever one likes; a CommandFailed when a chunk is not as it was sealed."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        whole = file.seek(0, os.SEEK_END) - HEAD
        self.chunks = -(-whole // (CHUNK + TAG))
        self.size = max(whole - self.chunks * TAG, 0)
        file.seek(len(MAGIC))
        self.cipher, self.file, self.place = ChaCha20Poly1305(key(passphrase, file.read(SALT))), file, 0
        self.number, self.part = -1, b""
        if self.chunks < 1:
            raise CommandFailed("The backup is damaged: it ends too early.")
        self.chunk(0)

    def readable(self) -> bool:
        """As files say it."""
        return True

    def seekable(self) -> bool:
        """As files say it."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go there."""
        self.place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self.place, os.SEEK_END: self.size}[whence]
        return self.place

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """As much as the chunk there still holds."""
        if self.place >= self.size:
            return 0
        found = self.chunk(self.place // CHUNK)[self.place % CHUNK :]
        room = memoryview(buffer).cast("B")
        taken = found[: len(room)]
        room[: len(taken)] = taken
        self.place += len(taken)
        return len(taken)

    def chunk(self, number: int) -> bytes:
        """One chunk, opened."""
        from cryptography.exceptions import InvalidTag

        if number != self.number:
            self.file.seek(HEAD + number * (CHUNK + TAG))
            sealed = self.file.read(CHUNK + TAG)
            try:
                self.part = self.cipher.decrypt(nonce(number, last=number == self.chunks - 1), sealed, MAGIC)
            except InvalidTag:
                raise CommandFailed(
                    "The passphrase does not open this backup, or it is damaged."
                    if number == 0 and self.number < 0
                    else "The backup is damaged: a part of it is not as it was written."
                ) from None
            self.number = number
        return self.part
