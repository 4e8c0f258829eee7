"""Passwords: a new one instead of a forgotten one, or of one that is known."""
