"""Delete files of builds that no row keeps."""

from events.platform import FilesAbandoned
from functions.factory.files import FILES
from shared.function import Context, tick
from shared.stray_files import collect


@tick("45 2 * * *", timeout=300, emits=[FilesAbandoned])
def collect_stray_builds(ctx: Context) -> None:
    collect(ctx, "builds/", FILES)
