"""What the functions said of themselves when they were last imported: with that, a gateway routes and a broker
brings before anything of theirs is imported.

`functions.json` in the stack's directory has an entry for each file, and the file's time and size; who reads it
imports what has changed since, and nothing else.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from shared.function import Misdeclared, record_of
from shared.kit.record import Access, Record
from shared.runtime.registry import ROOT, RegistryError, handler_of

FILE, TRIGGERS = "functions.json", "triggers.json"
# what all of them are written with: where it changes, nothing that is kept counts
FLOOR = (
    "events/*.py",
    "shared/function.py",
    "shared/keeper.py",
    "shared/kit/record.py",
    "shared/runtime/registry.py",
)
Said = dict[str, Any]


class Stub:
    """Stands for a handler that is not imported yet."""

    def __init__(self, module: str) -> None:
        self.__module__, self.__name__ = module, module.rpartition(".")[2]

    def __call__(self, *_: Any) -> None:
        """Whoever calls has to ask for the whole record first."""
        raise NotImplementedError(self.__name__)


class Face(Record):
    """A record as far as it can be written down: where the function is called, by what, and when."""

    @classmethod
    def of(cls, said: Said) -> "Face":
        """From what `told` wrote down."""
        facts = {name: value for name, value in said.items() if name not in {"module", "types", "access"}}
        facts["among"] = tuple(facts["among"])
        face = cls(Stub(said["module"]), access=Access(**said["access"]), **facts)
        face.__dict__["types"] = tuple(said["types"])
        return face


def told(record: Record) -> Said:
    """What is written down of it."""
    return {
        "module": record.module,
        "types": list(record.types),
        "access": asdict(record.access),
        **{
            name: getattr(record, name)
            for name in ("kind", "method", "path", "cron", "batches", "outward", "tenantless")
        },
        "among": list(record.among),
    }


def whole(record: Record) -> Record:
    """With its handler, imported now where nobody has called it yet."""
    if not isinstance(record, Face):
        return record
    return record_of(getattr(import_module(record.module), record.python_name))


class File(NamedTuple):
    """A file of functions/ and the state in which it was read."""

    path: str
    changed: int
    size: int

    @classmethod
    def all(cls) -> "Iterator[File]":
        """Those that may hold a function."""
        for folder, folders, names in os.walk(ROOT / "functions"):
            folders[:] = [name for name in folders if name not in {"__pycache__", "migrations"}]
            for name in names:
                if name.endswith(".py"):
                    found = os.stat(path := os.path.join(folder, name))  # noqa: PTH116, PTH118 (hundreds of them)
                    yield cls(os.path.relpath(path, ROOT), found.st_mtime_ns, found.st_size)


def known(home: Path) -> dict[str, Record]:
    """Every function's face by its name, sorted. RegistryError when the collection contradicts itself; what a
    changed file raises when it is imported.
    """
    kept = read(home / FILE)
    floor = [[*File(str(path), *stats(path))] for pattern in FLOOR for path in sorted(ROOT.glob(pattern))]
    before = kept.get("files", {}) if kept.get("floor") == floor else {}
    files: dict[str, list[Any]] = {
        file.path: entry
        if (entry := before.get(file.path)) and entry[:2] == [file.changed, file.size]
        else [file.changed, file.size, said_in(file)]
        for file in sorted(File.all())
    }
    now = {"floor": floor, "files": files}
    faces = [Face.of(entry[2]) for entry in files.values() if entry[2]]
    if doubled := [name for name, n in Counter(face.name for face in faces).items() if n > 1]:
        raise RegistryError(f"each of these names stands for two functions: {', '.join(doubled)}")
    if now != kept:
        write(home / FILE, now)
    write_if_new(home / TRIGGERS, wanted(faces))
    return {face.name: face for face in sorted(faces, key=lambda face: face.name)}


def stats(path: Path) -> tuple[int, int]:
    """When it was changed, and its size."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def said_in(file: File) -> Said | None:
    """What the function in a file says; None for a noun."""
    try:
        handler = handler_of(ROOT / file.path)
    except Misdeclared as mistake:
        raise RegistryError(str(mistake)) from None
    return told(record_of(handler)) if handler else None


def wanted(faces: list[Face]) -> Said:
    """For the broker (broker/triggers.py): who hears what, and whom the clock calls."""
    return {
        "triggers": [
            {"name": face.name, "type": type_, "batches": face.batches, "outward": face.outward}
            for face in faces
            for type_ in face.types
        ],
        "ticks": [{"name": face.name, "cron": face.cron} for face in faces if face.cron],
    }


def read(path: Path) -> Said:
    """What was written; nothing where that is not to be read."""
    try:
        found: Said = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def write_if_new(path: Path, what: Said) -> None:
    """Only what has changed gets a new time: the broker begins anew by it."""
    if read(path) != what:
        write(path, what)


def write(path: Path, what: Said) -> None:
    """All or nothing; several may write the same."""
    draft = path.with_suffix(f".{os.getpid()}.new")
    draft.write_text(json.dumps(what), "utf-8")
    draft.replace(path)


def load(paths: list[str]) -> None:
    """Import these files now, wherever they are used: what is wrong with them is raised here."""
    for path in paths:
        if path.endswith(".py") and (ROOT / path).exists():
            import_module(".".join(Path(path).with_suffix("").parts).removesuffix(".__init__"))


def warm(records: list[Record], cannot: Callable[[Record, Exception], object]) -> None:
    """Import the rest, one after the other, so that nobody's first call waits for it."""
    for record in records:
        try:
            whole(record)
        except Exception as error:  # noqa: BLE001 (whoever calls it is told)
            cannot(record, error)


if __name__ == "__main__":
    known(Path(sys.argv[1]))
