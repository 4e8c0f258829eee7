"""The broker's tables and every statement it runs on them."""

# `deliveries` holds only what is still to be done: finishing one is a delete, so the queue is as small as its
# backlog,
# and its only index serves the queue's pages as well as the deletes. What an event was due to is kept in
# `targets`.
# No foreign key on it: one statement writes both rows, and pruning spares events that are still to be
# delivered.
SCHEMA = (
    """CREATE TABLE IF NOT EXISTS events (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        source text NOT NULL, id text NOT NULL, type text NOT NULL,
        attributes json NOT NULL, targets text[] NOT NULL, data bytea NOT NULL,
        UNIQUE (source, id))""",
    """CREATE TABLE IF NOT EXISTS deliveries (
        trigger text NOT NULL, seq bigint NOT NULL,
        attempts smallint NOT NULL DEFAULT 0, next_at timestamptz,
        PRIMARY KEY (trigger, seq))
        WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)""",
    """CREATE TABLE IF NOT EXISTS dead_letters (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        seq bigint NOT NULL REFERENCES events, trigger text NOT NULL,
        code integer NOT NULL, reason text NOT NULL, attempts smallint NOT NULL,
        died_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        UNIQUE (seq, trigger))""",
    # What the platform keeps by now (functions/platform/dead_letters): the row says no more than how the
    # delivery ended.
    "ALTER TABLE dead_letters ADD COLUMN IF NOT EXISTS handed_over_at timestamptz",
    "CREATE TABLE IF NOT EXISTS ticks (name text PRIMARY KEY, last_at timestamptz NOT NULL)",
)

# Two sessions (one stores, one keeps the books) and a lock for each, so that a second broker waits for the
# first, and a
# returning one for whatever its predecessor's session is still writing.
LOCK = "SELECT pg_try_advisory_lock(hashtext('heidi_broker'), :part)"

# A broker that is frozen says nothing; Postgres then ends its sessions, and with them its lock, so that
# another takes over.
LETS_GO = "SET idle_session_timeout = '12s'"

# whatever the server's default: 202 means that it is written
STORING_SESSION = (LETS_GO, "SET synchronous_commit = on")

# A queue's statistics are always wrong (it was empty, or full, when they were taken) and statements are
# planned once, so
# the ones below are written such that only one plan is possible: rows are looked up by key, or read in the
# key's order.
BOOKKEEPING_SESSION = (
    LETS_GO,
    # a lost completion is a second delivery, which every function must bear anyway
    "SET synchronous_commit = off",
    "SET enable_seqscan = off",
    "SET enable_bitmapscan = off",
)

STORE = """WITH incoming AS (
        SELECT * FROM json_to_recordset(CAST(:events AS json))
            AS x(n int, source text, id text, type text, attributes json, targets text[], data text)),
    stored AS (
        INSERT INTO events (source, id, type, attributes, targets, data)
        SELECT source, id, type, attributes, targets, decode(data, 'base64') FROM incoming ORDER BY n
        ON CONFLICT (source, id) DO NOTHING RETURNING seq, source, id, targets),
    queued AS (INSERT INTO deliveries (trigger, seq) SELECT unnest(targets), seq FROM stored)
    SELECT seq, source, id FROM stored"""

FINISH = "DELETE FROM deliveries WHERE trigger = :trigger AND seq = ANY (CAST(:seqs AS bigint[]))"

POSTPONE = """UPDATE deliveries SET attempts = :attempts, next_at = to_timestamp(CAST(:due AS float))
    WHERE trigger = :trigger AND seq = :seq"""

BURY = """WITH gone AS (DELETE FROM deliveries WHERE trigger = :trigger AND seq = :seq RETURNING trigger, seq)
    INSERT INTO dead_letters (trigger, seq, attempts, code, reason)
    SELECT trigger, seq, CAST(:attempts AS smallint), CAST(:code AS int), :reason FROM gone
    ON CONFLICT (seq, trigger) DO NOTHING"""

BURY_ORPHANS = """WITH gone AS (DELETE FROM deliveries WHERE trigger <> ALL (CAST(:names AS text[])) RETURNING *)
    INSERT INTO dead_letters (trigger, seq, attempts, code, reason)
    SELECT trigger, seq, attempts, 410, 'no function has this trigger any more' FROM gone
    ON CONFLICT (seq, trigger) DO NOTHING"""

