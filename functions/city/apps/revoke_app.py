"""Revoke an app: from now on its secrets are good for nothing."""

from uuid import UUID

from functions.city.apps.origins import forget_origins
from functions.city.apps.tables import App
from functions.city.cities.city import CityName
from functions.city.cities.directory import enter_city
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.delete("/api/cities/{city}/apps/{app_id}", status=204, raises=[NotFound])
@requires("cities:update")
def revoke_app(ctx: Context, city: CityName, app_id: UUID) -> None:
    enter_city(ctx, city)
    app = ctx.db.get_or_404(App, app_id, lock=True)
    app.revoke(at=ctx.now)
    forget_origins(ctx, app)
