"""Give a city a logo, in place of the one it has; it is made small, and metadata is taken out."""

from events.platform import FilesAbandoned
from functions.city.cities.change_notice import make_known
from functions.city.cities.city import CityName
from functions.city.cities.directory import hold_city, visit_city
from functions.city.cities.tables import City
from functions.city.logos.logo import (
    BODY_LIMIT,
    CONTENT_TYPES,
    MOST_BYTES,
    CityLogoInvalid,
    LogoIn,
    LogoOut,
)
from shared import files, quotas
from shared.adapters import malware
from shared.adapters.malware import MalwareFound, NotScannable
from shared.errors import NotFound, PayloadTooLarge
from shared.function import Context, http, requires
from shared.kit.ids import new_id
from shared.kit.shares import Whose
from shared.quotas import QuotaExceeded
from shared.sandbox.pictures import Picture, PictureRefused, render


@http.post(
    "/api/cities/{city}/logo",
    tenantless=True,
    body_limit=BODY_LIMIT,
    memory=768,
    timeout=60,
    emits=[FilesAbandoned],
    raises=[NotFound, CityLogoInvalid, MalwareFound, NotScannable, QuotaExceeded],
)
@requires("cities:update")
def upload_city_logo(ctx: Context, city: CityName, logo: LogoIn) -> LogoOut:
    visit_city(ctx, city)
    with ctx.released():
        picture = rendered(logo.picture.content, ctx.whose)
    size = len(picture.thumbnail)
    quotas.look(ctx, "storage_bytes", size - ctx.db.get_or_404(City, ctx.tenant.id).logo_bytes)
    key = f"city/logo-{new_id()}.{picture.extension}"
    with ctx.released():
        files.keep(ctx, key, picture.thumbnail, CONTENT_TYPES[picture.extension])
    row = hold_city(ctx, city)
    earlier = row.logo_key
    quotas.replace(ctx, "storage_bytes", row.logo_bytes, size)
    row.logo_key, row.logo_bytes, row.updated_at = key, size, ctx.now
    files.abandon(ctx, earlier)
    make_known(ctx, ctx.tenant)
    scale = min(1.0, 400 / max(picture.width, picture.height))
    return LogoOut(
        logo_url=row.logo_url or "", width=round(picture.width * scale), height=round(picture.height * scale)
    )


def rendered(data: bytes, whose: Whose) -> Picture:
    """The picture made safe; CityLogoInvalid says why it is none that mails can show."""
    if len(data) > MOST_BYTES:
        raise PayloadTooLarge(limit=MOST_BYTES)
    malware.check(data)
    try:
        picture = render(data, whose)
    except PictureRefused as problem:
        raise CityLogoInvalid(problem=str(problem)) from None
    if picture.extension not in CONTENT_TYPES:
        raise CityLogoInvalid(problem="mail programs show PNG and JPEG only")
    return picture
