"""The imprint of a demonstration city, which is therefore open to everyone."""

from functions.city.cities.tables import City
from functions.city.legal.imprint_duty import open_to_all
from functions.city.legal.queries import HAS_IMPRINT, NEXT_VERSION
from functions.city.legal.save_legal_text import save_legal_text
from functions.city.legal.tables import LegalText
from shared.tenancy.tenants import Tenant
from tooling.seed.accounts import acting_as

TEXT = "<p>Dies ist eine Vorführung auf Ihrem eigenen Rechner. Verantwortlich ist, wer sie gestartet hat.</p>"


def seed_imprint(tenant: Tenant) -> int:
    """Publish an imprint where there is none yet, as `save-legal-text` does it; how many are new."""
    with acting_as(save_legal_text, tenant) as ctx:
        if ctx.sql.one(HAS_IMPRINT, tenant=tenant.id, language=tenant.language):
            return 0
        [[version]] = ctx.sql.run(NEXT_VERSION, tenant=tenant.id, kind="imprint", language=tenant.language)
        ctx.db.add(
            LegalText(
                kind="imprint",
                language=tenant.language,
                version=version,
                text=TEXT,
                published=True,
                written_by=None,
                created_at=ctx.now,
            )
        )
        open_to_all(ctx, ctx.db.get_or_404(City, tenant.id))
    return 1
