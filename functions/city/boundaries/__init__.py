"""Where a city ends."""
