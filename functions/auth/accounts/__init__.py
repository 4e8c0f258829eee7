"""Accounts: who may log in to a city, and with which roles."""
