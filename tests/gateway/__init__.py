"""The local gateway, the one-function server, and the functions as they start alone."""
