"""The local gateway: all functions in one process, at their public addresses and behind OpenFaaS's API."""
