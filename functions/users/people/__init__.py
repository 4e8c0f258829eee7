"""People: the profiles of a city as its administrators see them."""
