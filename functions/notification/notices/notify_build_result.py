"""Tell whoever asked for a build that it is done, or why it failed."""

from events.factory import BuildCompleted, BuildFailed
from events.notification import NotificationRequested
from functions.notification.notices.message import requests
from shared.function import Context, on


@on(BuildCompleted, BuildFailed, emits=[NotificationRequested])
def notify_build_result(ctx: Context, event: BuildCompleted | BuildFailed) -> None:
    if isinstance(event, BuildCompleted):
        found = requests(
            ctx, event.requested_by, "build_completed", platform=event.platform, artifact=event.artifact
        )
    else:
        found = requests(
            ctx, event.requested_by, "build_failed", platform=event.platform, reason=event.reason
        )
    for request in found:
        ctx.emit(request)
