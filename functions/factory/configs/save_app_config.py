"""Save a new version of what the city's app is built from; hard-to-read colours are refused."""

from functions.factory.configs.configuration import AppConfigIn, AppConfigOut
from functions.factory.configs.versions import save
from shared.function import Context, http, requires
from shared.kit.contrast import ContrastTooLow


@http.put("/api/factory/app-config", raises=[ContrastTooLow], versioned=True)
@requires("app_config:write")
def save_app_config(ctx: Context, config: AppConfigIn) -> AppConfigOut:
    row = save(ctx, config)
    return AppConfigOut(
        **config.model_dump(), version=row.version, saved_by=row.saved_by, created_at=row.created_at
    )
