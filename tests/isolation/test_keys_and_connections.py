"""What cities share, a Redis and a pool of connections, keeps nothing of one for the other."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.adapters import redis
from shared.db.pg import Connection, pool
from shared.db.roles import RELAY
from shared.db.sql import Sql
from shared.kit.ids import PLATFORM_ID
from shared.kit.settings import settings
from shared.runtime import rate_limits
from shared.tenancy import tenants
from tests.adapters.conftest import servers, thirdparty  # noqa: F401 (a fixture and what it needs)
from tests.auth.people import join, login
from tests.city.factories import registered
from tests.core.factories import make_category, make_listing, make_published
from tests.random_walk import Walk, requests
from tests.support import City, superuser
from tooling.registry import records

ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
OF_A_CITY = re.compile(rf"tenant:{ID}:.+")
# who is who is known before a city is
OF_ALL = re.compile(
    rf"tenant:{PLATFORM_ID}:(directory:({ID}|[a-z0-9-]{{1,63}})(:changing)?|proof-of-work:key)"
)
NOW = "SELECT current_setting('heidi.tenant', true), current_setting('heidi.who', true)"


@pytest.fixture
def core() -> Iterator[Any]:
    """The app role's pool for core, with one connection, so that whoever comes next gets the same one."""
    found = pool(settings().postgres_database_prefix + "core")
    found.clear()
    yield found
    found.clear()


def keys() -> set[str]:
    return {key.decode() for key in redis.command("KEYS", "*")}


def left_behind(connections: Any) -> list[Any]:
    """What the next one to take a connection finds set on it."""
    with connections.take() as connection:
        assert not connection.in_transaction
        return [value or "" for value in connection.batch([(NOW, {})])[0][0]]


@pytest.mark.usefixtures("thirdparty")
def test_every_key_in_redis_names_its_city(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "leases", {})
    before = keys()
    login(city, join(city))
    login(city, "nobody@example.org", "wrong")
    with registered(city):
        Walk(city).through()
        found = keys() - before
    assert [key for key in found if key.startswith(f"tenant:{city.id}:")]
    assert not {key for key in found if not OF_A_CITY.fullmatch(key) and not OF_ALL.fullmatch(key)}


def test_limits_are_counted_for_each_city_alone(
    city: City, other_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "leases", {})
    monkeypatch.setattr(rate_limits, "WINDOW", 10**10)  # no minute ends in the middle
    monkeypatch.setattr(settings(), "rate_limit_tenant", 3)
    assert [city.call("list-listings").status for _ in range(4)][-1] == 429
    assert other_city.call("list-listings").status == 200


def test_what_is_remembered_of_a_city_has_a_name_that_only_it_can_have() -> None:
    for name in ("a:b", "x\ny", "tenant:1", "A", "ä", "-", "a" * 64, f"{uuid4()}:changing"):
        assert tenants.lookup(name) is None
        assert tenants.key(name) not in keys()


def test_a_call_that_fails_leaves_nothing_on_its_connection(
    city: City, core: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = make_listing(city)
    path = f"/api/listings/{listing['id']}/approve"

    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("in the middle of a transaction")

    monkeypatch.setattr("functions.core.listings.tables.Listing.approve", explode)
    assert city.call("approve-listing", "city_admin", path=path).status == 500
    assert left_behind(core) == ["", ""]
    assert (
        city.call("get-listing", "city_admin", path=path.removesuffix("/approve")).body["status"]
        == "pending_approval"
    )


def test_a_refused_statement_leaves_nothing_on_its_connection(
    city: City, other_city: City, core: Any
) -> None:
    assert (
        city.call(
            "create-listing",
            "city_admin",
            body={"title": "Bad", "categoryId": str(make_category(other_city))},
        ).status
        == 422
    )
    assert left_behind(core) == ["", ""]
    work = Sql(core, city.id)
    with pytest.raises(Exception, match="row-level security"):
        work.run(
            "INSERT INTO categories (id, tenant_id, slug, names) VALUES (:i, :t, 'x', '{}')",
            i=uuid4(),
            t=other_city.id,
        )
    work.rollback()
    assert left_behind(core) == ["", ""]


def test_a_rolled_back_and_a_committed_transaction_leave_nothing(city: City, core: Any) -> None:
    for end in ("rollback", "commit"):
        work = Sql(core, city.id, who="{}")
        work.run("SELECT 1")
        getattr(work, end)()
        assert left_behind(core) == ["", ""], end


def test_a_connection_that_is_given_back_in_a_transaction_is_closed(city: City, core: Any) -> None:
    work = Sql(core, city.id)
    work.run("SELECT 1")
    taken = work.connection
    work.release()
    assert taken not in core.idle
    assert left_behind(core) == ["", ""]


def test_after_the_server_has_ended_every_connection_the_next_caller_is_in_their_own_city(
    city: City, other_city: City, core: Any
) -> None:
    mine, theirs = make_published(city)["id"], make_published(other_city)["id"]
    with superuser("postgres") as connection:
        connection.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :d AND usename LIKE 'heidi\\_app\\_%'",
            d=core.parameters["database"],
        )
    assert seen(other_city) == [theirs]
    assert seen(city) == [mine]


def test_reading_opens_no_transaction_and_the_statement_after_it_sees_nothing(city: City, core: Any) -> None:
    make_published(city)
    work = Sql(core, city.id, read_only=True)
    assert work.run("SELECT count(*) FROM listings") == [[1]]
    connection = work.borrowed()
    assert not connection.in_transaction
    assert connection.batch([("SELECT count(*) FROM listings", {})]) == [[[0]]]
    assert connection.batch([(NOW, {})])[0][0][0] in ("", None)
    work.commit()


@pytest.mark.parametrize(
    "name", [r.name for r in records().values() if r.read_only and r.kind == "http" and not r.access.internal]
)
def test_functions_that_read_say_whose_rows_with_every_round_trip(
    name: str, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each round trip outside a block begins with the guard, or what comes after it would see nothing."""
    sent: list[list[tuple[str, dict[str, Any]]]] = []
    whole = Connection.batch

    def watched(self: Connection, statements: Any, **options: Any) -> Any:
        # who sees what tables let it see, and no tenant's rows by their tenant
        if self.user.decode() != RELAY:
            sent.append(list(statements))
        return whole(self, statements, **options)

    monkeypatch.setattr(Connection, "batch", watched)
    walk = Walk(city)
    for case in requests(name):
        walk.step(records()[name], case)
    in_block = False
    for statements in sent:
        first, values = statements[0]
        in_block = first == "BEGIN" or (in_block and statements[-1][0] not in ("COMMIT", "ROLLBACK"))
        if not in_block and first not in ("COMMIT", "ROLLBACK"):
            assert "set_config('heidi.tenant'" in first, first
            UUID(values["tenant"])


def seen(city: City) -> list[str]:
    return [item["id"] for item in city.call("list-listings").body["items"]]


def test_two_cities_that_take_turns_on_one_pool_never_see_each_other(
    city: City, other_city: City, core: Any
) -> None:
    own = {each.tenant.slug: [make_published(each)["id"]] for each in (city, other_city)}

    def look(number: int) -> bool:
        each = (city, other_city)[number % 2]
        if number % 7 == 0:  # now and then somebody fails in between
            assert (
                each.call(
                    "create-listing", "city_admin", body={"title": "Bad", "categoryId": str(uuid4())}
                ).status
                == 422
            )
        raw = each.rows("core", "SELECT id::text FROM listings")
        return seen(each) == own[each.tenant.slug] and [row[0] for row in raw] == own[each.tenant.slug]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(look, range(160)))
