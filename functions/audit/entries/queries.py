"""The SQL of the log. The database writes entries and their hashes itself
(migrations/versions/0001_entries.py).
"""

from functools import lru_cache

from shared.kit.timestamps import timestamp_sql

APPEND = """SELECT append_entry(CAST(:at AS timestamptz), CAST(:actor AS uuid), CAST(:impersonator AS uuid), :action, :type,
 CAST(:resource AS uuid), :correlation, :source, :event, CAST(:data AS jsonb), CAST(:before AS jsonb), CAST(:after AS jsonb))"""
SHOWN = "entry_json(e) || jsonb_build_object('hash', encode(e.hash, 'hex'))"
ONE = f"SELECT ({SHOWN})::text FROM entries e WHERE tenant_id = :tenant AND sequence = :sequence"
FILTERS = {
    "actor": "actor_id = :actor",
    "impersonator": "impersonator_id = :impersonator",
    "action": "action = :action",
    "type": "resource_type = :type",
    "resource": "resource_id = :resource",
    "since": "at >= :since AND recorded_at >= :since",
    "until": "at < :until",
    "as_of": "at <= :as_of",
}
COUNTED = 10_000
# The planner does not know how many entries somebody has: rather than read the newest in order from every
# month, it would
# read and sort all of them. Travels with the query, for this one transaction.
IN_ORDER = "SELECT set_config('enable_sort', 'off', true)"
# rows per page and one; a number that the planner knows, so that it keeps one plan for dozens of partitions
MOST = 101


@lru_cache(256)
def entry_page(filters: frozenset[str], *, after: bool = False, count: bool = False) -> str:
    """One page, newest first; only the given filters are in the statement, so each has its own plan."""
    where = " AND ".join(["tenant_id = :tenant", *(FILTERS[name] for name in sorted(filters))])
    beyond = " AND (at, sequence) < (CAST(:time AS timestamptz), CAST(:last AS bigint))" if after else ""
    total = (
        f", 'total', (SELECT count(*) FROM (SELECT FROM entries WHERE {where} LIMIT {COUNTED}) x)"
        if count
        else ""
    )
    return f"""WITH page AS MATERIALIZED (
  SELECT e, at, sequence FROM entries e WHERE {where}{beyond} ORDER BY at DESC, sequence DESC LIMIT {MOST})
 SELECT json_build_object('items', coalesce((SELECT json_agg({SHOWN}) FROM (SELECT (e).* FROM page LIMIT :limit) e), '[]'),
  'nextCursor', CASE WHEN (SELECT count(*) FROM page) > :limit THEN (
   SELECT (extract(epoch FROM at) * 1000000)::bigint || '.' || CAST(lpad(to_hex(sequence), 32, '0') AS uuid)
   FROM page OFFSET CAST(:limit AS int) - 1 LIMIT 1) END{total})::text"""


@lru_cache(2)
def entity(*, after: bool) -> str:
    """One thing at a time; no row when the log knows nothing of it yet. Later values replace earlier ones.

    `state` is what its table held, of a thing that was deleted nothing; `facts` is what events said of it,
    which may since have changed; `withheld` are fields that had a value which the log does not keep.
    """
    page = entry_page(frozenset({"type", "resource", "as_of"}), after=after)
    last = "ORDER BY k.at, k.sequence"
    return f"""WITH known AS MATERIALIZED (
  SELECT action, at, sequence, data, after, starts_with(action, 'record.') AS by_table FROM entries
  WHERE tenant_id = :tenant AND resource_type = :type AND resource_id = :resource AND at <= :as_of),
 deleted AS (SELECT at, sequence FROM known WHERE action = 'record.delete' ORDER BY at DESC, sequence DESC LIMIT 1),
 told AS (SELECT * FROM known k WHERE by_table
  AND NOT EXISTS (SELECT FROM deleted d WHERE (k.at, k.sequence) <= (d.at, d.sequence))),
 state AS (SELECT coalesce(jsonb_object_agg(f.key, f.value {last}), '{{}}') AS held
  FROM told k CROSS JOIN jsonb_each(coalesce(k.after, '{{}}')) f),
 facts AS (SELECT coalesce(jsonb_object_agg(f.key, f.value {last}), '{{}}') AS said
  FROM known k CROSS JOIN jsonb_each(k.data) f WHERE NOT by_table),
 withheld AS (SELECT coalesce(json_agg(name ORDER BY name), '[]') AS names FROM (
  SELECT DISTINCT name FROM told k CROSS JOIN jsonb_array_elements_text(k.data -> 'fields') name) x
  WHERE NOT (SELECT held FROM state) ? name)
 SELECT json_build_object('type', CAST(:type AS text), 'id', CAST(:resource AS uuid),
  'at', {timestamp_sql("CAST(:as_of AS timestamptz)")},
  'lastAction', (SELECT action FROM known ORDER BY at DESC, sequence DESC LIMIT 1), 'state', (SELECT held FROM state),
  'facts', (SELECT said FROM facts), 'withheld', (SELECT names FROM withheld), 'entries', CAST(({page}) AS json))::text
 WHERE EXISTS (SELECT FROM known)"""


