"""Send a push to one person of the city: only to who has agreed to `marketing`, else it ends as `suppressed`
(NO_CONSENT).
"""

from typing import Annotated
from uuid import UUID

from events.notification import NotificationRequested
from functions.notification.notices.message import requests
from functions.notification.tables import Recipient
from shared.function import Context, http, requires
from shared.schema import Schema, line, text


class PushIn(Schema):
    user_id: UUID
    title: Annotated[str, line(100, 1)]
    text: Annotated[str, text(500, 1)]


class PushRequested(Schema):
    notification_id: UUID


@http.post("/api/notifications/push", status=202, emits=[NotificationRequested])
@requires("notifications:send")
def request_push(ctx: Context, push: PushIn) -> PushRequested:
    person = ctx.db.get_or_404(Recipient, push.user_id)
    [request] = requests(ctx, person.id, "free_text", ("push",), title=push.title, text=push.text)
    ctx.emit(request)
    return PushRequested(notification_id=request.notification_id)
