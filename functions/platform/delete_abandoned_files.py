"""Delete files whose rows are gone; while the object store is away, the broker brings this again."""

from events.platform import FilesAbandoned
from shared.adapters import storage
from shared.function import Context, on


@on(FilesAbandoned, timeout=60)
def delete_abandoned_files(ctx: Context, event: FilesAbandoned) -> None:
    with ctx.released():  # twice is once
        for key in event.keys:
            storage.delete(ctx.tenant.id, key)
        for folder in event.folders:
            for key in list(storage.keys(ctx.tenant.id, folder)):
                storage.delete(ctx.tenant.id, key)
