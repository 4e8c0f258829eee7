"""What an app is built from."""
