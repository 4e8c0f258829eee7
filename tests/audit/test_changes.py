"""Every change of every row is noted by the table itself: who, in whose name, which fields, before and after."""

import time
from uuid import UUID, uuid4

import pytest

from shared import tokens
from shared.keeping import PLATFORM_TABLES
from shared.pg import error_code
from shared.settings import settings
from tests.audit.log import entries, record, verified
from tests.core.factories import make_listing
from tests.support import City, call, superuser
from tooling.registry import services

NOT_NOTED = {*PLATFORM_TABLES, "usage", "alembic_version"} | {
    "chunks",
    "terms",
    "postings",
    "vectors",  # made from documents, which are noted
    "dead_letters",  # a note that died would make the next letter
    "recipients",  # copies of accounts, which are noted
    "entries",
    "chains",
}  # the log itself
COPIES = {("notification", "devices")}
MEASURED = {("analytics", "events"), ("analytics", "daily")}  # what apps measure: nobody has decided it


@pytest.mark.parametrize("service", services())
def test_every_table_notes_its_changes_or_is_left_out_for_a_reason(service: str) -> None:
    with superuser(settings().postgres_database_prefix + service) as connection:
        silent = [
            name
            for [
                name
            ] in connection.run("""SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'audited' AND t.tgenabled = 'O')""")
        ]
    assert {name for name in silent if (service, name) not in COPIES | MEASURED} <= NOT_NOTED


def approve(city: City, token: str) -> UUID:
    listing = make_listing(city, title="Sprechstunde bei Anna Müller")
    answer = call(
        "approve-listing",
        path=f"/api/listings/{listing['id']}/approve",
        token=token,
        tenant=city.tenant.slug,
        headers={"x-correlation-id": "req-7"},
    )
    assert answer.status == 200, answer.body
    return UUID(listing["id"])


def test_a_change_says_who_did_it_where_and_what_was_before_and_after(city: City) -> None:
    listing = approve(city, city.token("city_admin"))
    record(city, *city.changes("core"))
    changed = next(e for e in entries(city, "action=record.update") if e["resourceId"] == str(listing))
    assert (changed["resourceType"], changed["actorId"], changed["correlationId"]) == (
        "listing",
        str(city.person("city_admin")),
        "req-7",
    )
    assert changed["data"]["function"] == "approve-listing"
    assert (changed["before"]["status"], changed["after"]["status"]) == ("pending_approval", "published")
    assert (changed["before"]["decidedBy"], changed["after"]["decidedBy"]) == (
        None,
        str(city.person("city_admin")),
    )
    assert {"status", "version", "decidedBy", "publishedAt"} <= set(changed["data"]["fields"])
    assert verified(city)["intact"]


def test_whoever_acts_in_anothers_name_is_named_too(city: City) -> None:
    person, chief = city.person("city_admin"), uuid4()
    token, _ = tokens.issue(
        "access", person, city.id, ["city_admin"], uuid4(), now=time.time(), act={"sub": str(chief)}
    )
    approve(city, token)
    record(city, *city.changes("core"), *city.events("listing.approved"))
    both = entries(city, f"impersonator={chief}")
    assert {entry["action"] for entry in both} == {"record.update", "listing.approved"}
    assert {entry["actorId"] for entry in both} == {str(person)}


def test_what_people_write_is_named_but_not_kept(city: City) -> None:
    approve(city, city.token("city_admin"))
    record(city, *city.changes("core"))
    made = next(e for e in entries(city, "action=record.insert") if e["resourceType"] == "listing")
    assert "title" in made["data"]["fields"]
    assert "Müller" not in str(made)


def test_a_change_that_is_undone_was_never_noted(city: City) -> None:
    work = city.sql("core")
    work.run(
        "INSERT INTO categories (id, tenant_id, slug, names) VALUES (:id, :tenant, 'x', '{}')",
        id=uuid4(),
        tenant=city.id,
    )
    work.rollback()
    assert city.changes("core") == []


def test_nobody_but_the_table_writes_what_is_noted(city: City) -> None:
    make_listing(city)
    for statement in (
        "DELETE FROM changes",
        "UPDATE changes SET change = 'x'",
        "SELECT 1 FROM changes",
        "SELECT record_change()",
        "ALTER TABLE listings DISABLE TRIGGER audited",
        "INSERT INTO changes (tenant_id, entity, change, fields, who) VALUES (gen_random_uuid(), '', '', '{}', '{}')",
    ):
        work = city.sql("core")
        with pytest.raises(Exception, match=r"permission denied|must be owner") as refused:
            work.run(statement)
        work.rollback()
        assert error_code(refused.value) == "42501"


def test_the_state_at_a_time_is_what_the_table_held_then(city: City) -> None:
    listing = approve(city, city.token("city_admin"))
    record(city, *city.changes("core"))
    made, changed = [e for e in reversed(entries(city)) if e["resourceId"] == str(listing)]

    def state(at: str) -> dict[str, object]:
        answer = city.call(
            "replay-entity",
            "city_admin",
            path=f"/api/audit/entities/listing/{listing}",
            query=f"at={at.replace('+', '%2B')}",
        )
        assert answer.status == 200, answer.body
        return answer.body["state"]

    assert (state(made["at"])["status"], state(changed["at"])["status"]) == ("pending_approval", "published")
