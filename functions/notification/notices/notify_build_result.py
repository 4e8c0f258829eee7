"""Tell whoever asked for a build that it is done, or why it failed."""

from events.factory import BuildCompleted, BuildFailed
from events.notification import NotificationRequested
from functions.notification.notices.message import requests
from shared.function import Context, on
from shared.tenancy.app_links import link_to


@on(BuildCompleted, BuildFailed, emits=[NotificationRequested])
def notify_build_result(ctx: Context, event: BuildCompleted | BuildFailed) -> None:
    if isinstance(event, BuildCompleted):
        template, facts = "build_completed", {"platform": event.platform, "artifact": event.artifact}
    else:
        template, facts = "build_failed", {"platform": event.platform, "reason": event.reason}
    link = link_to(ctx.tenant, "build", event.build_id)
    for request in requests(ctx, event.requested_by, template, link=link, **facts):
        ctx.emit(request)
