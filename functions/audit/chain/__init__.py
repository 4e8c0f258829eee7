"""The chain of hashes that shows whether an entry was changed."""
