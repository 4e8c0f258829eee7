"""Which rows of this service keep which files: whose, by which key or folder, and the key that must be there."""

FILES = "SELECT tenant_id, 'builds/' || id || '/', CASE WHEN status = 'completed' THEN artifact_key END FROM builds"
