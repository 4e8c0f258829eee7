"""The SQL of the tiles: Postgres picks the language and builds the JSON."""

from shared.kit.timestamps import timestamp_sql

SAID = "coalesce({0}->>:language, {0}->>:own_language, {0}->>'en', (SELECT min(value) FROM jsonb_each_text({0})), '')"
COLUMNS = f"""t.id, {SAID.format("t.titles")} AS title, {SAID.format("t.descriptions")} AS description, t.icon, t.link,
 CASE WHEN m.id IS NULL THEN NULL ELSE json_build_object('id', m.id, 'url', '/api/media/' || m.id, 'alt', m.alt,
  'author', m.author, 'licence', m.licence) END AS picture,
 t.position, {timestamp_sql("t.publish_at")} AS "publishAt", {timestamp_sql("t.expire_at")} AS "expireAt" """
ROWS = "tiles t LEFT JOIN media m ON m.tenant_id = t.tenant_id AND m.id = t.media_id AND m.state NOT IN ('requested', 'refused')"
SHOWN = "(:all OR (coalesce(t.publish_at <= :now, true) AND coalesce(t.expire_at > :now, true)))"
LIST = f"""SELECT json_build_object('items', coalesce(json_agg(row_to_json(x)), '[]'), 'nextCursor', null)::text
 FROM (SELECT {COLUMNS} FROM {ROWS} WHERE t.tenant_id = :tenant AND {SHOWN} ORDER BY t.position, t.id) x"""
ONE = f"""SELECT row_to_json(x)::text FROM (SELECT {COLUMNS}, t.titles, t.descriptions, t.version FROM {ROWS}
 WHERE t.tenant_id = :tenant AND t.id = :id AND {SHOWN}) x"""
LAST = "SELECT count(*), coalesce(max(position), 0) FROM tiles WHERE tenant_id = :tenant"
CREATE = """INSERT INTO tiles (id, tenant_id, titles, descriptions, icon, link, position)
 VALUES (:id, :tenant, :titles, :descriptions, :icon, :link, :position) ON CONFLICT (id) DO NOTHING RETURNING id"""
ANY = "SELECT EXISTS (SELECT FROM tiles WHERE tenant_id = :tenant)"
IDS = "SELECT id FROM tiles WHERE tenant_id = :tenant"
ALL = "SELECT titles, descriptions, icon, link FROM tiles WHERE tenant_id = :tenant ORDER BY position, id"
ORDER = """UPDATE tiles SET position = array_position(CAST(:ids AS uuid[]), id), updated_at = :now
 WHERE tenant_id = :tenant AND position <> array_position(CAST(:ids AS uuid[]), id)"""
MEDIA = "SELECT EXISTS (SELECT FROM media WHERE tenant_id = :tenant AND id = :id AND state NOT IN ('requested', 'refused'))"
