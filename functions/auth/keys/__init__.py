"""Signing keys: what others need to check our access tokens."""
