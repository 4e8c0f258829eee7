"""Profiles: what a person says about themselves."""
