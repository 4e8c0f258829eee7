"""The app factory: from a city's configuration to its app."""
