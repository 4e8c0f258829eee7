"""Which rows of this service keep which files: whose, by which key or folder, and the key that must be there."""

FILES = """SELECT tenant_id, header_key, header_key FROM cities WHERE header_key IS NOT NULL
 UNION ALL SELECT tenant_id, logo_key, logo_key FROM cities WHERE logo_key IS NOT NULL
 UNION ALL SELECT tenant_id, 'exports/' || id || '/', NULL FROM exports"""
