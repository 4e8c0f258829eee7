"""A photo as it is sent, and how many guests send."""

from shared.adapters import counters, redis
from shared.context import Context
from shared.errors import RateLimited
from shared.kit.ids import PLATFORM_ID
from shared.runtime.binding import Upload
from shared.schema import Schema

# so many photos an hour can the guests of one address send, in all cities together
OF_GUESTS, HOUR = 10, 3600


class PhotoIn(Schema):
    """A picture (multipart, or base64 in JSON), at most 10 MB."""

    photo: Upload


def refuse_many_of_guests(ctx: Context) -> None:
    """Count a guest's photo, whatever becomes of it; RateLimited where their address has sent many within
    this hour.
    """
    if not (ctx.user.guest and ctx.request):
        return
    key = redis.key(PLATFORM_ID, "guests-photos", f"{ctx.now:%Y-%m-%dT%H}", ctx.address)
    if counters.add(key, HOUR) > OF_GUESTS:
        raise RateLimited(retryAfter=HOUR - ctx.now.minute * 60 - ctx.now.second)
