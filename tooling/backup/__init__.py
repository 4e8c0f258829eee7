"""Save every service's database, the files and, if wanted, the sealing keys in one file; check it, and bring
it back.
"""
