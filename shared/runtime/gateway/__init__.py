"""A server of many functions: all of a folder of functions/, each at its public address and by its name."""
