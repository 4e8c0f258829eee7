"""Erasure: accounts that end, what is left for 30 days, and the proof that nothing is left after them."""
