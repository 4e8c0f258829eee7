"""A medium knows how many listings and tiles have it, and how many of those everyone sees; and whether it was searched for malware."""
import sqlalchemy as sa
from alembic import op

from shared.db.migration import RELAY, shown_too

revision = "0007"
down_revision = "0006"

WHAT = {"listings": ("ARRAY(SELECT CAST(x->>'id' AS uuid) FROM jsonb_array_elements({0}.media) x)", "{0}.status = 'published'", "'[]'"),
        "tiles": ("ARRAY[{0}.media_id]", "false", "NULL")}   # when a tile is shown, its own times say
NOTE = """CREATE FUNCTION note_media_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
 had uuid[] := '{{}}'; has uuid[] := '{{}}'; showed uuid[] := '{{}}'; shows uuid[] := '{{}}'; city uuid;
BEGIN
 IF TG_OP <> 'INSERT' THEN
  city := OLD.tenant_id; had := {old}; IF {old_shown} THEN showed := had; END IF;
 END IF;
 IF TG_OP <> 'DELETE' THEN
  city := NEW.tenant_id; has := {new}; IF {new_shown} THEN shows := has; END IF;
 END IF;
 UPDATE media SET used_at = now(),
   attached = greatest(0, attached + (id = ANY (has))::int - (id = ANY (had))::int),
   shown = greatest(0, shown + (id = ANY (shows))::int - (id = ANY (showed))::int)
  WHERE tenant_id = city AND id = ANY (had || has)
   AND ((id = ANY (had)) <> (id = ANY (has)) OR (id = ANY (showed)) <> (id = ANY (shows)));
 RETURN NULL;
END $$"""
COUNT = """UPDATE media m SET
 attached = (SELECT count(*) FROM listings l WHERE l.tenant_id = m.tenant_id AND l.media @> jsonb_build_array(jsonb_build_object('id', m.id)))
  + (SELECT count(*) FROM tiles t WHERE t.tenant_id = m.tenant_id AND t.media_id = m.id),
 shown = (SELECT count(*) FROM listings l WHERE l.tenant_id = m.tenant_id AND l.status = 'published'
  AND l.media @> jsonb_build_array(jsonb_build_object('id', m.id)))"""
COUNTED = ("media", "listings", "tiles")


def upgrade() -> None:
    """Count what is there, and keep counting."""
    for name in ("shown", "attached"):
        op.add_column("media", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.add_column("media", sa.Column("used_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")))
    op.add_column("media", sa.Column("scanned_at", sa.DateTime(timezone=True)))
    op.drop_constraint("media_state", "media")
    op.create_check_constraint("media_state", "media", "state IN ('requested', 'uploaded', 'scanning', 'ready', 'refused')")
    shown_too("media", "scanned_at", "-shown", "-attached")
    for table in COUNTED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(COUNT)
    for table in COUNTED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table in WHAT:
        note(table)
    op.execute("DROP POLICY announced ON media")
    op.execute("DROP INDEX media_announced")
    waits = "state IN ('requested', 'uploaded', 'scanning') OR attached = 0"
    op.execute(f"CREATE INDEX media_waiting ON media (tenant_id, state, created_at) WHERE {waits}")
    op.execute(f"CREATE POLICY waiting ON media FOR SELECT TO {RELAY} USING ({waits})")
    op.execute(f"GRANT SELECT (updated_at, used_at, attached) ON media TO {RELAY}")


def note(table: str) -> None:
    """Let a table tell its media, where it has any."""
    media, shown, none = WHAT[table]
    column = "media" if table == "listings" else "media_id"
    op.execute(NOTE.format(table=table, old=media.format("OLD"), new=media.format("NEW"), old_shown=shown.format("OLD"),
                           new_shown=shown.format("NEW")))
    has = "{0}.%s IS DISTINCT FROM %s" % (column, none)
    old, new = has.format("OLD"), has.format("NEW")
    for when, there in (("INSERT", new), ("DELETE", old), ("UPDATE", f"{old} OR {new}")):
        op.execute(f"CREATE TRIGGER media_{when.lower()} AFTER {when} ON {table} FOR EACH ROW WHEN ({there})"
                   f" EXECUTE FUNCTION note_media_of_{table}()")
