"""What keeps the platform itself going."""
