"""Give a city a header image, in place of the one it has; metadata is taken out."""

from events.platform import FilesAbandoned
from functions.city.cities.city import CityName
from functions.city.cities.directory import hold_city, visit_city
from functions.city.cities.tables import City
from functions.city.headers.header import BODY_LIMIT, CONTENT_TYPES, HeaderIn, HeaderInvalid, HeaderOut
from shared import files, quotas
from shared.adapters import malware
from shared.adapters.malware import MalwareFound, NotScannable
from shared.errors import NotFound, PayloadTooLarge
from shared.function import Context, http, requires
from shared.kit.ids import new_id
from shared.kit.settings import settings
from shared.kit.shares import Whose
from shared.quotas import QuotaExceeded
from shared.sandbox.pictures import Picture, PictureRefused, render


@http.post(
    "/api/cities/{city}/header",
    tenantless=True,
    body_limit=BODY_LIMIT,
    memory=768,
    timeout=60,
    emits=[FilesAbandoned],
    raises=[NotFound, HeaderInvalid, MalwareFound, NotScannable, QuotaExceeded],
)
@requires("cities:update")
def upload_city_header(ctx: Context, city: CityName, header: HeaderIn) -> HeaderOut:
    visit_city(ctx, city)
    with ctx.released():
        picture = rendered(header.picture.content, ctx.whose)
    quotas.look(
        ctx, "storage_bytes", len(picture.content) - ctx.db.get_or_404(City, ctx.tenant.id).header_bytes
    )
    key = f"city/header-{new_id()}.{picture.extension}"
    with ctx.released():
        files.keep(ctx, key, picture.content, CONTENT_TYPES[picture.extension])
    row = hold_city(ctx, city)
    earlier = row.header_key
    quotas.replace(ctx, "storage_bytes", row.header_bytes, len(picture.content))
    row.header_key, row.header_bytes, row.updated_at = key, len(picture.content), ctx.now
    files.abandon(ctx, earlier)
    return HeaderOut(header_url=f"/api/cities/{row.slug}/header", width=picture.width, height=picture.height)


def rendered(data: bytes, whose: Whose) -> Picture:
    """The picture made safe; HeaderInvalid says why it is none."""
    if len(data) > settings().max_upload_bytes:
        raise PayloadTooLarge(limit=settings().max_upload_bytes)
    malware.check(data)
    try:
        return render(data, whose)
    except PictureRefused as problem:
        raise HeaderInvalid(problem=str(problem)) from None
