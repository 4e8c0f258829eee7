"""The terms in force, and where a person stands with them."""

from datetime import datetime
from typing import NamedTuple

from functions.users.terms.queries import IN_FORCE, STATUS, VERSION
from functions.users.terms.terms import NoTerms, TermsStatus
from shared.context import Context


class Terms(NamedTuple):
    """The newest version of a city's terms."""

    version: int
    mandatory: bool
    texts: dict[str, str]
    published_at: datetime

    def language(self, ctx: Context, wanted: str | None) -> str:
        """The language to read them in: the wanted one, the reader's, the city's first, any."""
        return next(
            tag for tag in (wanted, ctx.language, ctx.tenant.language, *self.texts) if tag in self.texts
        )


def in_force(ctx: Context) -> Terms:
    """What everybody is asked to accept; NoTerms where there is nothing."""
    found = ctx.sql.one(IN_FORCE, tenant=ctx.tenant.id)
    if found is None:
        raise NoTerms("Terms")
    return Terms(*found)


def of_version(ctx: Context, version: int) -> Terms:
    """What was in force when somebody accepted it, or is; NoTerms where there never was such a version."""
    found = ctx.sql.one(VERSION, tenant=ctx.tenant.id, version=version)
    if found is None:
        raise NoTerms("Terms", version)
    return Terms(*found)


def status(ctx: Context) -> TermsStatus:
    """Which terms there are, and which of them the caller has accepted."""
    [[newest, mandatory, accepted, accepted_at]] = ctx.sql.run(STATUS, tenant=ctx.tenant.id, user=ctx.user_id)
    return TermsStatus(
        version=newest,
        mandatory_version=mandatory,
        accepted_version=accepted,
        accepted_at=accepted_at,
        must_accept=accepted < mandatory,
    )
