"""Where a city ends, and which listings lie beyond."""
