"""All models of this service: what is handed out and erased (shared/personal_data.py)."""

from functions.core.boundary.tables import BOUNDARIES
from functions.core.categories.tables import Category
from functions.core.favorites.tables import Favorite
from functions.core.listings.tables import Listing
from functions.core.media.tables import Media
from functions.core.tiles.tables import Tile
from shared.db.privacy import Models

MODELS: Models = (Category, Listing, Media, Tile, Favorite, BOUNDARIES)
