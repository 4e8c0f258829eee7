"""Save a new version of what the city's app is built from; hard-to-read colours are refused."""

from sqlalchemy import func, select

from functions.factory.configs.configuration import AppConfigIn, AppConfigOut
from functions.factory.pwa.errors import ContrastTooLow
from functions.factory.tables import AppConfiguration
from shared.function import Context, http, requires


@http.put("/api/factory/app-config", raises=[ContrastTooLow])
@requires("app_config:write")
def save_app_config(ctx: Context, config: AppConfigIn) -> AppConfigOut:
    config.theme.check()
    version = (ctx.db.scalar(select(func.max(AppConfiguration.version))) or 0) + 1
    ctx.db.add(
        AppConfiguration(
            version=version, config=config.model_dump(mode="json"), saved_by=ctx.user_id, created_at=ctx.now
        )
    )
    return AppConfigOut(**config.model_dump(), version=version, saved_by=ctx.user_id, created_at=ctx.now)
