"""Auth: accounts, credentials, roles and sessions. Owns the database heidi_auth."""
