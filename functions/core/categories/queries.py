"""The SQL of the categories: Postgres counts the listings and builds the tree."""

NAME = "coalesce(names->>:language, names->>:own_language, names->>'en', (SELECT min(value) FROM jsonb_each_text(names)))"
COUNTED = f"""counted AS MATERIALIZED (
  SELECT c.id, c.parent_id, c.slug, c.names, c.version, {NAME} AS name, c.icon, c.position, coalesce(l.listings, 0) AS listings
  FROM categories c LEFT JOIN (
   SELECT category_id, count(*) AS listings FROM listings WHERE tenant_id = :tenant AND status = 'published'
   GROUP BY category_id) l ON l.category_id = c.id
  WHERE c.tenant_id = :tenant)"""
PARTS = """'id', {0}.id, 'parentId', {0}.parent_id, 'slug', {0}.slug, 'name', {0}.name, 'icon', {0}.icon,
  'position', {0}.position"""
CHILDREN = f"""children AS (
  SELECT parent_id, sum(listings) AS listings,
   json_agg(json_build_object({PARTS.format("counted")}, 'listings', listings) ORDER BY position, name, id) AS items
  FROM counted WHERE parent_id IS NOT NULL GROUP BY parent_id)"""
BUILT = f"""json_build_object({PARTS.format("c")}, 'listings', c.listings + coalesce(k.listings, 0),
  'children', coalesce(k.items, '[]')"""
JOINED = "counted c LEFT JOIN children k ON k.parent_id = c.id"
TREE = f"""WITH {COUNTED}, {CHILDREN}
 SELECT json_build_object('items', coalesce(json_agg({BUILT}) ORDER BY c.position, c.name, c.id), '[]'), 'nextCursor', null)::text
 FROM {JOINED} WHERE c.parent_id IS NULL"""
ONE = f"""WITH {COUNTED}, {CHILDREN}
 SELECT {BUILT}, 'names', c.names, 'version', c.version)::text FROM {JOINED} WHERE c.id = CAST(:id AS uuid) OR c.slug = :slug"""
CREATE = """INSERT INTO categories (id, tenant_id, parent_id, slug, names, icon, position)
 VALUES (:id, :tenant, :parent_id, :slug, :names, :icon, :position) ON CONFLICT (tenant_id, slug) DO NOTHING RETURNING id"""
ANY = "SELECT EXISTS (SELECT FROM categories WHERE tenant_id = :tenant)"
ALL = """SELECT c.slug, p.slug, c.names, c.icon, c.position FROM categories c
 LEFT JOIN categories p ON p.tenant_id = c.tenant_id AND p.id = c.parent_id
 WHERE c.tenant_id = :tenant ORDER BY p.slug NULLS FIRST, c.position, c.slug"""
HELD = """SELECT (SELECT count(*) FROM listings WHERE tenant_id = :tenant AND category_id = :id),
 (SELECT count(*) FROM categories WHERE tenant_id = :tenant AND parent_id = :id)"""
