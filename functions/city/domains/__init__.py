"""Host names of a city's own, proven by DNS."""
