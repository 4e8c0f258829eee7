"""Cities' content: categories, listings, media."""
