"""Tell whoever uploaded a file that the virus scanner refused it."""

from events.core import MediaRefused
from events.notification import NotificationRequested
from functions.notification.notices.message import requests
from shared.function import Context, on


@on(MediaRefused, emits=[NotificationRequested])
def notify_author_of_refused_file(ctx: Context, event: MediaRefused) -> None:
    for request in requests(
        ctx, event.uploaded_by, "file_refused", filename=event.filename, found=event.found
    ):
        ctx.emit(request)
