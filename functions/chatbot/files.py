"""Which rows of this service keep which files: whose, by which key or folder, and the key that must be there."""

FILES = """SELECT tenant_id, 'documents/' || id || '/',
 CASE WHEN state = 'ready' THEN 'documents/' || id || '/original' END FROM documents"""
