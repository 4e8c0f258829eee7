"""Asking for messages: to one person on all channels, or to all who decide."""

from collections.abc import Iterator
from uuid import UUID, uuid5

from events.notification import Channel, NotificationRequested
from shared.function import Context
from shared.kit.ids import new_id

DECIDERS = ("city_admin", "super_city_admin")
CHANNELS: tuple[Channel, ...] = ("email", "push")


def requests(
    ctx: Context,
    user_id: UUID,
    template: str,
    channels: tuple[Channel, ...] = CHANNELS,
    *,
    link: str | None = None,
    **values: str,
) -> Iterator[NotificationRequested]:
    """One request per channel, with the `link` that it is about.

    Its id comes from the event, so that a repeated event asks for the same messages.
    """
    cause = ctx.event.id if ctx.event else str(new_id())
    for channel in channels:
        yield NotificationRequested(
            notification_id=uuid5(ctx.tenant.id, f"{cause}/{user_id}/{template}"),
            channel=channel,
            template=template,
            user_id=user_id,
            link=link,
            values={"city": ctx.tenant.name, **values},
        )
