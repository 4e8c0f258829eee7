"""The SQL of analytics. `ANONYMISE` and `ACTIVE` are asked as the relay role, which sees whose and how old,
never a visitor.
"""

KEEP = """INSERT INTO events (tenant_id, id, name, at, visitor_id, listing_id, category_id, screen, platform, language)
 SELECT CAST(:tenant AS uuid), e.* FROM jsonb_to_recordset(CAST(:batch AS jsonb) -> 'events') AS e(id uuid, name text,
  at timestamptz, visitor_id uuid, listing_id uuid, category_id uuid, screen text, platform text, language text)
 ORDER BY e.id ON CONFLICT DO NOTHING"""  # in order: two deliveries of one batch must not wait for each other
CONSENT = "SELECT granted FROM consents WHERE tenant_id = :tenant AND user_id = :user"
REMEMBER = """INSERT INTO consents AS c (tenant_id, user_id, granted, decided_at) VALUES (:tenant, :user, :granted, :at)
 ON CONFLICT (tenant_id, user_id) DO UPDATE SET granted = excluded.granted, decided_at = excluded.decided_at
 WHERE c.decided_at < excluded.decided_at"""
ANONYMISE = """WITH aged AS (SELECT tenant_id, id FROM events WHERE at < now() - interval '2 years'
  LIMIT :slice FOR UPDATE SKIP LOCKED),
 done AS (UPDATE events e SET visitor_id = NULL, at = date_trunc('day', e.at, 'UTC') FROM aged
  WHERE e.tenant_id = aged.tenant_id AND e.id = aged.id RETURNING e.id)
 SELECT count(*) FROM done"""
ACTIVE = "SELECT DISTINCT tenant_id FROM events WHERE at >= :since ORDER BY 1"
AGGREGATE = """INSERT INTO daily AS d (tenant_id, name, subject, day, count, visitors)
 SELECT e.tenant_id, e.name, s.subject, CAST(:day AS date), count(*), count(DISTINCT e.visitor_id)
 FROM events e, LATERAL (VALUES (''), ('listing:' || e.listing_id), ('category:' || e.category_id), ('screen:' || e.screen))
  AS s(subject)
 WHERE e.tenant_id = :tenant AND s.subject IS NOT NULL
  AND e.at >= CAST(CAST(:day AS date) AS timestamp) AT TIME ZONE CAST(:zone AS text)
  AND e.at < CAST(CAST(:day AS date) + 1 AS timestamp) AT TIME ZONE CAST(:zone AS text)
 GROUP BY e.tenant_id, e.name, s.subject ORDER BY e.name, s.subject
 ON CONFLICT (tenant_id, name, subject, day) DO UPDATE SET count = excluded.count, visitors = excluded.visitors
  WHERE (d.count, d.visitors) <> (excluded.count, excluded.visitors)"""
SERIES = """SELECT CAST(min(p.day) AS date), CAST(max(p.day) AS date), CAST(coalesce(sum(d.count), 0) AS bigint),
  CAST(coalesce(sum(d.visitors), 0) AS bigint)
 FROM generate_series(CAST(CAST(:first AS date) AS timestamp), CAST(CAST(:last AS date) AS timestamp), interval '1 day') AS p(day)
 LEFT JOIN daily d ON d.tenant_id = :tenant AND d.name = :metric AND d.subject = :subject AND d.day = CAST(p.day AS date)
 GROUP BY date_trunc(CAST(:by AS text), p.day) ORDER BY 1"""
