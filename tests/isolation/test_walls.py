"""The second wall: Postgres itself keeps tenants apart, whatever the code above it does."""

from uuid import uuid4

import pytest
from pg8000.native import Connection, DatabaseError
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from functions.core.listings.tables import Listing
from shared.db import orm
from shared.db.orm import Database
from shared.db.pg import error_code, login
from shared.kit.settings import settings
from tests.core.factories import make_listing
from tests.support import City, superuser
from tooling.registry import services

OPEN_TABLES = {"alembic_version", "cities"}  # the register of tenants is read before a tenant is known


def tables(service: str) -> list[list[object]]:
    with superuser(settings().postgres_database_prefix + service) as connection:
        return connection.run("""SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')""")


@pytest.mark.parametrize("service", services())
def test_every_table_forces_row_level_security_and_the_app_owns_none(service: str) -> None:
    for name, enabled, forced, owner in tables(service):
        assert owner == "heidi_owner", name
        assert name in OPEN_TABLES or (enabled and forced), name


def test_the_app_role_cannot_bypass_the_wall_or_become_another_role() -> None:
    with superuser("postgres") as connection:
        found = connection.run(
            "SELECT rolname, rolcanlogin, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication"
            " FROM pg_roles WHERE rolname LIKE 'heidi\\_app%' AND rolname !~ '[0-9]' ORDER BY 1"
        )
        members = connection.run(
            "SELECT m.member::regrole::text, m.roleid::regrole::text FROM pg_auth_members m JOIN pg_roles r"
            " ON r.oid = m.member WHERE rolname LIKE 'heidi\\_%' AND rolname !~ '[0-9]' ORDER BY 1"
        )
    roles = [f"heidi_app_{service}" for service in sorted(services())]
    assert found == [["heidi_app", False, False], *([role, True, False] for role in roles)]
    assert members == [[role, "heidi_app"] for role in roles]


@pytest.mark.parametrize("service", services())
def test_the_role_of_a_service_gets_into_its_own_database_and_into_no_other(service: str) -> None:
    prefix = settings().postgres_database_prefix
    role, password = login(prefix + service)
    for other in [*(prefix + name for name in services()), "postgres", "template1"]:
        where = {
            "host": "127.0.0.1",
            "port": settings().postgres_port,
            "database": other,
            "password": password,
        }
        if other == prefix + service:
            Connection(role, **where).close()
        else:
            with pytest.raises(DatabaseError, match="permission denied for database"):
                Connection(role, **where)


def test_the_password_of_one_service_is_not_that_of_another() -> None:
    prefix = settings().postgres_database_prefix
    assert len({login(prefix + service)[1] for service in services()}) == len(services())
    with pytest.raises(DatabaseError, match="password authentication failed"):
        Connection(
            "heidi_app_auth",
            host="127.0.0.1",
            port=settings().postgres_port,
            database=prefix + "auth",
            password=login(prefix + "core")[1],
        )


def test_raw_sql_of_the_app_role_sees_and_changes_only_its_tenant(city: City, other_city: City) -> None:
    foreign = make_listing(other_city)["id"]
    assert city.rows("core", "SELECT id FROM listings") == []
    assert (
        city.rows("core", "UPDATE listings SET title = 'mine' WHERE id = :id RETURNING id", id=foreign) == []
    )
    assert city.rows("core", "DELETE FROM listings WHERE id = :id RETURNING id", id=foreign) == []
    assert len(other_city.rows("core", "SELECT id FROM listings")) == 1


def test_a_row_for_another_tenant_cannot_be_written(city: City, other_city: City) -> None:
    with pytest.raises(Exception, match="row-level security") as refused:
        city.rows(
            "core",
            "INSERT INTO categories (id, tenant_id, slug, names) VALUES (:id, :tenant, 'x', '{}') RETURNING 1",
            id=uuid4(),
            tenant=other_city.id,
        )
    assert error_code(refused.value) == "42501"


def test_without_a_tenant_there_are_no_rows(city: City) -> None:
    make_listing(city)
    with city.sql("core").pool.take() as connection:
        assert connection.batch([("SELECT count(*) FROM listings", {})]) == [[[0]]]


def test_the_tenant_setting_does_not_outlive_its_transaction(city: City) -> None:
    make_listing(city)
    work = city.sql("core")
    assert work.run("SELECT count(*) FROM listings") == [[1]]
    work.commit()
    with work.pool.take() as connection:
        assert connection.batch([("SELECT current_setting('heidi.tenant', true)", {})]) in (
            [[[""]]],
            [[[None]]],
        )


def test_with_the_first_wall_switched_off_the_second_holds(
    city: City, other_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_listing(other_city)
    mine = make_listing(city)
    with_wall = listings_seen_by(city)
    monkeypatch.setattr(orm, "with_loader_criteria", lambda *_, **__: text(""), raising=True)
    event.remove(Session, "do_orm_execute", orm.name_the_tenant)
    try:
        assert listings_seen_by(city) == with_wall == [mine["id"]]
    finally:
        event.listen(Session, "do_orm_execute", orm.name_the_tenant)


def test_the_first_wall_names_the_tenant_in_every_statement(city: City) -> None:
    work = city.sql("core")
    seen: list[str] = []
    session = Database(work, city.id)
    event.listen(session.get_bind().engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    session.scalars(select(Listing).where(Listing.title == "x")).all()
    work.rollback()
    assert "listings.tenant_id = " in seen[-1].partition("WHERE")[2]


def listings_seen_by(city: City) -> list[str]:
    work = city.sql("core")
    found = [str(listing.id) for listing in Database(work, city.id).scalars(select(Listing))]
    work.rollback()
    return found
