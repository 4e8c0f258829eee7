"""Give a city a header image, in place of the one it has; metadata is taken out."""

from functions.city.city import CityName
from functions.city.directory import enter_city
from functions.city.header import BODY_LIMIT, CONTENT_TYPES, HeaderIn, HeaderInvalid, HeaderOut
from shared import storage
from shared.errors import NotFound, PayloadTooLarge
from shared.function import Context, http, requires
from shared.ids import new_id
from shared.pictures import Picture, PictureRefused, render
from shared.settings import settings


@http.post(
    "/api/cities/{city}/header",
    tenantless=True,
    raises=[NotFound, HeaderInvalid],
    body_limit=BODY_LIMIT,
    memory=768,
)
@requires("cities:update")
def upload_city_header(ctx: Context, city: CityName, header: HeaderIn) -> HeaderOut:
    row = enter_city(ctx, city)
    picture = rendered(header.picture.content)
    earlier, key = row.header_key, f"city/header-{new_id()}.{picture.extension}"
    storage.put(ctx.tenant.id, key, picture.content, CONTENT_TYPES[picture.extension])
    row.header_key, row.updated_at = key, ctx.now
    if earlier:
        ctx.after_commit(lambda: storage.delete(ctx.tenant.id, earlier))
    return HeaderOut(header_url=f"/api/cities/{row.slug}/header", width=picture.width, height=picture.height)


def rendered(data: bytes) -> Picture:
    """The picture made safe; HeaderInvalid says why it is none."""
    if len(data) > settings().max_upload_bytes:
        raise PayloadTooLarge(limit=settings().max_upload_bytes)
    try:
        return render(data)
    except PictureRefused as problem:
        raise HeaderInvalid(problem=str(problem)) from None
