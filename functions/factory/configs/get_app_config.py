"""Read the newest version of what the city's app is built from."""

from functions.factory.builds.build import AppConfigMissing
from functions.factory.configs.configuration import AppConfigOut
from functions.factory.configs.newest import newest
from shared.function import Context, http, requires


@http.get("/api/factory/app-config", raises=[AppConfigMissing], versioned=True)
@requires("builds:read")
def get_app_config(ctx: Context) -> AppConfigOut:
    row = newest(ctx)
    return AppConfigOut(**row.config, version=row.version, saved_by=row.saved_by, created_at=row.created_at)
