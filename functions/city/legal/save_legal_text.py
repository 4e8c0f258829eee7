"""Write a new version of a legal text, and publish it or keep it as a draft; the first imprint opens the city
to everyone.
"""

from events.city import CityOpened
from functions.city.cities.city import CityName
from functions.city.cities.directory import enter_city
from functions.city.legal.imprint_duty import open_to_all
from functions.city.legal.legal_text import Kind, LegalTextIn, LegalTextVersion
from functions.city.legal.queries import NEXT_VERSION
from functions.city.legal.tables import LegalText
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.put("/api/cities/{city}/legal/{kind}", status=201, emits=[CityOpened], raises=[NotFound])
@requires("cities:update")
def save_legal_text(ctx: Context, city: CityName, kind: Kind, legal_text: LegalTextIn) -> LegalTextVersion:
    row = enter_city(ctx, city)  # whose lock makes two writers count one after the other
    [[version]] = ctx.sql.run(NEXT_VERSION, tenant=row.id, kind=kind, language=legal_text.language)
    made = LegalText(
        kind=kind,
        language=legal_text.language,
        version=version,
        text=legal_text.text,
        published=legal_text.publish,
        written_by=ctx.user_id,
        created_at=ctx.now,
    )
    ctx.db.add(made)
    ctx.db.flush()
    if kind is Kind.IMPRINT and legal_text.publish and legal_text.language == row.languages[0]:
        open_to_all(ctx, row)
    return LegalTextVersion.model_validate(made)
