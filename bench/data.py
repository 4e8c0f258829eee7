"""The data that requests.py measures on: tenants × listings of about 1.8 kB, made inside Postgres."""

from typing import Any

TENANTS, LISTINGS = 20, 5000
FIRST = [
    "Stadt",
    "Kinder",
    "Wald",
    "See",
    "Berg",
    "Alt",
    "Neu",
    "Markt",
    "Schloss",
    "Garten",
    "Hafen",
    "Bürger",
    "Sport",
    "Musik",
    "Technik",
    "Senioren",
    "Jugend",
    "Kunst",
    "Natur",
    "Dorf",
]
LAST = [
    "bibliothek",
    "bad",
    "museum",
    "haus",
    "platz",
    "markt",
    "theater",
    "halle",
    "park",
    "hof",
    "kirche",
    "bahnhof",
    "schule",
    "klinik",
    "garten",
    "turm",
    "brücke",
    "treff",
    "werkstatt",
    "weg",
]
COMPOUNDS = [first + last for first in FIRST for last in LAST]

FILL = """
CREATE TABLE bench_tenants (slug text, id uuid);
INSERT INTO bench_tenants SELECT 'city' || n, md5('t' || n)::uuid FROM generate_series(1, @TENANTS) n;
INSERT INTO categories (id, tenant_id, slug, names)
 SELECT md5(t.slug || 'c' || c)::uuid, t.id, 'c' || c, '{"de": "Kategorie"}' FROM bench_tenants t, generate_series(1, 20) c;
"""
FILL_ONE = """
INSERT INTO listings (id, tenant_id, category_id, slug, status, language, title, summary, description, address, lat, lon,
  opening_hours, contact, tags, media, created_by, published_at)
 SELECT md5(t.slug || 'l' || n)::uuid, t.id, md5(t.slug || 'c' || (n % 20 + 1))::uuid, 'l' || n,
  CASE WHEN n % 10 = 0 THEN 'pending_approval' ELSE 'published' END, 'de',
  w[n % array_length(w, 1) + 1] || ' ' || n,
  'Ein Angebot der Stadt, geöffnet für alle Bürgerinnen und Bürger, Nummer ' || n,
  repeat('<p>Die Stadt betreibt dieses Haus seit vielen Jahren und lädt alle herzlich ein.</p>', 10),
  '{"street": "Hauptstraße 1", "postcode": "69117", "city": "Heidelberg"}', 49.4 + n % 100 * 0.001, 8.6 + n % 77 * 0.001,
  '{"days": {"monday": [["09:00", "17:00"]], "tuesday": [["09:00", "17:00"]], "friday": [["09:00", "12:00"]]}}',
  '{"phone": "+49 6221 58-10580", "email": "buergeramt@stadt.example", "website": "https://www.stadt.example/"}',
  ARRAY['kultur', 'familie', 'barrierefrei'], '[]', md5('author')::uuid, now() - n * interval '1 minute'
 FROM (SELECT * FROM bench_tenants WHERE slug = :slug) t, generate_series(1, @LISTINGS) n, (SELECT ARRAY@WORDS AS w) words"""


def fill(connection: Any, tenants: int = TENANTS, listings: int = LISTINGS) -> None:
    """Make the rows as the superuser, tenant by tenant."""
    for statement in filter(str.strip, FILL.replace("@TENANTS", str(tenants)).split(";\n")):
        connection.run(statement)
    one = FILL_ONE.replace("@LISTINGS", str(listings)).replace("@WORDS", repr(COMPOUNDS))
    for number in range(1, tenants + 1):
        connection.run(one, slug=f"city{number}")
    # as autovacuum would: else every search reads what the index has not sorted in yet
    connection.run("VACUUM ANALYZE")