PAGE = """WITH page AS MATERIALIZED (
        SELECT seq, attempts, next_at FROM deliveries WHERE trigger = :trigger AND seq > :after ORDER BY seq LIMIT 500),
    sized AS (
        SELECT page.attempts, page.next_at, e.*, sum(octet_length(e.data)) OVER (ORDER BY page.seq) AS bytes
        FROM page CROSS JOIN LATERAL (SELECT * FROM events WHERE events.seq = page.seq OFFSET 0) e)
    SELECT json_agg(json_build_object(
        'seq', seq, 'attempts', attempts, 'next_at', extract(epoch FROM next_at),
        'received', extract(epoch FROM received_at), 'source', source, 'id', id, 'type', type,
        'attributes', attributes, 'data', encode(data, 'base64')) ORDER BY seq)::text
    FROM sized WHERE bytes - octet_length(data) < 4194304"""

BACKLOG = """SELECT trigger, count(*), min(seq), max(seq),
    extract(epoch FROM (SELECT received_at FROM events e WHERE e.seq = min(d.seq)))::float
    FROM deliveries d GROUP BY trigger"""

COUNT_DEAD = "SELECT count(*) FROM dead_letters WHERE handed_over_at IS NULL"

LIST_DEAD = """SELECT d.id, d.trigger, d.code, d.reason, d.attempts, d.died_at, e.received_at,
        e.source, e.id, e.type, e.attributes, CASE WHEN octet_length(e.data) <= 65536 THEN e.data ELSE '' END,
        octet_length(e.data)
    FROM (SELECT * FROM dead_letters WHERE handed_over_at IS NULL AND id < :before
           AND (CAST(:trigger AS text) IS NULL OR trigger = :trigger)
          ORDER BY id DESC LIMIT :limit) d
    CROSS JOIN LATERAL (SELECT * FROM events WHERE events.seq = d.seq OFFSET 0) e
    ORDER BY d.id DESC"""

REPLAY = """WITH gone AS (
        DELETE FROM dead_letters
        WHERE handed_over_at IS NULL AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY (CAST(:ids AS bigint[])))
          AND trigger = ANY (CAST(:names AS text[]))
        RETURNING trigger, seq)
    INSERT INTO deliveries (trigger, seq) SELECT trigger, seq FROM gone
    ON CONFLICT DO NOTHING RETURNING trigger, seq"""

TO_HAND_OVER = """SELECT d.id, d.trigger, d.code, d.reason, e.source, e.id, e.type, e.attributes, e.data
    FROM (SELECT * FROM dead_letters WHERE handed_over_at IS NULL AND id > :after ORDER BY id LIMIT 20) d
    CROSS JOIN LATERAL (SELECT * FROM events WHERE events.seq = d.seq OFFSET 0) e ORDER BY d.id"""

HANDED_OVER = "UPDATE dead_letters SET handed_over_at = clock_timestamp() WHERE id = :id"

RECENT = """SELECT e.seq, e.received_at, e.source, e.id, e.type, e.attributes, octet_length(e.data),
        (SELECT json_agg(json_build_object(
            'trigger', t.trigger, 'attempts', coalesce(w.attempts, x.attempts), 'next_at', w.next_at, 'code', x.code,
            'state', CASE WHEN w.seq IS NOT NULL THEN 'waiting' WHEN x.seq IS NOT NULL THEN 'dead' ELSE 'delivered' END)
            ORDER BY t.trigger)
         FROM unnest(e.targets) AS t(trigger)
         LEFT JOIN deliveries w ON w.trigger = t.trigger AND w.seq = e.seq
         LEFT JOIN dead_letters x ON x.trigger = t.trigger AND x.seq = e.seq)
    FROM (SELECT * FROM events WHERE seq < :before AND (CAST(:type AS text) IS NULL OR type = :type)
          ORDER BY seq DESC LIMIT :limit) e ORDER BY e.seq DESC"""

PRUNE = """WITH page AS MATERIALIZED (
        SELECT seq, received_at < clock_timestamp() - CAST(:hours AS float) * interval '1 hour' AS old
        FROM events WHERE seq > :after ORDER BY seq LIMIT 1000),
    gone AS (
        DELETE FROM events e WHERE e.seq = ANY (ARRAY(SELECT seq FROM page WHERE old))
          AND NOT EXISTS (SELECT FROM deliveries d WHERE d.trigger = ANY (e.targets) AND d.seq = e.seq)
          AND NOT EXISTS (SELECT FROM dead_letters x WHERE x.seq = e.seq AND x.handed_over_at IS NULL)
        RETURNING seq),
    forgotten AS (DELETE FROM dead_letters x USING gone WHERE x.seq = gone.seq)
    SELECT max(seq) FROM page WHERE old"""

ALIVE = "SELECT 1"

LAST_TICK = "SELECT extract(epoch FROM last_at)::float FROM ticks WHERE name = :name"

TICKED = """INSERT INTO ticks (name, last_at) VALUES (:name, to_timestamp(CAST(:at AS float)))
    ON CONFLICT (name) DO UPDATE SET last_at = excluded.last_at"""
