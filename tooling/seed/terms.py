"""Terms of use of the demonstration: a first version that nobody has to accept before they try things out."""

import json
from uuid import uuid5

from events.users import TermsPublished
from functions.users.terms.publish_terms import publish_terms
from functions.users.terms.queries import IN_FORCE, PUBLISH
from shared.tenancy.tenants import Tenant
from tooling.seed.accounts import acting_as

TEXTS = {
    "de": "<p>Dies ist eine Vorführung. Bitte tragen Sie hier nichts ein, was Sie nicht auch an eine Pinnwand hängen würden.</p>",
    "en": "<p>This is a demonstration. Please write nothing here that you would not pin to a notice board.</p>",
}


def seed_terms(tenant: Tenant) -> int:
    """Publish version 1 where there is none yet, as `publish-terms` does it; how many versions are new."""
    with acting_as(publish_terms, tenant) as ctx:
        if ctx.sql.one(IN_FORCE, tenant=tenant.id):
            return 0
        [[version]] = ctx.sql.run(
            PUBLISH,
            id=uuid5(tenant.id, "terms"),
            tenant=tenant.id,
            mandatory=False,
            texts=json.dumps(TEXTS),
            by=None,
            now=ctx.now,
        )
        ctx.emit(TermsPublished(terms_version=version, mandatory=False))
    return 1
