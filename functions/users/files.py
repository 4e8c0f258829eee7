"""A person's files in the city's bucket: their photo, and what was gathered for them."""

from uuid import UUID

from sqlalchemy import select

from functions.users.exports.tables import Export
from functions.users.profiles.tables import Profile
from shared import quotas
from shared.adapters import storage
from shared.context import Context

# which row keeps which files (shared/stray_files.py): whose, by which key or folder, and the key that must be
# there
FILES = """SELECT tenant_id, photo, photo FROM profiles WHERE photo IS NOT NULL
 UNION ALL SELECT tenant_id, 'exports/' || id || '/', NULL FROM exports"""


def photo_folder(person: UUID) -> str:
    """What the keys of a person's photos begin with."""
    return f"people/{person}/"


def remove_files(ctx: Context, person: UUID) -> None:
    """Delete everything of theirs; what is gone already is no error."""
    gathered = [
        f"exports/{export}/" for export in ctx.db.scalars(select(Export.id).where(Export.user_id == person))
    ]
    with ctx.released():
        for folder in (photo_folder(person), *gathered):
            remove_folder(ctx.tenant.id, folder)
    profile = ctx.db.get(Profile, person)
    if profile:
        quotas.give_back(ctx, "storage_bytes", profile.photo_bytes)


def remove_folder(tenant_id: UUID, folder: str) -> None:
    """Delete the files whose keys begin like this."""
    for key in list(storage.keys(tenant_id, folder)):
        storage.delete(tenant_id, key)
