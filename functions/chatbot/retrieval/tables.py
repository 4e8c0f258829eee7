"""The tables of the search: chunks, in how many of them each term occurs, and which chunk holds which word."""

CHUNKS = """CREATE TABLE chunks (
 tenant_id uuid NOT NULL, id uuid NOT NULL, document_id uuid NOT NULL, ordinal int NOT NULL, title text NOT NULL,
 url text, heading text NOT NULL, text text NOT NULL, PRIMARY KEY (tenant_id, id))"""
CHUNKS_INDEX = "CREATE INDEX chunks_by_document ON chunks (tenant_id, document_id, ordinal)"
TERMS = """CREATE TABLE terms (
 tenant_id uuid NOT NULL, term int NOT NULL, chunks int NOT NULL, PRIMARY KEY (tenant_id, term))
 WITH (fillfactor = 80)"""
POSTINGS = """CREATE TABLE postings (
 tenant_id uuid NOT NULL, term int NOT NULL, chunk_id uuid NOT NULL, PRIMARY KEY (tenant_id, term, chunk_id))"""

DDL = (CHUNKS, CHUNKS_INDEX, TERMS, POSTINGS)
"""What the migration executes besides `shared.adapters.vectors.pgvector.DDL`.

An inverted index in a b-tree, not a GIN index: under row-level security Postgres uses an index only for
leakproof operators, which `=` is and `@@`, `@>` and `&&` are not.
"""
TENANT_TABLES = ("chunks", "terms", "postings")
"""What needs `shared.db.migration.guard` and `grant`."""
