"""The cities' files, through the S3 API: the same for the local object store and anybody else's."""

from uuid import UUID

from shared.adapters import storage
from shared.errors import NotFound
from tooling.backup.archive import File, Reader, Writer
from tooling.backup.belongings import Belongings, Place


class Copies:
    """The files in an archive, copied in two rounds: before the databases' moment and after it.

    What is deleted after the moment was copied before it, what came shortly before the moment is copied after
    it. Only a file that came and went while the backup ran can be missing.
    """

    def __init__(self, archive: Writer) -> None:
        self.archive = archive
        self.copied: dict[Place, tuple[str, File]] = {}
        self.marks: dict[Place, str] = {}
        self.number = 0

    def round(self) -> None:
        """Copy what is new, or other than it was; one that is deleted meanwhile is left out."""
        for tenant in storage.tenants():
            for key in storage.keys(tenant):
                try:
                    self.copy(tenant, key)
                except NotFound:
                    continue

    def copy(self, tenant: UUID, key: str) -> None:
        """One file, unless it is there as it is."""
        found, place = storage.stat(tenant, key), (tenant, key)
        if self.marks.get(place) != found.etag:
            name = f"objects/{self.number}"
            self.archive.write(name, storage.get(tenant, key))
            self.copied[place] = name, File(tenant=str(tenant), key=key, content_type=found.content_type)
            self.marks[place], self.number = found.etag, self.number + 1

    def of(self, kept: Belongings) -> dict[str, File]:
        """Those that a row keeps."""
        return {name: file for place, (name, file) in self.copied.items() if kept.has(*place)}


def bring_back(archive: Reader, kept: Belongings) -> int:
    """Put every object that a row keeps where it was; how many."""
    files = {
        name: file for name, file in archive.manifest.files.items() if kept.has(UUID(file.tenant), file.key)
    }
    for name, file in files.items():
        storage.put(UUID(file.tenant), file.key, archive.read(name), file.content_type)
    return len(files)


def remove_strays(kept: Belongings) -> int:
    """Delete what came later and no row keeps any more; how many."""
    strays = [
        (tenant, key)
        for tenant in storage.tenants()
        for key in storage.keys(tenant)
        if not kept.has(tenant, key)
    ]
    for tenant, key in strays:
        storage.delete(tenant, key)
    return len(strays)


def there() -> set[Place]:
    """All files that there are."""
    return {(tenant, key) for tenant in storage.tenants() for key in storage.keys(tenant)}
