"""Keep every event as an entry of its city's log: who, what, when, and the part of the payload that is not
personal.
"""

import json
from typing import Any

from events.audit import EntityChanged
from events.base import PREFIX, AnyEvent
from functions.audit.entries.allow_list import is_id, kept, kept_of_change, subject_of
from functions.audit.entries.queries import APPEND
from shared.function import Context, on
from shared.kit.cloudevents import Envelope
from shared.kit.record import camel


@on(AnyEvent, batches=True)
def record_audit_entry(ctx: Context, event: AnyEvent) -> None:
    assert ctx.event  # noqa: S101 (the pipeline brings one to every function that hears events)
    said, data = ctx.event, event.model_extra or {}
    facts = of_change(data) if said.type == EntityChanged.type() else of_event(said, data)
    ctx.sql.queue(
        APPEND,
        at=said.time.isoformat(),
        actor=person(said.actor_id),
        impersonator=person(said.impersonator_id),
        source=said.source,
        correlation=said.correlation_id,
        event=said.id,
        **facts,
    )


def of_event(said: Envelope, data: dict[str, Any]) -> dict[str, Any]:
    """What an event says: its own words, and what it is about."""
    action, data = said.type.removeprefix(PREFIX), kept(data)
    kind, resource = subject_of(action, data)
    return {
        "action": action,
        "type": kind,
        "resource": resource,
        "data": json.dumps(data),
        "before": None,
        "after": None,
    }


def of_change(data: dict[str, Any]) -> dict[str, Any]:
    """What a table says: which row, which fields, before and after."""
    change = EntityChanged.model_validate(data)
    before, after = (
        json.dumps(kept_of_change(change.entity, values)) if values else None
        for values in (change.before, change.after)
    )
    data = {"function": change.function, "fields": [camel(field) for field in change.fields]}
    return {
        "action": f"record.{change.change}",
        "type": change.entity,
        "resource": change.entity_id and str(change.entity_id),
        "data": json.dumps(data),
        "before": before,
        "after": after,
    }


def person(actor: str) -> str | None:
    """An actor who is a person of ours; whatever else it says is nobody."""
    return actor if is_id(actor) else None
