"""Exports: everything that all services hold about a person, gathered for them."""
