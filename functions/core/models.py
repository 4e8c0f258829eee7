"""All models of this service: what is handed out and erased (shared/keeping.py)."""
from functions.core.categories.tables import Category
from functions.core.listings.tables import Listing
from functions.core.media.tables import Media

MODELS = (Category, Listing, Media)
