"""Read a legal text as it is published, in the reader's language where there is one, else in the city's
first.
"""

from functions.city.cities.city import CityName
from functions.city.cities.directory import open_city
from functions.city.legal.legal_text import Kind, LegalTextOut
from functions.city.legal.queries import PUBLISHED
from shared.errors import NotFound
from shared.function import Context, Json, http
from shared.schema import LanguageTag


@http.get(
    "/api/cities/{city}/legal/{kind}", public=True, cache=("legal",), tenantless=True, raises=[NotFound]
)
def get_legal_text(
    ctx: Context, city: CityName, kind: Kind, language: LanguageTag | None = None
) -> Json[LegalTextOut]:
    tenant = open_city(ctx, city)
    found = ctx.sql.json_or_none(
        PUBLISHED, tenant=tenant.id, kind=kind, wanted=language or ctx.language, first=tenant.language
    )
    if found is None:
        raise NotFound("LegalText", kind)
    return found
