"""Give up a host name: within seconds it leads nowhere."""

from uuid import UUID

from functions.city.cities.city import CityName
from functions.city.cities.directory import enter_city
from functions.city.domains.hosts import note_hosts
from functions.city.domains.tables import Domain
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.delete("/api/cities/{city}/domains/{domain_id}", status=204, raises=[NotFound])
@requires("cities:update")
def remove_city_domain(ctx: Context, city: CityName, domain_id: UUID) -> None:
    enter_city(ctx, city)
    domain = ctx.db.get_or_404(Domain, domain_id, lock=True)
    ctx.db.delete(domain)
    note_hosts(ctx, domain.name)
