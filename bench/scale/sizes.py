"""How many bytes a row takes with its indexes and its share of everything else, in our own schema.

    python -m bench.scale.sizes [--pages QA.json]

Chunks are measured on the pages of a QA file (as bench.retrieval takes it): postings, terms and vectors count
as theirs.
"""

import argparse
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench import audit, data
from bench.stack import servers

ROWS = 200_000
ANALYTICS = """INSERT INTO events (tenant_id, id, name, at, visitor_id, listing_id, screen, platform, language)
 SELECT md5('t' || n % 20)::uuid, gen_random_uuid(), 'listing_viewed', now() - n * interval '1 second', gen_random_uuid(),
  gen_random_uuid(), 'listing', 'ios', 'de' FROM generate_series(1, @ROWS) n"""
DELIVERIES = """INSERT INTO deliveries (tenant_id, id, notification_id, channel, template, user_id, state)
 SELECT md5('t' || n % 20)::uuid, gen_random_uuid(), gen_random_uuid(), 'push', 'listing_approved', gen_random_uuid(), 'sent'
 FROM generate_series(1, @ROWS) n"""
SIZE = """SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = CAST(:name AS regclass)
 UNION ALL SELECT pg_total_relation_size(CAST(:name AS regclass))"""


def size(connection: Any, *tables: str) -> float:
    """Bytes of tables with their indexes, partitions included."""
    connection.run("VACUUM ANALYZE")
    return float(sum(row[0] or 0 for name in tables for row in connection.run(SIZE, name=name)))


def rows(connection: Any, sql: str, table: str) -> float:
    """Bytes a row of one plain table."""
    connection.run("SET session_replication_role = replica")
    connection.run(sql.replace("@ROWS", str(ROWS)))
    return size(connection, table) / ROWS


def listings(connection: Any) -> float:
    """Bytes of a listing with its full text and its place on the map."""
    connection.run("SET session_replication_role = replica")
    data.fill(connection, tenants=4, listings=2500)
    return size(connection, "listings") / 10_000


def entries(connection: Any) -> float:
    """Bytes of an audit entry."""
    audit.fill(connection, ROWS)
    return size(connection, "entries") / ROWS


def chunks(connection: Any, pages: Path) -> tuple[float, float]:
    """Bytes of a chunk with all that finds it, and chunks of a page."""
    from bench.retrieval import Sql, add, read

    sql, city, found = Sql(connection, connection), uuid4(), read(pages)[1]
    sql.be(city)
    count = sum(add(sql, city, page) for page in found)
    return size(connection, "chunks", "postings", "terms", "vectors") / count, count / len(found)


def main() -> None:
    """One line a kind of row."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--pages", type=Path)
    wanted = given.parse_args()
    kinds = {
        "core": ("a listing", listings),
        "audit": ("an audit entry", entries),
        "analytics": ("an analytics event", lambda c: rows(c, ANALYTICS, "events")),
        "notification": ("a delivery", lambda c: rows(c, DELIVERIES, "deliveries")),
    }
    with servers(*kinds, "chatbot") as postgres:
        for service, (name, measure) in kinds.items():
            with postgres.connect(f"heidi_{service}") as connection:
                print(f"{name:20}{measure(connection):8,.0f} bytes")
        if wanted.pages:
            with postgres.connect("heidi_chatbot") as connection:
                each, of_a_page = chunks(connection, wanted.pages)
                print(f"{'a chunk':20}{each:8,.0f} bytes, {of_a_page:.1f} of a page")


if __name__ == "__main__":
    main()
