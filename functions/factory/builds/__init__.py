"""Builds and their artifacts."""
