"""Prove that an app is one of the city's, by its secret."""

from functions.city.apps.app import AppCredentials, AppCredentialsWrong, AppOut, hash_of
from functions.city.apps.tables import App
from shared.function import Context, http


@http.post("/api/apps/verify", public=True, raises=[AppCredentialsWrong])
def verify_app_credentials(ctx: Context, credentials: AppCredentials) -> AppOut:
    app = ctx.db.get(App, credentials.client_id)
    if app is None or not app.knows(hash_of(credentials.secret), at=ctx.now):
        raise AppCredentialsWrong
    return AppOut.model_validate(app)
