"""Sessions: logging in, staying logged in, and ending it."""
