"""The file: a tar of dumps and objects, and a manifest that knows the size and the SHA-256 of each."""

import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import file_digest, sha256
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import IO, Any, cast

from pydantic import BaseModel, ValidationError

from tooling.backup.envelope import CHUNK, Opening, Sealing, is_sealed
from tooling.command_failed import CommandFailed

MANIFEST, ITS_SUM = "manifest.json", "manifest.sha256"
FORMAT = 1


class Database(BaseModel):
    """One service's: its newest migration, and how far its events were."""

    head: str | None
    changes: int | None
    outbox: int | None
    events: int | None


class File(BaseModel):
    """One object of a city's bucket."""

    tenant: str
    key: str
    content_type: str


class Member(BaseModel):
    """What the archive must hold under a name."""

    size: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds and where it came from."""

    format: int = FORMAT
    made_at: str
    version: str
    postgres: int
    databases: dict[str, Database] = {}
    files: dict[str, File] = {}
    missing: dict[str, int] = {}  # by service, rows whose file came and went while the backup was made
    sealing_keys: list[str] = []
    members: dict[str, Member] = {}


class Writer:
    """Adds members one by one; the file has its name only once everything is in it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.tar = tarfile.open(fileobj=file, mode="w")  # noqa: SIM115 (closed by `finish`)
        self.members: dict[str, Member] = {}

    def add(self, name: str, path: Path) -> None:
        """A file that is on the disk."""
        with path.open("rb") as file:
            self.members[name] = Member(
                size=path.stat().st_size, sha256=file_digest(file, "sha256").hexdigest()
            )
            file.seek(0)
            self.put(name, file, self.members[name].size)

    def write(self, name: str, data: bytes) -> None:
        """A few bytes."""
        self.members[name] = Member(size=len(data), sha256=sha256(data).hexdigest())
        self.put(name, BytesIO(data), len(data))

    def put(self, name: str, file: IO[bytes], size: int) -> None:
        """Into the tar, readable by the owner only wherever it is unpacked."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        self.tar.addfile(entry, file)

    def finish(self, manifest: Manifest) -> Manifest:
        """The manifest comes last: without it the file is no backup."""
        whole = manifest.model_copy(update={"members": dict(self.members)})
        text = whole.model_dump_json(indent=1).encode()
        self.write(MANIFEST, text)
        self.write(ITS_SUM, sha256(text).hexdigest().encode())
        self.tar.close()
        return whole


@contextmanager
def writing(path: Path, passphrase: str = "") -> Iterator[Writer]:
    """A new backup, sealed where there is a passphrase; nothing is left of it when the block fails."""
    if path.exists():
        raise CommandFailed(f"{path} exists already. Name another file.")
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            if passphrase:
                with Sealing(file, passphrase) as sealing:
                    yield Writer(cast("IO[bytes]", sealing))
            else:
                yield Writer(file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)


class Reader:
    """An open backup of which every byte has been compared with the manifest."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar = tar
        try:
            self.manifest = self.checked()
        except (tarfile.TarError, EOFError, ValidationError, json.JSONDecodeError, UnicodeDecodeError):
            raise CommandFailed("The backup is damaged: it cannot be read to its end.") from None

    def checked(self) -> Manifest:
        """The manifest; a CommandFailed when anything is missing, other than it was, or more than was put in."""
        names = [entry.name for entry in self.tar.getmembers()]
        text = self.read(MANIFEST)
        if sha256(text).hexdigest().encode() != self.read(ITS_SUM):
            raise CommandFailed("The backup is damaged: its manifest is not as it was written.")
        manifest = Manifest.model_validate_json(text)
        if manifest.format > FORMAT:
            raise CommandFailed(
                f"The backup was made by a newer HEIDI ({manifest.version}). Restore it with that one."
            )
        if sorted(names) != sorted([*manifest.members, MANIFEST, ITS_SUM]):
            raise CommandFailed("The backup is damaged: it does not hold what its manifest names.")
        for name, wanted in manifest.members.items():
            with self.open(name) as file:
                if file_digest(file, "sha256").hexdigest() != wanted.sha256:
                    raise CommandFailed(f"The backup is damaged: {name} is not as it was written.")
        return manifest

    def open(self, name: str) -> BufferedReader:
        """A member's content."""
        try:
            file = self.tar.extractfile(name)
        except KeyError:
            file = None
        if not isinstance(file, BufferedReader):
            raise CommandFailed(f"The backup is damaged or none: there is no {name} in it.")
        return file

    def read(self, name: str) -> bytes:
        """A small member as a whole."""
        with self.open(name) as file:
            return file.read()


@contextmanager
def reading(path: Path, passphrase: str = "") -> Iterator[Reader]:
    """A checked backup; a CommandFailed when it is damaged or none, or sealed with another passphrase."""
    if is_sealed(path) and not passphrase:
        raise CommandFailed(f"{path} is sealed: give its passphrase (BACKUP_PASSPHRASE).")
    with ExitStack() as opened:
        try:
            file: IO[bytes] = opened.enter_context(path.open("rb"))
            if is_sealed(path):
                file = BufferedReader(Opening(file, passphrase), CHUNK)
            tar = opened.enter_context(tarfile.open(fileobj=file, mode="r:"))
        except FileNotFoundError:
            raise CommandFailed(f"There is no {path}.") from None
        except (tarfile.TarError, EOFError):
            raise CommandFailed(f"{path} is damaged, or no backup of HEIDI.") from None
        yield Reader(tar)


def facts(**given: Any) -> dict[str, Any]:
    """What is the same for every backup made now with this checkout."""
    from datetime import UTC, datetime

    from tooling.generate.common import VERSION

    return {"made_at": datetime.now(UTC).isoformat(timespec="seconds"), "version": VERSION, **given}
