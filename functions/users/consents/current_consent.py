"""What counts of all that a person has said."""

from functions.users.consents.consent import ConsentOut
from shared.context import Context

NEWEST = """SELECT DISTINCT ON (purpose) purpose, granted, text_version, created_at FROM consent_entries
 WHERE tenant_id = :tenant AND user_id = :user ORDER BY purpose, created_at DESC, id DESC"""


def current(ctx: Context) -> dict[str, ConsentOut]:
    """The caller's newest decision about each purpose."""
    return {
        purpose: ConsentOut(purpose=purpose, granted=granted, text_version=version, created_at=at)
        for purpose, granted, version, at in ctx.sql.run(NEWEST, tenant=ctx.tenant.id, user=ctx.user_id)
    }
