"""The app configuration that counts: the newest version."""

from sqlalchemy import select

from functions.factory.builds.build import AppConfigMissing
from functions.factory.tables import AppConfiguration
from shared.function import Context


def newest(ctx: Context) -> AppConfiguration:
    """The newest version, or AppConfigMissing."""
    row = ctx.db.scalar(select(AppConfiguration).order_by(AppConfiguration.version.desc()).limit(1))
    if row is None:
        raise AppConfigMissing
    return row
