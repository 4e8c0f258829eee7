"""Create a listing: an editor's waits for approval, an admin may publish at once."""

from uuid import UUID

from events.core import ContentPublished, ListingCreated
from functions.core.boundary.outside import is_inside
from functions.core.listings.listing import ListingIn, ListingOut, Location, Status, as_json, slug_for
from functions.core.listings.queries import CREATE, OUTSIDE
from shared import quotas
from shared.errors import ValidationFailed
from shared.field_errors import found
from shared.function import Context, Json, http, requires
from shared.kit.ids import new_id
from shared.kit.languages import LANGUAGES
from shared.quotas import QuotaExceeded


@http.post(
    "/api/listings", status=201, emits=[ListingCreated, ContentPublished], raises=[QuotaExceeded], min_scale=1
)
@requires("listings:create")
def create_listing(ctx: Context, listing: ListingIn) -> Json[ListingOut]:
    status = first_status(listing, may_publish=ctx.may("listings:publish"))
    language = listing.language or ctx.tenant.language
    listing_id = new_id()
    if listing.location:
        ctx.lock_shared("boundary")
    row = ctx.sql.one(
        CREATE,
        id=listing_id,
        category_id=listing.category_id,
        slug=slug_for(listing.title),
        status=status,
        language=language,
        dictionary=LANGUAGES[language].dictionary,
        title=listing.title,
        summary=listing.summary,
        description=listing.description,
        address=as_json(listing.address),
        lat=listing.location and listing.location.lat,
        lon=listing.location and listing.location.lon,
        opening_hours=as_json(listing.opening_hours),
        contact=as_json(listing.contact),
        tags=listing.tags,
        media=listing.media_ids,
        created_by=ctx.user_id,
        published_at=ctx.now if status == Status.PUBLISHED else None,
        **quotas.price(ctx, "listings"),
    )
    if row is None:
        raise quotas.exceeded(ctx, "listings")
    made, unknown_media, boundary = row
    if unknown_media:
        raise ValidationFailed(
            errors=[found("mediaIds", "UNKNOWN_REFERENCE", id=missing) for missing in unknown_media]
        )
    if status != Status.DRAFT:
        ctx.emit(
            ListingCreated(
                listing_id=listing_id,
                title=listing.title,
                contributor_id=ctx.user_id,
                pending=status == Status.PENDING,
            )
        )
    if status == Status.PUBLISHED:
        ctx.drop("listings")
        ctx.emit(ContentPublished(kind="listing", content_id=listing_id))
    if boundary and listing.location:
        made = flagged(ctx, listing_id, listing.location, boundary)
    return Json(made.encode())


def flagged(ctx: Context, listing_id: UUID, place: Location, boundary: str) -> str:
    """The listing, with whether it lies outside of the city."""
    outside = not is_inside(boundary, place.lat, place.lon)
    made: str = ctx.sql.run(OUTSIDE, tenant=ctx.tenant.id, id=listing_id, outside=outside)[0][0]
    return made


def first_status(listing: ListingIn, *, may_publish: bool) -> Status:
    """Where a new listing starts (requirements §3.4, §12.2)."""
    if listing.draft:
        return Status.DRAFT
    return Status.PUBLISHED if listing.publish and may_publish else Status.PENDING
