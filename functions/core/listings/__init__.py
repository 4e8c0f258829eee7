"""Listings: what a city shows its citizens, and the way to publication."""
