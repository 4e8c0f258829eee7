"""The SQL of the hot reads: Postgres writes the JSON, nobody touches it on the way to the client."""

from functools import lru_cache

from functions.core.boundary.queries import GEOMETRY
from functions.core.listings.listing import Status
from shared.kit.timestamps import timestamp_sql
from shared.quotas import SPEND

COLUMNS = f"""id, slug, category_id AS "categoryId", status, version, language, title, summary, description, address,
 CASE WHEN lat IS NULL THEN NULL ELSE json_build_object('lat', lat, 'lon', lon) END AS location,
 opening_hours AS "openingHours", contact, tags, media, source, {timestamp_sql("published_at")} AS "publishedAt",
 {timestamp_sql("created_at")} AS "createdAt", {timestamp_sql("updated_at")} AS "updatedAt" """
# for the author and for admins
PRIVATE = 'rejection_reason AS "rejectionReason", outside_boundary AS "outsideBoundary"'
VISIBLE = "tenant_id = :tenant AND (status = 'published' OR created_by = CAST(:caller AS uuid) OR :all)"
READ = f"""SELECT row_to_json(x)::text FROM (SELECT {COLUMNS},
 CASE WHEN created_by = CAST(:caller AS uuid) OR :all THEN rejection_reason END AS "rejectionReason",
 CASE WHEN created_by = CAST(:caller AS uuid) OR :all THEN outside_boundary END AS "outsideBoundary"
 FROM listings WHERE"""
ONE, BY_SLUG = f"{READ} id = :id AND {VISIBLE}) x", f"{READ} slug = :slug AND {VISIBLE}) x"
# One round trip: nothing is made where the quota is used up; where the city has a boundary, it comes along.
CREATE = f"""WITH spent AS ({SPEND}), made AS (
 INSERT INTO listings (id, tenant_id, category_id, slug, status, language, dictionary, title, summary, description, address,
  lat, lon, opening_hours, contact, tags, media, created_by, published_at)
 SELECT :id, :tenant, :category_id, :slug, :status, :language, CAST(:dictionary AS text)::regconfig, :title,
  :summary, :description, :address, :lat, :lon, :opening_hours, :contact, :tags,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'url', '/api/media/' || m.id, 'alt', m.alt, 'author', m.author,
   'licence', m.licence) ORDER BY array_position(CAST(:media AS uuid[]), m.id)), '[]')
   FROM media m WHERE m.tenant_id = :tenant AND m.id = ANY(CAST(:media AS uuid[])) AND m.state NOT IN ('requested', 'refused')),
  :created_by, :published_at FROM spent
 RETURNING *)
SELECT row_to_json(x)::text, ARRAY(SELECT wanted::text FROM unnest(CAST(:media AS uuid[])) wanted
  WHERE NOT media @> jsonb_build_array(jsonb_build_object('id', wanted))) AS unknown_media,
  CASE WHEN x.location IS NOT NULL THEN ({GEOMETRY}) END
 FROM (SELECT {COLUMNS}, {PRIVATE} FROM made) x"""
OUTSIDE = f"""WITH made AS (UPDATE listings SET outside_boundary = :outside WHERE tenant_id = :tenant AND id = :id RETURNING *)
SELECT row_to_json(x)::text FROM (SELECT {COLUMNS}, {PRIVATE} FROM made) x"""
SEARCH = f"""SELECT json_build_object('items', coalesce(json_agg(row_to_json(x)), '[]'), 'nextCursor',
 CASE WHEN count(*) = CAST(:limit AS int) THEN (CAST(:offset AS int) + :limit)::text END)::text
 FROM (SELECT {COLUMNS} FROM listings, to_tsquery(CAST(:dictionary AS text)::regconfig, :query) q
 WHERE tenant_id = :tenant AND status = 'published' AND search @@ q
 ORDER BY ts_rank(search, q) DESC, id LIMIT :limit OFFSET :offset) x"""
DISTANCE = """12742000 * asin(sqrt(power(sin(radians(lat - here.lat0) / 2), 2)
 + cos(radians(here.lat0)) * cos(radians(lat)) * power(sin(radians(lon - here.lon0) / 2), 2)))"""
NEARBY = f"""WITH here AS (SELECT CAST(:lat AS double precision) AS lat0, CAST(:lon AS double precision) AS lon0,
  CAST(:radius AS double precision) AS radius, CAST(:radius AS double precision) / 111195 AS reach)
 SELECT json_build_object('items', coalesce(json_agg(row_to_json(x)), '[]'), 'nextCursor', null)::text
 FROM (SELECT {COLUMNS}, round(({DISTANCE})::numeric)::int AS "distance" FROM listings, here
 WHERE tenant_id = :tenant AND status = 'published' AND lat BETWEEN lat0 - reach AND lat0 + reach
 AND lon BETWEEN lon0 - reach / greatest(cos(radians(lat0)), 0.01) AND lon0 + reach / greatest(cos(radians(lat0)), 0.01)
 AND {DISTANCE} <= radius ORDER BY "distance", id LIMIT :limit) x"""
FILTERS = {
    "tag": "tags @> ARRAY[CAST(:tag AS text)]",
    "author": "created_by = :author",
    "ids": "id = ANY(CAST(:ids AS uuid[]))",
    "category": "category_id IN (SELECT id FROM categories WHERE tenant_id = :tenant AND :category IN (id, parent_id))",
}
MOST = 101  # one more than a page may have


@lru_cache(256)
def listing_page(status: Status, filters: frozenset[str], *, after: bool, count: bool) -> str:
    """One page, newest first.

    State, filters and the most rows there can be stand in the text, so that Postgres keeps one plan per
    statement: with parameters in their place it makes a new one at every call, for two thirds of the whole
    price (docs/performance.md).
    """
    columns = COLUMNS if status == Status.PUBLISHED and "author" not in filters else f"{COLUMNS}, {PRIVATE}"
    order = "published_at" if status == Status.PUBLISHED else "created_at"
    where = " AND ".join(
        ["tenant_id = :tenant", f"status = '{status.value}'", *(FILTERS[name] for name in sorted(filters))]
    )
    beyond = f" AND ({order}, id) < (CAST(:time AS timestamptz), CAST(:last AS uuid))" if after else ""
    total = f", 'total', (SELECT count(*) FROM listings WHERE {where})" if count else ""
    return f"""WITH page AS MATERIALIZED (
  SELECT * FROM listings WHERE {where}{beyond} ORDER BY {order} DESC, id DESC LIMIT {MOST})
 SELECT json_build_object('items', coalesce((SELECT json_agg(row_to_json(x))
   FROM (SELECT {columns} FROM page LIMIT :limit) x), '[]'),
  'nextCursor', CASE WHEN EXISTS (SELECT FROM page OFFSET :limit) THEN (
   SELECT (extract(epoch FROM {order}) * 1000000)::bigint || '.' || id
   FROM page OFFSET CAST(:limit AS int) - 1 LIMIT 1) END{total})::text"""
