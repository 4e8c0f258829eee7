"""List all versions of a city's legal texts, drafts too, newest first."""

from sqlalchemy import select

from functions.city.cities.city import CityName
from functions.city.cities.directory import visit_city
from functions.city.legal.legal_text import Kind, LegalTextVersion
from functions.city.legal.tables import LegalText
from shared.errors import NotFound
from shared.function import Context, http, requires
from shared.kit.paging import Cursor, CursorInvalid, Limit
from shared.schema import LanguageTag, Page


@http.get("/api/cities/{city}/legal", raises=[NotFound, CursorInvalid])
@requires("cities:read")
def list_legal_texts(
    ctx: Context,
    city: CityName,
    kind: Kind | None = None,
    language: LanguageTag | None = None,
    limit: Limit = 20,
    cursor: Cursor | None = None,
) -> Page[LegalTextVersion]:
    visit_city(ctx, city)
    query = select(LegalText)
    if kind:
        query = query.where(LegalText.kind == kind)
    if language:
        query = query.where(LegalText.language == language)
    return ctx.db.page(query, LegalTextVersion, limit, cursor)
