"""The floor that every function stands on."""
