"""Tiles: what the app's first page leads to."""
