"""Users: profiles and devices. Owns the database heidi_users."""
