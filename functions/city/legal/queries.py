"""The SQL of legal texts."""

from shared.kit.timestamps import timestamp_sql

DRAFT = """INSERT INTO legal_texts (id, tenant_id, kind, language, version, text, published, created_at)
 VALUES (:id, :tenant, :kind, :language, 1, :text, false, :now)"""
HAS_IMPRINT = """SELECT 1 FROM legal_texts
 WHERE tenant_id = :tenant AND kind = 'imprint' AND language = :language AND published LIMIT 1"""
PUBLISHED = f"""SELECT json_build_object('kind', kind, 'language', language, 'version', version, 'text', text,
  'published', published, 'createdAt', {timestamp_sql("created_at")})::text
 FROM legal_texts WHERE tenant_id = :tenant AND kind = :kind AND published AND language IN (:wanted, :first)
 ORDER BY language = :wanted DESC, version DESC LIMIT 1"""
NEXT_VERSION = """SELECT coalesce(max(version), 0) + 1 FROM legal_texts
 WHERE tenant_id = :tenant AND kind = :kind AND language = :language"""
