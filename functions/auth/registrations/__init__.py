"""Registrations: how people open an account by themselves."""
