"""Ask for a host name of the city's own; the answer says which TXT record proves it."""

from sqlalchemy import func, select

from functions.city.cities.city import CityName
from functions.city.cities.directory import enter_city
from functions.city.domains.domain import MOST, DomainIn, DomainOut, TooManyDomains, new_challenge
from functions.city.domains.tables import Domain
from shared.errors import NotFound
from shared.function import Context, http, requires
from shared.kit.ids import new_id


@http.post("/api/cities/{city}/domains", status=201, raises=[NotFound, TooManyDomains])
@requires("cities:update")
def add_city_domain(ctx: Context, city: CityName, wanted: DomainIn) -> DomainOut:
    enter_city(ctx, city)
    known = ctx.db.scalar(select(Domain).where(Domain.name == wanted.domain))
    if known:
        return DomainOut.model_validate(known)
    if (ctx.db.scalar(select(func.count()).select_from(Domain)) or 0) >= MOST:
        raise TooManyDomains(most=MOST)
    made = Domain(
        id=new_id(), name=wanted.domain, challenge=new_challenge(), proven_at=None, created_at=ctx.now
    )
    ctx.db.add(made)
    return DomainOut.model_validate(made)
