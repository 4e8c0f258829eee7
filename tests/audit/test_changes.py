"""Every change of every row is noted by the table itself: who, in whose name, which fields, before and after."""

import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest

from functions.audit.entries.allow_list import PARTS, SETTINGS, kept_of_change
from shared.auth import signing
from shared.db.pg import error_code
from shared.db.privacy import Impersonal, Table
from shared.kit.settings import settings
from shared.personal_data import PLATFORM_TABLES
from tests.audit.log import entries, record, verified
from tests.city.factories import platform, registered
from tests.core.factories import make_listing, make_medium
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
COPIES = {("notification", "devices"), ("analytics", "consents")}
NOBODY_IN_IT = {
    ("city", "theme"): "colours",
    ("city", "own_holidays"): "days of a city's own, and what they are called",
    ("city", "quotas"): "numbers",
    ("app_config", "config"): "the app's name, colours, features",
    ("category", "names"): "headings",
    ("tile", "titles"): "headings",
    ("tile", "descriptions"): "what the city publishes",
    ("listing", "address"): "what the city publishes",
    ("listing", "opening_hours"): "what the city publishes",
}
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
    token, _ = signing.issue(
        "access", person, city.id, ["city_admin"], uuid4(), now=time.time(), act={"sub": str(chief)}
    )
    approve(city, token)
    record(city, *city.changes("core"), *city.events("listing.approved"))
    both = entries(city, f"impersonator={chief}")
    assert {entry["action"] for entry in both} == {"record.update", "listing.approved"}
    assert {entry["actorId"] for entry in both} == {str(person)}


def test_whom_somebody_names_and_why_somebody_was_refused_is_named_but_not_kept(city: City) -> None:
    listing = make_listing(city, contact={"name": "Anna Müller", "phone": "06221 4711"})
    path = f"/api/listings/{listing['id']}/reject"
    assert (
        city.call(
            "reject-listing", "city_admin", path=path, body={"reason": "Frau Müller war schon da"}
        ).status
        == 200
    )
    record(city, *city.changes("core"))
    made = [e for e in entries(city) if e["resourceId"] == listing["id"]]
    assert {"contact", "rejectionReason"} <= {field for e in made for field in e["data"]["fields"]}
    assert "Müller" not in str(made)
    assert "4711" not in str(made)


def test_of_a_listings_pictures_and_contacts_nobodys_name_is_kept(city: City) -> None:
    """Every text of a listing and its picture says which it is: where in the log one is found is what the
    city published.
    """
    names: dict[str, Any] = {"author": "Marke Erika", "licence": "© Marke Erika"}
    picture = make_medium(city, alt="Marke Max im Bild", filename="Marke Max.png", **names)
    known = make_medium(city, alt="Marke Max", licence="CC BY-SA 4.0")
    listing = make_listing(
        city,
        title="Marke",
        summary="Marke",
        description="Marke",
        tags=["Marke"],
        mediaIds=[str(picture), str(known)],
        address={"street": "Marke", "postcode": "Marke", "city": "Marke"},
        openingHours={"days": {}, "note": "Marke"},
        contact={
            "name": "Marke",
            "phone": "Marke",
            "email": "marke@example.org",
            "website": "https://marke.example",
        },
    )
    assert "Marke Max im Bild" in str(listing["media"])
    for statement in (
        "DELETE FROM listings WHERE id = :id RETURNING 1",
        "DELETE FROM media WHERE id = :id RETURNING 1",
    ):
        city.rows("core", statement, id=listing["id"] if "listings" in statement else picture)
    record(city, *city.changes("core"))
    found = [
        (f"{entry['resourceType']}.{path}", text)
        for entry in entries(city)
        for values in (entry.get("before"), entry.get("after"), entry["data"])
        for path, text in texts(values)
    ]
    assert {path for path, text in found if "marke" in text.lower()} == {
        f"listing.{path}"
        for path in (
            "title",
            "summary",
            "description",
            "slug",
            "tags",
            "address.street",
            "address.postcode",
            "address.city",
            "openingHours.note",
        )
    }
    [deleted] = [e for e in entries(city, "action=record.delete") if e["resourceId"] == listing["id"]]
    assert deleted["before"]["media"] == [{"id": str(picture)}, {"id": str(known), "licence": "CC BY-SA 4.0"}]


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a value, and where it stands, lists left out of the way."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from texts(part, f"{path}.{key}".strip("."))
    elif isinstance(value, list):
        for part in value:
            yield from texts(part, path)
    elif isinstance(value, str):
        yield path, value


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


