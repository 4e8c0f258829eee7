"""Take in what an app says about its use, with its user's consent and without saying who that is.

Of people with an account the consent that they have stored counts, of guests and of nobody in particular what
the app says.
"""

from functions.analytics.consents import refuse_without_consent
from functions.analytics.event import EventBatch, Received, refuse_times
from functions.analytics.queries import KEEP
from shared.function import Context, http


# A stored Idempotency-Key would say who was here; the events bring ids of their own.
@http.post("/api/analytics/events", public=True, status=202, never_stored=True, body_limit=64 * 1024)
def track_events(ctx: Context, batch: EventBatch) -> Received:
    refuse_without_consent(ctx)
    refuse_times(batch.events, ctx.now)
    ctx.sql.queue(KEEP, tenant=ctx.tenant.id, batch=batch.model_dump_json())
    return Received(received=len(batch.events))
