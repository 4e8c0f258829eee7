"""Build the installable web app (PWA) from an assembled workspace; the same workspace gives the same bytes."""

from events.factory import BuildAssembled, BuildCompleted, BuildFailed
from functions.factory.builds.build import BuildStatus
from functions.factory.builds.steps import Workshop
from functions.factory.tables import Build
from shared.function import Context, on


@on(BuildAssembled, emits=[BuildCompleted, BuildFailed])
def build_web_app(ctx: Context, event: BuildAssembled) -> None:
    build = ctx.db.get(Build, event.build_id, with_for_update=True)
    if build is None or event.platform != "web" or build.status != BuildStatus.ASSEMBLING:
        return
    build.enter(ctx, BuildStatus.BUILDING)
    workshop = Workshop(ctx, build)
    ctx.after_commit(workshop.make)
