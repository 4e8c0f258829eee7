"""Proofs of work for who writes without a name."""
