"""Registered client apps and their keys."""
