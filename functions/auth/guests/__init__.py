"""Guests: accounts of a device, without an address, until their owner gives them one."""
