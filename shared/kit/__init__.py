"""Words and tools that know no city, no row and no function."""
