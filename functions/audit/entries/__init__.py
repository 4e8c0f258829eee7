"""Entries of the log: written by events, read by administrators."""