# the five newest changes that the thing's own table has told
RECENT = f"""SELECT json_build_object('nextCursor', null, 'items', coalesce(json_agg(
  json_build_object('by', actor_id, 'at', {timestamp_sql("at")}, 'fields', data -> 'fields')
  ORDER BY at DESC, sequence DESC), '[]'))::text
 FROM (SELECT * FROM entries WHERE tenant_id = :tenant AND resource_type = :type AND resource_id = :resource
  AND action = 'record.update' ORDER BY at DESC, sequence DESC LIMIT 5) e"""
BATCH = f"""SELECT ({SHOWN})::text, at, sequence FROM entries e
 WHERE tenant_id = :tenant AND recorded_at >= :since AND at < :until
  AND (at, sequence) > (CAST(:time AS timestamptz), CAST(:last AS bigint))
 ORDER BY at, sequence LIMIT :limit"""

# One row about a run of entries: where it begins, what came before it, its length and last hash, the head of
# the whole chain,
# and the first link that does not hold. A chain that is not there has no entries.
VERIFY = """WITH chain AS (
  SELECT head, head_hash, anchor, anchor_hash, least(greatest(CAST(:first AS bigint), anchor + 1), head + 1) AS first
  FROM (SELECT coalesce(c.sequence, 0) AS head, coalesce(c.hash, nothing) AS head_hash, coalesce(c.anchor_sequence, 0) AS anchor,
    coalesce(c.anchor_hash, nothing) AS anchor_hash
   FROM (SELECT decode(repeat('00', 32), 'hex') AS nothing) one LEFT JOIN chains c ON c.tenant_id = :tenant) x),
 start AS (SELECT first, CASE WHEN first = anchor + 1 THEN anchor_hash
   ELSE (SELECT hash FROM entries WHERE tenant_id = :tenant AND sequence = first - 1 LIMIT 1) END AS before FROM chain),
 run AS MATERIALIZED (
  SELECT e AS entry, e.sequence, e.hash FROM entries e
  WHERE e.tenant_id = :tenant AND e.sequence >= (SELECT first FROM start) ORDER BY e.sequence LIMIT :limit),
 links AS (
  SELECT run.sequence, run.hash AS found, start.first - 1 + row_number() OVER position AS due,
   entry_hash(coalesce(lag(run.hash) OVER position, start.before), run.entry) AS expected
  FROM run, start WINDOW position AS (ORDER BY run.sequence)),
 broken AS (
  SELECT due, CASE WHEN sequence = due THEN encode(expected, 'hex') END AS expected,
   CASE WHEN sequence = due THEN encode(found, 'hex') END AS found
  FROM links WHERE sequence <> due OR expected IS DISTINCT FROM found ORDER BY due LIMIT 1)
SELECT start.first, encode(start.before, 'hex'), (SELECT count(*) FROM run),
  (SELECT encode(hash, 'hex') FROM run ORDER BY sequence DESC LIMIT 1), chain.head, encode(chain.head_hash, 'hex'),
  broken.due, broken.expected, broken.found
 FROM chain CROSS JOIN start LEFT JOIN broken ON true"""
