"""The end of a city: everything is handed out, then deleted in every service."""
