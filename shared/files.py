"""Files that belong to rows: they come and go with the transaction
(docs/decisions/0020-files-follow-rows.md).
"""

from functools import partial

from events.platform import FilesAbandoned
from shared.adapters import storage
from shared.context import Context
from shared.db.pg import borrower


def keep(ctx: Context, key: str, data: bytes, content_type: str) -> None:
    """Store a file under a key of its own, which no other call will use; it is removed when this transaction
    is undone.

    Inside `with ctx.released()`, as it takes long when the store does: the file comes first, the row follows.
    What a killed process leaves, or a store that did not say whether it has it, is found by comparing, every
    night (shared/stray_files.py).
    """
    if borrower().lent:
        raise RuntimeError("whoever stores a file holds no connection to Postgres: with ctx.released()")
    storage.put(ctx.tenant.id, key, data, content_type)
    ctx.after_rollback(partial(storage.delete, ctx.tenant.id, key))


def abandon(ctx: Context, *keys: str | None) -> None:
    """Have files deleted once their rows are gone for good, however long the object store is away; None is no
    file.
    """
    there = tuple(key for key in keys if key)
    if there:
        ctx.emit(FilesAbandoned(keys=there))


def abandon_folders(ctx: Context, *folders: str) -> None:
    """The same for all files whose keys begin so."""
    if folders:
        ctx.emit(FilesAbandoned(folders=folders))
