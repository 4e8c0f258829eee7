"""The cities' files, through the S3 API: the same for the local object store and anybody else's."""

from collections.abc import Iterator
from uuid import UUID

from shared import storage
from shared.errors import NotFound
from shared.settings import settings
from tooling.backup.archive import File, Reader, Writer


def save(archive: Writer) -> dict[str, File]:
    """Copy every bucket's objects into the archive; one that is deleted meanwhile is left out."""
    files: dict[str, File] = {}
    for tenant in tenants():
        for key in storage.keys(tenant):
            try:
                data, content_type = storage.get(tenant, key), storage.stat(tenant, key).content_type
            except NotFound:
                continue
            name = f"objects/{len(files)}"
            archive.write(name, data)
            files[name] = File(tenant=str(tenant), key=key, content_type=content_type)
    return files


def bring_back(archive: Reader) -> int:
    """Put every object where it was; those that came later stay, for nobody knows them."""
    for name, file in archive.manifest.files.items():
        storage.put(UUID(file.tenant), file.key, archive.read(name), file.content_type)
    return len(archive.manifest.files)


def tenants() -> Iterator[UUID]:
    """Whose buckets there are."""
    prefix = settings().s3_bucket + "-"
    for bucket in storage._client().list_buckets()["Buckets"]:  # noqa: SLF001 (no function needs to list buckets)
        name = bucket["Name"]
        try:
            yield UUID(name.removeprefix(prefix) if name.startswith(prefix) else "")
        except ValueError:
            continue