def replayed(city: City, kind: str, identity: str, at: str = "") -> dict[str, Any]:
    """What the log knows of a thing, now or at a time."""
    answer = city.call(
        "replay-entity",
        "city_admin",
        path=f"/api/audit/entities/{kind}/{identity}",
        query=f"at={at.replace('+', '%2B')}" if at else "",
    )
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.body
    return found


def test_the_state_at_a_time_is_what_the_table_held_then(city: City) -> None:
    listing = make_listing(
        city,
        title="Lesecafé",
        description="<p>Mittwochs</p>",
        tags=["Kultur"],
        contact={"email": "a@example.org"},
    )
    city.rows(
        "core", "UPDATE listings SET title = 'Lesecafé am Markt' WHERE id = :id RETURNING 1", id=listing["id"]
    )
    assert (
        city.call("approve-listing", "city_admin", path=f"/api/listings/{listing['id']}/approve").status
        == 200
    )
    record(city, *city.changes("core"), *city.events())
    times = [
        e["at"]
        for e in reversed(entries(city))
        if e["resourceId"] == listing["id"] and e["action"].startswith("record.")
    ]
    states = [replayed(city, "listing", listing["id"], at) for at in times]
    assert [seen["state"]["title"] for seen in states] == [
        "Lesecafé",
        "Lesecafé am Markt",
        "Lesecafé am Markt",
    ]
    assert [seen["state"]["status"] for seen in states] == [
        "pending_approval",
        "pending_approval",
        "published",
    ]
    now = replayed(city, "listing", listing["id"])
    assert {
        "description": "<p>Mittwochs</p>",
        "tags": ["Kultur"],
        "language": "de",
        "categoryId": listing["categoryId"],
        "createdBy": str(city.person("editor")),
    }.items() <= now["state"].items()
    assert now["withheld"] == ["contact"]
    # what an event said is not what is
    assert ("pending" in now["state"], now["facts"]["pending"]) == (False, True)


def test_of_what_was_deleted_there_is_no_state(city: City) -> None:
    tile = city.call(
        "create-tile", "city_admin", body={"titles": {"de": "Bäder"}, "icon": "pool", "link": "/listings"}
    )
    assert tile.status == 201, tile.body
    assert city.call("delete-tile", "city_admin", path=f"/api/tiles/{tile.body['id']}").status == 204
    record(city, *city.changes("core"))
    deleted, made = entries(city)
    assert replayed(city, "tile", tile.body["id"], made["at"])["state"]["titles"] == {"de": "Bäder"}
    gone = replayed(city, "tile", tile.body["id"])
    assert (gone["lastAction"], gone["state"], gone["withheld"]) == ("record.delete", {}, [])
    assert deleted["before"]["titles"] == {"de": "Bäder"}


def test_settings_are_kept_as_what_they_were_and_what_they_became(city: City) -> None:
    with registered(city) as made:
        for listings, size in ((10, None), (20, 10**12)):
            body: dict[str, Any] = {
                "listings": listings,
                "storageBytes": size,
                "builds": None,
                "questions": None,
            }
            assert platform(made, "set-city-quotas", made.tenant.slug, "/quotas", body=body).status == 200
        body = {
            "theme": {"primary": "#123456", "secondary": "#ffffff"},
            "website": "https://www.weinheim.example",
        }
        assert (
            made.call(
                "update-city", "super_city_admin", path=f"/api/cities/{made.tenant.slug}", body=body
            ).status
            == 200
        )
        record(made, *made.changes("city"))
        looks, quotas, *_ = [e for e in entries(made, "action=record.update") if e["resourceType"] == "city"]
        assert (looks["before"]["website"], looks["after"]["website"]) == (
            None,
            "https://www.weinheim.example",
        )
        assert looks["after"]["theme"]["primary"] == "#123456"
        assert quotas["before"]["quotas"] == {"listings": 10}
        assert quotas["after"]["quotas"] == {"listings": 20, "storage_bytes": 10**12}
        state = replayed(made, "city", str(made.id))["state"]
        assert (state["name"], state["state"], state["timeZone"]) == (
            "Weinheim",
            "Baden-Württemberg",
            "Europe/Berlin",
        )
        assert verified(made)["intact"]


