"""The SQL of profiles."""
COLUMNS = """id, email, name, language, created_at AS "createdAt", updated_at AS "updatedAt" """
MINE = f"SELECT row_to_json(x)::text FROM (SELECT {COLUMNS} FROM profiles WHERE tenant_id = :tenant AND id = :user) x"
CREATE = """INSERT INTO profiles (id, tenant_id, email, name, language) VALUES (:user, :tenant, :email, :name, :language)
 ON CONFLICT (id) DO NOTHING"""
