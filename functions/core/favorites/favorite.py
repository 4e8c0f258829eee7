"""A favourite as its owner reads it."""

from datetime import datetime

from functions.core.listings.listing import ListingOut


class FavoriteOut(ListingOut):
    """A listing, and since when it is a favourite."""

    favorite_since: datetime
