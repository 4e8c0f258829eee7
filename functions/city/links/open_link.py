"""Lead from a link in a mail or a push to where its thing is shown: the city's app, or the console.

302, kept for five minutes; also of a city that prepares itself, whose staff is told of what waits. Where the
city has registered no web app, or no console is served (CONSOLE_URL), a page says where to look. The link proves
nothing: what is not public asks for a login there.
"""

from uuid import UUID

from functions.city.links.destination import city_of, destination
from functions.city.links.no_page import nowhere
from shared.function import Context, Response, http
from shared.tenancy.app_links import Thing

HEADERS = {"Cache-Control": "public, max-age=300", "Referrer-Policy": "no-referrer"}


@http.get("/l/{thing}/{thing_id}", public=True, tenantless=True, status=302, picture=True, any_query=True)
def open_link(ctx: Context, thing: Thing, thing_id: UUID) -> Response:
    ctx.enter(city_of(ctx))
    if location := destination(ctx, thing, thing_id):
        return Response(302, content_type="text/plain", headers={"Location": location, **HEADERS})
    return nowhere(ctx)
