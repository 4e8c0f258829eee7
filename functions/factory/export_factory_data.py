"""Hand out what the factory service holds about a person, or of a whole city."""

from events.privacy import ExportPart, ExportRequested
from functions.factory.models import MODELS
from shared.function import Context, on
from shared.personal_data import hand_out


@on(ExportRequested, emits=[ExportPart], timeout=300)
def export_factory_data(ctx: Context, event: ExportRequested) -> None:
    ctx.emit(hand_out(ctx, event, MODELS))
