"""Saving what an app is built from: each time the next version, one after another."""

from sqlalchemy import select

from functions.factory.configs.configuration import AppConfigIn
from functions.factory.tables import AppConfiguration
from shared.function import Context


def save(ctx: Context, config: AppConfigIn) -> AppConfiguration:
    """The next version; ContrastTooLow for colours that cannot be read."""
    config.theme.check()
    ctx.lock("app_configs")
    if last := ctx.db.scalar(select(AppConfiguration).order_by(AppConfiguration.version.desc()).limit(1)):
        ctx.refuse_outdated(last, "app_config")
    version = (last.version if last else 0) + 1
    row = AppConfiguration(
        version=version, config=config.model_dump(mode="json"), saved_by=ctx.user_id, created_at=ctx.now
    )
    ctx.db.add(row)
    return row
