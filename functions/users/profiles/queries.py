"""The SQL of profiles."""

CREATE = """INSERT INTO profiles (id, tenant_id, email, name, language, roles, roles_at)
 SELECT :user, :tenant, :email, :name, :language, CAST(:roles AS text[]), CAST(:time AS timestamptz)
 WHERE NOT EXISTS (SELECT FROM erasures WHERE tenant_id = :tenant AND id = :user) ON CONFLICT (id) DO NOTHING"""
FOLLOW_ROLES = """UPDATE profiles SET
  roles = CASE WHEN roles_at IS NULL OR roles_at < :time THEN CAST(:roles AS text[]) ELSE roles END,
  roles_at = greatest(roles_at, CAST(:time AS timestamptz)) WHERE tenant_id = :tenant AND id = :user RETURNING id"""
ERASED = "SELECT FROM erasures WHERE tenant_id = :tenant AND id = :user"
COMPLETE = """UPDATE profiles SET email = :email, name = coalesce(nullif(:name, ''), name), language = :language,
  updated_at = :now WHERE tenant_id = :tenant AND id = :user RETURNING id"""
