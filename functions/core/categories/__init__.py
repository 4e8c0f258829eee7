"""Categories: two levels in which a city sorts its listings."""
