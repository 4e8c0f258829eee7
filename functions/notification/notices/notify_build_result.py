"""Tell whoever asked for a build that it is done, or why it failed."""

from functools import partial

from events.factory import BuildCompleted, BuildFailed
from events.notification import NotificationRequested
from functions.notification.notices.message import requests
from shared.function import Context, on
from shared.tenancy.app_links import link_to


@on(BuildCompleted, BuildFailed, emits=[NotificationRequested])
def notify_build_result(ctx: Context, event: BuildCompleted | BuildFailed) -> None:
    link = link_to(ctx.tenant, "build", event.build_id)
    ask = partial(requests, ctx, event.requested_by, link=link, platform=event.platform)
    if isinstance(event, BuildCompleted):
        found = ask("build_completed", artifact=event.artifact)
    else:
        found = ask("build_failed", reason=event.reason)
    for request in found:
        ctx.emit(request)
