"""The SQL of terms."""

PUBLISH = """INSERT INTO terms_versions (id, tenant_id, version, mandatory, texts, published_by, published_at)
 SELECT :id, :tenant, coalesce(max(version), 0) + 1, CAST(:mandatory AS boolean), CAST(:texts AS jsonb), :by, :now
 FROM terms_versions WHERE tenant_id = :tenant ON CONFLICT (tenant_id, version) DO NOTHING RETURNING version"""
IN_FORCE = """SELECT version, mandatory, texts, published_at FROM terms_versions WHERE tenant_id = :tenant
 ORDER BY version DESC LIMIT 1"""
VERSION = """SELECT version, mandatory, texts, published_at FROM terms_versions
 WHERE tenant_id = :tenant AND version = CAST(:version AS int)"""
ACCEPT = """INSERT INTO terms_acceptances (id, tenant_id, user_id, version, language, accepted_at)
 VALUES (:id, :tenant, :user, :version, :language, :now) ON CONFLICT (tenant_id, user_id, version) DO NOTHING RETURNING version"""
ACCEPTED = (
    "SELECT coalesce(max(version), 0) FROM terms_acceptances WHERE tenant_id = :tenant AND user_id = :user"
)
STATUS = """SELECT coalesce(max(v.version), 0), coalesce(max(v.version) FILTER (WHERE v.mandatory), 0),
  coalesce(max(a.version), 0), max(a.accepted_at) FROM terms_versions v
 LEFT JOIN terms_acceptances a ON a.tenant_id = v.tenant_id AND a.version = v.version AND a.user_id = :user
 WHERE v.tenant_id = :tenant"""
