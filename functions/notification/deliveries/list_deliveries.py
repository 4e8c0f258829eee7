"""List what became of the city's messages, the newest first: what waits, what failed and why."""

from typing import Annotated

from pydantic import Field
from sqlalchemy import select

from events.notification import Channel
from functions.notification.deliveries.delivery import DeliveryOut, State
from functions.notification.tables import Delivery
from shared.function import Context, http, requires
from shared.kit.paging import Cursor, CursorInvalid, Limit
from shared.schema import Page

InState = Annotated[State, Field(description="only those in this state")]
ByChannel = Annotated[Channel, Field(description="only those on this channel")]


@http.get("/api/notifications/deliveries", raises=[CursorInvalid])
@requires("notifications:read")
def list_deliveries(
    ctx: Context,
    limit: Limit = 50,
    cursor: Cursor | None = None,
    state: InState | None = None,
    channel: ByChannel | None = None,
) -> Page[DeliveryOut]:
    query = select(Delivery)
    if state:
        query = query.where(Delivery.state == state)
    if channel:
        query = query.where(Delivery.channel == channel)
    return ctx.db.page(query, DeliveryOut, limit, cursor)
