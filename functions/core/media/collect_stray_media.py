"""Delete files of media that no row keeps."""

from events.platform import FilesAbandoned
from functions.core.files import FILES
from shared.function import Context, tick
from shared.stray_files import collect


@tick("5 2 * * *", timeout=300, emits=[FilesAbandoned])
def collect_stray_media(ctx: Context) -> None:
    collect(ctx, "media/", FILES)
