"""Many events that are brought to a function at once: one transaction for each city, all of it or nothing.

Only a function whose record says `batches` gets them so, and only from a broker that knows it: its handler is
called for each event all the same. Whatever is wrong with one is the answer to all; the broker then brings
each by itself, and what an earlier city's transaction has kept finds its claim in the inbox.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.context import Context
from shared.kit.http import Request, Response
from shared.runtime.idempotency import CLAIM_EVENTS

if TYPE_CHECKING:
    from shared.runtime.pipeline import Function

Call = tuple[Context, dict[str, Any]]


def together(function: "Function", requests: Sequence[Request]) -> Response:
    """Handle them all."""
    cities: defaultdict[UUID, list[Call]] = defaultdict(list)
    for request in requests:
        ctx = function.internal_context(request, function.trace(request))
        arguments = function.binding.read(function.record, request)
        if function.is_for_it(arguments):
            cities[ctx.tenant.id].append((ctx, arguments))
    for calls in cities.values():
        transact(function, calls)
    return Response(204)


def transact(function: "Function", calls: Sequence[Call]) -> None:
    """Claim all, handle those that are new, commit."""
    first = calls[0][0]
    try:
        new = claimed([ctx for ctx, _ in calls])
        for ctx, arguments in calls:
            if key(ctx) in new:
                new.remove(key(ctx))  # the same event twice in one batch is handled once
                ctx.share(first)
                function.record.handler(ctx, **arguments)
                ctx.flush()
        first.finish()
        for ctx, _ in calls:
            ctx.close()
    except BaseException:
        first.abandon()
        raise


def claimed(contexts: Sequence[Context]) -> set[tuple[str, str]]:
    """Source and id of those events that are new to this function."""
    first, keys = contexts[0], [key(ctx) for ctx in contexts]
    rows = first.sql.run(
        CLAIM_EVENTS,
        tenant=str(first.tenant.id),
        function=first.record.name,
        sources=[source for source, _ in keys],
        ids=[id_ for _, id_ in keys],
    )
    return {(source, id_) for source, id_ in rows}


def key(ctx: Context) -> tuple[str, str]:
    """What an inbox knows an event by."""
    assert ctx.event  # noqa: S101 (the pipeline brings one to every function that hears events)
    return ctx.event.source, ctx.event.id
