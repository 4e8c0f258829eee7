"""The SQL of the registry: read before there is a tenant, so nothing here names one."""

from shared.kit.timestamps import timestamp_sql

STATUS = "CASE WHEN NOT active THEN 'inactive' WHEN preparing THEN 'preparing' ELSE 'active' END"
LOGO_URL = "'/api/cities/' || slug || '/logo?v=' || left(md5(logo_key), 8)"
COLUMNS = f"""id, slug, name, state, population,
 CASE WHEN lat IS NULL OR lon IS NULL THEN NULL ELSE json_build_object('lat', lat, 'lon', lon) END AS location,
 federal_state AS "federalState", holiday_groups AS "holidayGroups", own_holidays AS "ownHolidays",
 time_zone AS "timeZone", languages, features, theme, contact, website,
 CASE WHEN header_key IS NOT NULL THEN '/api/cities/' || slug || '/header' END AS "headerUrl", {LOGO_URL} AS "logoUrl",
 active, {STATUS} AS status, version, {timestamp_sql("created_at")} AS "createdAt",
 {timestamp_sql("updated_at")} AS "updatedAt" """
NAMED = "(slug = :slug OR id = CAST(:id AS uuid))"
BY_ANY_NAME = "(slug = :slug OR id = CAST(:id AS uuid) OR hosts @> ARRAY[CAST(:host AS text)])"
DIRECTORY = f"""SELECT json_build_object('id', id, 'slug', slug, 'name', name, 'active', active, 'preparing', preparing,
 'languages', languages, 'features', features, 'time_zone', time_zone,
 'terms', terms_version, 'second_factor', second_factor, 'quotas', quotas,
 'federal_state', federal_state, 'holiday_groups', holiday_groups,
 'own_holidays', (SELECT coalesce(json_object_agg(day->>'date', day->>'name'), '{{}}')
  FROM jsonb_array_elements(own_holidays) day),
 'colour', coalesce(theme->>'primary', '#00508c'), 'logo', coalesce({LOGO_URL}, ''))::text
 FROM cities"""
LIVING = f"{DIRECTORY} WHERE {NAMED} AND deleted_at IS NULL"
# Events name what is gone, by its id.
TENANT = f"""{DIRECTORY}
 WHERE ((slug = :slug OR hosts @> ARRAY[CAST(:host AS text)]) AND deleted_at IS NULL) OR id = CAST(:id AS uuid)"""
RESOLVED = f"""SELECT json_build_object('id', id, 'slug', slug, 'name', name, 'active', active, 'status', {STATUS},
 'languages', languages,
 'features', features, 'timeZone', time_zone)::text FROM cities WHERE {BY_ANY_NAME} AND deleted_at IS NULL"""
ONE = f"""SELECT row_to_json(x)::text FROM (SELECT {COLUMNS} FROM cities
 WHERE {NAMED} AND active AND (NOT preparing OR CAST(:everywhere AS boolean) OR id = CAST(:home AS uuid))) x"""
HOSTS = """UPDATE cities SET hosts = ARRAY(
  SELECT name FROM domains WHERE tenant_id = :tenant AND proven_at IS NOT NULL ORDER BY name) WHERE id = :tenant"""
