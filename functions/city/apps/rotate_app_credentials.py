"""Give an app a new secret; the one until now stays good for 24 hours."""

from uuid import UUID

from functions.city.apps.app import AppOut, AppRevoked, AppWithSecret, hash_of, new_secret
from functions.city.apps.tables import App
from functions.city.cities.city import CityName
from functions.city.cities.directory import enter_city
from shared.errors import NotFound
from shared.function import Context, http, requires


# as register-app
@http.post("/api/cities/{city}/apps/{app_id}/rotate", tenantless=True, raises=[NotFound, AppRevoked])
@requires("cities:update")
def rotate_app_credentials(ctx: Context, city: CityName, app_id: UUID) -> AppWithSecret:
    enter_city(ctx, city)
    app = ctx.db.get_or_404(App, app_id, lock=True)
    if app.revoked_at:
        raise AppRevoked
    secret = new_secret()
    app.rotate(hash_of(secret), at=ctx.now)
    return AppWithSecret(**AppOut.model_validate(app).model_dump(), secret=secret)
