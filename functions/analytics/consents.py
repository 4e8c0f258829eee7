"""Whether somebody's use may be counted: an app's `consent: true` is not enough where the person can be
asked.
"""

from functions.analytics.queries import CONSENT
from shared.errors import ValidationFailed
from shared.function import Context


def refuse_without_consent(ctx: Context) -> None:
    """ValidationFailed, as where `consent` is false.

    Whoever has an account has said it there (`set-consents`), and it counts once `consent.changed` has
    arrived. Of somebody without one nothing is stored, so that the app's word is all there is; what a guest
    has said nevertheless holds.
    """
    if ctx.user.id is None:
        return
    stored = ctx.sql.run(CONSENT, tenant=ctx.tenant.id, user=ctx.user.id)
    if stored != [[True]] and (stored or not ctx.user.guest):
        raise ValidationFailed.of("consent", "NO_CONSENT")
