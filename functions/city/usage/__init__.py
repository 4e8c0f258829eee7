"""What a city uses, and what it may use."""
