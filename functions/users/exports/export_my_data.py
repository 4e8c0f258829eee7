"""Hand out everything that is held about oneself, from all services, as one archive; it takes some seconds to
gather.
"""

from sqlalchemy import select

from events.privacy import ExportRequested
from functions.users.exports.archive import archive
from functions.users.exports.export import AGAIN, RETRY_SECONDS, Format, Gathering
from functions.users.exports.tables import Export
from functions.users.profiles.tables import Profile
from shared.errors import NotFound
from shared.function import Context, Response, http, signed_in
from shared.kit.ids import new_id


@http.get(
    "/api/users/me/export",
    home_tenant=True,
    in_person=True,
    accepted_body=Gathering,
    emits=[ExportRequested],
    raises=[NotFound],
    memory=512,
    timeout=120,
)
@signed_in
def export_my_data(ctx: Context, format: Format | None = None) -> Response:
    profile = ctx.db.get_or_404(Profile, ctx.user_id, lock=True)  # who asks twice at once gets one export
    export = newest(ctx) or begin(ctx)
    if export.is_gathering(ctx.now):
        waiting = Gathering(export_id=export.id, missing=export.missing)
        return Response(
            202, waiting.model_dump_json(by_alias=True).encode(), headers={"Retry-After": str(RETRY_SECONDS)}
        )
    photo = profile.photo
    with ctx.released():
        packed = archive(export, photo, format)
    name = f"heidi-{ctx.tenant.slug}-{export.created_at:%Y%m%d-%H%M}.zip"
    return Response(
        200,
        packed,
        "application/zip",
        {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Export-Complete": str(not export.missing).lower(),
        },
    )


def newest(ctx: Context) -> Export | None:
    """The export of the last hour: there is at most one."""
    return ctx.db.scalar(
        select(Export)
        .where(Export.user_id == ctx.user_id, Export.created_at > ctx.now - AGAIN)
        .order_by(Export.created_at.desc())
        .limit(1)
    )


def begin(ctx: Context) -> Export:
    """Ask all services for their part."""
    export = Export(id=new_id(), tenant_id=ctx.tenant.id, user_id=ctx.user_id, parts={}, created_at=ctx.now)
    ctx.db.add(export)
    ctx.emit(ExportRequested(export_id=export.id, user_id=export.user_id))
    return export
