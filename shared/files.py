"""Files that belong to rows: they come and go with the transaction
(docs/decisions/0020-files-follow-rows.md).
"""

from datetime import datetime, timedelta
from functools import partial

from events.platform import FilesAbandoned
from shared.adapters import storage
from shared.context import Context
from shared.db.pg import borrower
from shared.errors import NotFound
from shared.schema import Schema

PRIVATE_SECONDS = 300  # as long as it takes to press a button; whoever comes later asks again


class PrivateLink(Schema):
    """A link to a file that only some may see: it works for five minutes and without a login, so it is asked for
    when it is needed, and kept nowhere. Browsers save the file and do not show it.
    """

    url: str
    name: str
    expires_at: datetime


def private_link(ctx: Context, key: str | None, name: str, *, may: bool) -> PrivateLink:
    """A link to a private file, for who `may` see it: the rule is asked by whoever knows it, and before.

    NotFound for others, and where there is none: who may not see it does not hear that it exists. Neither the
    answer nor the file ends in a cache: the object store is told to say so of the file.
    """
    if not (may and key):
        raise NotFound("File")
    url = storage.sign_private(ctx.tenant.id, key, PRIVATE_SECONDS, name)
    return PrivateLink(url=url, name=name, expires_at=ctx.now + timedelta(seconds=PRIVATE_SECONDS))


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
