"""Attacks that once worked, and must not again."""
