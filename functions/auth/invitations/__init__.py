"""Invitations: how people become a city's editors and admins."""