PROVEN_ELSEWHERE = (
    "SELECT 1 FROM cities WHERE hosts @> ARRAY[CAST(:host AS text)] AND id <> :tenant AND deleted_at IS NULL"
)
LOCK = "SELECT FROM cities WHERE id = :id FOR UPDATE"
CREATE = f"""WITH made AS (
 INSERT INTO cities (id, tenant_id, slug, name, state, population, lat, lon, time_zone, languages, features, theme, contact,
  website, second_factor, quotas, federal_state, holiday_groups, own_holidays)
 VALUES (:id, :id, :slug, :name, :state, :population, :lat, :lon, :time_zone, :languages, :features, :theme, :contact, :website,
  :second_factor, :quotas, :federal_state, :holiday_groups, :own_holidays)
 ON CONFLICT (slug) DO NOTHING RETURNING *)
SELECT row_to_json(x)::text FROM (SELECT {COLUMNS} FROM made) x"""
IN_STATE = "active AND NOT preparing AND (CAST(:state AS text) IS NULL OR state = :state)"
PAGE = f"""WITH page AS MATERIALIZED (
  SELECT {COLUMNS} FROM cities WHERE {IN_STATE} AND slug > :after ORDER BY slug LIMIT CAST(:limit AS int) + 1)
 SELECT json_build_object('items', coalesce((SELECT json_agg(row_to_json(x)) FROM (SELECT * FROM page LIMIT :limit) x), '[]'),
  'nextCursor', CASE WHEN (SELECT count(*) FROM page) > :limit
   THEN (SELECT slug FROM page OFFSET CAST(:limit AS int) - 1 LIMIT 1) END)::text"""
NEARBY = f"""WITH measured AS (
  SELECT {COLUMNS}, round((12742000 * asin(sqrt(power(sin(radians(lat - CAST(:lat AS double precision)) / 2), 2)
   + cos(radians(:lat)) * cos(radians(lat)) * power(sin(radians(lon - CAST(:lon AS double precision)) / 2), 2))))::numeric)::int
   AS distance
  FROM cities WHERE {IN_STATE} AND lat IS NOT NULL AND lon IS NOT NULL)
 SELECT json_build_object('items', coalesce(json_agg(row_to_json(x)), '[]'), 'nextCursor', null)::text
 FROM (SELECT * FROM measured WHERE distance <= :radius ORDER BY distance, slug LIMIT :limit) x"""
FOLLOW_TERMS = (
    "UPDATE cities SET terms_version = greatest(terms_version, CAST(:version AS int)) WHERE id = :id"
)
HEADER = "SELECT header_key FROM cities WHERE id = :id"
LOGO = "SELECT logo_key FROM cities WHERE id = :id"
SOURCE = """SELECT id, json_build_object('state', state, 'timeZone', time_zone, 'languages', languages, 'features', features,
  'federalState', federal_state, 'holidayGroups', holiday_groups,
  'theme', theme, 'requireSecondFactor', second_factor, 'quotas', json_build_object('listings', quotas->'listings',
   'storageBytes', quotas->'storage_bytes', 'builds', quotas->'builds', 'questions', quotas->'questions'))::text
 FROM cities WHERE (slug = :slug OR id = CAST(:id AS uuid)) AND deleted_at IS NULL"""
ERASED = """UPDATE cities SET erased_from = ARRAY(SELECT DISTINCT unnest(erased_from || CAST(:service AS text)) ORDER BY 1)
 WHERE id = :id AND deleted_at IS NOT NULL AND erased_at IS NULL RETURNING erased_from"""
DUE_AGAIN = "deleted_at IS NOT NULL AND erased_at IS NULL AND updated_at <= :until"
UNERASED = f"{DIRECTORY} WHERE {DUE_AGAIN} ORDER BY updated_at LIMIT 100"
REMIND = f"UPDATE cities SET updated_at = :now WHERE id = :id AND {DUE_AGAIN} RETURNING erased_from"
TOMBSTONE = """UPDATE cities SET erased_at = :now, updated_at = :now, name = slug, state = '', population = NULL, lat = NULL,
 lon = NULL, features = '{}', theme = '{}', contact = NULL, website = NULL, header_key = NULL,
 header_bytes = 0, logo_key = NULL, logo_bytes = 0,
 federal_state = NULL, holiday_groups = '{}', own_holidays = '[]', quotas = '{}', hosts = '{}' WHERE id = :id"""
# asked by the relay role, of all tenants
EXPIRED = "SELECT tenant_id, id FROM exports WHERE created_at < :until"
FORGET_EXPORT = "DELETE FROM exports WHERE tenant_id = :tenant AND id = :id"
