"""Delete originals of documents that no row keeps."""

from events.platform import FilesAbandoned
from functions.chatbot.files import FILES
from shared.function import Context, tick
from shared.stray_files import collect


@tick("15 2 * * *", timeout=300, emits=[FilesAbandoned])
def collect_stray_documents(ctx: Context) -> None:
    collect(ctx, "documents/", FILES)
