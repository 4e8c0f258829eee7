"""The SQL of favourites: they show what their owner may see at the moment, and nothing else."""

from functions.core.listings.queries import COLUMNS
from shared.kit.timestamps import timestamp_sql

VISIBLE = "l.tenant_id = :tenant AND (l.status = 'published' OR l.created_by = :user)"
ADD = f"""INSERT INTO favorites (id, tenant_id, user_id, listing_id, created_at)
 SELECT :id, :tenant, :user, l.id, :now FROM listings l WHERE l.id = :listing AND {VISIBLE}
 ON CONFLICT (tenant_id, user_id, listing_id) DO UPDATE SET listing_id = excluded.listing_id RETURNING 1"""
REMOVE = "DELETE FROM favorites WHERE tenant_id = :tenant AND user_id = :user AND listing_id = :listing"
PAGE = f"""WITH page AS MATERIALIZED (
  SELECT l.*, f.id AS mark, f.created_at AS since FROM favorites f
  JOIN listings l ON l.tenant_id = f.tenant_id AND l.id = f.listing_id
  WHERE f.tenant_id = :tenant AND f.user_id = :user AND {VISIBLE}
   AND (CAST(:time AS timestamptz) IS NULL OR (f.created_at, f.id) < (CAST(:time AS timestamptz), CAST(:last AS uuid)))
  ORDER BY f.created_at DESC, f.id DESC LIMIT CAST(:limit AS int) + 1)
 SELECT json_build_object('items', coalesce((SELECT json_agg(row_to_json(x))
   FROM (SELECT {COLUMNS}, {timestamp_sql("since")} AS "favoriteSince"
    FROM page ORDER BY since DESC, mark DESC LIMIT :limit) x), '[]'),
  'nextCursor', CASE WHEN (SELECT count(*) FROM page) > :limit THEN (
   SELECT (extract(epoch FROM since) * 1000000)::bigint || '.' || mark
   FROM page ORDER BY since DESC, mark DESC OFFSET CAST(:limit AS int) - 1 LIMIT 1) END)::text"""
