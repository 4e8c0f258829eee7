"""A city's logo."""
