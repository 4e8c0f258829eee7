"""Delete header images that no city keeps."""

from events.platform import FilesAbandoned
from functions.city.files import FILES
from shared.function import Context, tick
from shared.stray_files import collect


@tick("35 2 * * *", timeout=300, emits=[FilesAbandoned])
def collect_stray_headers(ctx: Context) -> None:
    collect(ctx, "city/", FILES)
