"""Register a client app of a city; its secret is shown this once."""

from functions.city.apps.app import AppIn, AppOut, AppWithSecret, hash_of, new_secret
from functions.city.apps.origins import forget_origins
from functions.city.apps.tables import App
from functions.city.cities.city import CityName
from functions.city.cities.directory import enter_city
from shared.errors import NotFound
from shared.function import Context, http, requires
from shared.kit.ids import new_id


# tenantless: the answer is never stored
@http.post("/api/cities/{city}/apps", status=201, tenantless=True, raises=[NotFound])
@requires("cities:update")
def register_app(ctx: Context, city: CityName, app: AppIn) -> AppWithSecret:
    enter_city(ctx, city)
    secret = new_secret()
    made = App(id=new_id(), secret_hash=hash_of(secret), created_at=ctx.now, **app.model_dump())
    ctx.db.add(made)
    forget_origins(ctx, made)
    return AppWithSecret(**AppOut.model_validate(made).model_dump(), secret=secret)
