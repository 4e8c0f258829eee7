"""Legal texts: imprint, privacy statement and accessibility statement, in versions that are never changed."""
