"""Buckets are folders, objects are files whose last lines hold their headers; one rename makes both visible
at once.
"""

import errno
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import unquote_to_bytes

from tooling.thirdparty.object_store.errors import S3Error

BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
MAGIC = b"heidi-s3"
TAIL = 8 + len(MAGIC)
PIECE = 200  # file systems allow 255 bytes in a name
MAX_KEY = 1024
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-")


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of an object besides its bytes; `modified` in seconds since 1970."""

    size: int
    etag: str
    modified: float
    content_type: str = "binary/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    checksum: dict[str, str] = field(default_factory=dict)


class Disk:
    """The objects under one directory; nothing here needs an index, so a killed server leaves nothing to
    repair.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.temporary = root, root / ".tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)
        for left_behind in self.temporary.iterdir():
            left_behind.unlink()

    def bucket(self, name: str) -> Path:
        """The folder of a bucket that exists."""
        path = self.bucket_path(name)
        if not path.is_dir():
            raise S3Error("NoSuchBucket")
        return path

    def buckets(self) -> list[tuple[str, float]]:
        """Names and times of creation."""
        found = [path for path in self.root.iterdir() if not path.name.startswith(".")]
        return sorted((path.name, path.stat().st_mtime) for path in found)

    def create_bucket(self, name: str) -> None:
        """BucketAlreadyOwnedByYou when it exists."""
        try:
            self.bucket_path(name).mkdir()
        except FileExistsError:
            raise S3Error("BucketAlreadyOwnedByYou") from None

    def delete_bucket(self, name: str) -> None:
        """BucketNotEmpty while it holds an object."""
        bucket = self.bucket(name)
        if next(self.files(bucket), None):
            raise S3Error("BucketNotEmpty")
        for path in sorted(bucket.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        bucket.rmdir()

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """All keys with a prefix, in the order of their UTF-8 bytes."""
        keys = sorted(unquote_to_bytes(encoded) for encoded in self.files(self.bucket(bucket)))
        return [key.decode() for key in keys if key.startswith(prefix.encode())]

    @contextmanager
    def open(self, bucket: str, key: str) -> Iterator[tuple[IO[bytes], Stored]]:
        """The object's file, at its first byte, and its description; NoSuchKey when there is none."""
        try:
            with self.object_path(bucket, key).open("rb") as file:
                stored = read_tail(file)
                file.seek(0)
                yield file, stored
        except FileNotFoundError:
            raise S3Error("NoSuchKey") from None

    def stat(self, bucket: str, key: str) -> Stored | None:
        """The description alone; None when there is no such object."""
        try:
            with self.open(bucket, key) as (_, stored):
                return stored
        except S3Error as error:
            if error.code == "NoSuchKey":
                return None
            raise

    @contextmanager
    def draft(self) -> Iterator[IO[bytes]]:
        """A file that nobody sees until `publish`, gone afterwards when it was not published."""
        with tempfile.NamedTemporaryFile(dir=self.temporary, delete=False) as file:
            try:
                yield file
            finally:
                with suppress(FileNotFoundError):
                    Path(file.name).unlink()

    def publish(self, draft: IO[bytes], bucket: str, key: str, stored: Stored) -> None:
        """Make a draft the object; whoever reads the old one meanwhile reads it to its end."""
        path = self.object_path(bucket, key)
        tail = json.dumps(asdict(stored)).encode()
        draft.write(tail + len(tail).to_bytes(8, "big") + MAGIC)
        draft.flush()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            Path(draft.name).replace(path)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise S3Error("KeyTooLongError") from None
            raise

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that does not exist is no error."""
        self.object_path(bucket, key).unlink(missing_ok=True)

    def note(self, bucket: str, name: str) -> Path:
        """A file about the bucket itself, such as its CORS rules; no object's name begins with a dot."""
        return self.bucket(bucket) / f".{name}"

    def bucket_path(self, name: str) -> Path:
        if not BUCKET.fullmatch(name):
            raise S3Error("InvalidBucketName")
        return self.root / name

    def object_path(self, bucket: str, key: str) -> Path:
        """No key can leave its folder, or meet another key on a file system that ignores case.

        Only lower-case letters, digits, `_`, `-` and `%` get into a name.
        """
        raw = key.encode()
        if not 0 < len(raw) <= MAX_KEY:
            raise S3Error("KeyTooLongError")
        encoded = "".join(chr(byte) if byte in PLAIN else f"%{byte:02x}" for byte in raw)
        *folders, name = (encoded[at : at + PIECE] for at in range(0, len(encoded), PIECE))
        return self.bucket(bucket).joinpath(*(f"{folder}~" for folder in folders), f"{name}.o")

    def files(self, folder: Path, before: str = "") -> Iterator[str]:
        for path in folder.iterdir():
            if path.name.endswith("~"):
                yield from self.files(path, before + path.name[:-1])
            elif path.name.endswith(".o"):
                yield before + path.name[:-2]


def read_tail(file: IO[bytes]) -> Stored:
    file.seek(-TAIL, os.SEEK_END)
    tail = file.read(TAIL)
    if tail[8:] != MAGIC:
        raise S3Error("InternalError", "The object's file is damaged.")
    length = int.from_bytes(tail[:8], "big")
    file.seek(-TAIL - length, os.SEEK_END)
    return Stored(**json.loads(file.read(length)))
