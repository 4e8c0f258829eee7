"""Favourites: what a person keeps at hand."""
