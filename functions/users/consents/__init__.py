"""Consents: what people have agreed to, with their history."""
