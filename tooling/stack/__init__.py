"""The local stack: a real PostgreSQL and Redis from wheels, and our own processes, kept alive by one
supervisor.
"""
