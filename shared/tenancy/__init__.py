"""Which city is meant, and what it may use."""
