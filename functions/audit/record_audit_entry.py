"""Keep every event as an entry of its city's log: who, what, when, and the part of the payload that is not personal."""
import json

from events.base import PREFIX, AnyEvent
from functions.audit.keeping import is_id, kept, subject_of
from functions.audit.queries import APPEND
from shared.function import Context, on


@on(AnyEvent)
def record_audit_entry(ctx: Context, event: AnyEvent) -> None:
    assert ctx.event  # noqa: S101 (the pipeline brings one to every function that hears events)
    said, data = ctx.event, kept(event.model_extra or {})
    action = said.type.removeprefix(PREFIX)
    kind, resource = subject_of(action, data)
    actor = said.actor_id if is_id(said.actor_id) else None
    ctx.sql.later(APPEND, at=said.time.isoformat(), actor=actor, action=action, type=kind, resource=resource, source=said.source,
                  correlation=said.correlation_id, event=said.id, data=json.dumps(data))
