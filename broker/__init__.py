"""The broker of one machine: CloudEvents in, durable in Postgres, out to functions, with retry and dead
letters.
"""
