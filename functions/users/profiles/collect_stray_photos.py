"""Delete photos that no profile keeps."""

from events.platform import FilesAbandoned
from functions.users.files import FILES
from shared.function import Context, tick
from shared.stray_files import collect


@tick("25 2 * * *", timeout=300, emits=[FilesAbandoned])
def collect_stray_photos(ctx: Context) -> None:
    collect(ctx, "people/", FILES)
