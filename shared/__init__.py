"""The floor that every function stands on."""

__version__ = "0.1.0"  # the one of pyproject.toml, which no image carries
