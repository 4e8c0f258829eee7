"""Postgres: connections, transactions, rows, and the walls between cities."""
