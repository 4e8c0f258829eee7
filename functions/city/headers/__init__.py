"""A city's header image."""
