"""Cities' content: categories, listings, media, tiles, favourites."""
