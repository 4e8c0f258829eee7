"""Prove that the city disposes of a host name, by the TXT record in its DNS; from then on the name leads to
the city.
"""

from uuid import UUID

from functions.city.cities.city import CityName
from functions.city.cities.directory import hold_city, visit_city
from functions.city.cities.queries import PROVEN_ELSEWHERE
from functions.city.domains.domain import DomainNotProven, DomainOut, DomainProvenElsewhere
from functions.city.domains.hosts import note_hosts
from functions.city.domains.tables import Domain
from shared.adapters import dns
from shared.adapters.dns import DnsUnavailable
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post(
    "/api/cities/{city}/domains/{domain_id}/prove",
    raises=[NotFound, DomainNotProven, DomainProvenElsewhere, DnsUnavailable],
)
@requires("cities:update")
def prove_city_domain(ctx: Context, city: CityName, domain_id: UUID) -> DomainOut:
    visit_city(ctx, city)
    seen = ctx.db.get_or_404(Domain, domain_id)
    if seen.proven_at is None:
        with ctx.released():
            said = dns.texts(seen.record.name)
        if seen.challenge not in said:
            raise DomainNotProven(name=seen.record.name, value=seen.challenge)
    hold_city(ctx, city)
    domain = ctx.db.get_or_404(Domain, domain_id, lock=True)
    if domain.proven_at is None:
        if ctx.sql.run(PROVEN_ELSEWHERE, host=domain.name, tenant=ctx.tenant.id):
            raise DomainProvenElsewhere(domain=domain.name)
        domain.proven_at = ctx.now
        note_hosts(ctx, domain.name)
    return DomainOut.model_validate(domain)