def test_what_an_app_is_configured_to_be_is_kept(city: City) -> None:
    config = {
        "appName": "Heidelberg",
        "shortName": "HD",
        "bundleId": "app.heidi.hd",
        "theme": {"primary": "#003366", "secondary": "#cc0000", "background": "#ffffff", "text": "#000000"},
        "features": {},
    }
    assert city.call("save-app-config", "super_city_admin", body=config).status == 200
    record(city, *city.changes("factory"))
    [saved] = entries(city, "resourceType=app_config")
    assert (saved["after"]["config"]["app_name"], saved["after"]["config"]["theme"]["primary"]) == (
        "Heidelberg",
        "#003366",
    )


@pytest.mark.parametrize("service", services())
def test_a_table_shows_words_only_where_they_are_settings_or_published_and_no_persons(service: str) -> None:
    """The list of the audit, the triggers and what the models say of people agree."""
    with superuser(settings().postgres_database_prefix + service) as connection:
        notes = {
            entity: (table, set(shown))
            for table, raw in connection.run(
                "SELECT relname, tgargs FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE tgname = 'audited' AND NOT relispartition"
            )
            for entity, *shown in [bytes(raw).decode().split("\0")[:-1]]
        }
    said = dict(map(Table.of, import_module(f"functions.{service}.models").MODELS)) if notes else {}
    for entity, columns in SETTINGS.items():
        if entity in notes and (service, notes[entity][0]) not in COPIES:
            table, shown = notes[entity]
            assert columns <= shown, (table, columns - shown)
            privacy = said[table]
            assert isinstance(privacy, Impersonal) or columns <= {*privacy.plain, "lat", "lon"}, table


def test_every_setting_on_the_list_belongs_to_a_table() -> None:
    assert {
        entity for entity in SETTINGS if not any(entity in noted(service) for service in services())
    } == set()


def noted(service: str) -> set[str]:
    """The entities that a service's tables tell of."""
    with superuser(settings().postgres_database_prefix + service) as connection:
        return {
            bytes(raw).decode().split("\0")[0]
            for [raw] in connection.run("SELECT tgargs FROM pg_trigger WHERE tgname = 'audited'")
        }


@pytest.mark.parametrize("service", services())
def test_every_column_of_objects_that_is_kept_was_thought_about(service: str) -> None:
    """A new one is kept in part, or names here why nobody is named in it."""
    with superuser(settings().postgres_database_prefix + service) as connection:
        found = {
            (entity, column)
            for entity, column in connection.run("""SELECT split_part(encode(t.tgargs, 'escape'), '\\000', 1),
          a.attname FROM pg_trigger t JOIN pg_attribute a ON a.attrelid = t.tgrelid
          WHERE t.tgname = 'audited' AND a.attnum > 0 AND a.atttypid IN ('json'::regtype, 'jsonb'::regtype)""")
        }
    kept = {(entity, column) for entity, column in found if column in SETTINGS.get(entity, ())}
    assert kept - set(PARTS) <= set(NOBODY_IN_IT), kept


@pytest.mark.parametrize(
    "licence", ["CC0", "CC0 1.0", "CC BY 4.0", "CC-BY-SA 3.0 DE", "cc by-nc-nd 4.0", "Public Domain"]
)
def test_a_licence_that_everybody_knows_is_kept(licence: str) -> None:
    assert kept_of_change("media", {"licence": licence}) == {"licence": licence}


@pytest.mark.parametrize(
    "licence",
    ["© Erika Mustermann", "CC BY 4.0 Erika Mustermann", "erika-mustermann", "CC BY 4.0\nErika", ""],
)
def test_a_licence_in_somebodys_words_is_not(licence: str) -> None:
    assert kept_of_change("media", {"licence": licence}) == {}
    assert kept_of_change("listing", {"media": [{"id": "x", "licence": licence, "url": "/erika"}]}) == {
        "media": [{"id": "x"}]
    }


def test_what_is_on_no_list_is_kept_neither_as_words_nor_nested() -> None:
    told = {
        "theme": {"primary": "#fff"},
        "name": "Anna Müller",
        "state": "active",
        "n": 1,
        "share": 0.5,
        "ids": ["Anna"],
    }
    assert kept_of_change("profile", told) == {"state": "active", "n": 1}
    assert kept_of_change("city", told) == {
        "theme": {"primary": "#fff"},
        "name": "Anna Müller",
        "state": "active",
        "n": 1,
    }
    assert kept_of_change("city", {"lat": 49.41, "quotas": {"storage_bytes": 2**53}}) == {
        "lat": "49.41",
        "quotas": {"storage_bytes": "9007199254740992"},
    }
