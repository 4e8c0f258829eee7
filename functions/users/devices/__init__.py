"""Devices: where a person can be reached by push."""
