"""A person's files in the city's bucket: their photo, and what was gathered for them."""

from uuid import UUID

from sqlalchemy import select

from functions.users.exports.tables import Export
from shared import storage
from shared.context import Context


def photo_folder(person: UUID) -> str:
    """What the keys of a person's photos begin with."""
    return f"people/{person}/"


def remove_files(ctx: Context, person: UUID) -> None:
    """Delete everything of theirs; what is gone already is no error."""
    gathered = [
        f"exports/{export}/" for export in ctx.db.scalars(select(Export.id).where(Export.user_id == person))
    ]
    for folder in (photo_folder(person), *gathered):
        remove_folder(ctx, folder)


def remove_folder(ctx: Context, folder: str) -> None:
    """Delete the files whose keys begin like this."""
    for key in list(storage.keys(ctx.tenant.id, folder)):
        storage.delete(ctx.tenant.id, key)
